"""Signing in and out, and being refused, on the audit log."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.page_record import note
from bot.sign_in.tables import WebSessionRow
from bot.sign_in.ways import SignInFailed
from governance.audit.entries import EntryKind
from governance.people import Actor, Person


async def note_sign_in(tx: AsyncSession, person: Person, identity: str) -> None:
    """Somebody signed in."""
    actor = Actor("person", person.id, identity=identity)
    await note(tx, EntryKind.ACCESS, "sign_in.done", actor)


async def note_failure(tx: AsyncSession, way: str, failed: SignInFailed) -> None:
    """Somebody came back from a provider and was not let in."""
    actor = Actor("person", "unknown", identity=failed.identity)
    await note(tx, EntryKind.REFUSAL, "sign_in.refused", actor, details={"with": way, "why": failed.why})


async def note_sign_out(tx: AsyncSession, session: WebSessionRow, sessions: int) -> None:
    """Somebody ended their own session, or all of theirs (`sessions` says how many)."""
    actor = Actor("person", session.person, identity=session.identity)
    await note(tx, EntryKind.ACCESS, "sign_in.out", actor, details={"sessions": sessions})


async def note_put_out(tx: AsyncSession, session: WebSessionRow) -> None:
    """A session ended because its identity is no longer that of the same active person."""
    actor = Actor("person", session.person, identity=session.identity)
    await note(tx, EntryKind.REFUSAL, "sign_in.put_out", actor)
