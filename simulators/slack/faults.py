"""What can go wrong between an app and Slack's Web API, on demand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from simulators.slack.web_api import ApiCall

MESSAGE_INTERVAL = 1.0
"""Seconds between two messages in one channel, when Slack's real limit is on."""


@dataclass
class Failure:
    """One way to fail: for a method (and a channel, if given), `times` times.

    `is_after` says that the call is carried out all the same, and only its answer lost.
    """

    kind: str
    method: str
    channel: str | None = None
    times: int = 1
    retry_after: int = 1
    status: int = 500
    error: str = ""
    is_after: bool = False
    until: asyncio.Event = field(default_factory=asyncio.Event)
    happened: int = 0

    def concerns(self, method: str, channel: str) -> bool:
        """Whether it strikes this call."""
        return (
            self.happened < self.times
            and self.method in ("*", method)
            and self.channel in (None, channel)
        )  # fmt: skip

    async def answer(self, request: web.Request, record: ApiCall) -> web.StreamResponse:
        """What the app gets to see."""
        if self.kind == "rate":
            record.status, record.error = 429, "ratelimited"
            headers = {"Retry-After": str(self.retry_after)}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if self.kind == "error":
            record.error = self.error
            return web.json_response({"ok": False, "error": self.error})
        if self.kind == "status":
            record.status, record.error = self.status, f"http {self.status}"
            return web.Response(status=self.status, text="upstream error", content_type="text/html")
        if self.kind == "hang":
            record.status, record.error = 0, "hanging"
            await self.until.wait()
        record.status, record.error = 0, record.error or "connection reset"
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


@dataclass
class Faults:
    """Failures to come. `real_limits` holds the app to one message a second and channel, as Slack does;
    `burst` to so many messages within so many seconds and channel, which Slack lets pass for a while."""

    real_limits: bool = False
    burst: tuple[int, float] | None = None
    waiting: list[Failure] = field(default_factory=list)
    last_message: dict[str, float] = field(default_factory=dict)
    lately: dict[str, list[float]] = field(default_factory=dict)

    def rate_limit(
        self, method: str = "*", *, channel: str | None = None, times: int = 1, retry_after: int = 1
    ) -> Failure:
        """Answer 429 with Retry-After (seconds)."""
        return self._add(Failure("rate", method, channel, times, retry_after=retry_after))

    def server_error(self, method: str = "*", *, times: int = 1, status: int = 500) -> Failure:
        """Answer with an HTTP error and no JSON."""
        return self._add(Failure("status", method, times=times, status=status))

    def refuse(self, method: str, error: str, *, channel: str | None = None, times: int = 1) -> Failure:
        """Answer `{"ok": false}` with this error."""
        return self._add(Failure("error", method, channel, times, error=error))

    def hang(self, method: str = "*", *, times: int = 1) -> Failure:
        """Take the call and say nothing until `failure.until.set()`, then cut the connection."""
        return self._add(Failure("hang", method, times=times))

    def reset(self, method: str = "*", *, times: int = 1) -> Failure:
        """Cut the connection before anything is done."""
        return self._add(Failure("reset", method, times=times))

    def lose_answer(self, method: str = "*", *, times: int = 1, channel: str | None = None) -> Failure:
        """Do as asked, then cut the connection instead of answering."""
        return self._add(Failure("reset", method, channel, times, is_after=True))

    def clear(self) -> None:
        """From now on all is well; who hangs is let go."""
        for failure in self.waiting:
            failure.until.set()
        self.waiting.clear()
        self.real_limits = False
        self.burst = None

    def next_for(self, method: str, channel: str, now: float) -> Failure | None:
        """The failure that strikes this call, if any."""
        for failure in self.waiting:
            if failure.concerns(method, channel):
                failure.happened += 1
                return failure
        return self._too_fast(method, channel, now)

    def _too_fast(self, method: str, channel: str, now: float) -> Failure | None:
        if method != "chat.postMessage":
            return None
        if self.burst is not None and self._is_over(self.burst, channel, now):
            return Failure("rate", method, channel)
        if not self.real_limits:
            return None
        if now - self.last_message.get(channel, 0.0) < MESSAGE_INTERVAL:
            return Failure("rate", method, channel)
        self.last_message[channel] = now
        return None

    def _is_over(self, burst: tuple[int, float], channel: str, now: float) -> bool:
        most, seconds = burst
        lately = [at for at in self.lately.get(channel, ()) if now - at < seconds]
        is_over = len(lately) >= most
        self.lately[channel] = lately if is_over else [*lately, now]
        return is_over

    def _add(self, failure: Failure) -> Failure:
        self.waiting.append(failure)
        return failure
