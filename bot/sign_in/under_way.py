"""Sign-ins under way: each is finished once, in time, by the browser that began it.

That closes forged sign-ins: a visitor who is sent back with somebody else's code never began that sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from bot.sign_in.tables import WebSignInRow
from bot.sign_in.tokens import digest

WITHIN = timedelta(minutes=10)
"""How long a sign-in may take."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What was kept of a sign-in: what its way needs again, and the page to go on to."""

    kept: Mapping[str, Any]
    then: str


async def keep(
    tx: AsyncSession, sign_in: UnderWay, *, way: str, state: str, browser: str, now: datetime
) -> None:
    """Keep a sign-in until its browser comes back."""
    tx.add(
        WebSignInRow(
            id=digest(state),
            browser=digest(browser),
            way=way,
            kept=dict(sign_in.kept),
            then=sign_in.then,
            expires=now + WITHIN,
        )
    )
    await tx.flush()


async def take(tx: AsyncSession, *, way: str, state: str, browser: str, now: datetime) -> UnderWay | None:
    """The sign-in that this browser began with this state; it can be taken once. None if there is none."""
    row = WebSignInRow
    taken = delete(row).where(
        row.id == digest(state), row.browser == digest(browser), row.way == way, row.expires > now
    )
    found = (await tx.execute(taken.returning(row.kept, row.then))).one_or_none()
    return None if found is None else UnderWay(found.kept, found.then)
