"""A department's worker that dies at given points, and is started again after each death.

`python -m tests.scenarios.faults.dying_department FILE`: what FILE says (see `Dying`), in JSON. This process
imports once and forks the workers, so that dying costs little. A point is a call of a port by name that is
about a service, `before` it is made or `after` it was answered: the worker kills itself with SIGKILL there, at
those of each service in their order.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bot.job_manager
import bot.worker
from agents.operations.response import health, response_step
from agents.work import claims, handing_on, heartbeat, sweep
from agents.work.kinds import find_kinds
from bot.bootstrap import open_installation
from bot.processes import worker_part
from bot.settings import Settings
from governance.fence import CHANNEL
from integrations.deployments import Stage
from integrations.deployments.vendors.local.processes import end_with
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series
from tests.workplace import Deaf

PRODUCTION = {"stage": "production"}


@dataclass(frozen=True)
class Dying:
    """What the worker is told: the settings of its department, where it dies (by service), and which service
    fails while which version of it runs, by the journal of the platform."""

    settings: dict[str, str]
    points: dict[str, list[str]]
    failing: str
    version: str
    journal: str
    deaths: str

    @property
    def died(self) -> list[str]:
        """The points at which it did, as `SERVICE: POINT`."""
        file = Path(self.deaths)
        return file.read_text().splitlines() if file.exists() else []

    def next_of(self, service: str) -> str | None:
        """The next point of a service at which it is to die."""
        done = sum(one.startswith(f"{service}: ") for one in self.died)
        return next(iter(self.points.get(service, ())[done:]), None)


_ONE_DEATH = asyncio.Lock()
"""Held over a call that the worker is to die at: a death in another run’s call, between what the platform did
and the end of this one, would leave this one’s point out."""


class DyingPort:
    """A port whose calls the worker may die at."""

    def __init__(self, port: Any, told: Dying) -> None:
        self._port, self._told = port, told

    def __getattr__(self, name: str) -> Any:
        own = getattr(self._port, name)
        if not callable(own):
            return own

        async def called(*args: Any, **named: Any) -> Any:
            about = (getattr(one, "service", None) for one in args)
            service = next(filter(None, about), self._told.failing)
            if self._told.next_of(service) not in (f"{name} before", f"{name} after"):
                return await own(*args, **named)
            async with _ONE_DEATH:
                self._die(service, f"{name} before")
                answer = await own(*args, **named)
                self._die(service, f"{name} after")
                return answer

        return called

    def _die(self, service: str, point: str) -> None:
        if self._told.next_of(service) == point:
            with Path(self._told.deaths).open("a") as deaths:
                deaths.write(f"{service}: {point}\n")
            os.kill(os.getpid(), signal.SIGKILL)


class Figures:
    """Ten requests a second at one service, of which two in five fail while the bad version has the traffic."""

    resolution = Resolution(timedelta(seconds=1))

    def __init__(self, told: Dying) -> None:
        self._told = told

    async def series(self, query: MetricsQuery) -> Answer:
        values = {
            Measure.REQUESTS: lambda _at: 10.0,
            Measure.FAILED: lambda at: 4.0 if self._is_bad(at) else 0.0,
            Measure.LATENCY_MEAN: lambda _at: 0.02,
            Measure.LATENCY_P95: lambda _at: 0.05,
        }.get(query.measure)
        now = datetime.now(UTC)
        if values is None or query.service not in (None, self._told.failing):
            return Answer((), now, "figures")
        labels = {one: ({"service": self._told.failing} | PRODUCTION).get(one.value, "") for one in query.by}
        told = tuple(map(values, query.times))
        return Answer((Series(query.measure.value, labels, query.times, told, now, "figures"),), now, "figures")

    def _is_bad(self, at: datetime) -> bool:
        lines = [json.loads(line) for line in Path(self._told.journal).read_text().splitlines()]
        there = [
            line for line in lines if line["service"] == self._told.failing and line["stage"] == "production"
        ]
        stood = [line["version"] for line in there if datetime.fromtimestamp(line["at"], UTC) < at]
        return stood[-1:] == [self._told.version]

    async def call_edges(self, _stage: Stage | None, _start: datetime, _end: datetime) -> Sequence[CallEdge]:
        return ()


def _hasten() -> None:
    """A dead worker is noticed, and looks follow each other, faster than in earnest."""
    for module in (claims, handing_on, heartbeat, sweep):
        module.LEASE = timedelta(seconds=1)  # type: ignore[attr-defined]
    bot.worker.HEARTBEAT_SECONDS = 0.2  # type: ignore[attr-defined]
    bot.worker.DEAD_AFTER_SECONDS = bot.job_manager.DEAD_AFTER_SECONDS = 0.8  # type: ignore[attr-defined]
    bot.job_manager.LOOK_SECONDS, bot.job_manager.GRACE_SECONDS = 0.2, 0.3
    response_step.LOOKED_EVERY = response_step.SETTLES = timedelta(seconds=1)
    health.STEP = timedelta(seconds=2)


def _settings(told: Dying) -> Settings:
    return Settings(_env_file=None, log_level="error", **told.settings)  # type: ignore[call-arg, arg-type]


async def _import_all(told: Dying) -> None:
    """What is imported where it is first used, so that no worker does it anew."""
    importlib.import_module("matplotlib.pyplot")
    find_kinds()
    await (await open_installation(_settings(told))).close()


async def _work(told: Dying) -> None:
    installation = await open_installation(_settings(told))
    installation.__dict__["recogniser"] = Deaf()
    real = installation.outside.ports(installation.settings.tenant)
    dying = replace(
        real,
        deployments=DyingPort(real.deployments, told),  # type: ignore[arg-type]
        metrics=DyingPort(Figures(told), told),  # type: ignore[arg-type]
    )
    installation.outside.__dict__["ports"] = lambda _tenant: dying
    await asyncio.gather(worker_part(installation), installation.listener.run((CHANNEL,)))


def main() -> None:
    """Fork a worker after each death, until one ends otherwise."""
    told = Dying(**json.loads(Path(sys.argv[1]).read_text()))
    asyncio.run(_import_all(told))
    _hasten()
    parent = os.getpid()
    while True:
        worker = os.fork()
        if worker == 0:
            end_with(parent)()
            asyncio.run(_work(told))
        _, status = os.waitpid(worker, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(1)


if __name__ == "__main__":
    main()
