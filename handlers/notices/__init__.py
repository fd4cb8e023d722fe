"""Notices as cards: one module for each kind of thing that people are told without having asked."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk

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
    """Every kind of notice: each `NOTICE` or member of `NOTICES` of this package's modules."""
    found: dict[str, NoticeKind] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        imported = importlib.import_module(module.name)
        for kind in (*getattr(imported, "NOTICES", ()), *filter(None, [getattr(imported, "NOTICE", None)])):
            found[kind.kind] = kind
    return found
