"""The REST interface: what changes something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulators.jira import shapes
from simulators.jira.rest import Answer, Denied, Do
from simulators.jira.state import POINTS, PRIORITIES, SPRINT, TYPES, IssueThere

if TYPE_CHECKING:
    from simulators.jira import FakeJira

_TIME = re.compile(r"(\d+)m")
_MOST_SUMMARY, _MOST_LABEL, _MOST_TEXT, _MOST_PROPERTY = 255, 255, 32_767, 32_768


def _create(fake: FakeJira, _path: Any, _query: Any, body: Any) -> Answer:
    fields = dict(body["fields"])
    project = fields.pop("project")["key"]
    if project not in fake.state.projects:
        raise Denied(400, errors={"project": "valid project is required"})
    type_ = fields.pop("issuetype")["id"]
    if type_ not in TYPES:
        raise Denied(400, errors={"issuetype": "The issue type selected is invalid."})
    summary = fields.get("summary")
    if not summary or not summary.strip():
        raise Denied(400, errors={"summary": "You must specify a summary of the issue."})
    values = _checked(fake, project, fields)
    links = _links_in(fake, body)
    issue = fake.state.add_issue(project, type_, fake.me, **values)
    issue.links = [(next(fake.state.ids), key) for key in links]
    _keep(issue, body)
    fake.note("created")
    return 201, {"id": str(issue.id), "key": issue.key, "self": f"{fake.url}/rest/api/3/issue/{issue.id}"}


def _edit(fake: FakeJira, path: re.Match[str], _query: Any, body: Any) -> Answer:
    issue = _there(fake, path)
    fields = dict(body.get("fields") or {})
    added, removed = set[str](), set[str]()
    for step in (body.get("update") or {}).get("labels", ()):
        added |= {step["add"]} if "add" in step else set()
        removed |= {step["remove"]} if "remove" in step else set()
    if not fields and not (added or removed):
        raise Denied(400, "one of 'fields' or 'update' required")
    _demand_labels(added)
    values = _checked(fake, issue.project, fields)
    issue.updated = fake.state.now()
    changed = [(name, issue.values.get(name), value) for name, value in values.items() if name != SPRINT]
    if SPRINT in values:
        number = values.pop(SPRINT)
        issue.sprints = [one for one in issue.sprints if fake.state.sprints[one].state == "closed"]
        issue.sprints += [number] if number is not None else []
        changed.append((SPRINT, None, number))
    issue.values |= values
    issue.labels = (issue.labels - removed) | added
    fake.state.note(issue, fake.me, changed or [("labels", None, None)], body.get("historyMetadata"))
    _keep(issue, body)
    fake.note("edited")
    return 204, None


def _transitions(fake: FakeJira, path: re.Match[str], _query: Any, _body: Any) -> Answer:
    issue = _there(fake, path)
    ways = [
        {"id": f"{9}{id}", "name": f"To {name}", "to": shapes.status(fake.state, id)}
        for id, (name, _) in fake.state.statuses.items()
        if id != issue.status and (issue.status, id) not in fake.closed_ways
    ]
    return 200, {"transitions": ways}


def _transition(fake: FakeJira, path: re.Match[str], query: Any, body: Any) -> Answer:
    issue = _there(fake, path)
    wanted = str(body["transition"]["id"])
    ways = _transitions(fake, path, query, None)[1]["transitions"]
    way = next((one for one in ways if one["id"] == wanted), None)
    if way is None:
        raise Denied(
            400,
            f"It seems that you have tried to perform a workflow operation (id {wanted}) that is not valid.",
        )
    fake.state.move(issue, way["to"]["id"], fake.me, body.get("historyMetadata"))
    _keep(issue, body)
    fake.note("moved")
    return 204, None


def _property(fake: FakeJira, path: re.Match[str], _query: Any, body: Any) -> Answer:
    issue = _there(fake, path)
    is_new = path["name"] not in issue.properties
    issue.properties[path["name"]] = body
    fake.note("property")
    return (201 if is_new else 200), None


def _there(fake: FakeJira, path: re.Match[str]) -> IssueThere:
    issue = fake.state.issue(path["key"])
    if issue is None:
        raise Denied(404, "Issue does not exist or you do not have permission to see it.")
    return issue


def _checked(fake: FakeJira, project: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as they are kept. Raises Denied, as Jira's own checks."""
    state, errors, kept = fake.state, dict[str, str](), dict[str, Any]()
    for name, value in fields.items():
        kept[name] = value
        if name == "summary":
            _summary(value, errors)
            kept[name] = value.strip()
        elif name == "labels":
            _demand_labels(value)
        elif name == "description" and value is not None:
            _document(value, errors)
        elif name == "priority" and (value or {}).get("id") not in PRIORITIES:
            errors[name] = "The priority selected is invalid."
        elif name == "parent" and state.issue((value or {}).get("key", "")) is None:
            errors[name] = "Could not find issue by id or key."
        elif name == "assignee" and value is not None and value["accountId"] not in state.accounts:
            errors[name] = f"User '{value['accountId']}' does not exist."
        elif name == "timetracking":
            minutes = _TIME.fullmatch(kept.pop(name)["originalEstimate"])
            if minutes is None or project not in state.time_projects:
                errors[name] = "Field 'timetracking' cannot be set."
            else:
                kept["timeoriginalestimate"] = int(minutes[1]) * 60
        elif name == SPRINT and value is not None and _is_over(fake, value):
            errors[name] = "The Sprint is not valid, or is closed."
        elif name.startswith("customfield_") and name != SPRINT and not _has(fake, project, name):
            errors[name] = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
    if errors:
        raise Denied(400, errors=errors)
    return kept


