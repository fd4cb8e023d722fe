"""The REST interface: what is looked up. What changes something stands in `changes`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulators.jira import shapes
from simulators.jira.jql import BadQuery, Parser
from simulators.jira.state import PRIORITIES, SPRINT, TYPES, IssueThere, State

if TYPE_CHECKING:
    from simulators.jira import FakeJira

Answer = tuple[int, Any]
Do = Callable[["FakeJira", "re.Match[str]", Mapping[str, str], Any], Answer]
_FIELDS = frozenset({"priority", "status", "labels", "summary", "key", "created", "updated"})


class Denied(Exception):
    """Jira's refusal."""

    def __init__(self, status: int, *messages: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(*messages)
        self.status = status
        self.said = {"errorMessages": list(messages), "errors": dict(errors or {})}


class Asked:
    """The site, as a query sees it."""

    def __init__(self, state: State, me: str) -> None:
        self.state, self.me = state, me

    def now(self) -> datetime:
        return self.state.now()

    def values(self, issue: IssueThere, field: str) -> list[Any] | None:
        """See jql.Site."""
        values = issue.values
        simple: Mapping[str, Any] = {
            "project": issue.project,
            "issuetype": issue.type,
            "status": issue.status,
            "key": issue.key,
            "creator": issue.creator,
            "created": issue.created,
            "updated": issue.updated,
            "statuscategorychangeddate": issue.category_changed,
            "summary": values.get("summary"),
            "priority": (values.get("priority") or {}).get("id"),
            "parent": (values.get("parent") or {}).get("key"),
        }
        if field in simple:
            return [] if simple[field] is None else [simple[field]]
        many: Mapping[str, list[Any]] = {"labels": sorted(issue.labels), "sprint": issue.sprints}
        return many.get(field)

    def known(self, field: str, value: str) -> bool:
        """See jql.Site: Jira refuses a value of these that is not there."""
        there: Mapping[str, Any] = {
            "project": self.state.projects,
            "issuetype": TYPES,
            "status": self.state.statuses,
            "priority": PRIORITIES,
            "key": self.state.issues,
            "parent": self.state.issues,
        }
        return field not in there or value in there[field]

    def called(self, function: str) -> set[Any]:
        """See jql.Site."""
        name = function.lower()
        if name == "currentuser":
            return {self.me}
        states = {"opensprints": "active", "futuresprints": "future", "closedsprints": "closed"}
        if name not in states:
            raise BadQuery(f"Unable to find JQL function '{function}'.")
        return {one.id for one in self.state.sprints.values() if one.state == states[name]}


def found(fake: FakeJira, text: str, stale: Mapping[int, IssueThere] | None = None) -> list[IssueThere]:
    """The issues that a query finds, in its order. Raises Denied."""
    site = Asked(fake.state, fake.me)
    try:
        query = Parser(text, site).query()
        there = [one for one in fake.searched(stale) if query.test(one)]
    except BadQuery as wrong:
        raise Denied(400, str(wrong)) from None
    for name, descending in reversed(query.order or [("created", True)]):
        if name not in _FIELDS:
            raise Denied(400, f"Field '{name}' does not exist or you do not have permission to view it.")
        there.sort(key=lambda one: _by(one, name), reverse=descending)
    return there


def _by(one: IssueThere, name: str) -> Any:
    return {"created": one.created, "updated": one.updated, "key": (one.project, one.number)}.get(name, one.id)


def _search(fake: FakeJira, _path: re.Match[str], _query: Mapping[str, str], body: Any) -> Answer:
    size = body.get("maxResults", 50)
    if not 1 <= size <= 5000:
        raise Denied(400, "The maximum number of results must be between 1 and 5000.")
    reconciled = body.get("reconcileIssues") or []
    if len(reconciled) > 50 or any(not isinstance(one, int) for one in reconciled):
        raise Denied(400, "At most 50 issue ids can be reconciled.")
    there = found(fake, body["jql"], {id: fake.by_id(id) for id in reconciled if fake.by_id(id)})
    start = 0
    if body.get("nextPageToken"):
        last = _token(body["nextPageToken"], body["jql"])
        keys = [one.id for one in there]
        start = keys.index(last) + 1 if last in keys else len(there)
    page = there[start : start + min(size, 100)]
    wanted, kept = body.get("fields") or ["id"], body.get("properties") or []
    if len(kept) > 5:
        raise Denied(400, "At most five properties can be asked for.")
    said: dict[str, Any] = {"issues": [shapes.issue(fake.state, one, wanted, kept) for one in page]}
    is_last = start + len(page) >= len(there)
    if not is_last:
        said["nextPageToken"] = base64.urlsafe_b64encode(
            json.dumps([page[-1].id, body["jql"]]).encode()
        ).decode()
    return 200, said | {"isLast": is_last}


def _token(written: str, jql: str) -> int:
    try:
        last, asked = json.loads(base64.urlsafe_b64decode(written))
    except ValueError:
        raise Denied(400, "The provided next page token is invalid or expired.") from None
    # What is relative to now is the same query a moment later.
    if re.sub(r"-\d+m", "", asked) != re.sub(r"-\d+m", "", jql):
        raise Denied(400, "The provided next page token is of another query.")
    return int(last)


def _count(fake: FakeJira, _path: re.Match[str], _query: Mapping[str, str], body: Any) -> Answer:
    return 200, {"count": len(found(fake, body["jql"]))}


def _bulk(fake: FakeJira, _path: re.Match[str], _query: Mapping[str, str], body: Any) -> Answer:
    keys = body["issueIdsOrKeys"]
    if not 1 <= len(keys) <= 100:
        raise Denied(400, "You must provide between 1 and 100 issue ids or keys.")
    there = {key: one for key in keys if (one := fake.state.issue(str(key))) is not None}
    wanted, kept = body.get("fields") or ["*all"], body.get("properties") or []
    issues = [shapes.issue(fake.state, one, wanted, kept) for one in there.values()]
    missing = [{"issueId": key, "reason": "not found"} for key in keys if key not in there]
    return 200, {"issues": issues, "issueErrors": missing}


def _changelogs(fake: FakeJira, _path: re.Match[str], _query: Mapping[str, str], body: Any) -> Answer:
    wanted = set(body.get("fieldIds") or ())
    if len(body["issueIdsOrKeys"]) > 1000 or len(wanted) > 10:
        raise Denied(400, "At most 1000 issues and 10 fields can be asked for.")
    every = [
        (one.id, history)
        for id in body["issueIdsOrKeys"]
        if (one := fake.state.issue(str(id))) is not None
        for history in one.histories
        if not wanted or any(item["fieldId"] in wanted for item in history["items"])
    ]
    start = int(body.get("nextPageToken") or 0)
    size = min(body.get("maxResults", 1000), fake.history_page)
    logs: dict[int, list[Any]] = {}
    for id, history in every[start : start + size]:
        logs.setdefault(id, []).append(shapes.history(fake.state, history))
    said: dict[str, Any] = {
        "issueChangeLogs": [{"issueId": str(id), "changeHistories": some} for id, some in logs.items()]
    }
    return 200, said | ({"nextPageToken": str(start + size)} if start + size < len(every) else {})


def _fields(fake: FakeJira, *_: Any) -> Answer:
    return 200, shapes.fields(fake.state)


def _types(_fake: FakeJira, *_: Any) -> Answer:
    return 200, [shapes.issue_type(id) for id in TYPES]


def _statuses(fake: FakeJira, *_: Any) -> Answer:
    return 200, [shapes.status(fake.state, id) for id in fake.state.statuses]


def _priorities(_fake: FakeJira, _path: Any, query: Mapping[str, str], _body: Any) -> Answer:
    every = [{"id": id, "name": name} for id, name in PRIORITIES.items()]
    return 200, _paged(every, query)


def _links(_fake: FakeJira, *_: Any) -> Answer:
    blocks = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    relates = {"id": "10003", "name": "Relates", "inward": "relates to", "outward": "relates to"}
    return 200, {"issueLinkTypes": [blocks, relates]}


def _myself(fake: FakeJira, *_: Any) -> Answer:
    return 200, shapes.account(fake.state.accounts[fake.me])


def _users(fake: FakeJira, _path: Any, query: Mapping[str, str], _body: Any) -> Answer:
    wanted = query.get("query", "").casefold()
    there = [
        one
        for one in fake.state.accounts.values()
        if one.address and not one.hidden and one.address.casefold().startswith(wanted)
    ]
    return 200, [shapes.account(one) for one in there]


def _project(fake: FakeJira, path: re.Match[str], _query: Any, _body: Any) -> Answer:
    key = path["key"]
    if key not in fake.state.projects or key in fake.hidden:
        raise Denied(404, f"No project could be found with key '{key}'.")
    types = [shapes.issue_type(id) for id in TYPES]
    return 200, {"id": "1", "key": key, "name": fake.state.projects[key], "issueTypes": types}


def _created_with(fake: FakeJira, path: re.Match[str], query: Mapping[str, str], _body: Any) -> Answer:
    key = path["key"]
    names = ["summary", "description", "labels", "priority", "parent", "issuelinks", "assignee", SPRINT]
    names += ["timetracking"] if key in fake.state.time_projects else []
    names += [one for one in fake.state.names if one != SPRINT] if key in fake.state.point_projects else []
    page = _paged([{"fieldId": one, "key": one, "name": one, "required": False} for one in names], query)
    return 200, {**page, "fields": page["values"]}


def _boards(fake: FakeJira, _path: Any, query: Mapping[str, str], _body: Any) -> Answer:
    wanted = [one for one in fake.state.boards.values() if one.project == query.get("projectKeyOrId")]
    return 200, _paged([{"id": one.id, "name": one.name, "type": "scrum"} for one in wanted], query)


def _configuration(fake: FakeJira, path: re.Match[str], _query: Any, _body: Any) -> Answer:
    board = fake.state.boards[int(path["id"])]
    said: dict[str, Any] = {"id": board.id, "name": board.name, "estimation": {"type": "none"}}
    if board.counts_in:
        said["estimation"] = {"type": "field", "field": {"fieldId": board.counts_in, "displayName": "Points"}}
    return 200, said


def _sprints(fake: FakeJira, path: re.Match[str], query: Mapping[str, str], _body: Any) -> Answer:
    wanted = [one for one in fake.state.sprints.values() if one.board == int(path["id"])]
    return 200, _paged([shapes.sprint(one) for one in wanted], query)


def _paged(every: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
    start, size = int(query.get("startAt", 0)), min(int(query.get("maxResults", 50)), 50)
    values = every[start : start + size]
    is_last = start + len(values) >= len(every)
    return {"startAt": start, "maxResults": size, "total": len(every), "isLast": is_last, "values": values}


_KEY = r"(?P<key>[A-Za-z0-9_-]+)"
ROUTES: tuple[tuple[str, str, Do], ...] = (
    ("GET", r"/rest/api/3/field", _fields),
    ("GET", r"/rest/api/3/issuetype", _types),
    ("GET", r"/rest/api/3/status", _statuses),
    ("GET", r"/rest/api/3/priority/search", _priorities),
    ("GET", r"/rest/api/3/issueLinkType", _links),
    ("GET", r"/rest/api/3/myself", _myself),
    ("GET", r"/rest/api/3/user/search", _users),
    ("GET", rf"/rest/api/3/project/{_KEY}", _project),
    ("GET", rf"/rest/api/3/issue/createmeta/{_KEY}/issuetypes/\d+", _created_with),
    ("GET", r"/rest/agile/1.0/board", _boards),
    ("GET", r"/rest/agile/1.0/board/(?P<id>\d+)/configuration", _configuration),
    ("GET", r"/rest/agile/1.0/board/(?P<id>\d+)/sprint", _sprints),
    ("POST", r"/rest/api/3/search/jql", _search),
    ("POST", r"/rest/api/3/search/approximate-count", _count),
    ("POST", r"/rest/api/3/issue/bulkfetch", _bulk),
    ("POST", r"/rest/api/3/changelog/bulkfetch", _changelogs),
)
