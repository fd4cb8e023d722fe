"""Jira's issues as stories and epics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.visibility import Scope
from integrations.tracker import Defect, DefectOrigin, Epic, Priority, Stage, Story, StoryStatus
from integrations.tracker.lines import plain_line, plain_text
from integrations.tracker.vendors.jira import adf, jql, labels
from integrations.tracker.vendors.jira.histories import Moves
from integrations.tracker.vendors.jira.people import person_of
from integrations.tracker.vendors.jira.settings import JiraSettings
from integrations.tracker.vendors.jira.world import ESTIMATE, World

PROPERTY = "countersign"
"""The issue property of ours: `grants` that changed the issue, and what Jira has no field for."""
OPEN_SPRINTS = frozenset({"active", "future"})

Issue = Mapping[str, Any]


def fields_wanted(world: World) -> list[str]:
    """Names of the fields that a story is read from."""
    said = [
        *(
            "summary",
            "description",
            "labels",
            "status",
            "priority",
            "parent",
            "project",
            "issuetype",
            "created",
        ),
        *("assignee", "issuelinks", ESTIMATE, "timespent", "statuscategorychangedate"),
        *filter(None, [world.sprint]),
        *world.points,
    ]
    return list(dict.fromkeys(said))


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads issues of one Jira. `people` are those of the department, as `People.known` tells them."""

    world: World
    settings: JiraSettings
    people: Mapping[str, str]

    def story(self, issue: Issue, moves: Moves, scope: Scope, reached: frozenset[str] | None) -> Story:
        """The story in an issue. Of other issues it names those that are `reached` alone; None is all."""
        fields = issue["fields"]
        marks = labels_of(issue)
        description, acceptance = adf.read(fields.get("description"))
        status = self.status(issue)
        parent = (fields.get("parent") or {}).get("key")
        waits = waits_for(issue, self.world.blocks)
        spent = fields.get("timespent")
        return Story(
            id=issue["key"],
            title=shown(fields.get("summary")),
            description=plain_text(description),
            acceptance=tuple(plain_text(one) for one in acceptance),
            team=jql.who(labels.TEAM, self.settings.teams, project_of(issue), marks),
            product=jql.who(labels.PRODUCT, self.settings.products, project_of(issue), marks),
            status=status,
            priority=self.priority(issue),
            epic=parent if parent and (reached is None or parent in reached) else None,
            discipline=labels.DISCIPLINE.first(marks) or "backend",
            estimate_hours=self.hours(issue),
            actual_hours=spent / 3600 if isinstance(spent, int | float) else None,
            customers=_named(labels.CUSTOMER.all(marks), scope),
            labels=labels.own(marks),
            depends_on=tuple(one for one in waits if reached is None or one in reached),
            blocked_reason=moves.reason if status is StoryStatus.BLOCKED else None,
            assignee=self.assignee(issue),
            sprint=sprint_of(issue, self.world.sprint),
            created=moment(fields["created"]),
            started=moves.started,
            finished=moves.finished if status is StoryStatus.DONE else None,
        )

    def epic(self, issue: Issue, status: StoryStatus, scope: Scope) -> Epic:
        """The epic in an issue, whose stories say where it stands."""
        fields = issue["fields"]
        marks = labels_of(issue)
        return Epic(
            id=issue["key"],
            title=shown(fields.get("summary")),
            product=jql.who(labels.PRODUCT, self.settings.products, project_of(issue), marks),
            document=labels.DOCUMENT.first(marks),
            status=status,
            priority=self.priority(issue),
            customers=_named(labels.CUSTOMER.all(marks), scope),
            created=moment(fields["created"]),
        )

    def defect(self, issue: Issue, reached: frozenset[str] | None) -> Defect | None:
        """Where a defect came from, where its labels say so."""
        origin = self.origin(issue)
        if origin is None:
            return None
        story = origin.story if reached is None or origin.story in reached else None
        return Defect(issue["key"], DefectOrigin(story, origin.stage, origin.found))

    @staticmethod
    def origin(issue: Issue) -> DefectOrigin | None:
        """What an issue's labels say of the defect that it mends."""
        marks = labels_of(issue)
        try:
            stage, found = Stage(labels.STAGE.first(marks) or ""), Stage(labels.FOUND.first(marks) or "")
        except ValueError:
            return None
        return DefectOrigin(labels.ORIGIN.first(marks), stage, found)

    def status(self, issue: Issue) -> StoryStatus:
        """Where it stands: what waits in a sprint that is not over is scheduled."""
        status = self.own_status(issue)
        if status is StoryStatus.BACKLOG and sprint_of(issue, self.world.sprint) is not None:
            return StoryStatus.SCHEDULED
        return status

    def own_status(self, issue: Issue) -> StoryStatus:
        """Where its status in Jira says that it stands."""
        return self.world.statuses.get(str(issue["fields"]["status"]["id"]), StoryStatus.BACKLOG)

    def priority(self, issue: Issue) -> Priority:
        """Without a priority in Jira it is an ordinary one."""
        said = issue["fields"].get("priority") or {}
        return self.world.priorities.get(str(said.get("id")), Priority.P2)

    def hours(self, issue: Issue) -> float | None:
        """The estimate: by story points, or else the original estimate, or else what we keep beside."""
        fields = issue["fields"]
        for points in self.world.points:
            if isinstance(fields.get(points), int | float):
                return float(fields[points]) * self.settings.jira_hours_per_point
        if isinstance(fields.get(ESTIMATE), int | float):
            return float(fields[ESTIMATE]) / 3600
        kept = property_of(issue).get("estimate_hours")
        return float(kept) if isinstance(kept, int | float) else None

    def assignee(self, issue: Issue) -> str | None:
        """A person of the department, an agent, or the name that Jira shows."""
        said = issue["fields"].get("assignee")
        if not said:
            return labels.AGENT.first(labels_of(issue))
        return person_of(said, self.people) or plain_line(
            str(said.get("displayName") or said.get("accountId") or "somebody"), 100
        )


