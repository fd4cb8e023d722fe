"""What follows from a change of a story: the same in every tracker, whoever keeps the items.

A vendor whose tracker has rules of its own maps them to these; one that keeps items itself applies them, in
Python or, as `EPIC_RULES` are data, in its queries. The contract that is tested of every vendor demands them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol

from integrations.tracker import StaleItem, StoryChange, StoryStatus

FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})
OPEN = frozenset(StoryStatus) - FINAL
BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED, StoryStatus.DONE})


@dataclass(frozen=True, slots=True)
class EpicRule:
    """An epic is `status` if some of its stories are in one of `some`, and none in any of `none`."""

    status: StoryStatus
    some: frozenset[StoryStatus]
    none: frozenset[StoryStatus] = frozenset()


EPIC_RULES = (
    EpicRule(StoryStatus.DONE, frozenset({StoryStatus.DONE}), none=OPEN),
    EpicRule(StoryStatus.IN_PROGRESS, BEGUN),
    EpicRule(StoryStatus.SCHEDULED, frozenset({StoryStatus.SCHEDULED})),
)
"""The first that holds decides; an epic for which none does is in the backlog. A cancelled one is cancelled."""


def epic_status(stories: Collection[StoryStatus], *, cancelled: bool) -> StoryStatus:
    """Where an epic stands, by where its stories stand. It is never blocked: its stories are."""
    if cancelled:
        return StoryStatus.CANCELLED
    there = frozenset(stories)
    holding = (rule.status for rule in EPIC_RULES if rule.some & there and not rule.none & there)
    return next(holding, StoryStatus.BACKLOG)


def status_after(status: StoryStatus, change: StoryChange) -> StoryStatus:
    """Where a story stands after a change: as it says, or else as follows from the sprint that it gets."""
    if change.status is not None:
        return change.status
    if change.sprint and status is StoryStatus.BACKLOG:
        return StoryStatus.SCHEDULED
    if change.sprint == "" and status is StoryStatus.SCHEDULED:
        return StoryStatus.BACKLOG
    return status


@dataclass(frozen=True, slots=True)
class Progress:
    """What a story's status leaves on it."""

    status: StoryStatus
    blocked_reason: str | None
    started: datetime | None
    finished: datetime | None


def moved(was: Progress, status: StoryStatus, at: datetime, reason: str | None) -> Progress:
    """A story that comes into another status: it starts once, whatever happens later, is finished as long as it
    is done, and shows a reason only while it is blocked.
    """
    return Progress(
        status,
        reason if status is StoryStatus.BLOCKED else None,
        at if status is StoryStatus.IN_PROGRESS and was.started is None else was.started,
        at if status is StoryStatus.DONE else None,
    )


class Changeable(Protocol):
    """A story as its tracker keeps it: its id, and the fields of a `StoryChange` (none is None or empty)."""

    @property
    def id(self) -> str:
        """Its id."""


def require_unchanged(story: Changeable, was: StoryChange) -> None:
    """Raises StaleItem, in words for people, if a field of the story is not what the caller saw."""
    for name in (part.name for part in fields(StoryChange)):
        seen, stands = getattr(was, name), getattr(story, name)
        if seen is not None and seen != ("" if stands is None else stands):
            raise StaleItem(
                f"{story.id} has changed since: its {name.replace('_', ' ')} is {_told(stands)},"
                f" no longer {_told(seen)}."
            )


def _told(value: Any) -> str:
    return "none" if value in (None, "") else str(value)
