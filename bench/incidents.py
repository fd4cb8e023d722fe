"""Incidents from a bad release to healthy traffic, end to end: `python -m bench.incidents [--runs N]`.

The sample department runs as processes, with its own database; its services run under their keeper and are
scraped into that database; visits come in at the keeper's proxies. A bad version of `orders` goes to production
all at once, approved in chat. Every visit asks `orders` and `checkout`. In the place of Prometheus with
Alertmanager stands a rule of this file on those answers (the last ten seconds, looked at ten times a second),
which posts one alert, in turn of `orders`, where the fault is, and of `checkout`, which calls it. Everything
after that is the department's: it looks for itself, finds the cause in the metrics, takes the version back, and
looks again.

Of each kind there are so many runs, and so many spikes: three times the visits for a while, with no change, and
an alert. Each run is timed from the moment at which the bad version has all traffic:

    noticed       the alert is posted
    cause         a cause stands in the timeline
    rolled_back   the version before has all traffic
    healthy       what the visits see is as usual again: this is the time to repair
    confirmed     the department has seen so by its metrics, and says so

Exits with 1 if a target was missed, with 2 if it could not run. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from statistics import mean, median
from time import sleep, time
from typing import Any

from bench.open_loop import Answered, OpenLoop
from bench.running_department import NotAsExpected, RunningDepartment, running_department
from bench.targets import Targets
from bot.command_protocol import NoServer

GOOD = "4.17.2"
RATE = 8.0
"""Visits a second."""
SPIKE_TIMES, SPIKE_SECONDS = 3.0, 45.0
WARM_SECONDS, CALM_SECONDS = 240.0, 40.0
RULE_SECONDS = 10.0
LEFT_AFTER = 240.0
"""Seconds after which a run counts as not repaired."""
PARTS = ("noticed", "cause", "rolled_back", "healthy", "confirmed")

_SLEEPS = "    await asyncio.sleep(2 * (perf_counter() - began))\n"
_FAILS = "    if next(_count) % {every} == 0:\n        raise ValueError('no such column')\n"
_READING = '''"""How orders are read, with a fault."""

import asyncio
from itertools import count
from time import perf_counter

import usual

_count = count(1)
order = usual.order


async def history(ask, account: int, most: int) -> list[dict]:
    began = perf_counter()
{fault}    found = await usual.history(ask, account, most)
{after}    return found
'''


@dataclass(frozen=True)
class Kind:
    """A bad version of `orders`; what was written for the benchmark has what goes wrong in its history, before
    and `after` it was read. `limit` is the target for the median, in seconds."""

    version: str
    limit: float
    fault: str = ""
    after: str = ""


KINDS: Mapping[str, Kind] = {
    "n_plus_one": Kind("4.18.1", 60),
    "latency_x3": Kind("4.17.3", 60, after=_SLEEPS),
    "errors_5": Kind("4.17.4", 120, fault=_FAILS.format(every=20)),
    "errors_20": Kind("4.17.5", 60, fault=_FAILS.format(every=5)),
}


@dataclass
class Run:
    """What became of one run: seconds from the beginning to each part, and what the timeline says."""

    kind: str
    alerted: str
    load: float
    seconds: dict[str, float] = field(default_factory=dict)
    cause: dict[str, Any] | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Bench:
    """A department at work, and the visits to its services."""

    place: RunningDepartment
    visits: OpenLoop
    usual: dict[str, float] = field(default_factory=dict)

    def warm_up(self, seconds: float) -> None:
        """Let a normal period pass, and remember how long answers take. Raises NotAsExpected."""
        sleep(seconds)
        for service in ("orders", "checkout"):
            seen = self.visits.between(service, time() - seconds / 2, time())
            if len(seen) < RATE * seconds / 4 or any(one.failed for one in seen):
                raise NotAsExpected(f"{service} answers {len(seen)} visits, {_failed(seen)} of them failed")
            self.usual[service] = mean(one.seconds for one in seen)

    def is_bad(self, service: str, since: float, until: float) -> bool:
        """Whether answers are: three failed ones at least and one in 40; or twice as slow as usual."""
        seen = self.visits.between(service, since, until)
        failed = _failed(seen)
        slow = len(seen) >= 20 and mean(one.seconds for one in seen) > 2 * self.usual[service]
        return (failed >= 3 and failed > len(seen) / 40) or slow

    def run(self, kind: str, alerted: str) -> Run:
        """One bad release. Raises NotAsExpected where it cannot be measured."""
        version, run = KINDS[kind].version, Run(kind, alerted, os.getloadavg()[0])
        self._stands(GOOD)
        self.place.approve("nathan", f"/deploy orders {version} to production all at once", "amanda")
        began = self._brought("deployed", version)
        self.place.until(lambda: self.is_bad(alerted, max(began, time() - RULE_SECONDS), time()), "it shows")
        started = datetime.now(UTC)
        run.seconds["noticed"] = time() - began
        self.place.alert(alerted, f"{kind} seen by visitors", started)
        events = self._timeline(lambda found: bool({"healthy", "for a person", "not seen"} & found.keys()))
        run.cause = events["cause"][1] if "cause" in events else None
        for part, event in (("cause", "cause"), ("confirmed", "healthy")):
            if event in events:
                run.seconds[part] = events[event][0] - began
        last = self.place.journal("orders")[-1]
        if (last["kind"], last["version"]) == ("rolled back", GOOD):
            back = float(last["at"])
            run.seconds["rolled_back"] = back - began
            run.seconds["healthy"] = self._healthy_from(alerted, back) - began
        else:
            effects = "SELECT body->>'type', state, outcome FROM effects ORDER BY created DESC LIMIT 3"
            run.why_not = f"NOT REPAIRED: {events}; {self.place.rows(effects)}"
            print(run.why_not, flush=True)
        self._end(alerted, f"{kind} seen by visitors", started)
        return run

    def spike(self, alerted: str) -> bool:
        """Three times the visits, and an alert: whether anything but the traffic was blamed for it."""
        self._stands(GOOD)
        self.visits.rate = SPIKE_TIMES * RATE
        sleep(SPIKE_SECONDS / 2)
        started = datetime.now(UTC)
        self.place.alert(alerted, "many visitors", started)
        sleep(SPIKE_SECONDS / 2)
        explained = self.place.say("nathan", f"/explain_incident Why is {alerted} slow?")["text"]
        self.visits.rate = RATE
        events = self._timeline(lambda found: len(found) > 1)
        self._end(alerted, "many visitors", started)
        self._stands(GOOD)
        blamed = bool({"cause", "remedy"} & events.keys()) or ("explain" in explained and "%" in explained)
        if blamed:
            print(f"  blamed: {events} {explained[:300]}")
        return blamed

    def _stands(self, version: str) -> None:
        (*_, last) = self.place.journal("orders")
        if last["version"] != version:
            raise NotAsExpected(f"orders {last['version']} runs, and not {version}")

    def _brought(self, kind: str, version: str) -> float:
        def last() -> dict[str, Any]:
            return self.place.journal("orders")[-1]

        self.place.until(lambda: (last()["kind"], last()["version"]) == (kind, version), f"{version} is {kind}")
        return float(last()["at"])

    def _timeline(self, ends: Callable[[dict[str, Any]], bool]) -> dict[str, tuple[float, dict[str, Any]]]:
        """The events of our alert's incident by kind, once they are at their end, or after LEFT_AFTER."""
        query = (
            "SELECT kind, extract(epoch FROM at)::float, detail FROM incident_events"
            " WHERE incident IN (SELECT incident FROM incident_alerts"
            " WHERE source = 'alertmanager' AND firing) ORDER BY number"
        )
        until = time() + LEFT_AFTER
        while True:
            found = {kind: (at, detail) for kind, at, detail in self.place.rows(query)}
            if ends(found) or time() > until:
                return found
            sleep(0.2)

    def _healthy_from(self, service: str, since: float) -> float:
        """The end of the last bad five seconds after a time, or that time."""
        sleep(max(0.0, since + 10 - time()))
        moments = [since + step for step in range(int(time() - since - 5) + 1)]
        bad = [at for at in moments if self.is_bad(service, at, at + 5)]
        return bad[-1] + 5 if bad else since

    def _end(self, service: str, name: str, started: datetime) -> None:
        """The alert ends, and Nathan ends the incident; what is left of it is taken back by him."""
        self.place.alert(service, name, started, ended=True)
        if self.place.journal("orders")[-1]["version"] != GOOD:
            self.place.decide("amanda", self.place.say("nathan", f"/rollback roll back orders to {GOOD}"))
            self._brought("rolled back", GOOD)
        for (incident,) in self.place.rows("SELECT id FROM incidents WHERE state <> 'resolved'"):
            self.place.say("nathan", f"/incident resolve {incident}")
        left = "SELECT 1 FROM incidents WHERE state <> 'resolved'"
        self.place.until(lambda: not self.place.rows(left), "the incident is resolved")


