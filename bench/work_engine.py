"""The work engine under load and under fire: `python -m bench.work_engine`.

A database with 1,000 runs of 50 steps, all over but for those that the benchmark begins. Measured: how long
it takes to advance a run by one step (with the job engine's part left out), how many trivial steps a second
two worker processes drain, how many steps are lost and how many begun twice outside while workers are killed at
random moments, and how fast a halt ends a step in the middle of its work. The reference is one plain INSERT
and UPDATE of a row, timed in the same run: how long it takes, and how many a second two processes come to, each
with as many side by side as the engine has steps. The last line is one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, select, text, update

from agents.work import runs
from agents.work.kinds import NewStep
from agents.work.scheduler import Scheduler
from agents.work.sweep import queue_abandoned_steps, queue_standing_runs
from agents.work.tables import ENDED, RunRow, StepRow
from bench.targets import Targets
from bench.work_engine_worker import KINDS, TENANT
from governance.authority.policy import load
from governance.gate import Gate
from governance.overrides.halting import halt, resume
from governance.people import Role
from governance.registry import Registry
from storage import embedded
from storage.database import Database
from storage.migrate import migrate

RUNS, STEPS = 1000, 50
DRAINED = 600
PLAIN = 400
KILLS = 60
HALTS = 20
DIRECTOR = frozenset({Role.ENGINEERING_DIRECTOR})
WORKERS: list[asyncio.subprocess.Process] = []
"""Those that were started and may still be there: none outlives the benchmark."""

_FILL = """
    INSERT INTO runs (id, kind, title, requester, state, created, ended)
    SELECT 'rn_old' || n, 'old', 'Old ' || n, 'nobody', 'done', now(), now() FROM generate_series(1, :runs) n;
"""
_FILL_STEPS = """
    INSERT INTO run_steps
        (run, key, position, kind, title, args, depends_on, locks, pool, actor, state, started, finished)
    SELECT 'rn_old' || n, 's' || s, s, 'trivial', 'Step ' || s, '{}', '[]', '[]', 'work', 'sre', 'done',
        now(), now()
    FROM generate_series(1, :runs) n, generate_series(1, :steps) s;
"""


def main() -> int:
    """Print the figures; 1 if a target was missed."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.start(Path(folder) / "postgres")
        try:
            migrate(server.owner_url)
            figures, targets = asyncio.run(_measure(server.app_url, Path(folder)))
        finally:
            server.stop()
    status = targets.status()
    print(json.dumps(figures))
    return status


async def _measure(url: str, folder: Path) -> tuple[dict[str, float], Targets]:
    database = Database.open(url)
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": TENANT})
    async with database.transaction(TENANT) as tx:
        await tx.execute(text(_FILL), {"runs": RUNS})
        await tx.execute(text(_FILL_STEPS), {"runs": RUNS, "steps": STEPS})
    async with database.untenanted() as tx:
        await tx.execute(text("ANALYZE"))
    try:
        plain = await _plain_ms(database)
        most = await _plain_rate(url)
        advance = await _advance_ms(database)
        rate = await _drained(database, url, folder)
        lost, twice = await _killed(database, url, folder)
        halted = await _halted(database, url, folder)
    finally:
        await _end(WORKERS)
        await database.close()
    targets = Targets()
    targets.below("ms to advance one step", advance, 15)
    targets.at_least("trivial steps a second", rate, 200)
    targets.at_most("steps lost", lost, 0)
    targets.at_most("steps done twice", twice, 0)
    targets.below("seconds until a halt ended a step, worst", halted, 1.0)
    print(f"work engine: {RUNS:,} runs, {RUNS * STEPS:,} steps in the database")
    print(f"  advance {advance:.1f} ms; a row written and changed {plain:.1f} ms: {advance / plain:.1f} times")
    print(f"  {most:.0f} rows/s written and changed by two processes: the engine does {rate / most:.2f} of it")
    print(f"  {rate:.0f} trivial steps/s in two workers; a halt ended a step in {halted:.2f} s at worst")
    print(f"  {KILLS} workers killed: {lost} steps lost, {twice} begun twice")
    figures = {
        "lost": lost,
        "twice": twice,
        "advance_ms": round(advance, 2),
        "steps_per_second": round(rate, 1),
        "rows_per_second": round(most, 1),
    }
    return {**figures, "plain_ms": round(plain, 2), "halt_seconds": round(halted, 3)}, targets


async def _plain_ms(database: Database) -> float:
    """The median of what a row takes to be written and changed, in two transactions."""
    took = []
    for number in range(100):
        began = perf_counter()
        async with database.transaction(TENANT) as tx:
            tx.add(
                RunRow(id=f"rn_plain{number}", kind="plain", title="Plain", requester="nobody", state="done")
            )
        async with database.transaction(TENANT) as tx:
            await tx.execute(update(RunRow).where(RunRow.id == f"rn_plain{number}").values(why="changed"))
        took.append((perf_counter() - began) * 1000)
    return statistics.median(took)


async def _plain_rate(url: str) -> float:
    """Rows a second that two processes write and change, two side by side in each."""
    writers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.work_engine_reference", url, f"w{number}", "2", str(PLAIN // 4)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(2)
    ]
    WORKERS.extend(writers)
    for writer in writers:
        if writer.stdout is None or not await writer.stdout.readline():
            raise RuntimeError("a writer did not start")
    began = perf_counter()
    await asyncio.gather(*(writer.communicate(b"go\n") for writer in writers))
    return PLAIN / (perf_counter() - began)


