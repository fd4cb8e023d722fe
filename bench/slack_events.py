"""Signed Slack events, stored, authorised, answered and logged: `python -m bench.slack_events`.

Two processes (`python -m bot web` and `worker`) over one PostgreSQL. First an even rate, of which the time to
the acknowledgement counts; then as much as it takes, of which the answers a second count. The reference, in
the same run against the same peer: a bare Bolt app that echoes, in one process, and keeps nothing.

Exits with 1 if one acknowledgement in a hundred took 100 ms or more, an event was not answered, or the
answers a second were less than half of the reference's.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, perf_counter

import aiohttp
import yaml
from aiohttp import web

from bench.slack_peer import SECRET, TEAM, TOKEN, LeanSlack, event, signed
from storage import embedded
from storage.migrate import migrate

ROOT = Path(__file__).resolve().parents[1]
ACK_MS = 100.0
SHARE = 0.5
PEOPLE = 600
"""So many that no channel's own rate limit is what is measured."""
WORDS = "/whoami"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Load:
    """Sends events and remembers what became of them."""

    slack: LeanSlack
    url: str
    client: aiohttp.ClientSession
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    acks: list[float] = field(default_factory=list)
    sent: dict[str, float] = field(default_factory=dict)

    async def send(self) -> None:
        """One event. Raises RuntimeError if it is not acknowledged with 200."""
        number = next(self.numbers)
        ts, body = event(f"U{number % PEOPLE:05}", number, WORDS)
        began = perf_counter()
        async with self.client.post(self.url, data=body, headers=signed(body)) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"event {number} was answered with {answer.status}")
        self.acks.append((perf_counter() - began) * 1000)
        self.sent[ts] = began

    async def evenly(self, rate: float, seconds: float) -> None:
        """So many a second, whatever becomes of them."""
        start, tasks = monotonic(), []
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, start + number / rate - monotonic()))
            tasks.append(asyncio.create_task(self.send()))
        await asyncio.gather(*tasks)

    async def at_once(self, streams: int, seconds: float) -> None:
        """As many as are taken, `streams` at a time."""
        ends = monotonic() + seconds

        async def stream() -> None:
            while monotonic() < ends:
                await self.send()

        await asyncio.gather(*(stream() for _ in range(streams)))

    async def answered(self, within: float) -> float:
        """Wait for every answer; returns when the last came. Raises TimeoutError if one is missing."""
        async with asyncio.timeout(within):
            while not self.sent.keys() <= self.slack.answered.keys():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return max(self.slack.answered[ts] for ts in self.sent)

    def forget(self) -> None:
        """Begin a new measurement."""
        self.acks.clear()
        self.sent.clear()


@dataclass(frozen=True)
class Measured:
    """Acknowledgements in ms at the even rate; answers a second at saturation."""

    acks: list[float]
    answers: float


async def measure(slack: LeanSlack, url: str, rate: float, seconds: float, streams: int) -> Measured:
    """Both figures for the app that listens at `url`."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        load = Load(slack, url, client)
        await _ready(client, url)
        for _ in range(PEOPLE // 20):  # everybody is met once; that asks Slack who they are
            await asyncio.gather(*(load.send() for _ in range(20)))
            await load.answered(120)
        load.forget()
        await load.evenly(rate, seconds)
        await load.answered(120)
        acks = sorted(load.acks)
        load.forget()
        began = perf_counter()
        await load.at_once(streams, min(seconds, 15.0))
        last = await load.answered(300)
        return Measured(acks, len(load.sent) / (last - began))


async def _ready(client: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(120):
        while True:
            try:
                async with client.post(url, data=b"{}"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.2)


def echo_app(api_url: str, port: int) -> None:
    """The reference, in a process of its own."""
    from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
    from slack_bolt.async_app import AsyncApp, AsyncSay
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(token=TOKEN, base_url=api_url)
    bolt = AsyncApp(client=client, signing_secret=SECRET)

    @bolt.event("message")
    async def echo(event: dict[str, str], say: AsyncSay) -> None:
        await say(text=event["text"], thread_ts=event["ts"])

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))

    app = web.Application()
    app.router.add_post("/slack/events", events)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


@contextmanager
def reference(api_url: str, port: int) -> Iterator[None]:
    """The echo app, running."""
    process = multiprocessing.get_context("spawn").Process(target=echo_app, args=(api_url, port))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@contextmanager
def countersign(server: embedded.EmbeddedServer, folder: Path, api_url: str, port: int) -> Iterator[None]:
    """`web` and `worker`, running."""
    settings = {
        "DATABASE_URL": server.app_url,
        "DATABASE_OWNER_URL": server.owner_url,
        "VAR_FOLDER": str(folder / "var"),
        "LOG_LEVEL": "error",
        "PORT": str(port),
        "SLACK_API_URL": api_url,
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_WORKSPACES": TEAM,
    }
    started = [
        subprocess.Popen([sys.executable, "-m", "bot", part], cwd=ROOT, env=os.environ | settings)
        for part in ("web", "worker")
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


async def both(server: embedded.EmbeddedServer, folder: Path, rate: float, seconds: float) -> list[Measured]:
    """The reference, then ours, against the same peer."""
    department = yaml.safe_load((ROOT / "examples" / "acme" / "department.yaml").read_text(encoding="utf-8"))
    emails = [person["email"] for person in department["people"]]
    measured = []
    for ours in (False, True):
        slack = LeanSlack(emails, PEOPLE)
        runner = web.AppRunner(slack.app, access_log=None)
        await runner.setup()
        port, own = free_port(), free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        api_url, url = f"http://127.0.0.1:{port}/api/", f"http://127.0.0.1:{own}/slack/events"
        with countersign(server, folder, api_url, own) if ours else reference(api_url, own):
            measured.append(await measure(slack, url, rate, seconds, streams=32))
        await runner.cleanup()
    return measured


def main() -> int:
    """Measure both, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = embedded.start(folder / "postgres")
        try:
            migrate(server.owner_url)
            bare, ours = asyncio.run(both(server, folder, wanted.rate, wanted.seconds))
        finally:
            server.stop()
    p50, p99 = (ours.acks[min(len(ours.acks) - 1, int(at * len(ours.acks)))] for at in (0.5, 0.99))
    bare_p99 = bare.acks[min(len(bare.acks) - 1, int(0.99 * len(bare.acks)))]
    ratio = ours.answers / bare.answers
    met = p99 < ACK_MS and ratio >= SHARE
    print(f"signed Slack events: {len(ours.acks)} at {wanted.rate:g} a second, all answered")
    print(
        f"  acknowledged: p50 {p50:.1f} ms, p99 {p99:.1f} ms (target: under {ACK_MS:.0f}),"
        f" the echo app p99 {bare_p99:.1f} ms"
    )
    print(f"  at saturation {ours.answers:.0f} answers a second; a bare Bolt echo app {bare.answers:.0f}")
    print(f"  ratio {ratio:.2f} (target: {SHARE:g})")
    print("  met" if met else "  MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
