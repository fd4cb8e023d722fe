"""Changes of issues: worked out whole before anything is sent, then sent one by one.

Jira has no transactions. So whatever could be refused is looked at first; what is refused after all, behind the
first of several changes, is told as half done and never as not done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.tracker import Story, StoryEdit, StoryStatus, TrackerError, TrackerUnsure
from integrations.tracker.rules import require_unchanged, status_after
from integrations.tracker.vendors.jira import drafts, histories, labels
from integrations.tracker.vendors.jira.api import NotSent, Refused, Unsure
from integrations.tracker.vendors.jira.drafts import NoPlace
from integrations.tracker.vendors.jira.issues import (
    PROPERTY,
    Issue,
    Reader,
    grants_of,
    labels_of,
    project_of,
    property_of,
    sprint_of,
)
from integrations.tracker.vendors.jira.looks import Looks
from integrations.tracker.vendors.jira.sprints import Sprints

_MOST_GRANTS = 30
"""Grants that an issue remembers."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is sent of one issue: fields and labels by one request, the way to another status by the next."""

    issue: Issue
    fields: Mapping[str, Any]
    labels: Sequence[Mapping[str, str]]
    transition: str | None
    reason: str | None
    kept: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The issue's key."""
        return str(self.issue["key"])


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes issues of one Jira."""

    looks: Looks
    sprints: Sprints

    async def plan(self, edit: StoryEdit, issue: Issue, story: Story, reader: Reader) -> Planned:
        """What a story's change comes to. Raises StaleItem, NoSuchItem, NoPlace, UnacceptableText."""
        require_unchanged(story, edit.was)
        change, fields, marks = edit.change, dict[str, Any](), list[Mapping[str, str]]()
        kept: dict[str, Any] = {}
        if change.priority is not None:
            fields["priority"] = drafts.priority(reader.world, change.priority)
        if change.team is not None:
            wanted = drafts.team_labels(reader.settings, project_of(issue), change.team)
            marks += _only(labels.TEAM, labels_of(issue), wanted)
        if change.assignee is not None:
            account, wanted = await self._assignee(change.assignee)
            fields["assignee"] = account
            marks += _only(labels.AGENT, labels_of(issue), wanted)
        if change.estimate_hours is not None:
            project = drafts.project_named(reader.world, project_of(issue))
            kept |= drafts.estimate(project, reader.settings, change.estimate_hours, fields)
        sprint = sprint_of(issue, reader.world.sprint)
        if change.sprint is not None:
            sprint = change.sprint or None
            fields |= await self._sprint(reader, change.sprint)
        way = await self._way(reader, issue, status_after(story.status, change), sprint)
        return Planned(issue, fields, marks, way, edit.reason, kept)

    async def plan_move(self, issue: Issue, status: StoryStatus, reason: str, reader: Reader) -> Planned:
        """What bringing an issue into a status comes to. Raises NoPlace."""
        way = await self._way(reader, issue, status, sprint_of(issue, reader.world.sprint))
        return Planned(issue, {}, (), way, reason, {})

    async def send(self, planned: Sequence[Planned], grant: str) -> None:
        """Send them in this order. Raises TrackerError and NotSent where nothing was done, and TrackerUnsure
        where some of it was, or may have been."""
        done: list[str] = []
        for one in planned:
            try:
                await self._send(one, grant)
            except Unsure as unsure:
                if not await self._is_marked(one, grant):
                    raise TrackerUnsure(f"{one.key}: {unsure}.{_so_far(done)}") from unsure
            except (Refused, TrackerError, NotSent) as refused:
                if done or await self._is_begun(one, grant):
                    raise TrackerUnsure(f"{one.key} was not changed: {refused}.{_so_far(done)}") from refused
                raise
            done.append(one.key)

    async def _send(self, one: Planned, grant: str) -> None:
        where = f"/rest/api/3/issue/{one.key}"
        beside = {"historyMetadata": histories.metadata(grant, one.reason)}
        is_whole = one.transition is None
        if one.fields or one.labels:
            body: dict[str, Any] = {"fields": dict(one.fields), **beside}
            if one.labels:
                body["update"] = {"labels": list(one.labels)}
            await self.looks.api.change("PUT", where, body | _marks(one, grant, is_whole=is_whole))
        elif is_whole:
            await self.looks.api.change(
                "PUT", f"{where}/properties/{PROPERTY}", _property(one, grant, is_whole=True)
            )
        if one.transition is not None:
            body = {"transition": {"id": one.transition}, **beside}
            body |= _marks(one, grant, is_whole=True)
            await self.looks.api.change("POST", f"{where}/transitions", body)

    async def _is_marked(self, one: Planned, grant: str) -> bool:
        return grant in grants_of((await self.looks.search.fetch([one.key], ("summary",)))[one.key])

    async def _is_begun(self, one: Planned, grant: str) -> bool:
        """Whether its fields were changed, before its status was refused."""
        if one.transition is None or not (one.fields or one.labels):
            return False
        now = (await self.looks.search.fetch([one.key], ("summary",)))[one.key]
        return property_of(now).get("half") == grant

    async def _assignee(self, wanted: str) -> tuple[dict[str, str] | None, list[str]]:
        if not wanted:
            return None, []
        account = await self.looks.people.account(wanted)
        return ({"accountId": account}, []) if account else (None, [labels.AGENT.label(wanted)])

    async def _sprint(self, reader: Reader, wanted: str) -> dict[str, Any]:
        number = await self.sprints.demand(wanted) if wanted else None
        if reader.world.sprint is None:
            if wanted:
                raise NoPlace("Jira has no sprints here.")
            return {}
        return {reader.world.sprint: number}

    async def _way(self, reader: Reader, issue: Issue, wanted: StoryStatus, sprint: str | None) -> str | None:
        """The transition to a status, or None where it stands so already. Raises NoPlace."""
        own = reader.own_status(issue)
        waits_in_sprint = own is StoryStatus.BACKLOG and sprint is not None
        if (StoryStatus.SCHEDULED if waits_in_sprint else own) is wanted:
            return None
        key = issue["key"]
        if wanted is StoryStatus.BACKLOG and sprint is not None:
            raise NoPlace(f"{key} is in a sprint, which in Jira is scheduled; take it out of the sprint first.")
        said = await self.looks.api.get(f"/rest/api/3/issue/{key}/transitions")
        ids = reader.world.statuses_of(wanted)
        ways = [one for one in said["transitions"] if str(one["to"]["id"]) in ids]
        if not ways:
            told = wanted.value.replace("_", " ")
            raise NoPlace(
                f"Jira has no way for {key} to become {told}: its workflow needs a status for it, which"
                " JIRA_STATUSES can name."
            )
        return str(ways[0]["id"])


def _only(noun: labels.Noun, there: Sequence[str], wanted: Sequence[str]) -> list[Mapping[str, str]]:
    """What brings the labels of one kind to these, and touches no other."""
    away = [{"remove": one} for one in there if one.startswith(noun.prefix) and one not in wanted]
    return [*away, *({"add": one} for one in wanted if one not in there)]


def _marks(one: Planned, grant: str, *, is_whole: bool) -> dict[str, Any]:
    return {"properties": [{"key": PROPERTY, "value": _property(one, grant, is_whole=is_whole)}]}


def _property(one: Planned, grant: str, *, is_whole: bool) -> dict[str, Any]:
    was = {name: value for name, value in property_of(one.issue).items() if name != "half"}
    grants = [known for known in grants_of(one.issue) if known != grant]
    now = {**was, **one.kept, "grants": [*grants, grant][-_MOST_GRANTS:] if is_whole else grants}
    return now if is_whole else {**now, "half": grant}


def _so_far(done: Sequence[str]) -> str:
    return f" Changed before it: {', '.join(done[:20])}." if done else ""
