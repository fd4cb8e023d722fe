"""What a handler works with: one transaction, the gate, the ports, and the thread's memory."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.findings import Findings
from agents.sre import Suggested
from governance.department import Department
from governance.gate import Gate
from governance.places import Place
from governance.standing import Standing, WindowMode
from governance.visibility import Scope
from handlers.conversation.memory import Memory
from integrations.ports import Ports


class Files(Protocol):
    """Where pictures and documents that a card shows are kept."""

    async def put(
        self,
        tx: AsyncSession,
        name: str,
        media_type: str,
        content: bytes,
        scope: Scope,
        *,
        id: str | None = None,
    ) -> str:
        """Keep a file with `tx`; returns its id, which is `id` if that is given. Only people whose scope
        covers `scope` open it."""

    async def has(self, tx: AsyncSession, id: str) -> bool:
        """Whether a file with this id is kept."""


class HeldFiles:
    """Files that were drawn while nothing could be written; they are kept afterwards."""

    def __init__(self) -> None:
        self._held: list[tuple[str, str, str, bytes, Scope]] = []

    async def put(
        self,
        tx: AsyncSession,
        name: str,
        media_type: str,
        content: bytes,
        scope: Scope,
        *,
        id: str | None = None,
    ) -> str:
        """See Files.put."""
        file = id or f"fi_{secrets.token_hex(8)}"
        self._held.append((file, name, media_type, content, scope))
        return file

    async def has(self, tx: AsyncSession, id: str) -> bool:
        """See Files.has."""
        return any(file == id for file, *_ in self._held)

    async def hand_over(self, tx: AsyncSession, files: Files) -> None:
        """Keep them with `tx`, which may write now."""
        for file, name, media_type, content, scope in self._held:
            await files.put(tx, name, media_type, content, scope, id=file)


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A channel by its name (without the `#`), and a new thread in it with the audience that it has now."""

    name: str
    place: Place


class Channels(Protocol):
    """The channels that Countersign can post to."""

    async def find(self, tx: AsyncSession, platform: str, name: str, near: str = "") -> KnownChannel | None:
        """The channel with this name or id.

        None where no such channel is known on the platform, or several; of several the one in the
        workspace of the channel `near` is meant. Raises CannotAnswer where it cannot be found out just now.
        """


class NotOrdered(Exception):
    """A handler was about to change something in a turn that orders nothing. The text is what it would have
    done, as a person would read it on a button; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a handler may use for one turn.

    All that it changes goes through `tx`, the turn's one transaction: the answer, the audit entries and
    the work that was queued commit together or not at all. Nothing here reaches the outside world;
    effects are submitted to the gate. `has_model` says whether agents work with one here, and `suggest` asks it
    what could be behind an incident, while no transaction is open (raises Away, NotLooked). `models` are those
    that agents may be given, their usual one first. `ordered` says whether the turn orders something to be
    done; the router alone sets it (`handlers/conversation/outcome.py`).
    """

    tx: AsyncSession
    now: datetime
    department: Department
    gate: Gate
    ports: Ports
    files: Files
    channels: Channels
    memory: Memory
    standing: Standing
    has_model: bool
    suggest: Callable[[Findings], Awaitable[Suggested | None]] | None = None
    models: tuple[str, ...] = ()
    ordered: bool = False

    def demand_order(self, what: str) -> None:
        """Stand before every change that words can set going. Raises NotOrdered where none was asked for."""
        if not self.ordered:
            raise NotOrdered(what)

    @property
    def modes(self) -> frozenset[WindowMode]:
        """The scheduled modes that are on."""
        return self.standing.modes(self.now)
