"""What the audit log costs and how fast it answers: `python -m bench.audit_log [--size N] [--seconds S]`.

Every throughput is measured in turns with its references, on the same server in the same run: the same
business transaction (tenant, an update, the entry) with a plain INSERT of the same content instead, into
a table with the same columns and indexes, and into one with a primary key alone. Starts its own
PostgreSQL in a temporary folder. Exit status 1: a target was missed, or it could not run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bench import audit_large_log
from bench.audit_sample import TENANT, CannotRun, effect, sequencer, turn
from bench.targets import Targets
from governance.audit.log import numbered, record, sequencer_alive
from governance.audit.sealing import new_id
from storage import embedded
from storage.database import Database
from storage.migrate import migrate

WRITERS = 8
TURNS = 10
PROBES = 300

Work = Callable[[AsyncSession, int], Awaitable[None]]

_UPDATE = text("UPDATE bench_business SET value = value + 1 WHERE id = :id")


def recording(entries: int) -> Work:
    """Write entries to the log."""

    async def work(tx: AsyncSession, n: int) -> None:
        for _ in range(entries):
            await record(tx, effect(n))

    return work


def plain(table: str, entries: int) -> Work:
    """Write the same to a table."""
    insert = text(
        f"INSERT INTO {table} (id, kind, type, actor, subject, turn, effect, at, data)"
        " VALUES (:id, :kind, :type, :actor, :subject, :turn, :effect, :at, :data)"
    )

    async def work(tx: AsyncSession, n: int) -> None:
        for _ in range(entries):
            entry = effect(n)
            searched = {name: getattr(entry, name) for name in ("type", "subject", "turn", "effect", "at")}
            data = json.dumps(entry.model_dump(mode="json"))
            row = {"id": new_id(entry.at), "kind": entry.kind.value, "actor": entry.actor.id, "data": data}
            await tx.execute(insert, {**searched, **row})

    return work


async def transactions(database: Database, work: Work, over: Callable[[], bool]) -> float:
    """Business transactions a second that `WRITERS` writers of one process get through, until it is over."""

    async def writer(number: int) -> int:
        done = 0
        while not over():
            async with database.transaction(TENANT) as tx:
                await tx.execute(_UPDATE, {"id": number})
                await work(tx, done)
            done += 1
        return done

    started = monotonic()
    done = await asyncio.gather(*(writer(n) for n in range(WRITERS)))
    return sum(done) / (monotonic() - started)


def run_sequencer(url: str) -> None:
    """The sequencer, in a process of its own as in production."""
    asyncio.run(sequencer(Database.open(url)).run())


@asynccontextmanager
async def sequencing(database: Database) -> AsyncIterator[int]:
    """A sequencer's process beside the block, at work before it begins; gives its process id."""
    process = multiprocessing.get_context("spawn").Process(
        target=run_sequencer, args=(database.engine.url.render_as_string(hide_password=False),)
    )
    process.start()
    try:
        async with asyncio.timeout(30):
            await _beating(database)
        yield process.pid or 0
        if not process.is_alive():
            raise CannotRun("the sequencer died")
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        await asyncio.sleep(1.1)  # until its last beat is too old to be taken for the next one's


async def _beating(database: Database) -> None:
    while True:
        async with database.untenanted() as tx:
            if await sequencer_alive(tx):
                return
        await asyncio.sleep(0.05)


async def throughput(url: str, entries: int, seconds: float, targets: Targets) -> None:
    """Transactions with the log and with the references, in short turns, the sequencer stopped for these."""
    database = Database.open(url, pool_size=WRITERS)
    works = {
        "plain": plain("bench_plain", entries),
        "log": recording(entries),
        "bare": plain("bench_bare", entries),
    }
    rates: dict[str, list[float]] = {name: [] for name in works}
    async with sequencing(database) as sequencer_id:
        for turn_number in range(TURNS + 1):
            for name, work in works.items():
                os.kill(sequencer_id, signal.SIGCONT if name == "log" else signal.SIGSTOP)
                end = monotonic() + seconds / TURNS
                rate = await transactions(database, work, lambda end=end: monotonic() >= end)
                if turn_number:  # the first fills pools and caches
                    rates[name].append(rate)
        os.kill(sequencer_id, signal.SIGCONT)
    await database.close()
    report(entries, rates, targets)


