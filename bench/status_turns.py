"""A `status` turn from message in to reply out: `python -m bench.status_turns [--rate N] [--seconds S]`.

A real worker process (`python -m bot worker`) answers for the sample department. Messages come in at an even
rate, each in a thread of its own, in words that the recogniser has to understand; a turn's time is from the
beginning of the transaction that stores the message to the notification that its reply is there. The
reference, in the same run on the same server: a bare Procrastinate job, deferred in a transaction, that inserts
one row and notifies.

Exits with 1 if half of the turns took 40 ms or more, or one in a hundred 150 ms or more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from time import monotonic, perf_counter

import psycopg
from sqlalchemy import text

from bot import inbox
from bot.console.adapter import NEWS, add_message, direct_channel, new_message_id
from bot.worker import make_app, run_worker
from governance.places import Audience, Place
from storage import embedded
from storage.database import Database
from storage.jobs import defer, queues_of
from storage.migrate import migrate

ROOT = Path(__file__).resolve().parents[1]
TENANT = "acme"
PEOPLE = ("david", "amanda", "nathan", "carlos")
WORDS = ("status", "what is running right now?")
MEDIAN_MS, WORST_MS = 40.0, 150.0
REFERENCE = "bench_reference"

Send = Callable[[int], Awaitable[tuple[str, float]]]
"""Sends number n; returns what its answer will be announced by, and when it began."""


class Answers:
    """Waits for announcements: of which thread, and when each came."""

    def __init__(self, url: str, channel: str) -> None:
        self._url, self._channel = url, channel
        self.said: set[str] = set()
        self.at: dict[str, float] = {}
        self.ready = asyncio.Event()

    async def listen(self) -> None:
        """Listen until cancelled."""
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            await connection.execute(f"LISTEN {self._channel}".encode())
            self.ready.set()
            async for news in connection.notifies():
                came = perf_counter()
                told = json.loads(news.payload)
                # What was said is announced under its own id; the answer comes under another one.
                if told["message"] not in self.said:
                    self.at.setdefault(told["thread"], came)


async def even(send: Send, answers: Answers, rate: float, seconds: float) -> list[float]:
    """Send at an even rate, and return each answer's time in ms. Raises TimeoutError if one is missing."""
    began: dict[str, float] = {}
    start = monotonic()
    sending: list[asyncio.Task[tuple[str, float]]] = []
    for number in range(round(rate * seconds)):
        await asyncio.sleep(max(0.0, start + number / rate - monotonic()))
        sending.append(asyncio.ensure_future(send(number)))
    began |= dict([await task for task in sending])
    async with asyncio.timeout(30):
        while not began.keys() <= answers.at.keys():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return sorted((answers.at[thread] - at) * 1000 for thread, at in began.items())


def say(database: Database, answers: Answers) -> Send:
    """Says something on the console, as its page does."""
    speakers = cycle(PEOPLE)

    async def send(number: int) -> tuple[str, float]:
        who, words, message = next(speakers), WORDS[number % len(WORDS)], new_message_id()
        answers.said.add(message)
        place = Place("console", direct_channel(who), message, Audience.DIRECT)
        key, identity = str(uuid.uuid4()), f"console:{who}"
        began = perf_counter()
        async with database.transaction(TENANT) as tx:
            await add_message(tx, place, author=identity, text=words, key=key, message=message)
            await inbox.store_words(tx, platform="console", key=key, identity=identity, place=place, text=words)
        return message, began

    return send


def bare(database: Database) -> Send:
    """Defers the reference's job."""

    async def send(number: int) -> tuple[str, float]:
        began = perf_counter()
        async with database.transaction(TENANT) as tx:
            await defer(tx, REFERENCE, {"id": str(number)})
        return str(number), began

    return send


def reference_worker(url: str) -> None:
    """The bare job's worker, in a process of its own."""

    async def run() -> None:
        database = Database.open(url)

        async def answer(tenant: str, id: str) -> None:
            async with database.transaction(tenant) as tx:
                await tx.execute(text("INSERT INTO bench_reference (id) VALUES (:id)"), {"id": id})
                news = json.dumps({"thread": id, "message": id})
                await tx.execute(
                    text("SELECT pg_notify(:channel, :news)"), {"channel": REFERENCE, "news": news}
                )

        app = make_app(url, {REFERENCE: answer}, connections=8)
        async with app.open_async():
            await run_worker(app, queues_of(TENANT), concurrency=8, name="reference")

    asyncio.run(run())


@contextmanager
def real_worker(
    server: embedded.EmbeddedServer, folder: Path, **others: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m bot worker` over this database, with `others` in its environment."""
    settings = others | {
        "DATABASE_URL": server.app_url,
        "DATABASE_OWNER_URL": server.owner_url,
        "VAR_FOLDER": str(folder / "var"),
        "LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "bot", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | settings) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


@contextmanager
def bare_worker(server: embedded.EmbeddedServer) -> Iterator[None]:
    """The reference's worker."""
    process = multiprocessing.get_context("spawn").Process(target=reference_worker, args=(server.app_url,))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


async def measured(server: embedded.EmbeddedServer, channel: str, rate: float, seconds: float) -> list[float]:
    """Times in ms, after a first answer that nobody counts: it waits for what is loaded on first use."""
    database = Database.open(server.app_url)
    answers = Answers(server.app_url, channel)
    listening = asyncio.create_task(answers.listen())
    await answers.ready.wait()
    send = say(database, answers) if channel == NEWS else bare(database)
    try:
        async with asyncio.timeout(120):
            while not await tenant_is_open(database):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        warm = [await send(-number - 1) for number in range(2 * len(WORDS))]
        async with asyncio.timeout(120):
            while not all(thread in answers.at for thread, _ in warm):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return await even(send, answers, rate, seconds)
    finally:
        listening.cancel()
        await database.close()


async def tenant_is_open(database: Database) -> bool:
    """Whether the worker has opened the sample department."""
    async with database.untenanted() as tx:
        if not (await tx.execute(text("SELECT 1 FROM tenants WHERE id = :t"), {"t": TENANT})).first():
            return False
    async with database.transaction(TENANT) as tx:
        opened = await tx.execute(text("SELECT 1 FROM departments"))
        return opened.first() is not None


def _share(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def main() -> int:
    """Measure both, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = embedded.start(folder / "postgres")
        try:
            migrate(server.owner_url)
            with psycopg.connect(server.owner_url, autocommit=True) as owner:
                owner.execute("CREATE TABLE bench_reference (id text)")
                owner.execute("GRANT INSERT ON bench_reference TO countersign_app")
            with real_worker(server, folder):
                times = asyncio.run(measured(server, NEWS, wanted.rate, wanted.seconds))
            with bare_worker(server):
                bares = asyncio.run(measured(server, REFERENCE, wanted.rate, min(wanted.seconds, 5.0)))
        finally:
            server.stop()
    median, worst = _share(times, 0.5), _share(times, 0.99)
    met = median < MEDIAN_MS and worst < WORST_MS
    print(f"status turns: {len(times)} at {wanted.rate:g} a second")
    print(f"  p50 {median:.1f} ms (target: under {MEDIAN_MS:.0f}), p99 {worst:.1f} ms (under {WORST_MS:.0f})")
    print(f"  a bare job: p50 {_share(bares, 0.5):.1f} ms, p99 {_share(bares, 0.99):.1f} ms")
    print(f"  ratio p50 {median / _share(bares, 0.5):.1f}, p99 {worst / _share(bares, 0.99):.1f}")
    print("  met" if met else "  MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
