"""GitHub at the wire: an App with one installation, the REST interface and GraphQL as far as they are used, and
git over HTTP on real bare repositories.

Tokens are given out to whoever proves the App by its key, have the permissions that were asked for, and end.
Limits and failures come on demand (`faults`, `remaining`). Every exchange is noted in `exchanges`, so that a
test can hold it against GitHub's published description.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web
from graphql import GraphQLSchema

from simulators.github import graph, rest, smart_http
from simulators.github.access import Access, Denied
from simulators.github.repositories import PullRequest, Repository

PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "checks": "write",
    "statuses": "read",
}


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of this method whose path holds `path` (of GraphQL: whose
    document does).

    `answer` is answered instead of doing anything; `drop` closes the connection, `before` or `after` it is
    done.
    """

    method: str
    path: str
    answer: tuple[int, Mapping[str, Any], Mapping[str, str]] | None = None
    drop: str = ""
    do: Callable[[], None] | None = None
    times: int = 1


@dataclass(frozen=True)
class Exchange:
    """A request of the REST interface, and its answer."""

    method: str
    path: str
    body: Any
    status: int
    answer: Any


@dataclass
class FakeGitHub:
    """See above. Repositories are made in `folder`; `url` is where it is served."""

    folder: Path
    public_key: str
    app_id: str = "4711"
    slug: str = "acme-countersign"
    installation: int = 77
    url: str = ""
    ahead: timedelta = timedelta(0)
    remaining: int = 5000
    repositories: dict[str, Repository] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    schema: GraphQLSchema = field(default_factory=graph.schema)
    ids: Any = field(default_factory=lambda: count(1001))

    def __post_init__(self) -> None:
        self.access = Access(
            self.app_id, self.slug, self.public_key, self.installation, dict(PERMISSIONS), self.now
        )

    @property
    def login(self) -> str:
        """What the App is called where it does something."""
        return f"{self.slug}[bot]"

    def now(self) -> datetime:
        """GitHub's clock, which runs `ahead`."""
        return datetime.now(UTC).replace(microsecond=0) + self.ahead

    def add(self, full_name: str) -> Repository:
        """A new, empty repository that the installation sees."""
        made = Repository.make(len(self.repositories) + 1, full_name, self.folder / f"{full_name}.git")
        self.repositories[full_name] = made
        return made

    def seen(self, full_name: str) -> Repository | None:
        """A repository that the installation sees; names are told apart by their letters alone."""
        by_name = {name.lower(): one for name, one in self.repositories.items() if name not in self.hidden}
        return by_name.get(full_name.lower())

    def note(self, what: str) -> None:
        """Something was done."""
        self.done[what] += 1

    def size_kb(self, found: Repository) -> int:
        """What a repository takes."""
        if found.size_kb is not None:
            return found.size_kb
        return 1 + sum(one.stat().st_size for one in found.folder.rglob("*") if one.is_file()) // 1024

    def review_decision(self, found: Repository, one: PullRequest) -> str | None:
        """What the reviews come to, of the head as it is."""
        rule = found.rules.get(one.base)
        newest = {said["author"]: said for said in one.reviews if said["state"] != "COMMENTED"}
        if any(said["state"] == "CHANGES_REQUESTED" for said in newest.values()):
            return "CHANGES_REQUESTED"
        approving = [
            said
            for said in newest.values()
            if said["commit_id"] == one.head_sha and said["author"] != one.author
        ]
        if rule is None or not rule.reviews:
            return None
        return "APPROVED" if len(approving) >= rule.reviews else "REVIEW_REQUIRED"

    def unmergeable(self, found: Repository, one: PullRequest) -> str | None:
        """Why a pull request cannot be merged, in GitHub's words."""
        rule = found.rules.get(one.base)
        if one.state != "OPEN" or one.is_draft:
            return "Pull Request is still a draft" if one.is_draft else "Pull Request is not mergeable"
        if found.tip(one.base) is None or found.conflicts(one):
            return "Pull Request is not mergeable"
        decision = self.review_decision(found, one)
        if decision == "CHANGES_REQUESTED":
            return "Changes were requested by reviewers with write access."
        if decision == "REVIEW_REQUIRED" and rule is not None:
            return f"At least {rule.reviews} approving review is required by reviewers with write access."
        states = {said["name"]: said["conclusion"] for said in found.checks if said["head_sha"] == one.head_sha}
        missing = [name for name in (rule.checks if rule else ()) if states.get(name) != "success"]
        if missing:
            return f'Required status check "{missing[0]}" is expected.'
        return None

    def app(self) -> web.Application:
        """The web application: `/api/v3` beside `/api/graphql`, and the repositories."""
        app = web.Application(client_max_size=512 * 1024**2)
        app.router.add_route("*", "/api/v3/{path:.*}", self._rest)
        app.router.add_post("/api/graphql", self._graphql)
        app.router.add_route("*", "/{owner}/{name}.git/{path:.*}", self._git)
        return app

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        path = f"/{request.match_info['path']}"
        body = await request.json() if request.can_read_body else None

        async def do() -> tuple[int, Any]:
            return rest.answer(self, request, path, body)

        return await self._answered(request, path, do, body)

    async def _graphql(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()

        async def do() -> tuple[int, Any]:
            return 200, graph.answer(self, self.access.token_of(request), asked)

        return await self._answered(request, asked["query"], do, None)

    async def _answered(
        self, request: web.Request, what: str, do: Callable[[], Awaitable[tuple[int, Any]]], body: Any
    ) -> web.StreamResponse:
        fault = self._fault(request.method, what)
        headers = {"x-ratelimit-limit": "5000", "x-ratelimit-reset": str(int(self.now().timestamp()) + 3600)}
        if fault is not None and fault.answer is not None:
            status, said, more = fault.answer
            return web.json_response(said, status=status, headers={**headers, **more})
        if fault is not None and fault.drop == "before":
            return await _dropped(request)
        self.remaining -= 1
        headers["x-ratelimit-remaining"] = str(max(self.remaining, 0))
        if self.remaining < 0:
            status, answer = 403, {"message": "API rate limit exceeded for installation ID 77."}
        else:
            try:
                status, answer = await do()
            except Denied as denied:
                status, answer = denied.status, {"message": denied.args[0], "documentation_url": "https://docs"}
                headers |= denied.headers
        if what.startswith("/"):
            self.exchanges.append(Exchange(request.method, what, body, status, answer))
        if fault is not None and fault.drop == "after":
            return await _dropped(request)
        return web.json_response(answer, status=status, headers=headers)

    async def _git(self, request: web.Request) -> web.StreamResponse:
        owner, name, tail = (request.match_info[part] for part in ("owner", "name", "path"))
        full_name = f"{owner}/{name}"
        writes = "git-receive-pack" in (tail, request.query.get("service"))
        fault = self._fault(request.method, f"/{full_name}.git/{tail}")
        if fault is not None and fault.answer is not None:
            status, _, headers = fault.answer
            return web.Response(status=status, headers=headers)
        if fault is not None and fault.drop == "before":
            return await _dropped(request)
        try:
            token = self.access.token_of(request)
            token.demand("contents", "write" if writes else "read", full_name)
        except Denied as denied:
            headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if denied.status == 401 else {}
            return web.Response(status=denied.status, headers=headers, text=str(denied))
        if self.seen(full_name) is None:
            return web.Response(status=404, text="Repository not found.")
        answer = await smart_http.serve(request, self.folder, f"/{full_name}.git/{tail}")
        if writes and request.method == "POST":
            self.note("push")
        if fault is not None and fault.drop == "after":
            return await _dropped(request)
        return answer

    def _fault(self, method: str, what: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, what):
                fault.times -= 1
                if fault.do is not None:
                    fault.do()
                return fault
        return None


async def _dropped(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    await asyncio.Event().wait()
    raise AssertionError("nobody is there to be answered")
