"""Offers of files: made beside a reply in a personal chat, answered once, by the person there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.teams.consents import FileConsent, Upload
from bot.teams.conversations import Known
from bot.teams.tables import TeamsFileOfferRow as Row
from handlers.conversation.cards import Card, File
from storage.jobs import defer

ADVANCE = "advance_file_offer"
"""The job that takes an offer's next step."""

STANDS_FOR = timedelta(days=7)
"""How long an offer is kept open; the file itself stays in the dashboard."""

NOT_OFFERED = "I have not offered you that file here, so I did nothing."
GONE = "My offer of “{name}” is over. Ask me again, and you get a fresh one."
NOT_ONEDRIVE = (
    "I put files into OneDrive alone, and “{name}” was to go elsewhere. Ask me again, and I offer it anew."
)
DECLINED = "“{name}” is not saved. Ask me again if you want it later."
_ANSWERED = {
    "accepted": "“{name}” is on its way to your OneDrive already.",
    "putting": "“{name}” is on its way to your OneDrive already.",
    "uploaded": "“{name}” is on its way to your OneDrive already.",
    "kept": "“{name}” is in your OneDrive already.",
    "declined": "You did not want “{name}” before. Ask me again, and you get a fresh offer.",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an answer does to an offer: its new `state`, None for no change, and what is said of it."""

    state: str | None
    said: str | None


async def make_offers(tx: AsyncSession, known: Known, files: Iterable[File]) -> None:
    """Offer documents in a personal chat, each once; they are asked about when `tx` has committed."""
    for block in files:
        row = insert(Row).values(
            id=f"fo_{secrets.token_hex(8)}",
            conversation=known.conversation,
            identity=known.identity,
            file=block.file,
            name=block.name,
            description=block.description,
        )
        made = (await tx.execute(row.on_conflict_do_nothing().returning(Row.id))).scalar()
        if made is not None:
            await queue(tx, made)


async def take_answer(
    tx: AsyncSession,
    consent: FileConsent,
    *,
    conversation: str,
    identity: str,
    now: datetime,
    is_onedrive: Callable[[str], bool],
) -> str | None:
    """Take somebody's answer to an offer. Returns what they are to be told at once, None for nothing yet."""
    query = select(Row).where(Row.id == consent.offer).with_for_update()
    row = (await tx.execute(query)).scalar()
    if row is None or (row.conversation, row.identity) != (conversation, identity):
        return NOT_OFFERED
    ruling = rule(row.state, row.made, consent.upload, now, is_onedrive)
    if ruling.state is not None:
        row.state, row.answered = ruling.state, now
        row.upload = consent.upload.model_dump() if consent.upload and ruling.state == "accepted" else None
        await queue(tx, row.id)
    return ruling.said and ruling.said.format(name=row.name)


def rule(
    state: str, made: datetime, upload: Upload | None, now: datetime, is_onedrive: Callable[[str], bool]
) -> Ruling:
    """What an answer does to an offer in this state, made then. `upload` is where to put it; None declines."""
    if state in _ANSWERED:
        return Ruling(None, _ANSWERED[state])
    if state not in ("new", "offered"):
        return Ruling(None, GONE)
    if now - made > STANDS_FOR:
        return Ruling("expired", GONE)
    if upload is None:
        return Ruling("declined", DECLINED)
    if not (is_onedrive(upload.upload_url) and is_onedrive(upload.content_url)):
        return Ruling(None, NOT_ONEDRIVE)
    return Ruling("accepted", None)


async def queue(tx: AsyncSession, offer: str, at: datetime | None = None) -> None:
    """Queue an offer's next step; its steps run one at a time."""
    await defer(tx, ADVANCE, {"offer": offer}, lock=f"file:{offer}", at=at)


async def read(tx: AsyncSession, offer: str) -> Row | None:
    """An offer as it stands."""
    return (await tx.execute(select(Row).where(Row.id == offer))).scalar()


async def move(tx: AsyncSession, offer: str, since: str, **values: object) -> bool:
    """Change an offer that is still in state `since`. Returns whether it was."""
    moved = update(Row).where(Row.id == offer, Row.state == since).values(**values).returning(Row.id)
    return (await tx.execute(moved)).scalar() is not None


def can_be_offered(known: Known) -> bool:
    """Whether this is a personal chat, whose one person is known: elsewhere Teams has no such cards."""
    return known.kind == "personal" and known.identity is not None


def files_of(cards: Iterable[Card]) -> Iterator[File]:
    """The documents that cards show."""
    for card in cards:
        for block in card.blocks:
            if isinstance(block, File):
                yield block