async def _advance_ms(database: Database) -> float:
    """The median of what it takes to note one step's end and begin the next of a run of STEPS."""
    scheduler = Scheduler(Gate(load(), Registry([])), KINDS)
    run = await _begin(
        database, [NewStep(f"s{n}", "trivial", f"Step {n}", depends_on=_before(n)) for n in range(STEPS)]
    )
    took = []
    for number in range(STEPS):
        began = perf_counter()
        async with database.transaction(TENANT) as tx:
            await scheduler.advance(tx, run)
        took.append((perf_counter() - began) * 1000)
        async with database.transaction(TENANT) as tx:
            done = update(StepRow).where(StepRow.run == run, StepRow.key == f"s{number}")
            await tx.execute(done.values(state="done", worker=None, lease=None, finished=datetime.now(UTC)))
    return statistics.median(took)


def _before(number: int) -> tuple[str, ...]:
    return (f"s{number - 1}",) if number else ()


async def _begin(database: Database, steps: list[NewStep]) -> str:
    async with database.transaction(TENANT) as tx:
        return (await runs.begin(tx, KINDS, "bench", "Bench", steps, requester="nobody")).id


async def _drained(database: Database, url: str, folder: Path) -> float:
    """Trivial steps a second of many runs, two worker processes beside each other."""
    workers = [await _worker(url, folder, f"drain{number}") for number in range(2)]
    began = perf_counter()
    mine = [
        await _begin(database, [NewStep(f"s{n}", "trivial", f"Step {n}") for n in range(30)])
        for _ in range(DRAINED // 30)
    ]
    await _until_over(database, mine, 120)
    took = perf_counter() - began
    await _end(workers)
    return DRAINED / took


async def _killed(database: Database, url: str, folder: Path) -> tuple[int, int]:
    """Steps lost, and things outside begun twice, while workers die at random moments."""
    journal = folder / "journal"
    steps = [
        NewStep(f"s{n}", "outside", f"Step {n}", {"journal": str(journal)}, _before(n) if n % 5 else ())
        for n in range(STEPS)
    ]
    run = await _begin(database, steps)
    dice = random.Random(11)
    for number in range(KILLS):
        worker = await _worker(url, folder, f"dying{number}")
        await asyncio.sleep(dice.uniform(0.0, 0.5))
        await _end([worker])
    last = await _worker(url, folder, "last")
    await _until_over(database, [run], 180)
    await _end([last])
    async with database.transaction(TENANT) as tx:
        done = select(func.count()).where(StepRow.run == run, StepRow.state == "done")
        lost = STEPS - ((await tx.execute(done)).scalar() or 0)
    lines = journal.read_text().split() if journal.exists() else []
    return lost, len(lines) - len(set(lines))


async def _halted(database: Database, url: str, folder: Path) -> float:
    """The worst of HALTS: seconds from a halt's commit until the step that was at work is put back."""
    worker = await _worker(url, folder, "halted")
    run = await _begin(database, [NewStep("long", "long", "Long work")])
    worst = 0.0
    for _ in range(HALTS):
        await _until(database, run, {"running"})
        began = perf_counter()
        async with database.transaction(TENANT) as tx:
            await halt(tx, by="a", identity="a", roles=DIRECTOR, reason="bench", at=datetime.now(UTC))
        await _until(database, run, {"waiting"})
        worst = max(worst, perf_counter() - began)
        async with database.transaction(TENANT) as tx:
            await resume(tx, by="b", identity="b", at=datetime.now(UTC))
            row = await runs.run_for_update(tx, run)
            await tx.execute(update(StepRow).where(StepRow.run == run).values(wake=None))
            await runs.go_on(tx, row)
    await _end([worker])
    return worst


async def _until(database: Database, run: str, states: set[str]) -> None:
    async with asyncio.timeout(60):
        while True:
            async with database.transaction(TENANT) as tx:
                row = (await tx.execute(select(StepRow.state, StepRow.worker).where(StepRow.run == run))).one()
            if row.state in states and (row.state != "running" or row.worker is not None):
                return
            await asyncio.sleep(0.01)


async def _until_over(database: Database, mine: list[str], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        for look in count():
            async with database.transaction(TENANT) as tx:
                if look % 50 == 0:  # what the clock does every minute, more often
                    await queue_abandoned_steps(tx)
                    await queue_standing_runs(tx)
                going = select(func.count()).where(RunRow.id.in_(mine), RunRow.state.not_in(ENDED))
                if not (await tx.execute(going)).scalar():
                    return
            await asyncio.sleep(0.02)


async def _worker(url: str, folder: Path, name: str) -> asyncio.subprocess.Process:
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.work_engine_worker", url, str(folder), name, stdout=asyncio.subprocess.PIPE
    )
    if made.stdout is None or not await made.stdout.readline():
        raise RuntimeError("a worker did not start")
    WORKERS.append(made)
    return made


async def _end(workers: list[asyncio.subprocess.Process]) -> None:
    for worker in workers:
        with suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()


if __name__ == "__main__":
    sys.exit(main())