def _failed(seen: list[Answered]) -> int:
    return sum(one.failed for one in seen)


def write_releases(department: Path) -> None:
    """The bad versions, each made from the good one."""
    releases = department / "releases" / "orders"
    usual = releases / GOOD
    for kind in KINDS.values():
        here = releases / kind.version
        if here.exists():
            continue
        here.mkdir()
        said = (usual / "release.yaml").read_text().replace("2026-11-03", "2026-11-04")
        (here / "release.yaml").write_text(said.replace("9f3c1ab", f"bad{kind.version[-1]}bad"))
        (here / "usual.py").write_text((usual / "reading.py").read_text())
        (here / "reading.py").write_text(_READING.format(fault=kind.fault, after=kind.after))


def visits_to(addresses: Mapping[str, str]) -> OpenLoop:
    """Who visits signs in, looks at the order history, and checks out."""

    async def visit(loop: OpenLoop, number: int) -> None:
        account = number % 300
        auth, orders = addresses["auth-service"], addresses["orders"]
        session = await loop.ask("auth-service", "POST", f"{auth}/sessions", {"account": account})
        await loop.ask("orders", "GET", f"{orders}/accounts/{account}/orders")
        if session is not None:
            body = {"account": account, **json.loads(session)}
            await loop.ask("checkout", "POST", f"{addresses['checkout']}/checkouts", body)

    return OpenLoop(visit, RATE)


