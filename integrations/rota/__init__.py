"""Who is on call: a rota that is kept elsewhere. The port of everything that keeps one.

It is asked once a minute by whoever keeps time, and what it said is kept (`integrations.rota.kept`): those who
tell people of incidents hold a transaction, and wait for nobody outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MOST_SHIFTS = 500
"""More are not read."""

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody who is on call, by their mail address (in small letters) and as the rota calls them. Those of
    `level` 1 are called first. `since` and `until` are None where it does not say."""

    address: str
    name: str
    level: int
    since: datetime | None = None
    until: datetime | None = None


class RotaError(Exception):
    """The rota answered, and not with what can be used. The text is for people."""


class Rota(Protocol):
    """A rota; `title` is its name as people know it."""

    title: str

    async def on_call(self) -> tuple[Shift, ...]:
        """Everybody who is on call now. Raises RotaError, and storage.look.Away where it does not answer."""
