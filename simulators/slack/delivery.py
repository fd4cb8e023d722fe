"""Requests to the app: signed and posted, or sent down a socket; tried again as Slack does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp

from simulators.slack.records import Json
from simulators.slack.signing import signed_headers

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack

TIMEOUT = 3.0
"""Seconds that Slack waits for a 200."""

SOCKET_TYPES = {"event": "events_api", "command": "slash_commands", "interaction": "interactive"}


@dataclass
class Attempt:
    """One try. `status` is None where no answer came; `seconds` is how long it took."""

    status: int | None
    body: str
    reason: str
    seconds: float

    @property
    def is_taken(self) -> bool:
        """Whether the app said that it has it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Delivery:
    """Something for the app. `kind`: event | command | interaction | verification."""

    kind: str
    payload: Json
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        """Whether any try was taken."""
        return any(attempt.is_taken for attempt in self.attempts)

    @property
    def answer(self) -> Json | str:
        """What the app answered at last: JSON, or text."""
        body = self.attempts[-1].body if self.attempts else ""
        try:
            found = json.loads(body)
        except json.JSONDecodeError:
            return body
        return found if isinstance(found, dict) else body

    def encoded(self) -> tuple[bytes, str]:
        """The request's body and its type."""
        if self.kind in ("event", "verification"):
            return json.dumps(self.payload).encode(), "application/json"
        form = self.payload if self.kind == "command" else {"payload": json.dumps(self.payload)}
        return urlencode(form).encode(), "application/x-www-form-urlencoded"


@dataclass
class Courier:
    """Brings deliveries to the app, and keeps them all in `made`.

    `retry_delays` are seconds before each further try of an event (Slack: at once, a minute, five minutes).
    With `doubles` every event arrives twice. Interactions and commands are tried once, as Slack does.
    `also` are addresses of further replicas of the app, to which each delivery is brought at the same moment.
    """

    slack: FakeSlack
    retry_delays: tuple[float, ...] = (0.0, 0.2, 1.0)
    timeout: float = TIMEOUT
    doubles: bool = False
    also: tuple[str, ...] = ()
    made: list[Delivery] = field(default_factory=list)
    held: list[Delivery] | None = None

    async def bring(self, kind: str, payload: Json) -> Delivery:
        """Deliver; returns after the first try, or at once while deliveries are held back."""
        delivery = Delivery(kind, payload)
        self.made.append(delivery)
        if self.held is not None and kind == "event":
            self.held.append(delivery)
            return delivery
        await self.start(delivery)
        return delivery

    async def start(self, delivery: Delivery) -> None:
        """The first try (two at once with `doubles`); an event that was not taken is tried again later."""
        tries = 2 if self.doubles and delivery.kind == "event" else 1
        addresses = (self.slack.events_url, *self.also) * tries
        await asyncio.gather(*(self.attempt(delivery, 0, address) for address in addresses))
        if not delivery.is_taken and delivery.kind == "event":
            self.slack.spawn(self._again(delivery))

    def hold(self) -> None:
        """Keep events back until `release`."""
        self.held = []

    async def release(self, *, backwards: bool = False) -> None:
        """Deliver what was held back, one after the other, in order or the other way round."""
        waiting, self.held = self.held or [], None
        for delivery in reversed(waiting) if backwards else waiting:
            await self.start(delivery)

    async def _again(self, delivery: Delivery) -> None:
        for number, delay in enumerate(self.retry_delays, start=1):
            await asyncio.sleep(delay)
            if await self.attempt(delivery, number):
                return

    async def attempt(self, delivery: Delivery, number: int, address: str | None = None) -> bool:
        """One try, `number` being 0 for the first; says whether it was taken."""
        reason = delivery.attempts[-1].reason if number and delivery.attempts else ""
        started = asyncio.get_running_loop().time()
        if self.slack.uses_sockets and delivery.kind != "verification":
            envelope = SOCKET_TYPES[delivery.kind]
            status, body, why = await self.slack.sockets.send(envelope, delivery.payload, number, reason)
        else:
            status, body, why = await self._post(delivery, number, reason, address)
        seconds = asyncio.get_running_loop().time() - started
        made = Attempt(status, body, why, seconds)
        delivery.attempts.append(made)
        return made.is_taken

    async def _post(
        self, delivery: Delivery, number: int, reason: str, address: str | None
    ) -> tuple[int | None, str, str]:
        body, content_type = delivery.encoded()
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= signed_headers(self.slack.signing_secret, body, self.slack.state.now())
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        return await self.post(body, headers, address)

    async def post(
        self, body: bytes, headers: dict[str, str], address: str | None = None
    ) -> tuple[int | None, str, str]:
        """Send any bytes with any headers to the app: status (None without an answer), body, why it failed."""
        patience = aiohttp.ClientTimeout(total=self.timeout)
        try:
            async with self.slack.client.post(
                address or self.slack.events_url, data=body, headers=headers, timeout=patience
            ) as answer:
                return answer.status, await answer.text(), "" if answer.status < 300 else "http_error"
        except TimeoutError:
            return None, "", "http_timeout"
        except aiohttp.ClientError:
            return None, "", "connection_failed"