def _has(fake: FakeJira, project: str, name: str) -> bool:
    return name in fake.state.names and (name != POINTS or project in fake.state.point_projects)


def _is_over(fake: FakeJira, number: Any) -> bool:
    found = fake.state.sprints.get(number) if isinstance(number, int) else None
    return found is None or found.state == "closed"


def _summary(text: str, errors: dict[str, str]) -> None:
    if "\n" in text or "\r" in text:
        errors["summary"] = "The summary is invalid because it contains newline characters."
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > _MOST_SUMMARY:
        errors["summary"] = "Summary must be less than 255 characters."


def _document(node: Mapping[str, Any], errors: dict[str, str]) -> None:
    """Whether it is a document: by its outline, as Jira's own check is strict."""
    if node.get("type") != "doc" or node.get("version") != 1 or not isinstance(node.get("content"), list):
        errors["description"] = "Operation value must be an Atlassian Document"
        return
    length, waiting = 0, [node]
    while waiting:
        one = waiting.pop()
        if one.get("type") == "text" and not one.get("text"):
            errors["description"] = "INVALID_INPUT"
        length += len(one.get("text") or "")
        waiting += one.get("content") or []
    if length > _MOST_TEXT:
        errors["description"] = (
            "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
        )


def _demand_labels(labels: Any) -> None:
    for one in labels:
        if re.search(r"\s", one):
            raise Denied(400, errors={"labels": f"The label '{one}' contains spaces which is invalid."})
        if not one or len(one.encode("utf-16-le", "surrogatepass")) // 2 > _MOST_LABEL:
            raise Denied(400, errors={"labels": "The label is too long. The maximum is 255 characters."})


def _links_in(fake: FakeJira, body: Any) -> list[str]:
    keys = [
        step["add"]["inwardIssue"]["key"]
        for step in (body.get("update") or {}).get("issuelinks", ())
        if step["add"]["type"]["name"] == "Blocks"
    ]
    if any(fake.state.issue(key) is None for key in keys):
        raise Denied(400, errors={"issuelinks": "Issue does not exist."})
    return keys


def _keep(issue: IssueThere, body: Any) -> None:
    for one in body.get("properties") or ():
        if len(repr(one["value"])) > _MOST_PROPERTY:
            raise Denied(400, "The property value is too long.")
        issue.properties[one["key"]] = one["value"]


_KEY = r"(?P<key>[A-Za-z0-9_-]+)"
ROUTES: tuple[tuple[str, str, Do], ...] = (
    ("POST", r"/rest/api/3/issue", _create),
    ("PUT", rf"/rest/api/3/issue/{_KEY}", _edit),
    ("GET", rf"/rest/api/3/issue/{_KEY}/transitions", _transitions),
    ("POST", rf"/rest/api/3/issue/{_KEY}/transitions", _transition),
    ("PUT", rf"/rest/api/3/issue/{_KEY}/properties/(?P<name>[\w.-]+)", _property),
)