def report(entries: int, rates: dict[str, list[float]], targets: Targets) -> None:
    """Rates are means; the ratio is the median of the turns', each taken a moment after its reference."""
    log, same, bare = (statistics.mean(rates[name]) * entries for name in ("log", "plain", "bare"))
    ratios = sorted(a / b for a, b in zip(rates["log"], rates["plain"], strict=True))
    to_bare = statistics.median(a / b for a, b in zip(rates["log"], rates["bare"], strict=True))
    target = ", target 2000" if entries == 3 else ""
    ratio = f"{entries} entries a transaction: ratio to a plain INSERT"
    targets.at_least(ratio, statistics.median(ratios), 0.9)
    if entries == 3:
        targets.at_least("entries a second", log, 2000)
    print(f"{entries} entries a transaction, {WRITERS} writers in one process, a sequencer in another")
    print(
        f"  entries/s                     {log:8.0f}   plain INSERT {same:.0f}, no indexes {bare:.0f}{target}"
    )
    print(f"  ratio to a plain INSERT       {statistics.median(ratios):8.2f}   target 0.90")
    print(f"                                         (turns {ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"  ratio to one without indexes  {to_bare:8.2f}")


async def latency(url: str, targets: Targets) -> None:
    """How long after its commit an entry has its number, while the writers write three at a time."""
    database, probed = Database.open(url, pool_size=WRITERS + 1), asyncio.Event()
    async with sequencing(database):
        load = asyncio.create_task(transactions(database, recording(3), probed.is_set))
        try:
            async with asyncio.timeout(120):
                waits = [await _wait_for_a_number(database) for _ in range(PROBES)]
        finally:
            probed.set()
        rate = 3 * await load
    await database.close()
    spread = statistics.quantiles(waits, n=100)
    targets.below("numbered, p99 in ms", spread[98], 100)
    print(f"numbered after the commit, {rate:.0f} entries/s beside it ({PROBES} probes)")
    print(f"  median, ms                    {spread[49]:8.1f}")
    print(f"  p99, ms                       {spread[98]:8.1f}   target 100, worst {max(waits):.0f}")


async def _wait_for_a_number(database: Database) -> float:
    async with database.transaction(TENANT) as tx:
        entry_id = await record(tx, turn(0))
    committed, number = perf_counter(), None
    async with database.transaction(TENANT) as tx:
        while number is None:
            await asyncio.sleep(0.002)
            number = await numbered(tx, entry_id)
    return (perf_counter() - committed) * 1000


def prepare(owner_url: str) -> None:
    """The business table and the tables of the references, under row-level security like the log's."""
    policy = "tenant = nullif(current_setting('app.tenant', true), '')"
    statements = [
        "CREATE TABLE bench_business (id int PRIMARY KEY, value int NOT NULL)",
        f"INSERT INTO bench_business SELECT n, 0 FROM generate_series(0, {WRITERS}) n",
        # Whoever speaks is in the department: what the log calls them is looked up once a process.
        f"INSERT INTO people (tenant, id, name, time_zone, accounts)"
        f" SELECT '{TENANT}', id, id, 'UTC', '[]' FROM"
        f" (SELECT 'david' AS id UNION SELECT 'person-' || n FROM generate_series(0, 39) n) AS known",
        "CREATE TABLE bench_plain (LIKE audit_entries INCLUDING ALL)",
        "CREATE TABLE bench_bare (LIKE audit_entries INCLUDING DEFAULTS, PRIMARY KEY (tenant, id))",
        *(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in ("bench_plain", "bench_bare")),
        *(f"CREATE POLICY t ON {table} USING ({policy})" for table in ("bench_plain", "bench_bare")),
        "GRANT SELECT, INSERT, UPDATE ON bench_business, bench_plain, bench_bare TO countersign_app",
    ]
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def measure(server: embedded.EmbeddedServer, size: int, seconds: float, targets: Targets) -> None:
    """Everything, one after the other."""
    for entries in (1, 3):
        await throughput(server.app_url, entries, seconds, targets)
    await latency(server.app_url, targets)
    await audit_large_log.measure(server.app_url, server.owner_url, size, targets)


def main() -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="entries of the large log")
    parser.add_argument("--seconds", type=float, default=10, help="for each throughput")
    options = parser.parse_args()
    targets = Targets()
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.start(Path(folder) / "data")
        migrate(server.owner_url)
        prepare(server.owner_url)
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        try:
            asyncio.run(measure(server, options.size, options.seconds, targets))
        except (CannotRun, TimeoutError) as error:
            print(f"THE BENCHMARK COULD NOT RUN: {error or 'it took too long'}", file=sys.stderr)
            return 1
        finally:
            server.stop()
    return targets.status()


if __name__ == "__main__":
    sys.exit(main())
