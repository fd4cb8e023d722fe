"""Jira Cloud at the wire: the REST interface as far as it is used, with its checks, its JQL and its faults.

Whoever asks proves themselves by an API token, or by a token of a service account. Every exchange is noted in
`exchanges`. `deliver` posts what Jira would tell by itself, signed.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import hashlib
import hmac
import json
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulators.jira import changes, rest
from simulators.jira.rest import Denied
from simulators.jira.state import ME, IssueThere, State

EMAIL, TOKEN = "countersign@example.com", "an-api-token-of-ours"
CLIENT_ID, CLIENT_SECRET = "a-client", "a-clients-own-secret"
CLOUD_ID = "11111111-2222-3333-4444-555555555555"
SECRET = "a-webhook-secret-of-ours"
_ROUTES = tuple((method, re.compile(path), do) for method, path, do in (*rest.ROUTES, *changes.ROUTES))


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of this method whose path holds `path`.

    `answer` is answered instead of doing anything; `drop` closes the connection, `before` or `after` it is
    done; `do` is done first.
    """

    method: str
    path: str
    answer: tuple[int, Mapping[str, Any], Mapping[str, str]] | None = None
    drop: str = ""
    do: Callable[[], None] | None = None
    times: int = 1


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    answer: Any


@dataclass
class FakeJira:
    """See above. What a search sees is `lag` behind, but for issues that are reconciled."""

    url: str = ""
    me: str = ME
    state: State = field(default_factory=State)
    hidden: set[str] = field(default_factory=set)
    closed_ways: set[tuple[str, str]] = field(default_factory=set)
    history_page: int = 1000
    lag: timedelta = timedelta(0)
    faults: list[Fault] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    tokens: set[str] = field(default_factory=set)

    @property
    def settings(self) -> dict[str, str]:
        """A vendor's settings for it, by their names in the environment."""
        return {
            "JIRA_URL": self.url,
            "JIRA_EMAIL": EMAIL,
            "JIRA_API_TOKEN": TOKEN,
            "JIRA_PROJECTS": ",".join(self.state.projects),
            "JIRA_WEBHOOK_SECRETS": SECRET,
        }

    def note(self, what: str) -> None:
        """Something was done."""
        self.done[what] += 1

    def by_id(self, id: int) -> Any:
        """An issue."""
        return self.state.issue(str(id))

    def searched(self, reconciled: Mapping[int, IssueThere] | None) -> list[IssueThere]:
        """The issues that a search sees."""
        until = self.state.now() - self.lag
        fresh = reconciled or {}
        return [
            one for one in self.state.issues.values() if one.created <= until or one.id in fresh or not self.lag
        ]

    def app(self) -> web.Application:
        """The web application: the site, the gateway of OAuth requests, and where tokens come from."""
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_post("/oauth/token", self._token)
        app.router.add_route("*", "/{gateway:ex/jira/[^/]+}{path:/rest/.*}", self._rest)
        app.router.add_route("*", "/{path:rest/.*}", self._rest)
        return app

    async def deliver(self, address: str, event: str, issue: str, *, id: str = "", secret: str = SECRET) -> int:
        """Post what Jira tells of an issue; the status of the answer."""
        told = {
            "timestamp": 1,
            "webhookEvent": event,
            "issue": {"id": "1", "key": issue},
            "n": uuid.uuid4().hex,
        }
        body = json.dumps(told).encode()
        headers = {
            "X-Hub-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
            "X-Atlassian-Webhook-Identifier": id or uuid.uuid4().hex,
            "Content-Type": "application/json",
        }
        async with httpx.AsyncClient() as client:
            return (await client.post(f"{address}/tracker/jira", content=body, headers=headers)).status_code

    async def _token(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if asked != wanted:
            return web.json_response(
                {"error": "access_denied", "error_description": "Unauthorized"}, status=401
            )
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return web.json_response({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    def _is_proved(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        if "gateway" in request.match_info:
            is_ours = request.match_info["gateway"] == f"ex/jira/{CLOUD_ID}"
            return is_ours and given.removeprefix("Bearer ") in self.tokens
        return given == "Basic " + base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"].lstrip("/")
        body = await request.json() if request.can_read_body else None
        fault = self._fault(request.method, path)
        if fault is not None and fault.answer is not None:
            status, said, headers = fault.answer
            return web.json_response(said, status=status, headers=headers)
        if fault is not None and fault.drop == "before":
            return await _dropped(request)
        try:
            if not self._is_proved(request):
                raise Denied(401, "Client must be authenticated to access this resource.")
            status, answer = self._answer(request, path, body)
        except Denied as denied:
            status, answer = denied.status, denied.said
        shown = copy.deepcopy(answer)
        self.exchanges.append(Exchange(request.method, path, dict(request.query), body, status, shown))
        if fault is not None and fault.drop == "after":
            return await _dropped(request)
        return web.Response(status=status) if answer is None else web.json_response(answer, status=status)

    def _answer(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        for method, pattern, do in _ROUTES:
            if method == request.method and (found := pattern.fullmatch(path)):
                return do(self, found, request.query, body)
        raise Denied(404, f"No endpoint {request.method} {path}.")

    def _fault(self, method: str, what: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, what):
                fault.times -= 1
                if fault.do is not None:
                    fault.do()
                return fault
        return None


@asynccontextmanager
async def serving() -> AsyncIterator[FakeJira]:
    """A fake Jira without a project, on this machine, until the block ends."""
    fake = FakeJira()
    async with TestServer(fake.app()) as server:
        fake.url = str(server.make_url("")).rstrip("/")
        yield fake


async def _dropped(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    await asyncio.Event().wait()
    raise AssertionError("nobody is there to be answered")
