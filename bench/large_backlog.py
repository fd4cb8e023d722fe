"""Turns over a large backlog: `python -m bench.large_backlog [--stories N] [--epics N]`.

The sample department's history, many times over: 100,000 stories, six of ten still open, in 2,000 epics. A real
worker (`python -m bot worker`) answers; a turn's time is from the beginning of the transaction that stores the
message to the notification that its reply is there, one turn at a time. What comes first of each kind is not
counted: it waits for what is loaded once. Measured of each: the median, the worst, and the most memory that the
worker had resident. Beside them, as the reference, how long `help` takes, which asks the tracker nothing: on a
machine that others use, it grows as well. `build_feature` is measured until it says that it works the plan out;
how long that then takes, and in how much memory, stands beside it and has no target. The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import text

from bench.status_turns import ROOT, TENANT, Answers, real_worker, tenant_is_open
from bench.targets import Targets
from bot import inbox
from bot.bootstrap import open_sample
from bot.console.adapter import NEWS, add_message, direct_channel, new_message_id
from governance.places import Audience, Place
from storage import embedded
from storage.database import Database
from storage.migrate import migrate

MOST_MS, MOST_MB = 500.0, 300.0
PATIENCE = 60.0
"""Seconds until an answer that does not come fails the benchmark."""

PLANNING = 1200.0
OPEN_OF_TEN = 6
WHERE = (
    "Berlin", "Lagos", "Osaka", "Quito", "Tromso", "Hanoi", "Lima", "Perth", "Dakar", "Oslo", "Riga", "Turin",
    "Basel", "Cairo", "Delhi", "Essex", "Fargo", "Ghent", "Haifa", "Izmir", "Jaffa", "Kyoto", "Leeds", "Miami",
)  # fmt: skip
SAID: Mapping[str, Sequence[str]] = {
    "status": (
        "what is the status of EPIC-3?",
        "what is the status of CARD-40016?",
        "where is refunds by self-service for Osaka 2?",
        "what is the status of the runbook for refund requests for Quito 3?",
        "what is running right now?",
    ),
    "add_to_backlog": (
        "add a story to the backlog: Query optimization for the order history as P1",
        "add a story to the backlog: Retry webhooks of the ledger when the bank is slow",
        "add a story to the backlog: Show the export's progress in the dashboard",
        "add a story to the backlog: Warn before a certificate of the gateway expires",
        "add a story to the backlog: Fix the wrong total in the weekly invoice mail",
    ),
    "prioritise": (
        "what should we work on first?",
        "rank the features by value",
        "raise the priority of CARD-20016",
        "which of refunds by self-service and webhooks comes first?",
        "prioritise something for team Alpha",
    ),
    "build_feature": (
        "build from PRD-2026-Q4-Webhooks-v2",
        "build from PRD-2026-Q3-Search",
        "build from PRD-2026-Q2-Export",
    ),
}


@dataclass
class Figures:
    """What was measured of one kind of turn: times in ms, of these the worker's own on a processor, and MB
    resident at the most beyond what it has at rest.
    """

    times: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    resident: float = 0.0


def write_department(folder: Path, stories: int, epics: int) -> None:
    """The sample department in `folder`, with so many stories and epics."""
    shutil.copytree(ROOT / "examples" / "acme", folder)
    past = folder / "history"
    told = _lines(past / "stories.jsonl")
    features = _lines(past / "epics.jsonl")
    rounds = range(1 + max(stories // len(told), epics // len(features)))
    made = [copy for number in rounds for copy in _features(features, number)][:epics]
    known = {one["id"] for one in made}
    items = [copy for number in rounds for copy in _stories(told, number, known)][:stories]
    if (len(made), len(items)) != (epics, stories):
        raise RuntimeError(f"{len(items)} stories and {len(made)} epics were made")
    _write(past / "epics.jsonl", made)
    _write(past / "stories.jsonl", items)


def _features(features: Sequence[dict[str, Any]], number: int) -> Iterator[dict[str, Any]]:
    for one in features:
        document = one["document"] if number == 0 else None
        titled = one["title"] + _where(number)
        yield one | {"id": _id(one["id"], number), "title": titled, "document": document}


def _stories(told: Sequence[dict[str, Any]], number: int, epics: set[str]) -> Iterator[dict[str, Any]]:
    for at, one in enumerate(told):
        epic = _id(one["epic"], number) if one["epic"] else None
        copy = one | {"id": _id(one["id"], number), "title": one["title"] + _where(number), "origin": None}
        copy |= {"epic": epic if epic in epics else None}
        if number:
            copy |= {"depends_on": []}
            if at % 10 < OPEN_OF_TEN:
                gone = ("actual_hours", "started", "finished", "sprint", "assignee", "blocked_reason")
                copy |= {"status": "backlog", **dict.fromkeys(gone)}
        yield copy


def _id(id: str, number: int) -> str:
    kind, _, own = id.rpartition("-")
    return f"{kind}-{int(own) + number * 10_000}"


def _where(number: int) -> str:
    return f" for {WHERE[number % len(WHERE)]} {number // len(WHERE) + 1}" if number else ""


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _write(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


class Conversation:
    """One person who waits for every answer before saying the next thing, and the worker that answers."""

    def __init__(self, database: Database, answers: Answers, worker: subprocess.Popen[bytes]) -> None:
        self._database, self._answers, self._worker = database, answers, worker

    async def say(self, words: str) -> tuple[float, str]:
        """ms until the answer is there, and its text. Raises RuntimeError if the worker ended."""
        message = new_message_id()
        self._answers.said.add(message)
        place = Place("console", direct_channel("david"), message, Audience.DIRECT)
        key, identity = str(uuid.uuid4()), "console:david"
        began = perf_counter()
        async with self._database.transaction(TENANT) as tx:
            await add_message(tx, place, author=identity, text=words, key=key, message=message)
            await inbox.store_words(tx, platform="console", key=key, identity=identity, place=place, text=words)
        async with asyncio.timeout(PATIENCE):
            while message not in self._answers.at:
                if self._worker.poll() is not None:
                    raise RuntimeError(f"the worker ended with {self._worker.returncode}")
                await asyncio.sleep(0.005)
        return (self._answers.at[message] - began) * 1000, await self._answer(message)

    async def planned(self) -> float:
        """Seconds until no plan is being worked out any more."""
        began = perf_counter()
        async with asyncio.timeout(PLANNING):
            while await self._count(  # noqa: ASYNC110
                "SELECT count(*) FROM plans WHERE state = 'drafting'"
            ):
                await asyncio.sleep(0.1)
        return perf_counter() - began

    async def _answer(self, thread: str) -> str:
        query = text(
            "SELECT text FROM console_messages WHERE thread = :thread AND id <> :thread ORDER BY number LIMIT 1"
        )
        async with self._database.transaction(TENANT) as tx:
            return str((await tx.execute(query, {"thread": thread})).scalar_one())

    async def _count(self, query: str) -> int:
        async with self._database.transaction(TENANT) as tx:
            return int((await tx.execute(text(query))).scalar_one())

    def busy(self) -> float:
        """ms that the worker spent on a processor so far."""
        spent = Path(f"/proc/{self._worker.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(spent[11]) + int(spent[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def most_resident(self) -> float:
        """MB that the worker had resident at the most since it was last asked."""
        status = Path(f"/proc/{self._worker.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        Path(f"/proc/{self._worker.pid}/clear_refs").write_text("5")
        return peak / 1024


async def measured(
    server: embedded.EmbeddedServer, worker: subprocess.Popen[bytes]
) -> tuple[dict[str, Figures], Figures]:
    """Each kind of turn; and the planning that `build_feature` begins, in ms."""
    database = Database.open(server.app_url)
    answers = Answers(server.app_url, NEWS)
    listening = asyncio.create_task(answers.listen())
    await answers.ready.wait()
    talk, found, planning = Conversation(database, answers, worker), dict[str, Figures](), Figures()
    try:
        async with asyncio.timeout(120):
            while not await tenant_is_open(database):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await talk.say("help")
        at_rest = talk.most_resident()
        helped = [(await talk.say("help"))[0] for _ in range(5)]
        print(f"  the reference, help: median {statistics.median(helped):.0f} ms", flush=True)
        print(f"  the worker, before it is asked for work: {at_rest:.0f} MB resident", flush=True)
        for kind, said in SAID.items():
            figures = found[kind] = Figures()
            for number, words in enumerate(said if kind == "build_feature" else (said[0], *said)):
                before = talk.busy()
                took, told = await talk.say(f"/{kind} {words}")
                busy = talk.busy() - before
                print(f"  {kind}: {took:.0f} ms ({busy:.0f} busy), “{words}”: {told[:90]}", flush=True)
                if number:
                    figures.times.append(took)
                    figures.busy.append(busy)
                figures.resident = max(figures.resident, talk.most_resident() - at_rest)
                if kind == "build_feature":
                    planning.times.append(await talk.planned() * 1000)
                    planning.resident = max(planning.resident, talk.most_resident() - at_rest)
        return found, planning
    finally:
        listening.cancel()
        await database.close()


async def _fill(url: str, folder: Path) -> None:
    database = Database.open(url)
    try:
        await open_sample(database, TENANT, folder, datetime.now(UTC).date())
    finally:
        await database.close()


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--stories", type=int, default=100_000)
    parser.add_argument("--epics", type=int, default=2_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_department(folder / "acme", wanted.stories, wanted.epics)
        server = embedded.start(folder / "postgres")
        try:
            migrate(server.owner_url)
            began = perf_counter()
            asyncio.run(_fill(server.app_url, folder / "acme"))
            print(f"large backlog: {wanted.stories:,} stories, {wanted.epics:,} epics")
            print(f"  taken over in {perf_counter() - began:.0f} s", flush=True)
            with real_worker(server, folder, DEPARTMENT=str(folder / "acme")) as worker:
                found, planning = asyncio.run(measured(server, worker))
        finally:
            server.stop()
    targets = Targets()
    for kind, figures in found.items():
        middle, worst = statistics.median(figures.times), max(figures.times)
        busy = statistics.median(figures.busy)
        print(
            f"  {kind}: median {middle:.0f} ms, worst {worst:.0f} ms, on a processor {busy:.0f} ms,"
            f" {figures.resident:.0f} MB more"
        )
        targets.below(f"{kind}, median ms", middle, MOST_MS)
        targets.below(f"{kind}, MB more", figures.resident, MOST_MB)
    print(f"  planning: {max(planning.times) / 1000:.1f} s at the most, {planning.resident:.0f} MB more")
    status = targets.status()
    print(
        json.dumps({"stories": wanted.stories, "epics": wanted.epics, **_told(found | {"planning": planning})})
    )
    return status


def _told(found: Mapping[str, Figures]) -> dict[str, Any]:
    return {
        kind: {
            "median_ms": round(statistics.median(figures.times), 1),
            "worst_ms": round(max(figures.times), 1),
            "median_busy_ms": round(statistics.median(figures.busy), 1) if figures.busy else None,
            "more_mb": round(figures.resident),
        }
        for kind, figures in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
