"""Jira's answers, in the shapes that it publishes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from simulators.jira.state import (
    PLUGIN,
    POINTS,
    PRIORITIES,
    RANK,
    SPRINT,
    TYPES,
    Account,
    IssueThere,
    SprintThere,
    State,
)


def when(moment: datetime | None) -> str | None:
    """As Jira writes it: `2026-11-02T09:30:00.000+0000`."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}{moment:%z}"


def fields(state: State) -> list[dict[str, Any]]:
    """`GET /field`."""
    plain = ("summary", "description", "labels", "status", "priority", "issuetype", "project", "parent")
    said = [{"id": name, "key": name, "name": name.title(), "custom": False} for name in plain]
    shapes = {
        SPRINT: {"type": "array", "items": "json", "custom": f"{PLUGIN}:gh-sprint"},
        POINTS: {"type": "number", "custom": f"{PLUGIN}:jsw-story-points"},
        RANK: {"type": "any", "custom": f"{PLUGIN}:gh-lexo-rank"},
    }
    for id, name in state.names.items():
        float_field = {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"}
        schema = shapes.get(id, float_field) | {"customId": int(id.rpartition("_")[2])}
        said.append({"id": id, "key": id, "name": name, "custom": True, "schema": schema})
    return said


def issue_type(id: str) -> dict[str, Any]:
    """An issue type."""
    name, level = TYPES[id]
    return {"id": id, "name": name, "subtask": level < 0, "hierarchyLevel": level, "description": name}


def status(state: State, id: str) -> dict[str, Any]:
    """A status with its category."""
    name, category = state.statuses[id]
    number = {"new": 2, "indeterminate": 4, "done": 3}[category]
    shown = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}[category]
    return {"id": id, "name": name, "statusCategory": {"id": number, "key": category, "name": shown}}


def account(one: Account | None) -> dict[str, Any] | None:
    """Somebody, as far as they are shown."""
    if one is None:
        return None
    said: dict[str, Any] = {
        "accountId": one.id,
        "displayName": one.name,
        "active": True,
        "accountType": "atlassian",
    }
    return said | ({"emailAddress": one.address} if one.address and not one.hidden else {})


def sprint(one: SprintThere) -> dict[str, Any]:
    """A sprint."""
    said: dict[str, Any] = {"id": one.id, "name": one.name, "state": one.state, "originBoardId": one.board}
    if one.starts and one.ends:
        said |= {"startDate": when(one.starts), "endDate": when(one.ends)}
    return said


def issue(state: State, one: IssueThere, wanted: Iterable[str], properties: Iterable[str]) -> dict[str, Any]:
    """An issue with the fields that are wanted."""
    every = _fields(state, one)
    names = set(wanted)
    shown = every if "*all" in names else {name: value for name, value in every.items() if name in names}
    said = {
        "id": str(one.id),
        "key": one.key,
        "self": f"https://jira/rest/api/3/issue/{one.id}",
        "fields": shown,
    }
    kept = {name: one.properties[name] for name in properties if name in one.properties}
    return said | ({"properties": kept} if kept else {})


def _fields(state: State, one: IssueThere) -> dict[str, Any]:
    values = one.values
    parent = state.issues.get(values.get("parent", {}).get("key", "")) if values.get("parent") else None
    person = (values.get("assignee") or {}).get("accountId")
    priority = (values.get("priority") or {}).get("id")
    return {
        "summary": values.get("summary"),
        "description": values.get("description"),
        "labels": sorted(one.labels),
        "status": status(state, one.status),
        "priority": {"id": priority, "name": PRIORITIES[priority]} if priority else None,
        "issuetype": issue_type(one.type),
        "project": {"key": one.project, "name": state.projects[one.project]},
        "parent": None if parent is None else {"id": str(parent.id), "key": parent.key},
        "created": when(one.created),
        "updated": when(one.updated),
        "statuscategorychangedate": when(one.category_changed),
        "resolutiondate": when(one.resolved),
        "assignee": account(state.accounts.get(person)) if person else None,
        "creator": account(state.accounts.get(one.creator)),
        "timeoriginalestimate": values.get("timeoriginalestimate"),
        "timespent": values.get("timespent"),
        "issuelinks": [_link(state, id, key) for id, key in one.links],
        SPRINT: [sprint(state.sprints[id]) for id in one.sprints] or None,
        **{name: values.get(name) for name in state.names if name not in (SPRINT, RANK)},
    }


def _link(state: State, id: int, key: str) -> dict[str, Any]:
    other = state.issues[key]
    kind = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    return {"id": str(id), "type": kind, "inwardIssue": {"id": str(other.id), "key": other.key}}


def history(state: State, said: dict[str, Any]) -> dict[str, Any]:
    """One change of an issue."""
    shown = {**said, "author": account(state.accounts.get(said["author"])), "created": when(said["created"])}
    return {name: value for name, value in shown.items() if value is not None}
