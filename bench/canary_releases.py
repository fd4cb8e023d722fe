"""The canary's judge and its ends on real releases, for `bench.canary`: processes, traffic, and a department.

Several services are released at once, each under the same traffic: half of the releases are no worse, the
others have one of four faults. Then a canary is ended in each way: aborted in chat; left by a halt, by kill -9
of the department's process, by kill -9 of its database. What counts is when the last request came in that the
canary answered.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import sleep, time
from typing import Any

from agents.operations.canary_judge import Reason
from bench.open_loop import OpenLoop
from bench.running_department import RunningDepartment, running_department

SERVICES = ("accounts", "cart", "search", "export", "ledger")
RATE = 20.0
"""Requests a second of each service."""
LEASE = 15
OVER_WITHIN = 200.0
RULES = f"""
releases:
  shares: [25, 50, 100]
  least_requests: 20
  least_seconds: 5
  deadline_seconds: 60
  lease_seconds: {LEASE}
"""
FAULTS = {"errors_5": "ERRORS", "errors_20": "ERRORS", "latency_x3": "SLOWER", "fifth_x5": "FIFTH"}
_STRENGTH = {"errors_5": 0.05, "errors_20": 0.2, "latency_x3": 3.0, "fifth_x5": 5.0}
_SERVER = """
import asyncio, os, random
from aiohttp import web

fault = {name: float(os.environ.get(name, "0")) for name in ("ERRORS", "SLOWER", "FIFTH")}

async def answer(request):
    if request.path != "/healthz":
        seconds = random.lognormvariate(-3.5, 0.4) * (fault["SLOWER"] or 1)
        if fault["FIFTH"] and random.random() < 0.2:
            seconds *= fault["FIFTH"]
        await asyncio.sleep(seconds)
        if random.random() < fault["ERRORS"]:
            return web.Response(status=500, text=os.environ["VERSION"])
    return web.Response(text=os.environ["VERSION"])

app = web.Application()
app.router.add_get("/{path:.*}", answer)
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None)
"""


@dataclass(frozen=True)
class Planned:
    """A release that is to come: `fault` is empty where it is no worse."""

    service: str
    version: str
    fault: str


@dataclass
class Ends:
    """Seconds from each way of ending a canary to the last request that it answered."""

    abort: list[float] = field(default_factory=list)
    halt: list[float] = field(default_factory=list)
    worker_killed: list[float] = field(default_factory=list)
    database_killed: list[float] = field(default_factory=list)


def plan(of_each: int) -> list[Planned]:
    """So many releases that are no worse and as many with a fault, in turn, over all services."""
    faults = [*FAULTS]
    kinds = [fault for n in range(of_each) for fault in ("", faults[n % len(faults)])]
    return [Planned(SERVICES[n % len(SERVICES)], f"2.{n}.0", fault) for n, fault in enumerate(kinds)]


def _write(department: Path, planned: list[Planned], ends: int) -> None:
    releases = department / "releases"
    shutil.rmtree(releases)
    first = [Planned(service, "1.0.0", "") for service in SERVICES]
    last = [Planned(SERVICES[0], f"3.{n}.0", "") for n in range(ends)]
    for day, one in enumerate((*first, *planned, *last)):
        here = releases / one.service / one.version
        here.mkdir(parents=True)
        (here / "server.py").write_text(_SERVER)
        fault = f'environment: {{{FAULTS[one.fault]}: "{_STRENGTH[one.fault]}"}}\n' if one.fault else ""
        said = 'command: ["{python}", "server.py"]\n' + f"built: 2026-10-01T00:{day // 60:02}:{day % 60:02}Z\n"
        (here / "release.yaml").write_text(said + fault)
    at_first = "".join(f'  {service}: {{version: "1.0.0"}}\n' for service in SERVICES)
    (releases / "at_first.yaml").write_text(f"production:\n{at_first}")
    with (department / "department.yaml").open("a") as file:
        file.write(RULES)


def _traffic(addresses: Mapping[str, str]) -> OpenLoop:
    async def visit(loop: OpenLoop, number: int) -> None:
        service = SERVICES[number % len(SERVICES)]
        await loop.ask(service, "GET", addresses[service])

    return OpenLoop(visit, RATE * len(SERVICES))


@dataclass(frozen=True)
class _Bench:
    place: RunningDepartment
    visits: OpenLoop

    def begin(self, one: Planned) -> str:
        """Begin a canary; its id."""
        self.place.approve("nathan", f"/deploy {one.service} {one.version} to production", "amanda")
        self.place.until(lambda: self._last(one)["version"] == one.version, f"{one} is begun")
        return str(self._last(one)["canary"])

    def _last(self, one: Planned) -> dict[str, Any]:
        return next(reversed(self.place.journal(one.service)), {"version": "", "kind": "", "canary": ""})

    def round(self, planned: list[Planned]) -> list[dict[str, Any]]:
        """Release all of these at once. Returns each one's last line in the journal."""
        for one in planned:
            self.begin(one)
        self.place.until(lambda: all(map(self._is_over, planned)), "these canaries are over", OVER_WITHIN)
        return [self._last(one) for one in planned]

    def _is_over(self, one: Planned) -> bool:
        return self._last(one)["kind"] in ("promoted", "returned")

    def ended(self, version: str, by: Callable[[], object]) -> float:
        """Seconds from `by` to the last request that came in for a canary and that it answered."""
        one = Planned(SERVICES[0], version, "")
        self.begin(one)
        began = time()
        self.place.until(lambda: self._answered(version, began), "it has traffic")
        asked = time()
        by()
        sleep(max(0.0, asked + LEASE + 8 - time()))
        return max([at - asked for at in self._answered(version, asked)], default=0.0)

    def _answered(self, version: str, since: float) -> list[float]:
        return [one.at for one in self.visits.between(SERVICES[0], since, time()) if one.body == version]


