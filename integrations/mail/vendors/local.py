"""An outbox of our own: a folder of `.eml` files that go nowhere, shown on the dashboard.

It does not grow for ever: what is older than the department keeps notes of mail, and what is over the newest
10,000, is deleted, and the audit log says so."""

from __future__ import annotations

import asyncio
import email
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path

from governance.action import Grant
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.department_rows import read_department
from governance.people import Actor
from integrations import Embedded
from integrations.integration import Checked, Chore, Integration, Surroundings
from integrations.mail import Addressee, Kept, MailError, Message, Sent
from integrations.mail.composing import composed, message_id

_SENDER = Addressee("Countersign", "countersign@localhost")
_MOST_TEXT = 20_000
"""Characters of one message that are shown."""

MOST_KEPT = 10_000
"""Messages in the outbox."""

_AT_ONCE = 2_000
"""Messages that one sweep deletes."""

_HOUR = 3_600.0
_CUT_OFF = timedelta(days=1)
"""A part of a message that is so old was cut off by a crash: nobody writes it any more."""


class LocalMail(Embedded):
    """A `Mail` whose messages stay in a folder; it `KeepsOutbox`."""

    title = "Countersign's own outbox"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send_mail(self, grant: Grant, message: Message) -> Sent:
        mail = composed(message, _SENDER, grant.id, grant.minted_at)
        try:
            await asyncio.to_thread(self._keep, grant.id, mail.as_bytes())
        except OSError as full:
            raise MailError(f"The outbox cannot be written: {full.strerror}") from full
        return Sent(message_id(grant.id, _SENDER))

    async def what_happened(self, grant: str) -> Sent | None:
        there = await asyncio.to_thread(self._file(grant).exists)
        return Sent(message_id(grant, _SENDER)) if there else None

    async def outbox(self, most: int) -> Sequence[Kept]:
        return await asyncio.to_thread(self._newest, most)

    async def old(self, before: datetime) -> Sequence[Path]:
        """The files of messages that were written before then, and of those over `MOST_KEPT`, oldest first: as
        many as one sweep deletes."""
        return await asyncio.to_thread(self._old, before)

    async def delete(self, files: Sequence[Path], now: datetime) -> None:
        """Delete these files, and what crashes left."""
        await asyncio.to_thread(self._delete, files, now - _CUT_OFF)

    def _old(self, before: datetime) -> Sequence[Path]:
        aged = sorted((file.stat().st_mtime, file) for file in self._folder.glob("*.eml"))
        over = max(len(aged) - MOST_KEPT, 0)
        wanted = (file for at, (written, file) in enumerate(aged) if at < over or written < before.timestamp())
        return tuple(islice(wanted, _AT_ONCE))

    def _delete(self, files: Sequence[Path], cut_off: datetime) -> None:
        for file in files:
            file.unlink(missing_ok=True)
        for part in self._folder.glob(".*.*"):
            with suppress(FileNotFoundError):  # it may be whole by now
                if part.stat().st_mtime < cut_off.timestamp():
                    part.unlink()

    def _file(self, grant: str) -> Path:
        return self._folder / f"{grant}.eml"

    def _keep(self, grant: str, content: bytes) -> None:
        # A file is there whole or not at all: a message that a crash cut off was not sent.
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{grant}.{secrets.token_hex(4)}"
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._file(grant))
        finally:
            part.unlink(missing_ok=True)

    def _newest(self, most: int) -> Sequence[Kept]:
        files = sorted(self._folder.glob("*.eml"), key=lambda file: (-file.stat().st_mtime_ns, file.name))
        return [_kept(file) for file in files[:most]]


def _kept(file: Path) -> Kept:
    mail = email.message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    return Kept(
        file.name,
        str(mail["To"]),
        str(mail["Subject"]),
        parsedate_to_datetime(str(mail["Date"])) if mail["Date"] else None,
        "" if body is None else str(body.get_content())[:_MOST_TEXT],
        tuple(one.get_filename() or "" for one in mail.iter_attachments()),
    )


def _folder(around: Surroundings) -> Path:
    return around.var_folder.absolute() / "mail" / around.tenant


async def prune(around: Surroundings, now: datetime) -> int:
    """Delete a batch of what the outbox keeps no longer; how many. It is on record before it is gone: after a
    crash between the two it is on record twice."""
    mail = LocalMail(_folder(around))
    async with around.database.transaction(around.tenant) as tx:
        before = now - timedelta(days=(await read_department(tx)).retention.meetings)
    files = await mail.old(before)
    if files:
        async with around.database.transaction(around.tenant) as tx:
            await record(tx, _entry(len(files), before))
    await mail.delete(files, now)
    return len(files)


def _entry(count: int, before: datetime) -> Entry:
    return Entry(
        kind=EntryKind.SYSTEM,
        type="mail.pruned",
        actor=Actor("system", "clock"),
        subject="outbox",
        details={"messages": count, "written_before": before.isoformat(), "most": MOST_KEPT},
        rationale=NotApplicable(not_applicable=Absence.BY_CLOCK),
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=NotApplicable(not_applicable=Absence.NONE_GIVEN),
        rollback_plan=NotApplicable(not_applicable=Absence.NONE_GIVEN),
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )


def _chores(around: Surroundings) -> Iterable[Chore]:
    async def once() -> None:
        await prune(around, datetime.now(UTC))

    return (Chore("prune_outbox", _HOUR, once),)


async def _check(around: Surroundings) -> Iterable[Checked]:
    says = f"mail goes nowhere but into {_folder(around)}; set `integrations: {{mail: smtp}}` to send it"
    return (Checked("mail", "advice", says),)


INTEGRATION = Integration(
    "mail", "local", LocalMail.title, lambda around: LocalMail(_folder(around)), check=_check, chores=_chores
)
