"""What a service that agents wrote sees of this machine, may use of it, and reaches."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local import carrying as carryings
from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.carrying import Carrying, reached, through
from integrations.deployments.vendors.local.confined import COMPLAINT_BYTES, PROCESSES, TEMPORARY_BYTES
from integrations.deployments.vendors.local.processes import Replica, end, is_ready, start

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

SERVER = """
import json, os, resource, signal, socket, sys, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

def failing(called, *given):
    try:
        return called(*given) and None
    except OSError as wrong:
        return wrong.errno

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        said = unquote(self.path.partition("?")[2])
        body = json.dumps(eval(said) if said else None).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
"""

Ask = Callable[[str], Any]


@asynccontextmanager
async def started(
    folder: Path, told: Mapping[str, str] | None = None, **environment: str
) -> AsyncIterator[tuple[Replica, Ask]]:
    """A confined service that evaluates what it is asked."""
    here = folder / "releases" / "peeks" / "1.0"
    here.mkdir(parents=True)
    (here / "server.py").write_text(SERVER)
    variables = json.dumps(environment)
    (here / "release.yaml").write_text(
        f'command: ["{{python}}", "server.py"]\nbuilt: 2026-11-30T09:00:00Z\nenvironment: {variables}\n'
    )
    runnable = replace(releases.read(folder / "releases", "peeks", "1.0"), confined=True)
    async with aiohttp.ClientSession() as client:
        replica = await start(runnable, "staging", told or {}, folder / "etc")

        async def ask(expression: str) -> Any:
            async with client.get(f"{replica.address}/?{quote(expression)}") as answer:
                return json.loads(await answer.read())

        try:
            assert await is_ready(replica, client, 20.0)
            yield replica, ask
        finally:
            await end(replica)


def seen(replica: Replica, of: str) -> bytes:
    return Path(f"/proc/{replica.process.pid}/{of}").read_bytes()


async def test_what_a_release_says_is_the_services_environment_and_not_bubblewraps(tmp_path: Path) -> None:
    async with started(tmp_path, LD_PRELOAD="/tmp/any.so", MARK="made") as (replica, ask):
        assert seen(replica, "environ") == b""
        assert b"MARK" not in seen(replica, "cmdline")
        assert await ask("[os.environ['MARK'], os.environ['LD_PRELOAD']]") == ["made", "/tmp/any.so"]
        assert "HOME" not in await ask("dict(os.environ)")
        assert int(await ask("os.environ['PORT']")) == replica.port


async def test_it_reaches_nothing_of_this_machine_but_what_it_is_told(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        writer.write(b"HTTP/1.0 200 OK\r\n\r\npaid")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as console:
            told = {"PAYMENTS_URL": f"http://127.0.0.1:{port}"}
            async with started(tmp_path, told) as (_, ask):
                closed = console.getsockname()[1]
                for number in (port, closed):
                    assert await ask(f"failing(socket.create_connection, ('127.0.0.1', {number}))") == 111
                fetched = "urllib.request.urlopen(os.environ['PAYMENTS_URL'] + '/one').read().decode()"
                assert await ask(fetched) == "paid"
                assert [await ask(fetched) for _ in range(3)] == ["paid"] * 3
                assert await ask("os.environ['PAYMENTS_URL']") != told["PAYMENTS_URL"]
    assert asked == ["GET /one HTTP/1.1\r\n"] * 4


async def test_where_nothing_answers_a_call_ends(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    async with started(tmp_path, {"PAYMENTS_URL": f"http://127.0.0.1:{port}"}) as (_, ask):
        way = "socket.create_connection(('127.0.0.1', int(os.environ['PAYMENTS_URL'].rpartition(':')[2])))"
        assert await ask(f"{way}.recv(1).decode()") == ""


async def test_it_has_limits_and_is_nobody(tmp_path: Path) -> None:
    async with started(tmp_path) as (_, ask):
        assert await ask("os.getuid()") == 65_534
        assert await ask("resource.getrlimit(resource.RLIMIT_NPROC)") == [PROCESSES, PROCESSES]
        for limit in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE):
            assert await ask(f"resource.getrlimit({limit})[0]") > 0
        size = "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize"
        assert await ask(size) == TEMPORARY_BYTES
        unshared = "__import__('ctypes').CDLL(None, use_errno=True).unshare(0x10000000)"
        assert await ask(unshared) == -1, "it makes no namespace of its own"
        assert await ask("failing(open, os.getcwd() + '/new', 'w')") == 30, "its files are to be read"
        assert await ask("sorted(os.listdir('/proc/self/fd'))[:3]") == ["0", "1", "2"]
        assert await ask("os.readlink('/proc/self/fd/0')") == "/dev/null"


async def test_what_it_has_under_way_comes_to_its_end(tmp_path: Path) -> None:
    async with started(tmp_path) as (replica, ask):
        slow = asyncio.create_task(ask("(open('/tmp/begun', 'w'), time.sleep(1), 'done')[2]"))
        while not await ask("os.path.exists('/tmp/begun')"):
            pass
        ending = asyncio.create_task(end(replica))
        assert await slow == "done"
        await ending
        assert replica.process.returncode == 0, "it ended by itself"


async def test_one_that_does_not_end_is_ended(tmp_path: Path) -> None:
    async with started(tmp_path) as (replica, ask):
        await ask("os.kill(os.getpid(), signal.SIGSTOP) if os.fork() == 0 else None")
        inside = await ask("os.getpid()")
        assert inside != os.getpid()
        beside = replica.confined and replica.confined.beside
    assert replica.process.returncode is not None
    assert beside is not None
    assert beside.done()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", replica.port)


async def test_what_it_complains_of_is_kept_in_part(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with started(tmp_path) as (_, ask):
        await ask("sys.stderr.write('wrong \\x1b[2J' + 'x' * 3_000_000) and sys.stderr.flush()")
        await ask("sys.stderr.write('more') and sys.stderr.flush()")
    said = capfd.readouterr().err
    assert said.startswith("wrong \N{REPLACEMENT CHARACTER}[2J")
    assert "left out" in said
    assert len(said) < 2 * COMPLAINT_BYTES


async def test_every_number_is_answered_however_many_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not would keep a connection inside waiting for ever."""
    ours, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    carrying = Carrying(ours, {"NEXT_URL": "http://127.0.0.1:9"})
    carrying.begin(["x"], "/", {})
    assert json.loads(inside.recv(100_000))["ways"]
    inside.setblocking(False)
    loop, many = asyncio.get_running_loop(), 2_000
    try:
        for _ in range(many):  # of a way that there is not, while nobody reads the answers
            await loop.sock_sendall(inside, b"\x07")
        async with asyncio.timeout(20):
            assert [await loop.sock_recv(inside, 1) for _ in range(many)] == [b"\x07"] * many

        def none_left(*_: object) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(carryings.socket, "socketpair", none_left)
        await loop.sock_sendall(inside, b"\x00")
        async with asyncio.timeout(20):
            assert await loop.sock_recv(inside, 1) == b"\x00"
    finally:
        inside.close()
        await carrying.close()


@pytest.mark.parametrize(
    ("url", "place", "inside"),
    [
        ("http://127.0.0.1:8080", ("127.0.0.1", 8080), "http://127.0.0.1:20000"),
        ("postgresql://a:p%40@db.local/x", ("db.local", 5432), "postgresql://a:p%40@127.0.0.1:20000/x"),
        (
            "postgresql://a@/x?host=/run/db&port=6000&sslmode=disable",
            "/run/db/.s.PGSQL.6000",
            "postgresql://a@127.0.0.1:20000/x?sslmode=disable",
        ),
    ],
)
def test_an_address_is_the_same_from_inside(url: str, place: object, inside: str) -> None:
    assert reached(url) == place
    assert through(url, 20_000) == inside


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret@a:1,b:2/x", "host=a dbname=x", "ftp://u:secret@a", "http://"]
)
def test_an_address_of_no_one_host_is_refused_without_its_words(url: str) -> None:
    with pytest.raises(DeploymentError) as refused:
        reached(url)
    assert "secret" not in str(refused.value)