def _is_judged(line: dict[str, Any]) -> bool:
    """Whether the judge had its way: neither did the lease run out, nor could nothing be told until the end."""
    worse = (Reason.LATENCY, Reason.ERRORS, Reason.ALL_FAILED, Reason.OVER_LIMIT)
    return line["kind"] == "promoted" or (bool(line["grant"]) and line["why"] in worse)


def _is_wrong(one: Planned, line: dict[str, Any]) -> bool:
    return _is_judged(line) and (line["kind"] == "promoted") == bool(one.fault)


def measure(of_each: int) -> dict[str, Any]:
    """Figures of so many healthy and so many bad releases, and of the ends. Raises NotAsExpected."""
    planned, ends, repeats = plan(of_each), Ends(), 1 + of_each // 10
    versions = (f"3.{n}.0" for n in range(4 * repeats))
    loads, lines = [os.getloadavg()[0]], list[tuple[Planned, dict[str, Any]]]()
    with running_department(lambda folder: _write(folder, planned, 4 * repeats)) as place:
        place.say("nathan", "/service what runs of accounts in production")
        for service in SERVICES:
            place.say("nathan", f"/service what runs of {service} in production")
        place.until(lambda: set(SERVICES) <= place.addresses().keys(), "the services run")
        with _traffic(place.addresses()).running() as visits:
            bench, rest = _Bench(place, visits), iter(planned)
            sleep(10)
            while together := list(islice(rest, len(SERVICES))):
                lines += zip(together, bench.round(together), strict=True)
                loads.append(os.getloadavg()[0])
                print("  " + "; ".join(_said(*one) for one in lines[-len(together) :]), flush=True)
            for _ in range(repeats):
                _end(bench, ends, versions)
            return _figures(lines, ends, loads, visits)


def _said(one: Planned, line: dict[str, Any]) -> str:
    return f"{one.service} {one.version} ({one.fault or 'healthy'}) {line['kind']} {line['why']}"


def _end(bench: _Bench, ends: Ends, versions: Any) -> None:
    """One canary ended in each way; the department is at work again afterwards."""
    place, service = bench.place, SERVICES[0]
    abort = f"/deploy abort the canary of {service}"
    ends.abort.append(bench.ended(next(versions), lambda: place.say("nathan", abort)))
    halt = "/halt_agents halt all agents now"
    ends.halt.append(bench.ended(next(versions), lambda: place.say("amanda", halt)))
    place.say("nathan", "/resume_agents resume all agents, the canary is back")
    ends.worker_killed.append(bench.ended(next(versions), place.kill))
    place.start()
    postmaster = place.postmaster
    ends.database_killed.append(
        bench.ended(next(versions), lambda: os.kill(postmaster, signal.SIGKILL)),
    )
    place.kill()
    place.start()
    print(f"  seconds to the last request of the canary: {ends}", flush=True)


def _figures(
    lines: list[tuple[Planned, dict[str, Any]]], ends: Ends, loads: list[float], visits: OpenLoop
) -> dict[str, Any]:
    healthy = [line for one, line in lines if not one.fault]
    return {
        "real_healthy": len(healthy),
        "real_bad": len(lines) - len(healthy),
        "real_wrong": sum(_is_wrong(*one) for one in lines),
        "real_not_judged": sum(not _is_judged(line) for _, line in lines),
        "real_lease_seconds": LEASE,
        "real_abort_seconds": round(max(ends.abort), 1),
        "real_halt_seconds": round(max(ends.halt), 1),
        "real_worker_killed_seconds": round(max(ends.worker_killed), 1),
        "real_database_killed_seconds": round(max(ends.database_killed), 1),
        "real_load": [round(min(loads), 1), round(max(loads), 1)],
        "real_latest_request_late_seconds": round(visits.late, 3),
    }
