"""Sessions of those who signed in, sign-ins under way, and the cookies and tokens that browsers hold of them.

A sign-in is finished once, in time, by the browser that began it. That closes forged sign-ins: a visitor who is
sent back with somebody else's code never began that sign-in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.sign_in.tables import WebSessionRow, WebSignInRow
from governance.people import Person

_BYTES = 32


def new_token() -> str:
    """256 random bits, fit for a cookie and an address."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """What is stored of a token: whoever reads the database cannot use it."""
    return _hash(token)


def csrf_token(session: str) -> str:
    """What the pages of a session send along with every post; from it nobody finds the session's own."""
    return _hash(f"csrf:{session}")


def _hash(text: str) -> str:
    # Browsers may send any bytes; those that are no text arrive as lone surrogates.
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


IDLE = timedelta(hours=2)
"""A session that nobody used for so long has ended."""

LONGEST = timedelta(hours=12)
"""A session ends then, however much it is used."""

_NOTED_EVERY = timedelta(minutes=1)


async def begin_session(tx: AsyncSession, identity: str, person: Person, now: datetime) -> str:
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


async def find_session(tx: AsyncSession, token: str, now: datetime) -> WebSessionRow | None:
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


async def end_session(tx: AsyncSession, token: str) -> WebSessionRow | None:
    """End the session of this token. Returns what it was, None if there was none."""
    ended = delete(WebSessionRow).where(WebSessionRow.id == digest(token)).returning(WebSessionRow)
    return (await tx.execute(ended)).scalar()


async def end_sessions(tx: AsyncSession, person: str) -> int:
    """End every session of a person, whatever they signed in with. Returns how many there were."""
    ended = delete(WebSessionRow).where(WebSessionRow.person == person).returning(WebSessionRow.id)
    return len((await tx.execute(ended)).scalars().all())


async def forget_ended(tx: AsyncSession, now: datetime) -> None:
    """Delete sessions whose time has run out, and sign-ins that nobody came back from."""
    over = (WebSessionRow.expires <= now) | (WebSessionRow.seen <= now - IDLE)
    await tx.execute(delete(WebSessionRow).where(over))
    await tx.execute(delete(WebSignInRow).where(WebSignInRow.expires <= now))


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie out of scripts' reach, sent along when somebody follows a link to us and never with a post
    from elsewhere. On https it cannot be set by a neighbouring host either (`__Host-`)."""

    name: str
    lasts: timedelta
    is_https: bool

    def read(self, request: web.Request) -> str | None:
        """What the browser sent."""
        return request.cookies.get(self._full_name) or None

    def set(self, response: web.StreamResponse, value: str) -> None:
        """Let the browser keep `value`."""
        response.set_cookie(
            self._full_name,
            value,
            max_age=int(self.lasts.total_seconds()),
            path="/",
            secure=self.is_https,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: web.StreamResponse) -> None:
        """Let the browser forget it."""
        response.del_cookie(self._full_name, path="/", secure=self.is_https, httponly=True, samesite="Lax")

    @property
    def _full_name(self) -> str:
        return f"__Host-countersign_{self.name}" if self.is_https else f"countersign_{self.name}"


SIGN_IN_LASTS = timedelta(minutes=10)
"""How long a sign-in may take."""


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """What was stored of a sign-in: what its provider needs again, and the page to go on to."""

    stored: Mapping[str, Any]
    then: str


async def store_sign_in(
    tx: AsyncSession, sign_in: PendingSignIn, *, way: str, state: str, browser: str, now: datetime
) -> None:
    """Store a sign-in until its browser comes back."""
    tx.add(
        WebSignInRow(
            id=digest(state),
            browser=digest(browser),
            way=way,
            kept=dict(sign_in.stored),
            then=sign_in.then,
            expires=now + SIGN_IN_LASTS,
        )
    )
    await tx.flush()


async def take_sign_in(
    tx: AsyncSession, *, way: str, state: str, browser: str, now: datetime
) -> PendingSignIn | None:
    """The sign-in that this browser began with this state; it can be taken once. None if there is none."""
    row = WebSignInRow
    taken = delete(row).where(
        row.id == digest(state), row.browser == digest(browser), row.way == way, row.expires > now
    )
    found = (await tx.execute(taken.returning(row.kept, row.then))).one_or_none()
    return None if found is None else PendingSignIn(found.kept, found.then)
