"""The fake's REST interface: what is asked, and what changes something. https://docs.github.com/en/rest"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulators.github import shapes
from simulators.github.access import Denied
from simulators.github.repositories import PullRequest, Repository, git

if TYPE_CHECKING:
    from simulators.github import FakeGitHub

Answer = tuple[int, Any]
_REPOSITORY = r"/repos/(?P<repository>[^/]+/[^/]+)"
_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
_MOST_BODY = 65_536


def answer(fake: FakeGitHub, request: web.Request, path: str, body: Any) -> Answer:
    """What a request is answered. Raises Denied."""
    if path == "/app" and request.method == "GET":
        fake.access.demand_app(request)
        return 200, shapes.app(fake)
    asked = re.fullmatch(r"/app/installations/(\d+)/access_tokens", path)
    if asked and request.method == "POST":
        fake.access.demand_app(request)
        known = frozenset(fake.repositories) - fake.hidden
        token = fake.access.give_out(int(asked.group(1)), body or {}, known)
        return 201, {
            "token": token.value,
            "expires_at": shapes.at(token.ends),
            "permissions": dict(token.permissions),
            "repository_selection": "selected",
        }
    token = fake.access.token_of(request)
    if path == "/installation/repositories" and request.method == "GET":
        return 200, _seen(fake, request)
    for method, pattern, permission, do in _ROUTES:
        found = re.fullmatch(pattern, path)
        if found and method == request.method:
            repository = fake.seen(found["repository"])
            if repository is None:
                raise Denied(404, "Not Found")
            token.demand(permission, "read" if method == "GET" else "write", repository.full_name)
            repository.settle(fake.now())
            return do(fake, repository, found, dict(request.query) if method == "GET" else body)
    raise Denied(404, "Not Found")


def _seen(fake: FakeGitHub, request: web.Request) -> dict[str, Any]:
    size, number = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    every = [one for name, one in fake.repositories.items() if name not in fake.hidden]
    page = every[(number - 1) * size : number * size]
    return {"total_count": len(every), "repositories": [shapes.repository(fake, one) for one in page]}


def _open(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    head, base = body["head"], body["base"]
    tip, base_tip = repository.tip(head), repository.tip(base)
    if tip is None or base_tip is None:
        raise _invalid("PullRequest", "head" if tip is None else "base", "invalid")
    if any(
        one.state == "OPEN" and (one.head, one.base) == (head, base)
        for one in repository.pull_requests.values()
    ):
        owner = repository.full_name.partition("/")[0]
        raise _wrong(f"A pull request already exists for {owner}:{head}.")
    if git(repository.folder, "rev-list", "--count", f"{base_tip}..{tip}") == "0":
        raise _wrong(f"No commits between {base} and {head}")
    _demand_short(body.get("body"))
    number, now = len(repository.pull_requests) + 1, fake.now()
    made = PullRequest(number, body["title"], body.get("body") or "", fake.login, head, base, now, now)
    made.is_draft, made.head_sha, made.base_sha = bool(body.get("draft")), tip, base_tip
    repository.pull_requests[number] = made
    fake.note("open")
    return 201, shapes.pull_request(fake, repository, made)


def _change(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    one = _numbered(repository, found)
    one.title, one.body = body.get("title", one.title), body.get("body", one.body)
    one.updated = fake.now()
    if body.get("state") == "closed" and one.state == "OPEN":
        one.state, one.closed = "CLOSED", fake.now()
        fake.note("close")
    else:
        fake.note("update")
    return 200, shapes.pull_request(fake, repository, one)


def _merge(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    one = _numbered(repository, found)
    if body.get("sha", one.head_sha) != one.head_sha:
        raise Denied(409, "Head branch was modified. Review and try the merge again.")
    why = fake.unmergeable(repository, one)
    rule = repository.rules.get(one.base)
    if why is None and rule is not None and rule.queue:
        why = "Changes must be made through the merge queue"
    way = body.get("merge_method", "merge")
    if why is None and way not in repository.ways:
        why = f"{way.capitalize()} merges are not allowed on this repository."
    if why is not None:
        raise Denied(405, why)
    title = body.get("commit_title", f"Merge pull request #{one.number}")
    sha = repository.merge(one, way, title, body.get("commit_message", one.title), fake.now())
    fake.note("merge")
    return 200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


def _review(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    one = _numbered(repository, found)
    state = _STATES[body["event"]]
    if one.author == fake.login and state != "COMMENTED":
        verb = "approve" if state == "APPROVED" else "request changes on"
        raise _wrong(f"Can not {verb} your own pull request")
    changed = git(repository.folder, "diff", "--name-only", f"{one.base_sha}...{one.head_sha}").splitlines()
    if any(remark["path"] not in changed for remark in body.get("comments", ())):
        raise Denied(422, "Unprocessable Entity: Path could not be resolved")
    said = {
        "id": next(fake.ids),
        "body": body.get("body", ""),
        "state": state,
        "author": fake.login,
        "commit_id": body.get("commit_id", one.head_sha),
        "comments": list(body.get("comments", ())),
        "at": shapes.at(fake.now()),
    }
    one.reviews.append(said)
    fake.note("review")
    return 200, {
        "id": said["id"],
        "node_id": f"PRR_{said['id']}",
        "user": shapes.user(fake, fake.login),
        "body": said["body"],
        "state": state,
        "html_url": f"{fake.url}/{repository.full_name}/pull/{one.number}#pullrequestreview-{said['id']}",
        "pull_request_url": f"{fake.url}/api/v3/repos/{repository.full_name}/pulls/{one.number}",
        "_links": {"html": {"href": fake.url}, "pull_request": {"href": fake.url}},
        "submitted_at": said["at"],
        "commit_id": said["commit_id"],
        "author_association": "NONE",
    }


def _comment(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    one = _numbered(repository, found)
    _demand_short(body["body"])
    said = {"id": next(fake.ids), "body": body["body"], "author": fake.login, "at": shapes.at(fake.now())}
    one.comments.append(said)
    fake.note("comment")
    where = f"{fake.url}/api/v3/repos/{repository.full_name}/issues"
    return 201, {
        "id": said["id"],
        "node_id": f"IC_{said['id']}",
        "url": f"{where}/comments/{said['id']}",
        "html_url": f"{fake.url}/{repository.full_name}/pull/{one.number}#issuecomment-{said['id']}",
        "issue_url": f"{where}/{one.number}",
        "body": said["body"],
        "user": shapes.user(fake, fake.login),
        "created_at": said["at"],
        "updated_at": said["at"],
        "author_association": "NONE",
    }


def _label(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    one = _numbered(repository, found)
    one.labels += [name for name in body["labels"] if name not in one.labels]
    fake.note("label")
    return 200, [
        {
            "id": number,
            "node_id": f"LA_{number}",
            "url": f"{fake.url}/labels/{number}",
            "name": name,
            "description": None,
            "color": "ededed",
            "default": False,
        }
        for number, name in enumerate(one.labels, 1)
    ]


def _check(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    if not repository.has(body["head_sha"]):
        raise Denied(422, f"No commit found for SHA: {body['head_sha']}")
    now = shapes.at(fake.now())
    is_over = body.get("status") == "completed"
    said = {
        "id": next(fake.ids),
        "name": body["name"],
        "head_sha": body["head_sha"],
        "external_id": body.get("external_id"),
        "status": body.get("status", "queued"),
        "conclusion": body.get("conclusion"),
        "output": dict(body.get("output") or {}),
        "started_at": now,
        "completed_at": now if is_over else None,
        "app": fake.slug,
    }
    repository.checks.append(said)
    fake.note("check")
    return 201, _shown(fake, repository, said)


def _checks(fake: FakeGitHub, repository: Repository, found: re.Match[str], body: Mapping[str, Any]) -> Answer:
    """Every check run of a commit by one name, newest first."""
    wanted = [
        _shown(fake, repository, said)
        for said in reversed(repository.checks)
        if said["head_sha"] == found["sha"] and said["name"] == body["check_name"]
    ]
    return 200, {"total_count": len(wanted), "check_runs": wanted[:100] if body.get("page", "1") == "1" else []}


def _shown(fake: FakeGitHub, repository: Repository, said: Mapping[str, Any]) -> dict[str, Any]:
    where = f"{fake.url}/api/v3/repos/{repository.full_name}/check-runs/{said['id']}"
    output = {name: said["output"].get(name) for name in ("title", "summary", "text")}
    shown = {name: said[name] for name in said if name not in ("app", "output")}
    return {
        **shown,
        "node_id": f"CR_{said['id']}",
        "url": where,
        "html_url": f"{fake.url}/{repository.full_name}/runs/{said['id']}",
        "details_url": None,
        "output": {**output, "annotations_count": 0, "annotations_url": f"{where}/annotations"},
        "check_suite": {"id": 1},
        "app": shapes.app(fake),
        "pull_requests": [],
    }


def _numbered(repository: Repository, found: re.Match[str]) -> PullRequest:
    one = repository.pull_requests.get(int(found["number"]))
    if one is None:
        raise Denied(404, "Not Found")
    return one


def _demand_short(body: str | None) -> None:
    if len(body or "") > _MOST_BODY:
        raise _wrong(f"body is too long (maximum is {_MOST_BODY} characters)")


def _wrong(message: str) -> Denied:
    return Denied(422, f"Validation Failed: {message}")


def _invalid(resource: str, field: str, code: str) -> Denied:
    return Denied(422, f"Validation Failed: {resource} {field} is {code}")


_Do = Callable[["FakeGitHub", Repository, "re.Match[str]", Mapping[str, Any]], Answer]
_NUMBER = r"(?P<number>\d+)"
_ROUTES: tuple[tuple[str, str, str, _Do], ...] = (
    ("POST", rf"{_REPOSITORY}/pulls", "pull_requests", _open),
    ("PATCH", rf"{_REPOSITORY}/pulls/{_NUMBER}", "pull_requests", _change),
    ("PUT", rf"{_REPOSITORY}/pulls/{_NUMBER}/merge", "contents", _merge),
    ("POST", rf"{_REPOSITORY}/pulls/{_NUMBER}/reviews", "pull_requests", _review),
    ("POST", rf"{_REPOSITORY}/issues/{_NUMBER}/comments", "pull_requests", _comment),
    ("POST", rf"{_REPOSITORY}/issues/{_NUMBER}/labels", "pull_requests", _label),
    ("POST", rf"{_REPOSITORY}/check-runs", "checks", _check),
    ("GET", rf"{_REPOSITORY}/commits/(?P<sha>[0-9a-f]+)/check-runs", "checks", _checks),
)
