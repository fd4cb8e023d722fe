"""The server: who may, what stands in it, and its faults.

| fault      | what it does                                                   |
|------------|----------------------------------------------------------------|
| none       | nothing                                                        |
| forbidden  | 403, as for an application without the permission              |
| trouble    | 503, and nothing is done                                       |
| dropped    | does it, and closes the connection without an answer           |
| lost       | does nothing, and closes the connection without an answer      |
"""

from __future__ import annotations

import base64
import email
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any, Literal

from aiohttp import web
from aiohttp.test_utils import TestServer

Fault = Literal["none", "forbidden", "trouble", "dropped", "lost"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TENANT = "22222222-bbbb-4bbb-8bbb-222222222222"
CLIENT_ID = "44444444-dddd-4ddd-8ddd-444444444444"
CLIENT_SECRET = "graph-secret"
MAILBOX = "countersign@example.com"
TOKEN = "a-token"
_WANTED = re.compile(r"ep/id eq '(?P<id>[^']+)' and ep/value eq '(?P<value>[^']+)'")
_MESSAGE = re.compile(r"internetMessageId eq '(?P<id>[^']+)'")


@dataclass
class FakeMicrosoft:
    """`events` and `messages` are what stands there, by id; `busy` are other people's times by address, and
    `unknown` the addresses that have no mailbox. `faults` are met one after the other, by writing requests
    alone where `on_writes` says so. `invited` is everybody whom Exchange told of something: address, what,
    subject. Times are called ones of `zone`, unless a request prefers UTC and it `heeds_preference`."""

    url: str = ""
    secret: str = CLIENT_SECRET
    renames_messages: bool = False
    on_writes: bool = True
    zone: str = "UTC"
    heeds_preference: bool = True
    faults: list[Fault] = field(default_factory=list)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    busy: dict[str, list[tuple[datetime, datetime, str]]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    invited: list[tuple[str, str, str]] = field(default_factory=list)
    posted: int = 0
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def settings(self) -> dict[str, str]:
        """A vendor's settings for it, by their names in the environment."""
        return {
            "GRAPH_TENANT": TENANT,
            "GRAPH_CLIENT_ID": CLIENT_ID,
            "GRAPH_CLIENT_SECRET": CLIENT_SECRET,
            "GRAPH_MAILBOX": MAILBOX,
            "GRAPH_URL": f"{self.url}/v1.0",
            "ENTRA_AUTHORITY": self.url,
        }

    def app(self) -> web.Application:
        """The server."""
        app = web.Application(middlewares=[self._guarded], client_max_size=8_000_000)
        app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration)
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        of_mailbox = "/v1.0/users/{mailbox}"
        app.router.add_post(f"{of_mailbox}/calendar/getSchedule", self._schedule)
        app.router.add_get(f"{of_mailbox}/calendarView", self._view)
        app.router.add_get(f"{of_mailbox}/events", self._found)
        app.router.add_post(f"{of_mailbox}/events", self._create)
        app.router.add_patch(f"{of_mailbox}/events/{{id}}", self._change)
        app.router.add_post(f"{of_mailbox}/events/{{id}}/cancel", self._cancel)
        app.router.add_get(f"{of_mailbox}/messages", self._messages)
        app.router.add_post(f"{of_mailbox}/messages", self._draft)
        app.router.add_patch(f"{of_mailbox}/messages/{{id}}", self._rename)
        app.router.add_post(f"{of_mailbox}/messages/{{id}}/send", self._send)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1.0/"):
            return await handler(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "InvalidAuthenticationToken")
        if request.match_info["mailbox"] != MAILBOX:
            return _error(403, "ErrorAccessDenied")
        writes = request.method != "GET" and not request.path.endswith("getSchedule")
        fault = self.faults.pop(0) if self.faults and (writes or not self.on_writes) else None
        if fault == "forbidden":
            return _error(403, "ErrorAccessDenied")
        if fault == "trouble":
            return _error(503, "ServiceUnavailable")
        answer = web.Response() if fault == "lost" else self._in_zone(request, await handler(request))
        if fault in ("lost", "dropped"):
            assert request.transport is not None
            request.transport.close()
        return answer

    def _in_zone(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
        prefers_utc = 'outlook.timezone="UTC"' in request.headers.get("Prefer", "")
        if isinstance(answer, web.Response) and answer.text and not (prefers_utc and self.heeds_preference):
            answer.text = answer.text.replace('"timeZone": "UTC"', f'"timeZone": "{self.zone}"')
        return answer

    async def _configuration(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        if tenant != TENANT:
            return web.json_response({"error": "invalid_tenant"}, status=400)
        root = f"{self.url}/{tenant}".replace("http://", "https://", 1)
        return web.json_response(
            {
                "issuer": f"{root}/v2.0",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
            }
        )

    async def _token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, self.secret):
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN})

    async def _schedule(self, request: web.Request) -> web.Response:
        asked = await request.json()
        starts, ends = _read(asked["startTime"]), _read(asked["endTime"])
        if len(asked["schedules"]) > 20:
            return _error(400, "ErrorInvalidRequest")
        return web.json_response({"value": [self._of(one, starts, ends) for one in asked["schedules"]]})

    def _of(self, address: str, starts: datetime, ends: datetime) -> dict[str, Any]:
        if address in self.unknown:
            error = {"message": "Unable to resolve", "responseCode": "ErrorMailRecipientNotFound"}
            return {"scheduleId": address, "availabilityView": "", "error": error}
        taken = list(self.busy.get(address, []))
        taken += [
            (_read(one["start"]), _read(one["end"]), "busy")
            for one in self.events.values()
            if address in {each["emailAddress"]["address"] for each in one["attendees"]}
        ]
        items = [
            {"isPrivate": False, "status": status, "start": _written(first), "end": _written(last)}
            for first, last, status in sorted(taken)
            if first < ends and starts < last
        ]
        return {"scheduleId": address, "availabilityView": "0", "scheduleItems": items, "workingHours": {}}

    async def _view(self, request: web.Request) -> web.Response:
        starts = datetime.fromisoformat(request.query["startDateTime"])
        ends = datetime.fromisoformat(request.query["endDateTime"])
        events = self.events.values()
        found = [_shown(one) for one in events if _read(one["start"]) < ends and starts < _read(one["end"])]
        return web.json_response({"value": found})

    async def _found(self, request: web.Request) -> web.Response:
        wanted = _WANTED.search(request.query["$filter"])
        assert wanted is not None
        pair = {"id": wanted["id"], "value": wanted["value"]}
        found = [_shown(one) for one in self.events.values() if pair in one["singleValueExtendedProperties"]]
        return web.json_response({"value": found[: int(request.query.get("$top", 10))]})

    async def _create(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.posted += 1
        transaction = asked["transactionId"]
        again = (one for one in self.events.values() if one["transactionId"] == transaction)
        event = next(again, None)
        if event is None:
            id = f"AAMk={next(self._ids)}"
            event = {**asked, "id": id, "isCancelled": False, "onlineMeeting": None}
            if asked.get("isOnlineMeeting"):
                event["onlineMeeting"] = {"joinUrl": f"https://teams.example.com/l/meetup-join/{id[5:]}"}
            self.events[id] = event
            self._tell(event, "invited")
        return web.json_response(_shown(event, properties=False), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        event = self.events.get(request.match_info["id"])
        if event is None:
            return _error(404, "ErrorItemNotFound")
        asked = await request.json()
        new = {one["id"]: one["value"] for one in asked.pop("singleValueExtendedProperties", [])}
        kept = {one["id"]: one["value"] for one in event["singleValueExtendedProperties"]} | new
        event |= asked | {"singleValueExtendedProperties": [{"id": k, "value": v} for k, v in kept.items()]}
        self._tell(event, "updated")
        return web.json_response(_shown(event, properties=False))

    async def _cancel(self, request: web.Request) -> web.Response:
        event = self.events.pop(request.match_info["id"], None)
        if event is None:
            return _error(404, "ErrorItemNotFound")
        self._tell(event, "cancelled")
        return web.Response(status=202)

    def _tell(self, event: dict[str, Any], what: str) -> None:
        self.invited += [(one["emailAddress"]["address"], what, event["subject"]) for one in event["attendees"]]

    async def _messages(self, request: web.Request) -> web.Response:
        wanted = _MESSAGE.search(request.query["$filter"])
        assert wanted is not None
        found = [
            {key: one[key] for key in ("id", "internetMessageId", "isDraft")}
            for one in self.messages.values()
            if one["internetMessageId"] == wanted["id"]
        ]
        return web.json_response({"value": found})

    async def _draft(self, request: web.Request) -> web.Response:
        if request.content_type != "text/plain":
            return _error(400, "ErrorInvalidRequest")
        mail = email.message_from_bytes(base64.b64decode(await request.read()), policy=default)
        assert isinstance(mail, EmailMessage)
        id = f"AAMkM={next(self._ids)}"
        given = f"<{id}@exchange>" if self.renames_messages else str(mail["Message-ID"])
        self.messages[id] = {"id": id, "internetMessageId": given, "isDraft": True, "mail": mail}
        return web.json_response(_plain(self.messages[id]), status=201)

    async def _rename(self, request: web.Request) -> web.Response:
        message = self.messages[request.match_info["id"]]
        message |= await request.json()
        return web.json_response(_plain(message))

    async def _send(self, request: web.Request) -> web.Response:
        message = self.messages.get(request.match_info["id"])
        if message is None:
            return _error(404, "ErrorItemNotFound")
        message["isDraft"] = False
        return web.Response(status=202)

    @property
    def sent(self) -> list[EmailMessage]:
        """What went out."""
        return [one["mail"] for one in self.messages.values() if not one["isDraft"]]


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key != "mail"}


def _shown(event: dict[str, Any], *, properties: bool = True) -> dict[str, Any]:
    left_out = {"transactionId"} if properties else {"transactionId", "singleValueExtendedProperties"}
    return {key: value for key, value in event.items() if key not in left_out}


def _read(at: dict[str, str]) -> datetime:
    assert at["timeZone"] == "UTC"
    return datetime.fromisoformat(at["dateTime"]).replace(tzinfo=UTC)


def _written(at: datetime) -> dict[str, str]:
    return {"dateTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": code}}, status=status)


@asynccontextmanager
async def serving() -> AsyncIterator[FakeMicrosoft]:
    """A Microsoft 365, until the block ends."""
    fake = FakeMicrosoft()
    server = TestServer(fake.app(), host="127.0.0.1")
    await server.start_server()
    fake.url = str(server.make_url("")).rstrip("/")
    yield fake
    await server.close()
