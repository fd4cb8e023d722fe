"""Handing a file over, step by step: ask, put it into OneDrive, show it there, take the question back.

Each step reads where its offer stands, does one thing outside, and says so in the row. One that runs again
after a crash may ask twice or show twice; nothing is missing, and the file goes where it was to go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.console.files import NoSuchFile, read_file
from bot.platforms.adapter import PlatformAway, PostFailed
from bot.tables import FileRow
from bot.teams import conversations, file_offers
from bot.teams.activities import MAIN, PLATFORM
from bot.teams.consents import Upload
from bot.teams.conversations import Known
from bot.teams.file_cards import consent_card, info_card
from bot.teams.onedrive import LARGEST, OneDrive, OneDriveRefused
from bot.teams.posting import Posting
from bot.teams.tables import TeamsFileOfferRow as Row
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.directory import person_by_identity
from governance.people import Actor, Person
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from storage.database import Database

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


class HandingOver:
    """Hands files over, for one application. `introduce` makes sure of who somebody is, as before a turn."""

    def __init__(self, database: Database, posting: Posting, onedrive: OneDrive, introduce: Introduce) -> None:
        self._database = database
        self._posting = posting
        self._onedrive = onedrive
        self._introduce = introduce

    async def advance(self, tenant: str, offer: str) -> None:
        """Take an offer's next step. Raises PlatformAway where that cannot be done just now."""
        async with self._database.transaction(tenant) as tx:
            row = await file_offers.read(tx, offer)
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
                await file_offers.move(tx, row.id, "new", state="failed")
                return
        asked = await self._posting.file_card(known, consent_card(row.id, row.name, row.description, size))
        async with self._database.transaction(tenant) as tx:
            if not await file_offers.move(tx, row.id, "new", state="offered", message=asked):
                # Answered before this was on record: what comes next waits for this job, and finds the message.
                answered = await file_offers.read(tx, row.id)
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
                if await file_offers.move(tx, row.id, "putting", state="uploaded"):
                    await file_offers.queue(tx, row.id)

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
            if await file_offers.move(tx, row.id, "accepted", state="putting"):
                await record(tx, _entry(row, person, "file.taken"))
            return person, content

    async def _show(self, tenant: str, row: Row, known: Known) -> None:
        await self._posting.file_card(known, info_card(Upload.model_validate(row.upload)))
        async with self._database.transaction(tenant) as tx:
            # The address is as good as a key to write there: it is not kept.
            if await file_offers.move(tx, row.id, "uploaded", state="kept", upload=None):
                await file_offers.queue(tx, row.id)

    async def _take_back(self, tenant: str, row: Row, known: Known) -> None:
        if row.message is None or row.state == "offered":
            return
        await self._posting.take_back(known, row.message)
        async with self._database.transaction(tenant) as tx:
            await file_offers.move(tx, row.id, row.state, message=None)

    async def _end(self, tenant: str, row: Row, since: str, said: str, entry: Entry | None = None) -> None:
        async with self._database.transaction(tenant) as tx:
            if await file_offers.move(tx, row.id, since, state="failed", upload=None):
                if entry is not None:
                    await record(tx, entry)
                reply = Reply(text=said.format(name=row.name))
                await outbox.put(tx, _place(row), reply, turn=None)
                await file_offers.queue(tx, row.id)

    async def _later_or_never(self, tenant: str, row: Row, failed: PostFailed) -> None:
        async with self._database.transaction(tenant) as tx:
            if failed.retry_after is not None:
                later = datetime.now(UTC) + timedelta(seconds=max(failed.retry_after, 0.5))
                await file_offers.queue(tx, row.id, at=later)
            elif row.state in ("new", "uploaded"):
                await file_offers.move(tx, row.id, row.state, state="failed", upload=None)


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
