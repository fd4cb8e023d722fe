"""How fast a halt reaches everybody: `python -m bench.halt`.

Eight processes, each with work in flight and with claims that read the fence as fast as they can, so that a
halt has to get past them. Twenty rounds of halt and resume. A round's time is from asking for the halt to the
report in which nobody is missing. The reference, measured between the rounds, is what PostgreSQL alone
takes to carry one notification from a commit to one waiting connection.

Exits with 1 if a round took a second or more, or somebody did not acknowledge.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import psycopg
from sqlalchemy import text

from bot.fence_watch import FenceWatch
from bot.listener import Listener
from governance import fence
from governance.fence import CHANNEL, FenceUnreadable, Halted
from governance.overrides.halt_report import wait_for_report
from governance.overrides.halting import halt, resume
from governance.people import Role
from storage import embedded
from storage.database import Database
from storage.migrate import migrate

TENANT = "bench"
PROCESSES = 8
PIECES = 2
ROUNDS = 20
TARGET_SECONDS = 1.0
DIRECTOR = frozenset({Role.ENGINEERING_DIRECTOR})


def worker(url: str, name: str, news: Connection) -> None:
    """One process: its watch, its agents' work, and claims."""
    asyncio.run(_worker(url, name, news))


async def _worker(url: str, name: str, news: Connection) -> None:
    listener = Listener(url)
    database = Database.open(url, pool_size=4)
    watch = FenceWatch(database, listener, name)

    async def piece() -> None:
        while True:
            try:
                async with watch.agent_work(TENANT):
                    news.send("working")
                    await asyncio.Event().wait()
            except (Halted, FenceUnreadable):
                await asyncio.sleep(0.02)

    async def claims() -> None:
        while True:
            async with database.transaction(TENANT) as tx:
                await fence.hold(tx)
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        group.create_task(listener.run((CHANNEL,)))
        group.create_task(watch.run())
        group.create_task(claims())
        for _ in range(PIECES):
            group.create_task(piece())


async def _notification(url: str) -> float:
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as listening,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as telling,
    ):
        await listening.execute("LISTEN bench_reference")
        started = perf_counter()
        await telling.execute("NOTIFY bench_reference")
        async for _ in listening.notifies(stop_after=1, timeout=5):
            return perf_counter() - started
    raise TimeoutError("PostgreSQL carried no notification within five seconds")


async def _round(database: Database) -> tuple[float, int, int]:
    """Halt and resume; how long it took, how many acknowledged, and how much work was cancelled."""
    started = perf_counter()
    async with database.transaction(TENANT) as tx:
        halted = await halt(tx, by="a", identity="a", roles=DIRECTOR, reason="bench", at=datetime.now(UTC))
    report = await wait_for_report(database, TENANT, halted.override)
    took = perf_counter() - started
    async with database.transaction(TENANT) as tx:
        await resume(tx, by="b", identity="b", at=datetime.now(UTC))
    return took, len(report.acknowledged) if not report.silent else 0, report.cancelled


async def measure(url: str, working: list[Connection]) -> bool:
    """Run all rounds and print what came out. Whether every round met the target."""
    database = Database.open(url)
    times, references, complete = [], [], 0
    for _ in range(ROUNDS):
        for pipe in working:
            for _piece in range(PIECES):
                assert await asyncio.to_thread(pipe.recv) == "working"
        references.append(await _notification(url))
        took, acknowledged, cancelled = await _round(database)
        times.append(took)
        complete += acknowledged == PROCESSES and cancelled == PROCESSES * PIECES
    await database.close()
    median, worst, reference = statistics.median(times), max(times), statistics.median(references)
    met = complete == ROUNDS and worst < TARGET_SECONDS
    print(f"halt: {PROCESSES} processes, {PIECES} pieces of work in flight in each, {ROUNDS} rounds")
    print(f"  everybody acknowledged, everything cancelled  {complete} of {ROUNDS} rounds")
    print(f"  median {median * 1000:.0f} ms, worst {worst * 1000:.0f} ms  (target: under 1000 ms, every time)")
    print(f"  one notification by PostgreSQL alone: {reference * 1000:.1f} ms; ratio {median / reference:.0f}")
    print("  met" if met else "  MISSED")
    return met


async def _prepare(url: str) -> None:
    database = Database.open(url)
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": TENANT})
    async with database.transaction(TENANT) as tx:
        await fence.hold(tx)
    await database.close()


def main() -> int:
    """Start a database and the processes, and measure."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["bot.fence_watch", "governance.overrides.halting"])
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = embedded.start(Path(folder) / "postgres")
        stack.callback(server.stop)
        migrate(server.owner_url)
        asyncio.run(_prepare(server.app_url))
        pipes = [forks.Pipe() for _ in range(PROCESSES)]
        for number, (_, there) in enumerate(pipes):
            process = forks.Process(target=worker, args=(server.app_url, f"w{number}", there), daemon=True)
            process.start()
            stack.callback(process.join)
            stack.callback(process.kill)
        return 0 if asyncio.run(measure(server.app_url, [here for here, _ in pipes])) else 1


if __name__ == "__main__":
    sys.exit(main())
