"""What every chat platform's adapter can do for the shell."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Person
from governance.places import Place
from handlers.conversation.cards import Reply


class PostFailed(Exception):
    """The platform did not take a message.

    `retry_after` is the seconds that the platform asks for, 0 where it does not say, None if trying again
    is useless. `is_certain` is False where it may have been taken all the same (the answer was lost): the
    next try is then told to look first.
    """

    def __init__(self, why: str, retry_after: float | None, *, is_certain: bool = True) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.is_certain = is_certain


class PlatformAway(Exception):
    """The platform does not answer just now, so that who speaks, or who reads along, cannot be told yet."""


class Adapter(Protocol):
    """One chat platform. `name` is the platform of the places it serves (`console`, `slack`, `teams`).

    `posts_with_commit` says that a post is part of its transaction (the console's rows); elsewhere it is
    out whatever becomes of the transaction, so each attempt is put on record before it is made.
    `asks_for_ratings` says that it has small buttons for them.
    """

    name: str
    posts_with_commit: bool
    asks_for_ratings: bool

    async def post(
        self, tx: AsyncSession, place: Place, reply: Reply, *, edits: str | None, key: str, again: bool
    ) -> str:
        """Post a reply in a place, or edit message `edits`; returns the platform's message id.

        `key` is unique per post. `again` says that an earlier attempt at this very post may have gone
        through: where the platform can tell, it is then found and not made twice. Raises PostFailed.
        """

    async def direct(self, tx: AsyncSession, person: Person) -> Place | None:
        """The direct conversation with a person here, or None if this platform does not know them."""

    async def channel(self, tx: AsyncSession, name: str, near: str = "") -> Place | None:
        """A new thread in the channel of this name (without `#`), or None if there is none, or it is not
        open to us. Of several the one beside the channel `near` is meant, where a platform has such places;
        without it, the one that was seen last. Raises PlatformAway."""

    async def introduced(self, tx: AsyncSession, identity: str, place: Place) -> Place | None:
        """What `introduce` comes to where it asks nobody; None where it would. Changes nothing, and may be
        asked within a transaction."""

    async def introduce(self, tx: AsyncSession, identity: str, place: Place) -> Place:
        """Make sure that it is known who speaks and who reads along, before a turn is taken.

        Links an identity that was not seen before to its Person where the platform vouches for it (a
        verified email address of a member), and unlinks one that has left. Returns the place with the
        audience that the platform's own facts give it. Raises PlatformAway.
        """
