"""The policy that rules now: the newest one that was accepted here, or the installed file's."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.authority.policy import Policy, parse
from governance.authority.policy_error import PolicyError
from governance.tables import PolicyRow
from storage.database import tenant_of

_parsed: dict[str, Policy | PolicyError] = {}
"""Accepted policies by row id: each is read once a process, not at every ruling."""


async def active_policy(tx: AsyncSession, installed: Policy) -> Policy | PolicyError:
    """What is ruled by in this tenant. An accepted text that this program cannot read is its error."""
    newest = select(PolicyRow.id).order_by(PolicyRow.number.desc()).limit(1)
    accepted = (await tx.execute(newest)).scalar()
    if accepted is None:
        return installed
    if accepted not in _parsed:
        written = await tx.execute(select(PolicyRow.text_).where(PolicyRow.id == accepted))
        try:
            _parsed[accepted] = parse(written.scalar_one())
        except PolicyError as error:
            _parsed[accepted] = error
    return _parsed[accepted]


async def active_text(tx: AsyncSession, installed: Policy) -> str:
    """The YAML of the policy that rules now: what a change of it starts from."""
    newest = select(PolicyRow.text_).order_by(PolicyRow.number.desc()).limit(1)
    accepted = (await tx.execute(newest)).scalar()
    return installed.text if accepted is None else accepted


async def lock_policy(tx: AsyncSession) -> None:
    """Until `tx` ends nobody else changes this tenant's policy."""
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('policy/' || :tenant, 0))"),
        {"tenant": tenant_of(tx)},
    )


async def accept_policy(tx: AsyncSession, written: str, version: str, at: datetime) -> str:
    """From `tx` on this text rules. Returns its id."""
    accepted = f"po_{secrets.token_hex(5)}"
    tx.add(PolicyRow(id=accepted, version=version, text_=written, accepted=at))
    await tx.flush()
    return accepted
