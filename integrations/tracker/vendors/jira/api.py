"""Asking Jira: deadlines, rate limits and errors, said once.

Reads are tried again; what changes something is sent once, and who sent it looks for its mark. Where Jira asks
for a pause nothing is sent before its end.
https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from integrations.tracker import TrackerError
from integrations.web_service import Again, Bounded, tries
from storage.look import Away

WHO = "Jira"
MOST_BYTES = 16 * 1024**2
_TRIES = 3
_AT_ONCE = 6
"""Requests that one process has open: Jira counts what is asked at the same time."""
_LONGEST_PAUSE = 5.0
"""Seconds for which a read waits where Jira asks for a pause; for longer it is put off."""
_PATIENCE = 60.0
"""Seconds for which a change waits: it is done in the background, and may be half done."""
_UNSAID = timedelta(seconds=10)
"""How long nothing is asked where Jira asks for a pause and does not say how long."""


class Refused(Exception):
    """Jira understood and said no. The text is Jira's own words, bounded."""

    def __init__(self, status: int, says: str) -> None:
        super().__init__(f"{WHO} refused: {says}")
        self.status, self.says = status, says


class NoAccess(TrackerError):
    """Jira does not take our credentials, or does not let us do this."""


class NotSent(Away):
    """Nothing was sent, so nothing was done."""


class Unsure(Exception):
    """What was sent may have been done: no answer came that says anything."""


@dataclass
class Api:
    """Jira's REST interface below `base`. `seconds` is how long one try may take, and `asked` counts the tries;
    `secrets` never stand in words."""

    base: str
    auth: httpx.Auth
    secrets: tuple[str, ...] = field(default=(), repr=False)
    seconds: float = 10.0
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    asked: int = 0
    _client: httpx.AsyncClient | None = None
    _quiet_until: datetime | None = None

    def __post_init__(self) -> None:
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.aclose()
        self._client = None

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """What GET answers. Raises Refused, NoAccess, Away."""
        return await self._tried("GET", path, query, None)

    async def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """What a POST that only reads answers. Raises Refused, NoAccess, Away."""
        return await self._tried("POST", path, None, body)

    async def change(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send something that changes something, once. Raises Refused, NoAccess, NotSent, and Unsure where it
        may have been done."""
        for is_last in (False, True):
            await self._wait(_PATIENCE)
            try:
                return await self._once(method, path, None, body)
            except _Pause as pause:
                if is_last:
                    raise NotSent(WHO, str(pause)) from None
            except _NotConnected as away:
                raise NotSent(WHO, str(away)) from None
            except Again as again:
                raise Unsure(f"{WHO} {again}, so that it may have been done") from None
        raise AssertionError("the last try returns or raises")

    async def _tried(self, method: str, path: str, query: Any, body: Any) -> Any:
        await self._wait(_LONGEST_PAUSE)
        try:
            return await tries(_TRIES)(self._read, method, path, query, body)
        except Again as again:
            raise Away(WHO, self._plain(str(again))) from None

    async def _read(self, method: str, path: str, query: Any, body: Any) -> Any:
        await self._wait(_LONGEST_PAUSE)
        return await self._once(method, path, query, body)

    async def _wait(self, most: float) -> None:
        """Wait out a pause that Jira asked for. Raises NotSent where it is longer than `most` seconds."""
        if self._quiet_until is None:
            return
        left = (self._quiet_until - self.clock()).total_seconds()
        if left > most:
            raise NotSent(WHO, f"takes no more of us before {self._quiet_until:%H:%M:%S %Z}")
        if left > 0:
            await asyncio.sleep(left)

    async def _once(self, method: str, path: str, query: Any, body: Any) -> Any:
        """One try. Raises Refused, NoAccess, and Again where no answer came that says anything."""
        async with self._gate:
            self.asked += 1
            try:
                answer = await self._opened().request(method, path, params=query, json=body)
            except httpx.TimeoutException as late:
                if isinstance(late, httpx.ConnectTimeout):
                    raise _NotConnected("cannot be reached (ConnectTimeout)") from None
                raise Again(f"did not answer within {self.seconds:g} seconds") from None
            except httpx.TransportError as lost:
                kind = _NotConnected if isinstance(lost, httpx.ConnectError) else Again
                raise kind(f"cannot be reached ({type(lost).__name__})") from None
        if answer.status_code == 429 or (answer.status_code == 503 and "Retry-After" in answer.headers):
            raise self._paused(answer)
        if answer.status_code >= 500:
            raise Again(f"answered {answer.status_code}")
        if answer.status_code == 401:
            raise NoAccess(f"{WHO} does not take our credentials: see JIRA_API_TOKEN or JIRA_CLIENT_SECRET.")
        if answer.status_code == 403:
            raise NoAccess(f"{WHO} does not let us do this: {self._words(answer)}")
        if answer.status_code >= 400:
            raise Refused(answer.status_code, self._words(answer))
        if answer.is_redirect:
            raise Refused(answer.status_code, "it is at another address now; see JIRA_URL")
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise Again("answered with something that is no JSON") from None

    def _paused(self, answer: httpx.Response) -> _Pause:
        said = answer.headers.get("Retry-After", "")
        pause = timedelta(seconds=int(said)) if said.isdecimal() and len(said) < 7 else _UNSAID
        self._quiet_until = max(self.clock() + pause, self._quiet_until or self.clock())
        # A read that may wait so long is tried again behind the pause; `_wait` puts off any other.
        return _Pause(f"takes no more of us before {self._quiet_until:%H:%M:%S %Z}", 0.0)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            headers = {"Accept": "application/json", "User-Agent": "Countersign"}
            self._client = httpx.AsyncClient(
                base_url=self.base,
                auth=self.auth,
                transport=Bounded(MOST_BYTES),
                headers=headers,
                timeout=self.seconds,
            )
        return self._client

    def _words(self, answer: httpx.Response) -> str:
        """Jira's own words, in one line of at most 300 characters, without our secrets."""
        try:
            said = answer.json()
        except ValueError:
            said = None
        words: list[str] = []
        if isinstance(said, dict):
            words += [str(one) for one in said.get("errorMessages") or ()]
            words += [f"{name}: {one}" for name, one in (said.get("errors") or {}).items()]
        return self._plain(" ".join(" ".join(words).split()))[:300] or f"status {answer.status_code}"

    def _plain(self, text: str) -> str:
        """Before anything is cut off: half a secret is one, too."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text


class _NotConnected(Again):
    """Nothing was sent."""


class _Pause(Again):
    """Jira asks for a pause; nothing was done."""
