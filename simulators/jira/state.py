"""What stands in the fake Jira: projects, boards, sprints, issues and their histories."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

SPRINT, POINTS, RANK, FLAGS = "customfield_10020", "customfield_10016", "customfield_10019", "customfield_10021"
PLUGIN = "com.pyxis.greenhopper.jira"
TYPES = {
    "10001": ("Story", 0),
    "10002": ("Bug", 0),
    "10000": ("Epic", 1),
    "10003": ("Sub-task", -1),
}
STATUSES = {
    "10100": ("Backlog", "new"),
    "10101": ("Selected for Development", "new"),
    "10102": ("In Progress", "indeterminate"),
    "10103": ("Blocked", "indeterminate"),
    "10104": ("Done", "done"),
    "10105": ("Cancelled", "done"),
    "10106": ("In Review", "indeterminate"),
}
PRIORITIES = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
ME = "712020:countersign"


@dataclass
class Account:
    """Somebody in Jira. An address that is hidden is not shown, and not searched by."""

    id: str
    name: str
    address: str = ""
    hidden: bool = False


@dataclass
class Board:
    """A scrum board. `counts_in` is its estimation field."""

    id: int
    name: str
    project: str
    counts_in: str | None = POINTS


@dataclass
class SprintThere:
    """A sprint of a board."""

    id: int
    board: int
    name: str
    state: str
    starts: datetime | None
    ends: datetime | None


@dataclass
class IssueThere:
    """An issue. `values` are its fields as they were set; `histories` what was changed, in order."""

    id: int
    key: str
    type: str
    creator: str
    created: datetime
    status: str = "10100"
    values: dict[str, Any] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    sprints: list[int] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    histories: list[dict[str, Any]] = field(default_factory=list)
    updated: datetime | None = None
    category_changed: datetime | None = None
    resolved: datetime | None = None

    @property
    def project(self) -> str:
        """Its project's key."""
        return self.key.rpartition("-")[0]

    @property
    def number(self) -> int:
        """The number in its key."""
        return int(self.key.rpartition("-")[2])


@dataclass
class State:
    """All of it. `point_projects` are those whose screens have story points, `time_projects` time tracking."""

    projects: dict[str, str] = field(default_factory=dict)
    boards: dict[int, Board] = field(default_factory=dict)
    sprints: dict[int, SprintThere] = field(default_factory=dict)
    issues: dict[str, IssueThere] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=lambda: {ME: Account(ME, "Countersign")})
    statuses: dict[str, tuple[str, str]] = field(default_factory=lambda: dict(STATUSES))
    names: dict[str, str] = field(
        default_factory=lambda: {SPRINT: "Sprint", POINTS: "Story point estimate", RANK: "Rank"}
    )
    point_projects: set[str] = field(default_factory=set)
    time_projects: set[str] = field(default_factory=set)
    ahead: timedelta = timedelta(0)
    ids: Any = field(default_factory=lambda: itertools.count(10001))
    _numbers: dict[str, int] = field(default_factory=dict)
    _last: datetime = datetime(2020, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Jira's clock, in milliseconds: no two things happen in the same one."""
        now = datetime.now(UTC) + self.ahead
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        return self._last

    def add_project(self, key: str, *, points: bool = True, time: bool = True) -> None:
        """A new project."""
        self.projects[key] = f"{key.title()} project"
        if points:
            self.point_projects.add(key)
        if time:
            self.time_projects.add(key)

    def add_board(self, id: int, project: str, counts_in: str | None = POINTS) -> None:
        """A new scrum board."""
        self.boards[id] = Board(id, f"{project} board {id}", project, counts_in)

    def add_sprint(
        self, id: int, board: int, state: str, starts: datetime | None, ends: datetime | None
    ) -> None:
        """A new sprint."""
        self.sprints[id] = SprintThere(id, board, f"Sprint {id}", state, starts, ends)

    def add_issue(self, project: str, type: str = "10001", creator: str = ME, **values: Any) -> IssueThere:
        """A new issue, as its fields say."""
        number = self._numbers[project] = self._numbers.get(project, 0) + 1
        now = self.now()
        made = IssueThere(next(self.ids), f"{project}-{number}", type, creator, now)
        made.updated = made.category_changed = now
        made.labels = set(values.pop("labels", ()))
        if (sprint := values.pop(SPRINT, None)) is not None:
            made.sprints = [int(sprint)]
        made.values = {"priority": {"id": "3"}} | values
        self.issues[made.key] = made
        return made

    def issue(self, key: str) -> IssueThere | None:
        """By its key or its id."""
        if key in self.issues:
            return self.issues[key]
        return next((one for one in self.issues.values() if str(one.id) == key), None)

    def move(
        self, issue: IssueThere, status: str, author: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Bring an issue into a status."""
        was, now = issue.status, self.now()
        issue.status, issue.updated = status, now
        category = self.statuses[status][1]
        if category != self.statuses[was][1]:
            issue.category_changed = now
        issue.resolved = (issue.resolved or now) if category == "done" else None
        self.note(issue, author, [("status", was, status)], metadata)

    def note(
        self,
        issue: IssueThere,
        author: str,
        changed: Iterable[tuple[str, Any, Any]],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the changelog."""
        items = [
            {
                "field": name,
                "fieldId": name,
                "fieldtype": "jira",
                "from": None if was is None else str(was),
                "to": None if now is None else str(now),
                "fromString": self.statuses[was][0] if name == "status" else str(was),
                "toString": self.statuses[now][0] if name == "status" else str(now),
            }
            for name, was, now in changed
        ]
        history: dict[str, Any] = {"id": str(next(self.ids)), "author": author, "created": issue.updated}
        issue.histories.append(history | {"items": items, "historyMetadata": metadata})
