"""What every chat platform's adapter can do for the shell."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Person
from governance.places import Place
from handlers.conversation.cards import Reply


class PostFailed(Exception):
    """The platform did not take a message. `retry_after` is seconds, or None if trying again is useless."""

    def __init__(self, why: str, retry_after: float | None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Adapter(Protocol):
    """One chat platform. `name` is the platform of the places it serves (`console`, `slack`, `teams`)."""

    name: str

    async def post(self, tx: AsyncSession, place: Place, reply: Reply, *, edits: str | None, key: str) -> str:
        """Post a reply in a place, or edit message `edits`; returns the platform's message id.

        `key` is unique per post: where the platform allows, a repeated one posts nothing twice.
        Raises PostFailed.
        """

    async def direct(self, tx: AsyncSession, person: Person) -> Place | None:
        """The direct conversation with a person here, or None if this platform does not know them."""
