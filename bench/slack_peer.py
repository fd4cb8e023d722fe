"""The other end of the Slack benchmark: a lean Slack that answers at once, and signed events.

`simulators/slack` keeps state and checks what it is sent; here the peer must take less than what is measured.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

TEAM = "T0BENCH"
BOT = "U0BOT"
TOKEN = "xoxb-bench"
SECRET = "bench-signing-secret"


class LeanSlack:
    """Answers the Web API for a workspace of many people; `answered` says when a thread got its answer."""

    def __init__(self, emails: Sequence[str], people: int) -> None:
        self.users = {f"U{number:05}": emails[number % len(emails)] for number in range(people)}
        self.answered: dict[str, float] = {}
        self._ts = itertools.count(1)
        self.app = web.Application()
        self.app.router.add_post("/api/{method}", self._call)
        self.app.router.add_get("/api/{method}", self._call)

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if method == "chat.postMessage":
            body = await _read(request)
            self.answered.setdefault(str(body.get("thread_ts")), time.perf_counter())
            return web.json_response({"ok": True, "channel": body["channel"], "ts": f"{next(self._ts)}.000001"})
        body = await _read(request)
        answers: dict[str, dict[str, Any]] = {
            "auth.test": {"team_id": TEAM, "team": "Bench", "user_id": BOT, "user": "bot", "bot_id": "B0BOT"},
            "users.info": {"user": self._user(str(body.get("user")))},
        }
        return web.json_response({"ok": True, **answers.get(method, {})})

    def _user(self, user: str) -> dict[str, Any]:
        profile = {"real_name": user, "email": self.users.get(user)}
        return {"id": user, "team_id": TEAM, "is_email_confirmed": True, "profile": profile}


async def _read(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        read: dict[str, Any] = await request.json()
        return read
    return {**request.query, **await request.post()}


def event(user: str, number: int, words: str) -> tuple[str, bytes]:
    """A direct message as Slack's Events API brings it, and the time that names it."""
    ts = f"{1_700_000_000 + number}.000100"
    said = {"type": "message", "channel_type": "im", "user": user, "team": TEAM, "channel": f"D{user[1:]}"}
    body = {
        "type": "event_callback",
        "token": "unused",
        "team_id": TEAM,
        "api_app_id": "A0BENCH",
        "event_id": f"Ev{number:08}",
        "event_time": int(time.time()),
        "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        "event": {**said, "text": words, "ts": ts, "event_ts": ts},
    }
    return ts, json.dumps(body).encode()


def signed(body: bytes) -> dict[str, str]:
    """The headers that prove a body: https://docs.slack.dev/authentication/verifying-requests-from-slack."""
    at = str(int(time.time()))
    proof = hmac.new(SECRET.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={proof}",
    }
