"""The policy that rules now: the newest one that was accepted here, or the installed file's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.approvals.store import approval_row, state_of
from governance.authority.policy import Policy, parse
from governance.authority.policy_error import PolicyError
from governance.tables import EffectRow, PolicyRow
from storage.database import tenant_of

CHANGES_POLICY = "governance.change_policy"
"""The type of the action that makes a text the one that rules."""

_parsed: dict[tuple[str, str], Policy | PolicyError] = {}
"""Accepted policies by tenant and row id: each is read once a process, not at every ruling."""


async def active_policy(tx: AsyncSession, installed: Policy) -> Policy | PolicyError:
    """What is ruled by in this tenant. An accepted text that this program cannot read is its error."""
    newest = select(PolicyRow.id).order_by(PolicyRow.number.desc()).limit(1)
    accepted = (await tx.execute(newest)).scalar()
    if accepted is None:
        return installed
    key = (tenant_of(tx), accepted)
    if key not in _parsed:
        written = await tx.execute(select(PolicyRow.text_).where(PolicyRow.id == accepted))
        try:
            _parsed[key] = parse(written.scalar_one())
        except PolicyError as error:
            _parsed[key] = error
    return _parsed[key]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The policy that was accepted here last, and therefore outranks the file: since when, by which
    approval, and who voted for it (ids). The approval is None if its record is gone."""

    policy: Policy | PolicyError
    version: str
    since: datetime
    approval: str | None
    by: tuple[str, ...]


async def accepted_policy(tx: AsyncSession, installed: Policy) -> Accepted | None:
    """What was accepted in this tenant and rules now; None while the file does."""
    newest = (await tx.execute(select(PolicyRow).order_by(PolicyRow.number.desc()).limit(1))).scalar()
    if newest is None:
        return None
    made_by = select(EffectRow.approval).where(
        EffectRow.action_type == CHANGES_POLICY, EffectRow.outcome["reference"].astext == newest.id
    )
    approval = (await tx.execute(made_by)).scalar()
    votes = state_of(await approval_row(tx, approval)).votes if approval is not None else ()
    by = tuple(vote.ballot.voter for vote in votes)
    return Accepted(await active_policy(tx, installed), newest.version, newest.accepted, approval, by)


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
