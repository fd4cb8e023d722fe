"""PagerDuty's REST API at the wire, as far as `GET /oncalls` goes: https://developer.pagerduty.com/api-reference/.

It answers with `oncalls`, in pages as it is asked for, and before that with whatever `faults` says, one after
the other:

| fault       | what it does                          |
|-------------|---------------------------------------|
| error       | 500, as when it is in trouble         |
| forbidden   | 403, as for a key of somebody else's  |
| other shape | 200 with JSON that is none of its own |
| endless     | 200 with an answer that does not end  |
"""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web

Fault = Literal["error", "forbidden", "other shape", "endless"]


class FakePagerDuty:
    """A server's state and its routes. `asked` keeps each request's query."""

    def __init__(self, key: str) -> None:
        self.oncalls: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.asked: list[list[tuple[str, str]]] = []
        self._key = key

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        app.router.add_get("/oncalls", self._oncalls)
        return app

    def has(self, email: str, name: str, level: int = 1, **other: Any) -> None:
        """Somebody is on call."""
        user = {"id": f"P{len(self.oncalls)}", "type": "user", "summary": name, "name": name, "email": email}
        policy = {"id": "PPOLICY", "type": "escalation_policy_reference", "summary": "Payments"}
        self.oncalls.append(
            {"user": user, "escalation_policy": policy, "escalation_level": level, "schedule": None}
            | {"start": None, "end": None}
            | other
        )

    async def _oncalls(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(list(request.query.items()))
        fault = self.faults.pop(0) if self.faults else None
        if fault == "error":
            return web.json_response({"error": {"message": "Internal Server Error", "code": 2000}}, status=500)
        if fault == "forbidden" or request.headers.get("Authorization") != f"Token token={self._key}":
            return web.json_response({"error": {"message": "Access Denied", "code": 2010}}, status=403)
        if fault == "other shape":
            return web.json_response({"oncalls": [{"user": "P1"}]})
        if fault == "endless":
            return await _endless(request)
        with_users = request.query.get("include[]") == "users"
        limit, offset = int(request.query.get("limit", 25)), int(request.query.get("offset", 0))
        page = self.oncalls[offset : offset + limit]
        if not with_users:
            page = [one | {"user": {key: one["user"][key] for key in ("id", "summary")}} for one in page]
        more = offset + limit < len(self.oncalls)
        return web.json_response(
            {"oncalls": page, "limit": limit, "offset": offset, "more": more, "total": None}
        )


async def _endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while True:
            await answer.write(b" " * 100_000)
    except ConnectionError:
        return answer
