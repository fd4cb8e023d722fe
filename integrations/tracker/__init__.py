"""The tracker: epics, stories and sprints. The port that every tracker vendor implements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from governance.action import Grant
from governance.visibility import Scope


class StoryStatus(StrEnum):
    """Where a story stands."""

    BACKLOG = "backlog"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DONE = "done"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """P0 is now, P3 is some day."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


@dataclass(frozen=True, slots=True)
class Story:
    """One piece of work. Hours are agent-hours; `customers` are account ids it is tagged with."""

    id: str
    title: str
    description: str
    acceptance: tuple[str, ...]
    team: str
    product: str
    status: StoryStatus
    priority: Priority
    epic: str | None
    discipline: str
    estimate_hours: float | None
    actual_hours: float | None
    customers: tuple[str, ...]
    labels: tuple[str, ...]
    depends_on: tuple[str, ...]
    blocked_reason: str | None
    assignee: str | None
    sprint: str | None
    created: datetime
    started: datetime | None
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class Epic:
    """A feature: its stories carry its id. `document` names the PRD that it came from."""

    id: str
    title: str
    product: str
    document: str | None
    status: StoryStatus
    priority: Priority
    customers: tuple[str, ...]
    created: datetime


@dataclass(frozen=True, slots=True)
class Sprint:
    """Two weeks of one team: `starts` is a Monday, `ends` the day after its last; capacity in agent-hours."""

    id: str
    team: str
    name: str
    starts: date
    ends: date
    capacity_hours: float


@dataclass(frozen=True, slots=True)
class StoryDraft:
    """A story that is not there yet."""

    title: str
    description: str
    acceptance: tuple[str, ...]
    team: str
    product: str
    priority: Priority
    discipline: str
    estimate_hours: float | None = None
    epic: str | None = None
    customers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    sprint: str | None = None


@dataclass(frozen=True, slots=True)
class EpicDraft:
    """An epic that is not there yet."""

    title: str
    product: str
    document: str | None
    priority: Priority
    customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryChange:
    """What changes of a story; None leaves a field as it is."""

    priority: Priority | None = None
    status: StoryStatus | None = None
    sprint: str | None = None
    team: str | None = None
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """Which stories are wanted; None does not restrict."""

    epic: str | None = None
    team: str | None = None
    product: str | None = None
    customer: str | None = None
    status: frozenset[StoryStatus] | None = None
    finished_since: datetime | None = None
    limit: int = 1000


class NoSuchItem(LookupError):
    """The tracker has no such story or epic, or the asker's scope does not reach it."""


class Tracker(Protocol):
    """Reads take a Scope, so that what the asker may not see never leaves the tracker.

    Effectful methods take a Grant; its id is the idempotency key: a repeated call returns the first
    call's result and does nothing.
    """

    async def stories(self, scope: Scope, query: StoryQuery) -> Sequence[Story]:
        """Stories in creation order. Items outside the scope are not returned."""

    async def story(self, scope: Scope, story: str) -> Story:
        """One story. Raises NoSuchItem."""

    async def epics(self, scope: Scope) -> Sequence[Epic]:
        """All epics the scope reaches, newest first."""

    async def sprints(self, team: str | None = None) -> Sequence[Sprint]:
        """Sprints, past and planned, in order of their start."""

    async def create_epic(self, grant: Grant, draft: EpicDraft) -> Epic:
        """Make an epic."""

    async def create_story(self, grant: Grant, draft: StoryDraft) -> Story:
        """Make a story."""

    async def change_story(self, grant: Grant, story: str, change: StoryChange) -> Story:
        """Change fields of a story. Raises NoSuchItem."""

    async def what_happened(self, grant: str) -> str | None:
        """After a crash: the id of what the effect with this grant id made or changed, or None if it never arrived."""
