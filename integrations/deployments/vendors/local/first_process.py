"""The first process inside a confinement: it starts the service, carries its connections, and ends with it.

It is run alone, by the standard library: nothing else of ours is inside. The service has a network of its own,
with nobody in it. Its standard input is a socket to the keeper (SOCK_SEQPACKET), whose first message says what
is started, as JSON: `command`, `folder`, `environment`, `port` and the ports of the `ways`. Each other is one
byte. The keeper sends `CAME` with one end of a connection that came in for the service (SCM_RIGHTS, unix(7)),
and `END` to ask the service to end. The number of a way asks for a connection there; the answer is that number
with one end of it, or without where there is none.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections import defaultdict, deque
from collections.abc import Coroutine
from functools import partial

LONGEST_START = 150_000
"""Bytes of the first message."""
CAME, END = b"\xff", b"\xfe"
MOST_WAYS = 0xFE
FLUSHED_WITHIN = 1.0
"""Seconds that connections have to come to their end once the service has."""
_CHUNK = 65_536

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def joined(one: Ends, other: Ends) -> None:
    """Carry what comes in at each to the other, until both have said all; where one breaks, both end."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_carry(one[0], other[1]))
            both.create_task(_carry(other[0], one[1]))
    except* OSError:
        pass  # a broken connection is told to the other side by its end
    finally:
        one[1].close()
        other[1].close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(_CHUNK):
        writer.write(part)
        await writer.drain()
    writer.write_eof()


class _FirstProcess:
    def __init__(self, keeper: socket.socket, port: int) -> None:
        self._keeper, self._port = keeper, port
        self._under_way: set[asyncio.Task[None]] = set()
        self._asked: dict[int, deque[asyncio.Future[int | None]]] = defaultdict(deque)
        self._service: subprocess.Popen[bytes] | None = None
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self, command: list[str], folder: str, environment: dict[str, str], ways: list[int]) -> int:
        """The service's exit code, as a shell has it."""
        loop = asyncio.get_running_loop()
        for number, port in enumerate(ways):
            await asyncio.start_server(partial(self._goes_out, number), "127.0.0.1", port)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        self._service = subprocess.Popen(  # noqa: S603, ASYNC220 — before anything else goes on
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self._keeper.setblocking(False)
        loop.add_reader(self._keeper, self._told)
        code = await self._ended
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FLUSHED_WITHIN)
        return code

    def _reap(self) -> None:
        """Also those whose parents ended before them: they are the first process's."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._service is not None and pid == self._service.pid and not self._ended.done():
                code = os.waitstatus_to_exitcode(status)
                self._ended.set_result(code if code >= 0 else 128 - code)

    def _told(self) -> None:
        message, connections, _, _ = socket.recv_fds(self._keeper, 1, 1)
        if message == CAME:
            self._begin(self._comes_in(socket.socket(fileno=connections[0])))
        elif message in (END, b""):  # nothing is said by a keeper that is gone
            if self._service is not None:
                os.kill(self._service.pid, signal.SIGTERM)
            if not message:
                asyncio.get_running_loop().remove_reader(self._keeper)
        else:
            self._asked[message[0]].popleft().set_result(connections[0] if connections else None)

    async def _comes_in(self, connection: socket.socket) -> None:
        outside = await asyncio.open_connection(sock=connection)
        try:
            inside = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:  # it does not listen yet, or no more: the other side sees the end
            outside[1].close()
            return
        await joined(outside, inside)

    async def _goes_out(self, number: int, *inside: *Ends) -> None:
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        try:
            self._keeper.send(bytes([number]))
        except OSError:  # the keeper takes no more at the moment
            inside[1].close()
            return
        self._asked[number].append(answer)
        connection = await answer
        if connection is None:
            inside[1].close()
            return
        await joined(inside, await asyncio.open_connection(sock=socket.socket(fileno=connection)))

    def _begin(self, carrying: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(carrying)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


async def _main() -> int:
    keeper = socket.socket(fileno=0)
    told = json.loads(keeper.recv(LONGEST_START))
    first = _FirstProcess(keeper, told.pop("port"))
    return await first.run(**told)


if __name__ == "__main__":
    os._exit(asyncio.run(_main()))
