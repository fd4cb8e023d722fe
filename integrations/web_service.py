"""How vendors speak to somebody's service over HTTP: said once, for all of them.

Each call has a deadline. What may be sent again is, with growing pauses and some chance in them (where the
service asks for a pause by `Retry-After`, that counts); a service that fails again and again is left alone for
a while, so that nobody waits for it; and nothing of a credential gets into an error or a log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import httpx
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from storage.look import Away

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that do the same when they come twice. A POST is sent again only with an idempotency key."""


class Refused(Exception):
    """The service understood and said no. `status` is its HTTP status; the text is for people."""

    def __init__(self, who: str, status: int, why: str) -> None:
        super().__init__(f"{who} refused: {why}")
        self.status = status


class Unsure(Exception):
    """What was sent may have been done: the connection was lost after it went out."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a service is asked. `seconds` for one try, `tries` at most, and after `failures` in a row nobody asks
    for `rest` seconds; `rate` is what it allows, if it says. `too_many` is the pause after it said that it was
    asked too often (429) and named none itself."""

    seconds: float = 5.0
    tries: int = 3
    failures: int = 5
    rest: float = 30.0
    rate: RateLimitItem | None = None
    too_many: float | None = None


class Again(Exception):
    """Worth another try; `after` is the pause that the service asks for, in seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


def tries(most: int) -> AsyncRetrying:
    """Calls what it is given so often at most, while that raises Again, which the last try raises too."""
    return AsyncRetrying(
        retry=retry_if_exception_type(Again), stop=stop_after_attempt(most), wait=_pause, reraise=True
    )


@dataclass
class WebService:
    """One service of somebody else's. `who` is its name as people know it; `secrets` never stand in words."""

    who: str
    client: httpx.AsyncClient
    manners: Manners = field(default_factory=Manners)
    secrets: tuple[str, ...] = ()
    clock: Callable[[], float] = monotonic
    _failed: int = 0
    _left_alone_until: float = 0.0
    _limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        text: str | None = None,
        key: str | None = None,
        reads: bool = False,
    ) -> Any:
        """The JSON that a call comes to. `body` is sent as JSON, or else `text` as it is (text/plain); `key` is
        the idempotency key of an effect (a grant's id). A POST that only `reads` may come twice.

        Raises Refused, Away where it does not answer or is left alone, and Unsure for an effect without a key
        that may have been done.
        """
        if self.clock() < self._left_alone_until:
            raise Away(self.who, "has not answered for a while; I ask again in half a minute")
        if self.manners.rate is not None and not await self._limiter.hit(self.manners.rate, self.who):
            raise Away(self.who, "has been asked as often as it allows; I ask again in a minute")
        may_repeat = reads or method in _SAFE or key is not None
        try:
            answer: Any = await tries(self.manners.tries if may_repeat else 1)(
                self._once, method, path, query, body, text, key
            )
        except Again as again:
            self._note_failure()
            if not may_repeat:
                raise Unsure(self._plain(f"{self.who}: {again}")) from None
            raise Away(self.who, self._plain(str(again))) from None
        self._failed = 0
        return answer

    async def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Any,
        text: str | None,
        key: str | None,
    ) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        if text is not None:
            headers["Content-Type"] = "text/plain"
        try:
            answer = await self.client.request(
                method,
                path,
                params=query,
                json=body,
                content=text,
                headers=headers,
                timeout=self.manners.seconds,
            )
        except httpx.TimeoutException:
            raise Again(f"did not answer within {self.manners.seconds:g} seconds") from None
        except httpx.TransportError as lost:
            raise Again(f"cannot be reached ({type(lost).__name__})") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            asked = _seconds(answer.headers.get("Retry-After"))
            if asked is None and answer.status_code == 429:
                asked = self.manners.too_many
            raise Again(f"answered {answer.status_code}", asked)
        if answer.status_code >= 400:
            raise Refused(self.who, answer.status_code, self._plain(answer.text[:500]))
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise Again("answered with something that is no JSON") from None

    def _note_failure(self) -> None:
        self._failed += 1
        if self._failed >= self.manners.failures:
            self._left_alone_until, self._failed = self.clock() + self.manners.rest, 0

    def _plain(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text


class Bounded(httpx.AsyncBaseTransport):
    """Reads no answer that is longer than `most` bytes, nor one that might become so when it is unpacked."""

    def __init__(self, most: int) -> None:
        self._inner, self._most = httpx.AsyncHTTPTransport(), most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.ReadError for what is packed or, once it is read, too long."""
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx.ReadError("the answer is packed", request=request)
        stream = answer.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        bounded = _BoundedStream(stream, self._most)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=bounded, request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, most: int) -> None:
        self._inner, self._most = inner, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most
        async for part in self._inner:
            left -= len(part)
            if left < 0:
                raise httpx.ReadError(f"the answer is longer than {self._most} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


_RANDOM = wait_random_exponential(multiplier=0.2, max=5)


def _pause(state: RetryCallState) -> float:
    failed = state.outcome.exception() if state.outcome is not None else None
    asked = failed.after if isinstance(failed, Again) else None
    return min(asked, 30.0) if asked is not None else _RANDOM(state)


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