def labels_of(issue: Issue) -> tuple[str, ...]:
    """An issue's labels."""
    return tuple(str(one) for one in issue["fields"].get("labels") or ())


def project_of(issue: Issue) -> str:
    """The key of the project that it is in."""
    return str(issue["key"]).rpartition("-")[0]


def property_of(issue: Issue) -> Mapping[str, Any]:
    """What we keep on the issue."""
    found = (issue.get("properties") or {}).get(PROPERTY)
    return found if isinstance(found, dict) else {}


def grants_of(issue: Issue) -> list[str]:
    """The grants that changed it, the last at the end."""
    found = property_of(issue).get("grants")
    return [str(one) for one in found] if isinstance(found, list) else []


def waits_for(issue: Issue, blocks: str | None) -> list[str]:
    """Keys of the issues that it waits for, in the order in which that was said."""
    links = [
        one
        for one in issue["fields"].get("issuelinks") or ()
        if one.get("inwardIssue") and (one.get("type") or {}).get("name") == blocks
    ]
    return [str(one["inwardIssue"]["key"]) for one in sorted(links, key=lambda one: int(one["id"]))]


def sprint_of(issue: Issue, field: str | None) -> str | None:
    """The sprint that it is in: one that is not over before any other, the last before the earlier."""
    said = issue["fields"].get(field) if field else None
    sprints = [one for one in said or () if isinstance(one, dict)]
    is_over = issue["fields"]["status"].get("statusCategory", {}).get("key") == "done"
    there = [one for one in sprints if one.get("state") in OPEN_SPRINTS] or (sprints if is_over else [])
    return str(there[-1]["id"]) if there else None


def moment(written: str) -> datetime:
    """A moment as Jira writes it: `2026-11-02T09:30:00.000+0100`."""
    return datetime.fromisoformat(written)


def shown(written: object) -> str:
    """Somebody's title as one line that may be shown: what cannot be seen is a space."""
    return plain_text(str(written or "")).replace("\n", " ") or "(no title)"


def reaches(scope: Scope, marks: Iterable[str]) -> bool:
    """Whether the scope reaches an issue with these labels."""
    return scope.everything or not scope.accounts.isdisjoint(labels.CUSTOMER.all(marks))


def _named(customers: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
    # An issue of one's own customer may be tagged with another's as well.
    return tuple(one for one in customers if scope.everything or one in scope.accounts)
