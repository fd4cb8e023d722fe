"""Sessions: made at sign-in, ended by hand or by time; the browser has the token, the database its digest."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.sign_in.tables import WebSessionRow, WebSignInRow
from bot.sign_in.tokens import digest, new_token
from governance.people import Person

IDLE = timedelta(hours=2)
"""A session that nobody used for so long has ended."""

LONGEST = timedelta(hours=12)
"""A session ends then, however much it is used."""

_NOTED_EVERY = timedelta(minutes=1)


async def begin(tx: AsyncSession, identity: str, person: Person, now: datetime) -> str:
    """Begin a session; returns its token, which is stored nowhere."""
    token = new_token()
    tx.add(
        WebSessionRow(
            id=digest(token),
            identity=identity,
            person=person.id,
            created=now,
            seen=now,
            expires=now + LONGEST,
        )
    )
    await tx.flush()
    return token


async def find(tx: AsyncSession, token: str, now: datetime) -> WebSessionRow | None:
    """The session of this token, if it has not ended. That it was used is noted, to the minute."""
    row = (await tx.execute(select(WebSessionRow).where(WebSessionRow.id == digest(token)))).scalar()
    if row is None or not is_alive(row, now):
        return None
    if now - row.seen > _NOTED_EVERY:
        row.seen = now
    return row


def is_alive(row: WebSessionRow, now: datetime) -> bool:
    """Whether neither time has run out."""
    return now < row.expires and now - row.seen < IDLE


async def end(tx: AsyncSession, token: str) -> WebSessionRow | None:
    """End the session of this token. Returns what it was, None if there was none."""
    ended = delete(WebSessionRow).where(WebSessionRow.id == digest(token)).returning(WebSessionRow)
    return (await tx.execute(ended)).scalar()


async def end_all(tx: AsyncSession, person: str) -> int:
    """End every session of a person, whatever they signed in with. Returns how many there were."""
    ended = delete(WebSessionRow).where(WebSessionRow.person == person).returning(WebSessionRow.id)
    return len((await tx.execute(ended)).scalars().all())


async def forget_ended(tx: AsyncSession, now: datetime) -> None:
    """Delete sessions whose time has run out, and sign-ins that nobody came back from."""
    over = (WebSessionRow.expires <= now) | (WebSessionRow.seen <= now - IDLE)
    await tx.execute(delete(WebSessionRow).where(over))
    await tx.execute(delete(WebSignInRow).where(WebSignInRow.expires <= now))