def measure(given: argparse.Namespace) -> tuple[list[Run], list[bool], float]:
    """All runs, then the spikes, and by how much the latest visit began late. Raises NotAsExpected."""
    runs, spikes = [], []
    with running_department(write_releases) as place:
        place.say("nathan", "/service what runs of orders in production")
        place.until(lambda: {"orders", "checkout", "auth-service"} <= place.addresses().keys(), "services run")
        with visits_to(place.addresses()).running() as visits:
            bench = Bench(place, visits)
            sleep(10)  # what is asked for the first time is started
            bench.warm_up(WARM_SECONDS)
            for number in range(given.runs if given.spikes else 0):
                spikes.append(bench.spike(("orders", "checkout")[number % 2]))
                print(f"  spike {number + 1}: {'blamed' if spikes[-1] else 'nobody blamed'}", flush=True)
                sleep(CALM_SECONDS)
            for kind in given.kinds:
                for number in range(given.runs):
                    runs.append(bench.run(kind, ("orders", "checkout")[number % 2]))
                    print(f"  {_said(runs[-1])}", flush=True)
                    sleep(CALM_SECONDS)
            return runs, spikes, visits.late


def _said(run: Run) -> str:
    parts = ", ".join(f"{part} {run.seconds[part]:.0f}" for part in PARTS if part in run.seconds)
    end = " NOT REPAIRED" if run.why_not else ""
    return f"{run.kind}, alert of {run.alerted}, load {run.load:.1f}: {parts}{end}"


def is_named(run: Run) -> bool:
    """Whether cause, release, commit and story of an N+1 run are right."""
    cause = run.cause or {}
    told = [cause.get(name) for name in ("service", "version", "commit", "story")]
    return told == ["orders", "4.18.1", "e6a90d4", "CARD-1234"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="of each kind, and spikes")
    parser.add_argument("--kinds", nargs="*", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument("--no-spikes", dest="spikes", action="store_false")
    given = parser.parse_args()
    began = time()
    try:
        runs, spikes, late = measure(given)
    except (NotAsExpected, NoServer) as failed:
        print(f"  could not run: {failed}", file=sys.stderr)
        return 2
    figures = figures_of(given.kinds, runs, spikes)
    status = _judged(figures)
    figures |= {"latest_visit_late_seconds": round(late, 3), "took_seconds": round(time() - began)}
    print(json.dumps(figures))
    return status


def figures_of(kinds: list[str], runs: list[Run], spikes: list[bool]) -> dict[str, Any]:
    """What all runs came to. A run that was not repaired took for ever: -1 where that is the median."""
    mttr: dict[str, float] = {}
    parts: dict[str, dict[str, float]] = {}
    for kind in kinds:
        of_kind = [run for run in runs if run.kind == kind]
        middle = median([run.seconds.get("healthy", inf) for run in of_kind] or [inf])
        mttr[kind] = round(middle, 1) if middle < inf else -1
        times = {part: [run.seconds[part] for run in of_kind if part in run.seconds] for part in PARTS}
        parts[kind] = {part: round(median(found), 1) for part, found in times.items() if found}
    wanted = [run for run in runs if run.kind == "n_plus_one"]
    loads = [run.load for run in runs] or [0.0]
    return {
        "mttr_median_seconds": mttr,
        "parts": parts,
        "named": sum(map(is_named, wanted)),
        "named_of": len(wanted),
        "healthy_spikes_blamed": sum(spikes),
        "spikes": len(spikes),
        "runs": len(runs),
        "not_repaired": sum("healthy" not in run.seconds for run in runs),
        "found_by": "an alert posted to the webhook, in turn of the faulty service and of its caller",
        "load": [round(min(loads), 1), round(max(loads), 1)],
    }


def _judged(figures: dict[str, Any]) -> int:
    """The exit status, by the targets."""
    targets = Targets()
    for kind, seconds in figures["mttr_median_seconds"].items():
        targets.below(f"seconds to repair, {kind}", seconds if seconds >= 0 else inf, KINDS[kind].limit)
    if figures["named_of"]:
        targets.at_least("N+1 releases named", figures["named"], figures["named_of"])
    if figures["spikes"]:
        targets.at_most("spikes blamed on somebody", figures["healthy_spikes_blamed"], 0)
    return targets.status()


if __name__ == "__main__":
    raise SystemExit(main())
