"""Offers of files: made beside a reply in a personal chat, answered once, by the person there."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.console.files import NoSuchFile, read_file
from bot.platforms.adapter import PlatformAway, PostFailed
from bot.tables import FileRow
from bot.teams import conversations
from bot.teams.activities import MAIN, PLATFORM
from bot.teams.conversations import Known
from bot.teams.files import LARGEST, FileConsent, OneDrive, OneDriveRefused, Upload, consent_card, info_card
from bot.teams.posting import Posting
from bot.teams.tables import TeamsFileOfferRow as Row
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.directory import person_by_identity
from governance.people import Actor, Person
from governance.places import Audience, Place
from handlers.conversation.cards import Card, File, Reply
from storage.database import Database
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


_TRIED_FOR = timedelta(minutes=5)
"""How long OneDrive is tried while it does not answer; the address that Teams gave lives little longer."""

_FAILED = "OneDrive did not take “{name}”. Ask me again, and you get a fresh offer."
_PERHAPS = (
    "OneDrive did not say whether it has “{name}”, and does not take it a second time. Look there first; if it"
    " is missing, ask me again, and you get a fresh offer."
)
_SILENT = (
    "OneDrive has not said for some minutes whether it has “{name}”. Look there; if it is missing, ask me"
    " again, and you get a fresh offer."
)
_NOT_THEIRS = "“{name}” is not for you to open any more, so it stays here. “whoami” says what you may see."

Introduce = Callable[[AsyncSession, str, Place], Awaitable[Place]]


class FileDelivery:
    """Hands files over, for one application. `introduce` makes sure of who somebody is, as before a turn."""

    def __init__(self, database: Database, posting: Posting, onedrive: OneDrive, introduce: Introduce) -> None:
        self._database = database
        self._posting = posting
        self._onedrive = onedrive
        self._introduce = introduce

    async def advance(self, tenant: str, offer: str) -> None:
        """Take an offer's next step. Raises PlatformAway where that cannot be done just now."""
        async with self._database.transaction(tenant) as tx:
            row = await read(tx, offer)
            known = None if row is None else await conversations.conversation(tx, row.conversation)
        if row is None or known is None:
            return
        try:
            match row.state:
                case "new":
                    await self._ask(tenant, row, known)
                case "accepted" | "putting":
                    await self._put(tenant, row)
                case "uploaded":
                    await self._show(tenant, row, known)
                case _:
                    await self._take_back(tenant, row, known)
        except PostFailed as failed:
            await self._later_or_never(tenant, row, failed)

    async def _ask(self, tenant: str, row: Row, known: Known) -> None:
        async with self._database.transaction(tenant) as tx:
            length = select(func.length(FileRow.content)).where(FileRow.id == row.file)
            size = (await tx.execute(length)).scalar() or 0
            if not 0 < size <= LARGEST:  # the link in the reply opens it all the same
                await move(tx, row.id, "new", state="failed")
                return
        asked = await self._posting.file_card(known, consent_card(row.id, row.name, row.description, size))
        async with self._database.transaction(tenant) as tx:
            if not await move(tx, row.id, "new", state="offered", message=asked):
                # Answered before this was on record: what comes next waits for this job, and finds the message.
                answered = await read(tx, row.id)
                if answered is not None:
                    answered.message = asked

    async def _put(self, tenant: str, row: Row) -> None:
        was_tried = row.state == "putting"
        try:
            person, content = await self._opened(tenant, row)
        except NoSuchFile:
            await self._end(tenant, row, row.state, _PERHAPS if was_tried else _NOT_THEIRS)
            return
        try:
            await self._onedrive.put(Upload.model_validate(row.upload).upload_url, content)
        except OneDriveRefused:
            if was_tried:
                await self._end(tenant, row, "putting", _PERHAPS)
            else:
                await self._end(tenant, row, "putting", _FAILED, _entry(row, person, "file.not_taken"))
        except PlatformAway:
            if row.answered is not None and datetime.now(UTC) - row.answered < _TRIED_FOR:
                raise
            await self._end(tenant, row, "putting", _SILENT)
        else:
            async with self._database.transaction(tenant) as tx:
                if await move(tx, row.id, "putting", state="uploaded"):
                    await queue(tx, row.id)

    async def _opened(self, tenant: str, row: Row) -> tuple[Person, bytes]:
        """The file, by the right that opens it in the dashboard, as that is now. Raises NoSuchFile.

        That it is handed over is on record before it is: nobody else knows after a crash.
        """
        async with self._database.statements(tenant) as session:
            await self._introduce(session, row.identity, _place(row))
        async with self._database.transaction(tenant) as tx:
            person = await person_by_identity(tx, row.identity)
            if person is None:
                raise NoSuchFile(row.file)
            content = (await read_file(tx, row.file, person)).content
            if await move(tx, row.id, "accepted", state="putting"):
                await record(tx, _entry(row, person, "file.taken"))
            return person, content

    async def _show(self, tenant: str, row: Row, known: Known) -> None:
        await self._posting.file_card(known, info_card(Upload.model_validate(row.upload)))
        async with self._database.transaction(tenant) as tx:
            # The address is as good as a key to write there: it is not kept.
            if await move(tx, row.id, "uploaded", state="kept", upload=None):
                await queue(tx, row.id)

    async def _take_back(self, tenant: str, row: Row, known: Known) -> None:
        if row.message is None or row.state == "offered":
            return
        await self._posting.take_back(known, row.message)
        async with self._database.transaction(tenant) as tx:
            await move(tx, row.id, row.state, message=None)

    async def _end(self, tenant: str, row: Row, since: str, said: str, entry: Entry | None = None) -> None:
        async with self._database.transaction(tenant) as tx:
            if await move(tx, row.id, since, state="failed", upload=None):
                if entry is not None:
                    await record(tx, entry)
                reply = Reply(text=said.format(name=row.name))
                await outbox.put(tx, _place(row), reply, turn=None)
                await queue(tx, row.id)

    async def _later_or_never(self, tenant: str, row: Row, failed: PostFailed) -> None:
        async with self._database.transaction(tenant) as tx:
            if failed.retry_after is not None:
                later = datetime.now(UTC) + timedelta(seconds=max(failed.retry_after, 0.5))
                await queue(tx, row.id, at=later)
            elif row.state in ("new", "uploaded"):
                await move(tx, row.id, row.state, state="failed", upload=None)


def _place(row: Row) -> Place:
    return Place(PLATFORM, row.conversation, MAIN, Audience.DIRECT)


def _entry(row: Row, person: Person, type: str) -> Entry:
    nothing = NotApplicable(not_applicable=Absence.NOTHING_CHANGES)
    return Entry(
        kind=EntryKind.READ,
        type=type,
        actor=Actor("person", person.id, identity=row.identity),
        subject=row.file,
        details={"name": row.name},
        rationale=NotApplicable(not_applicable=Absence.NONE_GIVEN),
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=nothing,
        rollback_plan=nothing,
        artifacts=(row.file,),
    )
