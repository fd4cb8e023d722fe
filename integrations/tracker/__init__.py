"""The tracker: epics, stories and sprints. The port that every tracker vendor implements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from governance.action import Grant
from governance.visibility import Scope
from integrations.pages import LARGEST_PAGE, Page
from integrations.written_ids import WrittenIds


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


class Stage(StrEnum):
    """A stage of work in which a defect came in, or was found."""

    REQUIREMENTS = "requirements"
    DESIGN = "design"
    CODE = "code"
    TEST = "test"
    RELEASE = "release"
    PRODUCTION = "production"


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
    """Some weeks of one team: `starts` is a Monday, `ends` the day after its last; capacity in agent-hours."""

    id: str
    team: str
    name: str
    starts: date
    ends: date
    capacity_hours: float


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """A story came into a status. `by` is who did it: a person, an agent, or the grant that allowed it."""

    story: str
    at: datetime
    status: StoryStatus
    by: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class DefectOrigin:
    """Where a defect came from: the story that brought it in (None if nobody knows) and in which stage,
    and the stage in which it was found. Found in production, it escaped."""

    story: str | None
    stage: Stage
    found: Stage


@dataclass(frozen=True, slots=True)
class Defect:
    """A story that mends a defect, and where that defect came from."""

    story: str
    origin: DefectOrigin


@dataclass(frozen=True, slots=True)
class StoryDraft:
    """A story that is not there yet; it starts in the backlog. `origin` is for one that mends a defect."""

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
    origin: DefectOrigin | None = None


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
    """Values of a story's fields. None leaves a field as it is; an empty sprint or assignee is none. The
    estimate is in agent-hours.

    A story in the backlog that gets a sprint is scheduled; a scheduled one that loses it is back there.
    """

    priority: Priority | None = None
    status: StoryStatus | None = None
    sprint: str | None = None
    team: str | None = None
    assignee: str | None = None
    estimate_hours: float | None = None


@dataclass(frozen=True, slots=True)
class StoryEdit:
    """One story's change. `was` is what the caller saw: a field that stands otherwise by now is stale.

    `reason` says why, for the story's history; a story that becomes blocked shows it.
    """

    story: str
    change: StoryChange
    was: StoryChange = StoryChange()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """Which stories are wanted; None does not restrict. A page has at most `limit`, behind the mark `after`; in
    creation order, or the newest first.
    """

    ids: frozenset[str] | None = None
    epic: str | None = None
    team: str | None = None
    product: str | None = None
    customer: str | None = None
    status: frozenset[StoryStatus] | None = None
    priority: Priority | None = None
    finished_since: datetime | None = None
    newest_first: bool = False
    after: str | None = None
    limit: int = LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class EpicQuery:
    """Which epics are wanted; None does not restrict. Pages as of stories."""

    ids: frozenset[str] | None = None
    document: str | None = None
    status: frozenset[StoryStatus] | None = None
    after: str | None = None
    limit: int = LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class SprintQuery:
    """Which sprints are wanted; None does not restrict. `since` leaves out what ended before or on that day.
    Pages as of stories.
    """

    ids: frozenset[str] | None = None
    team: str | None = None
    since: date | None = None
    after: str | None = None
    limit: int = LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is left of an epic: how many stories are open, their estimates together in agent-hours (one without
    an estimate counts nothing), and the customers that they are tagged with, sorted.
    """

    epic: str
    stories: int
    hours: float
    customers: tuple[str, ...]


class TrackerError(Exception):
    """The tracker refused, and nothing happened there. The text is for people."""


class NoSuchItem(TrackerError, LookupError):
    """The tracker has no such story, epic or sprint, or the asker's scope does not reach it."""


class StaleItem(TrackerError):
    """A story is not any more what the change takes it to be."""


class UnacceptableText(TrackerError, ValueError):
    """The tracker cannot keep this text exactly as it is, and it never keeps another one."""


class GrantSpent(TrackerError):
    """This grant's id has already made something of another kind."""


class TrackerUnsure(Exception):
    """The tracker may have done it, or has done some of it. The text is for people."""


class Tracker(Protocol):
    """Reads take a Scope, so that what the asker may not see never leaves the tracker: neither the items
    outside nor, in an item inside, other customers' names or the ids of items outside.

    Effectful methods take a Grant; its id is the idempotency key: a repeated call returns what the
    first call made and does nothing. Each is all or nothing, and raises TrackerError for nothing; a tracker
    somewhere else may raise TrackerUnsure where that is not known.
    """

    @property
    def story_ids(self) -> WrittenIds:
        """How this tracker's stories' ids are written."""

    @property
    def epic_ids(self) -> WrittenIds:
        """How this tracker's epics' ids are written."""

    async def stories(self, scope: Scope, query: StoryQuery) -> Page[Story]:
        """A page of the stories that answer the query, in creation order. Items outside the scope are not
        returned. Raises NoSuchPage.
        """

    async def find_stories(self, scope: Scope, text: str, query: StoryQuery) -> Sequence[Story]:
        """At most `limit` stories that answer the query and whose titles share a word with the text, or one
        like it (a slip in its letters, another ending): best first, of equals the newest. Items outside the
        scope are never found.
        """

    async def story(self, scope: Scope, story: str) -> Story:
        """One story. Raises NoSuchItem."""

    async def count_by_status(self, scope: Scope, query: StoryQuery) -> Mapping[StoryStatus, int]:
        """How many stories of each status answer the query (`after`, `limit` aside); every status is there."""

    async def count_others(self, scope: Scope, query: StoryQuery) -> int:
        """How many stories answer the query that the scope does not reach (`after` and `limit` aside)."""

    async def open_work(self, scope: Scope) -> Sequence[OpenWork]:
        """What is left of each epic with open stories, as far as the scope reaches both; by the epic's id."""

    async def epics(self, scope: Scope, query: EpicQuery) -> Page[Epic]:
        """A page of the epics that the scope reaches and that answer the query, newest first. Raises
        NoSuchPage.
        """

    async def epic(self, scope: Scope, epic: str) -> Epic:
        """One epic. Raises NoSuchItem."""

    async def find_epics(self, scope: Scope, text: str, query: EpicQuery) -> Sequence[Epic]:
        """As `find_stories`, by the title or the document."""

    async def sprints(self, query: SprintQuery) -> Page[Sprint]:
        """A page of sprints, past and planned, in order of their start. Raises NoSuchPage."""

    async def events(
        self, scope: Scope, *, since: datetime | None = None, story: str | None = None
    ) -> Sequence[StoryEvent]:
        """What became of the stories that the scope reaches, in the order in which it was recorded."""

    async def defects(self, scope: Scope) -> Sequence[Defect]:
        """The stories that mend defects, in creation order, with where each defect came from."""

    async def create_epic(self, grant: Grant, draft: EpicDraft) -> Epic:
        """Make an epic."""

    async def cancel_epic(self, grant: Grant, epic: str, reason: str) -> Epic:
        """Cancel an epic and each of its stories that is not done. Raises NoSuchItem."""

    async def create_story(self, grant: Grant, draft: StoryDraft) -> Story:
        """Make a story. Raises NoSuchItem for an epic, dependency or origin that is not there."""

    async def change_stories(self, grant: Grant, edits: Sequence[StoryEdit]) -> Sequence[Story]:
        """Change stories, each once, and return them in that order. Raises NoSuchItem, StaleItem."""

    async def what_happened(self, grant: str) -> str | None:
        """After a crash: the ids of what the effect with this grant id made or changed, with a comma
        and a space between them, or None if it never arrived. Raises integrations.CannotTell."""
