"""An outbox of our own: a folder of `.eml` files that go nowhere, shown on the dashboard."""

from __future__ import annotations

import asyncio
import email
import os
import secrets
from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from governance.action import Grant
from integrations import Embedded
from integrations.integration import Checked, Integration, Surroundings
from integrations.mail import Addressee, Kept, MailError, Message, Sent
from integrations.mail.composing import composed, message_id

_SENDER = Addressee("Countersign", "countersign@localhost")
_MOST_TEXT = 20_000
"""Characters of one message that are shown."""


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


async def _check(around: Surroundings) -> Iterable[Checked]:
    says = f"mail goes nowhere but into {_folder(around)}; set `integrations: {{mail: smtp}}` to send it"
    return (Checked("mail", "advice", says),)


INTEGRATION = Integration(
    "mail", "local", LocalMail.title, lambda around: LocalMail(_folder(around)), check=_check
)
