"""Signed Slack events, stored, authorised, answered and logged: `python -m bench.slack_events [--seconds S]`.

Two processes (`python -m bot web` and `worker`) over one PostgreSQL. First an even rate, of which the time to
the acknowledgement counts; then as much as it takes, of which the answers a second and the CPU of a turn count.
In the same rounds, against the same Slack and database: a fair peer, which does for its user the same, and a
bare echo app, which keeps nothing (see `bench.slack_apps`). Then two workers and four; and what one turn asks
of PostgreSQL, counted on the wire.

Exits with 1 if an event was not answered or a target was missed. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import aiohttp
import psycopg
import yaml
from aiohttp import web

from bench.postgres_wire import relay
from bench.process_cpu import Cost, cost, spent
from bench.slack_apps import ROOT, Pids, bolt_app, countersign, free_port, prepare_peer
from bench.slack_load import PEOPLE, Load
from bench.slack_peer import LeanSlack
from bench.targets import Targets
from storage import embedded
from storage.migrate import migrate

ACK_MS, RATIO, CPU_MS, SCALING = 100.0, 0.5, 4.0, 0.9
IDLE_SECONDS = 4.0
REST = "rest of postgres"


@dataclass
class Measured:
    """Acknowledgements in ms at the even rate; answers a second at saturation; ms of CPU a turn at saturation
    (`cpu`) and at the even rate (`even_cpu`), and cores used while nothing comes (`idle`), by part."""

    acks: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    even_cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    idle: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def ack(self, part: float) -> float:
        """So much of the acknowledgements took this or less."""
        return sorted(self.acks)[min(len(self.acks) - 1, int(part * len(self.acks)))]

    @property
    def rate(self) -> float:
        """Answers a second, of all rounds."""
        return statistics.mean(self.answers)


def total(parts: dict[str, list[float]]) -> float:
    """Of the app's processes and the backends that serve them, without the server's rest."""
    return sum(statistics.mean(values) for part, values in parts.items() if part != REST)


def said(parts: dict[str, list[float]]) -> str:
    """The parts in words."""
    return ", ".join(f"{part} {statistics.mean(values):.2f}" for part, values in parts.items())


@dataclass(frozen=True)
class Bench:
    """The server, the folder and the Slack of one run."""

    server: embedded.EmbeddedServer
    folder: Path
    slack: LeanSlack
    api_url: str
    rate: float
    seconds: float

    @property
    def postmaster(self) -> int:
        """The server's process."""
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])

    def ours(self, port: int, workers: int, url: str | None = None) -> AbstractContextManager[Pids]:
        """Countersign, running; `url` is the database's where it is not asked directly."""
        urls = url or self.server.app_url, self.server.owner_url
        return countersign(urls, self.folder, self.api_url, port, workers=workers)

    def bolt(self, name: str, port: int, url: str | None = None) -> AbstractContextManager[Pids]:
        """A Bolt app, running."""
        return bolt_app(name, self.api_url, port, url or self.server.owner_url)

    async def measure(
        self, port: int, pids: Pids, into: Measured, *, evenly: bool = True, idle: bool = False
    ) -> None:
        """One round with the app that listens on `port`."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            load = Load(self.slack, f"http://127.0.0.1:{port}/slack/events", client)
            await load.ready()
            await load.meet()
            if idle:
                before = cost(self.server.owner_url, self.postmaster, pids)
                await asyncio.sleep(IDLE_SECONDS)
                self._note(into.idle, before, pids, IDLE_SECONDS)
            if evenly:
                before = cost(self.server.owner_url, self.postmaster, pids)
                await load.evenly(self.rate, self.seconds)
                await load.answered(120)
                self._note(into.even_cpu, before, pids, len(load.sent) / 1000)
                into.acks.extend(load.acks)
                load.forget()
            before = cost(self.server.owner_url, self.postmaster, pids)
            began = perf_counter()
            await load.at_once(min(self.seconds, 15.0))
            last = await load.answered(300)
            self._note(into.cpu, before, pids, len(load.sent) / 1000)
            into.answers.append(len(load.sent) / (last - began))

    def _note(self, parts: dict[str, list[float]], before: Cost, pids: Pids, of: float) -> None:
        after = cost(self.server.owner_url, self.postmaster, pids)
        for part, seconds in spent(before, after).items():
            parts[part].append(seconds / of)

    async def counted(self, name: str) -> tuple[float, float]:
        """Statements and round trips of a turn of this app at the even rate, its polling included."""
        port, folder = free_port(), Path(tempfile.mkdtemp(dir=self.folder))
        server = Path(self.server.app_url.partition("host=")[2])
        of_role = self.server.app_url if name == "ours" else self.server.owner_url
        with relay(server, folder) as counted:
            url = of_role.replace(f"host={server}", f"host={folder}")
            app = self.ours(port, 1, url) if name == "ours" else self.bolt(name, port, url)
            with app:
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
                    load = Load(self.slack, f"http://127.0.0.1:{port}/slack/events", client)
                    await load.ready()
                    await load.meet()
                    before = counted.statements, counted.round_trips
                    await load.evenly(self.rate, min(self.seconds, 10.0))
                    await load.answered(120)
                    turns = len(load.sent)
                    after = counted.statements, counted.round_trips
                    return (after[0] - before[0]) / turns, (after[1] - before[1]) / turns


async def rounds(bench: Bench, count: int) -> dict[str, Measured]:
    """All apps, one after the other, `count` times; then ours with two workers and with four."""
    measured: dict[str, Measured] = defaultdict(Measured)
    for number in range(count):
        for name in ("echo app", "fair peer", "ours"):
            port = free_port()
            app = bench.ours(port, 1) if name == "ours" else bench.bolt(name, port)
            with app as pids:
                await bench.measure(port, pids, measured[name], idle=name == "ours" and number == 0)
    for _ in range(count):
        for workers in (2, 4):
            port = free_port()
            with bench.ours(port, workers) as pids:
                await bench.measure(port, pids, measured[f"{workers} workers"], evenly=False)
    return dict(measured)


async def run(server: embedded.EmbeddedServer, folder: Path, wanted: argparse.Namespace) -> int:
    """Measure, and print."""
    department = yaml.safe_load((ROOT / "examples" / "acme" / "department.yaml").read_text(encoding="utf-8"))
    slack = LeanSlack([person["email"] for person in department["people"]], PEOPLE)
    runner = web.AppRunner(slack.app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        bench = Bench(server, folder, slack, f"http://127.0.0.1:{port}/api/", wanted.rate, wanted.seconds)
        measured = await rounds(bench, wanted.rounds)
        counted = {name: await bench.counted(name) for name in ("ours", "fair peer")}
    finally:
        await runner.cleanup()
    return report(measured, counted, wanted.rate)


def report(measured: dict[str, Measured], counted: dict[str, tuple[float, float]], rate: float) -> int:
    """Print what came of it; 1 if a target was missed."""
    bare, fair, ours = measured["echo app"], measured["fair peer"], measured["ours"]
    print(f"signed Slack events: {len(ours.acks)} at {rate:g} a second, all answered")
    for name, one in (("ours", ours), ("fair peer", fair), ("echo app", bare)):
        print(
            f"  {name}: acknowledged p50 {one.ack(0.5):.1f} ms, p99 {one.ack(0.99):.1f} ms;"
            f" at saturation {one.rate:.0f} answers a second"
        )
        print(f"    CPU of a turn, ms: {total(one.cpu):.2f} at saturation ({said(one.cpu)})")
        print(f"    {total(one.even_cpu):.2f} at the even rate ({said(one.even_cpu)})")
    print(f"  ours at rest, cores: {total(ours.idle):.3f} ({said(ours.idle)})")
    for name, (statements, round_trips) in counted.items():
        print(f"  {name}: {statements:.1f} statements, {round_trips:.1f} round trips a turn")
    for name in ("2 workers", "4 workers"):
        one = measured[name]
        print(f"  {name}: {one.rate:.0f} answers a second, {1000 / total(one.cpu):.0f} for each core's second")
    figures = {
        "ratio": ours.rate / fair.rate,
        "ack_p99": ours.ack(0.99),
        "cpu_ms_per_turn": total(ours.cpu),
        "cpu_ms_per_turn_at_rate": total(ours.even_cpu),
        "fair_cpu_ms_per_turn": total(fair.cpu),
        "idle_cores": total(ours.idle),
        "statements_per_turn": counted["ours"][0],
        "round_trips_per_turn": counted["ours"][1],
        "fair_statements_per_turn": counted["fair peer"][0],
        "fair_round_trips_per_turn": counted["fair peer"][1],
        "scaling": total(measured["2 workers"].cpu) / total(measured["4 workers"].cpu),
        "answers": ours.rate,
        "fair_answers": fair.rate,
        "bare_answers": bare.rate,
    }
    targets = Targets()
    targets.at_least("ratio to the fair peer", figures["ratio"], RATIO)
    targets.below("ms to the acknowledgement, p99", figures["ack_p99"], ACK_MS)
    targets.at_most("core-ms of a turn", figures["cpu_ms_per_turn"], CPU_MS)
    targets.at_least("per-core rate of 4 workers beside 2", figures["scaling"], SCALING)
    status = targets.status()
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))
    return status


def _make_room(folder: Path) -> None:
    """Let a server have connections for four workers, from its next start on."""
    server = embedded.start(folder)
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_connections = 300")
    server.stop()


def _roomy_server(folder: Path) -> embedded.EmbeddedServer:
    """A server that has connections for four workers. A process starts one but once."""
    making = multiprocessing.get_context("spawn").Process(target=_make_room, args=(folder,))
    making.start()
    making.join()
    return embedded.start(folder)


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=2)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = _roomy_server(folder / "postgres")
        try:
            migrate(server.owner_url)
            prepare_peer(server.owner_url, PEOPLE)
            return asyncio.run(run(server, folder, wanted))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
