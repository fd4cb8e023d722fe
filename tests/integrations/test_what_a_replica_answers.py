"""What runs may answer anything: it leads the keeper nowhere and fills no memory of its."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from integrations.deployments.vendors.local import proxy as proxies
from integrations.deployments.vendors.local.database import ServicesDatabase
from integrations.deployments.vendors.local.places import Places
from integrations.deployments.vendors.local.processes import Replica, end, is_ready
from integrations.deployments.vendors.local.proxy import Proxy
from integrations.deployments.vendors.local.releases import demand_written, read

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

LEADS_AWAY = """
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 302)
        self.send_header("Location", os.environ["ELSEWHERE"])
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@dataclass
class Server:
    """Answers as it is told, and remembers what it was asked."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"well"
    cookies: dict[str, str] = field(default_factory=dict)
    forwarded: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.raw_path)
        self.forwarded = request.headers.getall("X-Forwarded-For", [])
        answer = web.Response(status=self.status, headers=self.headers, body=self.body)
        for name, value in self.cookies.items():
            answer.set_cookie(name, value)
        return answer


async def _opened(server: Server) -> TestServer:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    opened = TestServer(app)
    await opened.start_server()
    assert opened.port is not None
    server.port = opened.port
    return opened


@pytest.fixture
async def elsewhere() -> AsyncIterator[Server]:
    """What nobody asks."""
    server = Server()
    opened = await _opened(server)
    yield server
    await opened.close()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def service() -> AsyncIterator[Server]:
    server = Server()
    opened = await _opened(server)
    yield server
    await opened.close()


@pytest.fixture
async def replica(service: Server) -> AsyncIterator[Replica]:
    """A process that lives, at the port of the service."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(600)", stdin=DEVNULL, start_new_session=True
    )
    one = Replica(process, service.port)
    yield one
    await end(one)


@pytest.fixture
async def way_in(client: aiohttp.ClientSession, replica: Replica) -> AsyncIterator[Proxy]:
    opened = Proxy(client)
    await opened.open(0)
    opened.give_to([replica])
    yield opened
    await opened.close()


async def test_health_is_ones_own(
    replica: Replica, service: Server, elsewhere: Server, client: aiohttp.ClientSession
) -> None:
    service.status, service.headers = 302, {"Location": f"http://127.0.0.1:{elsewhere.port}/healthz"}
    assert not await is_ready(replica, client, 0.3)
    assert service.asked
    assert elsewhere.asked == []


async def test_warming_up_asks_the_replica_alone(
    tmp_path: Path, elsewhere: Server, client: aiohttp.ClientSession
) -> None:
    here = tmp_path / "releases" / "leads" / "1.0"
    here.mkdir(parents=True)
    (here / "server.py").write_text(LEADS_AWAY)
    (here / "release.yaml").write_text(
        'command: ["{python}", "server.py"]\nbuilt: 2026-11-30T09:00:00Z\nwarm_up: ["/cache"]\n'
        f'environment: {{ELSEWHERE: "http://127.0.0.1:{elsewhere.port}/"}}\n'
    )
    database = ServicesDatabase(tmp_path / "postgres", None)
    places = Places(tmp_path / "keeper", tmp_path / "releases", client, 20.0, database)
    (started,) = await places.started(read(tmp_path / "releases", "leads", "1.0"), "staging", 1)
    await end(started)
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT @127.0.0.1:{port} HTTP/1.1",
        "CONNECT 127.0.0.1:{port} HTTP/1.1",
        "GET http://127.0.0.1:{port}/ HTTP/1.1",
        "GET @127.0.0.1:{port}/ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ],
)
async def test_who_asks_names_a_path_and_no_host(
    way_in: Proxy, service: Server, elsewhere: Server, line: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(way_in.address.rpartition(":")[2]))
    asked = line.format(port=elsewhere.port)
    writer.write(f"{asked}\r\nHost: orders\r\nConnection: close\r\n\r\n".encode())
    said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    assert said.split()[1] in (b"400", b"404"), said
    assert (service.asked, elsewhere.asked) == ([], [])


async def test_a_path_arrives_as_it_was_asked(
    way_in: Proxy, service: Server, client: aiohttp.ClientSession
) -> None:
    async with client.get(f"{way_in.address}//a%20b?c=d") as answer:
        assert (answer.status, await answer.read()) == (200, b"well")
    assert service.asked == ["//a%20b?c=d"]


async def test_what_is_said_twice_goes_on_twice(
    way_in: Proxy, service: Server, client: aiohttp.ClientSession
) -> None:
    service.cookies = {"session": "1", "csrf": "2"}
    forwarded = [("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "10.0.0.2")]
    async with client.get(f"{way_in.address}/", headers=forwarded) as answer:
        assert len(answer.headers.getall("Set-Cookie")) == 2
    assert service.forwarded == ["10.0.0.1", "10.0.0.2"]


def test_what_a_release_calls_is_bounded() -> None:
    said = {"command": ["x"], "built": "2026-11-30T09:00:00Z"}
    demand_written({**said, "calls": [f"s{number}" for number in range(50)]})
    with pytest.raises(ValidationError):
        demand_written({**said, "calls": [f"s{number}" for number in range(51)]})


async def test_where_nothing_can_be_listened_at_that_is_said(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_site: web.TCPSite) -> None:
        """As where no file may be opened any more: no error, and nobody listens."""

    monkeypatch.setattr(web.TCPSite, "start", nothing)
    with pytest.raises(OSError, match="no port"):
        await Proxy(client).open(0)


async def test_an_answer_is_not_kept_without_end(
    way_in: Proxy, service: Server, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxies, "LONGEST", 1_000)
    for length, status in ((1_000, 200), (1_001, 502)):
        service.body = b"x" * length
        async with client.get(f"{way_in.address}/") as answer:
            assert answer.status == status
    assert (way_in.counts.requests, way_in.counts.failed, way_in.counts.lost) == (2, 1, 0)
