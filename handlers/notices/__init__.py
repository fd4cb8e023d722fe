"""Notices as cards: what people are told without having asked.

A notice of one request lies in that request's folder; here are those that belong to none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.worlds import declared

Render = Callable[[Desk, Mapping[str, Any], Person | None], Awaitable[Reply | None]]
"""From a notice's ids to what is posted. The person is whom it is posted to directly, None in a thread.
None as the reply posts nothing: what it was about is over."""


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind of notice, and how it becomes a card. A notice's `key` id becomes the reply's key, so
    that the next notice with it edits the same message.

    With `shown_by`, verbs of buttons, the card is for whatever shows it already: in every message that has
    such a button about the notice's `key` it takes the place of the card with the button.
    What is `urgent` comes through people's quiet hours: incidents always, blockers for those who said so.
    """

    kind: str
    render: Render
    shown_by: tuple[str, ...] = ()
    urgent: Literal["incident", "blocker"] | None = None


def find_notices() -> Mapping[str, NoticeKind]:
    """Every kind of notice, by its name: each `NOTICE` or member of `NOTICES` of a module of `handlers/`."""
    return {one.kind: one for name in ("NOTICE", "NOTICES") for one in declared(name, NoticeKind)}
