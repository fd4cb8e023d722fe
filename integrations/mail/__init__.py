"""Mail that the department sends: the port of everything that sends it.

A message's Message-ID is made from its grant's id, so that it can be asked for by that: what was sent once is
not sent again. What a message says is a `Letter`, from which its text and its HTML are made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from governance.action import Grant

MOST_BYTES = 3_000_000
"""Of one message, with everything in it; a longer one is refused before it is sent."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def is_address(written: str) -> bool:
    """Whether this is one mail address and nothing else: no name, no second one, no line break."""
    return _ADDRESS.fullmatch(written) is not None


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a message goes to."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message says, in plain words: a heading, labelled values, paragraphs, and a line on why it
    came."""

    heading: str
    pairs: tuple[tuple[str, str], ...]
    paragraphs: tuple[str, ...]
    footer: str


@dataclass(frozen=True, slots=True)
class Attached:
    """A file in a message. With a `method` (REQUEST or CANCEL, of iTIP, RFC 5546) mail programs read it as an
    invitation."""

    name: str
    media_type: str
    content: bytes
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. `thread` are the Message-IDs of what went before it, oldest first, without angle brackets;
    `answers_to` is who hears what people answer."""

    to: tuple[Addressee, ...]
    subject: str
    letter: Letter
    thread: tuple[str, ...] = ()
    answers_to: Addressee | None = None
    attached: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was taken. `id` is its Message-ID without angle brackets; `refused` are the addresses that
    were not, each with why."""

    id: str
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that an outbox of our own keeps. `name` is its file's."""

    name: str
    to: str
    subject: str
    at: datetime | None
    text: str
    attached: tuple[str, ...]


class MailError(Exception):
    """The message was refused, and nothing of it was sent. The text is for people."""


class MailUnsure(Exception):
    """The message went out, and whether it was taken is not known. The text is for people."""


class Mail(Protocol):
    """A way to send mail; `title` is its name as people know it."""

    title: str

    async def send_mail(self, grant: Grant, message: Message) -> Sent:
        """Send a message once, however often it is called with this grant. Raises MailError, MailUnsure."""

    async def what_happened(self, grant: str) -> Sent | None:
        """The message that was sent under this grant's id; None where none was. Raises
        integrations.CannotTell."""


@runtime_checkable
class KeepsOutbox(Protocol):
    """Mail that goes nowhere but into a folder, to be looked at."""

    async def outbox(self, most: int) -> Sequence[Kept]:
        """The newest messages, newest first."""
