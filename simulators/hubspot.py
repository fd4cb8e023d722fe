"""HubSpot's CRM at the wire, as far as it is read: https://developers.hubspot.com/docs/api-reference/overview.

Searches (200 records a page, filters of one group, 10,000 results at most), batches of records and associations
(v4, each with its labels and in pages), owners, properties, pipelines and the account's currency. It keeps to
HubSpot's own limits: a fifth search within a second gets 429, and so does what comes too often altogether.
Else it answers first with whatever `faults` says, one after the other:

| fault       | what it does                                     |
|-------------|--------------------------------------------------|
| none        | nothing                                          |
| error       | 500, as when it is in trouble                    |
| too many    | 429 with a pause of one second to keep           |
| forbidden   | 403, as for a private app without the scope      |
| other shape | 200 with JSON that is none of its own            |
| endless     | 200 with an answer that does not end             |
| dropped     | closes the connection without an answer          |
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from aiohttp import web
from aiohttp.test_utils import TestServer

Trouble = Literal["error", "too many", "forbidden", "other shape", "endless", "dropped"]
Fault = Literal["none"] | Trouble
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Properties = Mapping[str, str | None]

TOKEN = "pat-eu1-not-a-real-token"
SEARCHES_A_SECOND = 4
CALLS_IN_TEN_SECONDS = 100
_JITTER = 0.1
"""Seconds by which two requests may be nearer here than where they were sent."""

_LARGEST_PAGE = 200
_MOST_RESULTS = 10_000
_MOST_FILTERS = 6


@dataclass
class FakeHubSpot:
    """A HubSpot account: `records` by kind and id, `links` between them with their labels, `owners` by id with
    their addresses. `asked` keeps the path of each request that was let in, `refused` counts those that came
    too often. `linked_at_once` is how many associations of a record one answer gives."""

    url: str = ""
    token: str = TOKEN
    currency: str | None = "USD"
    linked_at_once: int = 500
    records: dict[str, dict[str, dict[str, str | None]]] = field(default_factory=dict)
    links: dict[tuple[str, str], dict[str, dict[str, list[str | None]]]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    pipelines: list[str] = field(default_factory=lambda: ["0"])
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refused: int = 0
    _searches: deque[float] = field(default_factory=deque)
    _calls: deque[float] = field(default_factory=deque)
    _ids: Any = field(default_factory=lambda: itertools.count(9_000_000_000))

    def app(self) -> web.Application:
        """The server."""
        app = web.Application(middlewares=[self._guarded], client_max_size=8_000_000)
        app.router.add_post("/crm/v3/objects/{kind}/search", self._search)
        app.router.add_post("/crm/v3/objects/{kind}/batch/read", self._read)
        app.router.add_post("/crm/v4/associations/{of}/{to}/batch/read", self._associated)
        app.router.add_get("/crm/v3/owners", self._owners)
        app.router.add_get("/crm/v3/properties/{kind}", self._properties)
        app.router.add_get("/crm/v3/pipelines/{kind}", self._pipelines)
        app.router.add_get("/account-info/v3/details", self._details)
        return app

    def has(self, kind: str, **properties: str | None) -> str:
        """A record of this kind; its id."""
        id = str(next(self._ids))
        self.records.setdefault(kind, {})[id] = {**properties, "hs_object_id": id}
        return id

    def link(self, of: str, one: str, to: str, other: str, label: str | None = None) -> None:
        """Two records belong together, seen from both sides; a label is added to those that they have."""
        for pair, (origin, target) in (((of, to), (one, other)), ((to, of), (other, one))):
            self.links.setdefault(pair, {}).setdefault(origin, {}).setdefault(target, [None]).append(label)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if too_often := self._too_often(request.path.endswith("/search")):
            self.refused += 1
            return _error(429, "You have reached your secondly limit.", policyName=too_often)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and fault != "none":
            return await _failing(fault, request)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "Authentication credentials not found.", category="INVALID_AUTHENTICATION")
        self.asked.append(request.path)
        return await handler(request)

    def _too_often(self, searches: bool) -> str | None:
        now = monotonic()
        if not _within(self._calls, now, 10.0, CALLS_IN_TEN_SECONDS):
            return "TEN_SECONDLY_ROLLING"
        if searches and not _within(self._searches, now, 1.0, SEARCHES_A_SECOND):
            return "SECONDLY"
        return None

    async def _search(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        (group,) = body["filterGroups"]
        if not 0 < body.get("limit", 10) <= _LARGEST_PAGE or len(group["filters"]) > _MOST_FILTERS:
            return _error(400, "Invalid input JSON", category="VALIDATION_ERROR")
        (order,) = body["sorts"]
        kept = self.records.get(request.match_info["kind"], {})
        found = [id for id, said in kept.items() if all(_passes(said, one) for one in group["filters"])]
        found.sort(
            key=lambda id: int(kept[id][order["propertyName"]] or 0), reverse=order["direction"] == "DESCENDING"
        )
        begins = int(body.get("after", 0))
        if begins + body["limit"] > _MOST_RESULTS:
            return _error(400, "The offset is larger than the allowed limit", category="VALIDATION_ERROR")
        page = found[begins : begins + body["limit"]]
        answer: dict[str, Any] = {
            "total": len(found),
            "results": [_record(id, kept[id], body["properties"]) for id in page],
        }
        if begins + len(page) < len(found):
            answer["paging"] = {"next": {"after": str(begins + len(page)), "link": "x"}}
        return web.json_response(answer)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if not 0 < len(body["inputs"]) <= 100:
            return _error(400, "The maximum number of inputs is 100", category="VALIDATION_ERROR")
        kept = self.records.get(request.match_info["kind"], {})
        ids = [one["id"] for one in body["inputs"] if one["id"] in kept]
        results = [_record(id, kept[id], body["properties"]) for id in ids]
        return web.json_response(
            {"status": "COMPLETE", "results": results}, status=200 if len(ids) == len(body["inputs"]) else 207
        )

    async def _associated(self, request: web.Request) -> web.StreamResponse:
        inputs = (await request.json())["inputs"]
        if not 0 < len(inputs) <= 1000:
            return _error(400, "The maximum number of inputs is 1000", category="VALIDATION_ERROR")
        linked = self.links.get((request.match_info["of"], request.match_info["to"]), {})
        results = [
            self._of_record(one["id"], linked[one["id"]], int(one.get("after", 0)))
            for one in inputs
            if linked.get(one["id"])
        ]
        return web.json_response(
            {"status": "COMPLETE", "results": results}, status=200 if len(results) == len(inputs) else 207
        )

    def _of_record(self, id: str, targets: Mapping[str, list[str | None]], begins: int) -> dict[str, Any]:
        ends = begins + self.linked_at_once
        to = [
            {
                "toObjectId": int(target),
                "associationTypes": [
                    {"category": "USER_DEFINED" if label else "HUBSPOT_DEFINED", "typeId": 1, "label": label}
                    for label in labels
                ],
            }
            for target, labels in list(targets.items())[begins:ends]
        ]
        more = {"paging": {"next": {"after": str(ends), "link": "x"}}} if ends < len(targets) else {}
        return {"from": {"id": id}, "to": to, **more}

    async def _owners(self, request: web.Request) -> web.StreamResponse:
        begins, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 100))
        everybody = [{"id": id, "email": email, "archived": False} for id, email in self.owners.items()]
        answer: dict[str, Any] = {"results": everybody[begins : begins + limit]}
        if begins + limit < len(everybody):
            answer["paging"] = {"next": {"after": str(begins + limit), "link": "x"}}
        return web.json_response(answer)

    async def _properties(self, request: web.Request) -> web.StreamResponse:
        kept = self.records.get(request.match_info["kind"], {}).values()
        names = sorted({name for said in kept for name in said})
        return web.json_response(
            {"results": [{"name": name, "label": name, "type": "string"} for name in names]}
        )

    async def _pipelines(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"results": [{"id": one, "label": one} for one in self.pipelines]})

    async def _details(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"portalId": 62515, "companyCurrency": self.currency, "timeZone": "US/Eastern"}
        )


@asynccontextmanager
async def serving() -> AsyncIterator[FakeHubSpot]:
    """A HubSpot on this machine, as long as it is wanted."""
    fake = FakeHubSpot()
    server = TestServer(fake.app())
    await server.start_server()
    fake.url = str(server.make_url("")).rstrip("/")
    try:
        yield fake
    finally:
        await server.close()


def _within(taken: deque[float], now: float, seconds: float, most: int) -> bool:
    while taken and taken[0] <= now - seconds + _JITTER:
        taken.popleft()
    if len(taken) >= most:
        return False
    taken.append(now)
    return True


def _passes(said: Properties, one: Mapping[str, Any]) -> bool:
    value = said.get(one["propertyName"])
    if value is None:
        return False
    match one["operator"]:
        case "EQ":
            return value.casefold() == str(one["value"]).casefold()
        case "IN":
            return value.casefold() in one["values"]
        case "GT":
            return int(value) > int(one["value"])
        case "LT":
            return int(value) < int(one["value"])
        case unknown:
            raise web.HTTPBadRequest(text=f"no such operator: {unknown}")


def _record(id: str, said: Properties, wanted: list[str]) -> dict[str, Any]:
    """A property that there is none of is left out; one without a value is null."""
    properties = {name: said[name] for name in (*wanted, "hs_object_id") if name in said}
    return {"id": id, "properties": properties, "archived": False}


def _error(status: int, message: str, **other: str) -> web.StreamResponse:
    return web.json_response({"status": "error", "message": message, **other}, status=status)


async def _failing(fault: Trouble, request: web.Request) -> web.StreamResponse:
    match fault:
        case "error":
            return _error(500, "internal error")
        case "too many":
            answer = _error(429, "You have reached your ten_secondly_rolling limit.", errorType="RATE_LIMIT")
            answer.headers["Retry-After"] = "1"
            return answer
        case "forbidden":
            return _error(403, "This app hasn't been granted all required scopes.", category="MISSING_SCOPES")
        case "other shape":
            return web.json_response({"results": [{"properties": []}]})
        case "dropped":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        case "endless":
            return await _endless(request)


async def _endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while True:
            await answer.write(b" " * 100_000)
    except ConnectionError:
        return answer
