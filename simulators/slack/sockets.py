"""Socket Mode: connections that the app opens, envelopes down them, acknowledgements back."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from simulators.slack.records import Json
from simulators.slack.rendered import APP_ID

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


@dataclass(eq=False)
class Connection:
    """One websocket. While `is_silent` it neither sends nor answers pings, and seems alive."""

    socket: web.WebSocketResponse
    is_silent: bool = False
    received: list[Json] = field(default_factory=list)


@dataclass
class Sockets:
    """The app's open connections; envelopes go to them in turn.

    `patience` is how long an acknowledgement is waited for, in seconds.
    """

    slack: FakeSlack
    patience: float = 3.0
    open: list[Connection] = field(default_factory=list)
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    turn: itertools.count[int] = field(default_factory=itertools.count)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """A connection's life."""
        socket = web.WebSocketResponse(autoping=False, heartbeat=None)
        await socket.prepare(request)
        connection = Connection(socket)
        self.open.append(connection)
        hello = {"type": "hello", "num_connections": len(self.open), "connection_info": {"app_id": APP_ID}}
        await socket.send_json({**hello, "debug_info": {"host": "fake", "approximate_connection_time": 18060}})
        self.slack.state.changed()
        try:
            await self._listen(connection)
        finally:
            self.open.remove(connection)
            self.slack.state.changed()
        return socket

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if connection.is_silent:
                continue
            if message.type == WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type == WSMsgType.TEXT:
                acknowledged = message.json()
                connection.received.append(acknowledged)
                future = self.waiting.pop(acknowledged.get("envelope_id", ""), None)
                if future is not None and not future.done():
                    future.set_result(acknowledged.get("payload") or {})

    async def send(self, kind: str, payload: Json, number: int, reason: str) -> tuple[int | None, str, str]:
        """Send one envelope: (200, the payload answered) or (None, why not)."""
        if not self.open:
            return None, "", "connection_failed"
        connection = self.open[next(self.turn) % len(self.open)]
        envelope: Json = {
            "envelope_id": secrets.token_hex(16),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        future = asyncio.get_running_loop().create_future()
        self.waiting[envelope["envelope_id"]] = future
        if not connection.is_silent:
            await connection.socket.send_json(envelope)
        try:
            answer = await asyncio.wait_for(future, self.patience)
        except TimeoutError:
            self.waiting.pop(envelope["envelope_id"], None)
            return None, "", "timeout"
        return 200, web.json_response(answer).text or "" if answer else "", ""

    def silence(self) -> None:
        """Make every open connection fall silent, as when a network forgets it. New ones speak."""
        for connection in self.open:
            connection.is_silent = True

    async def refresh(self) -> None:
        """Ask for new connections, as Slack does every few hours, and close the old ones."""
        for connection in list(self.open):
            await connection.socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
            await connection.socket.close()

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self.open):
            transport = connection.socket._req.transport if connection.socket._req else None
            if transport is not None:
                transport.abort()
