"""The sample department for the engineering benchmark: a database, worker processes that can be killed, a
clock, and its rows."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import text

from agents.engineering.repositories import known_repositories
from agents.engineering.story_run import assigned, begin
from bench.process_cpu import cpu_seconds
from bench.slack_apps import ROOT
from bot.bootstrap import open_installation
from bot.conversation import Conversation
from bot.department import Installation
from bot.processes import clock_part
from bot.settings import Settings
from governance.fence import CHANNEL
from governance.people import Actor
from governance.visibility import EVERYTHING
from integrations.ports import Ports
from storage import embedded
from storage.migrate import migrate

SAMPLE = ROOT / "examples" / "acme"
TENANT = "acme"
WRITTEN = 1_800.0


class NotAsExpected(Exception):
    """The department did not do what the benchmark needs of it: nothing is measured then."""


@dataclass
class BenchDepartment:
    """A department whose workers are processes of their own, `workers` by name."""

    folder: Path
    installation: Installation
    environment: Mapping[str, str]
    workers: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    started: int = 0

    @property
    def ports(self) -> Ports:
        """Its outside world, to look at."""
        return self.installation.ports(TENANT)

    async def start(self, kind: str) -> str:
        """Start a `worker` or the `web`; its name. Raises NotAsExpected."""
        self.started += 1
        name = f"{kind}{self.started}"
        module = (
            ("bench.engineering_worker", str(self.folder / f"{name}.json"))
            if kind == "worker"
            else ("bot", kind)
        )
        output = asyncio.subprocess.PIPE if kind == "worker" else asyncio.subprocess.DEVNULL
        with (self.folder / f"{name}.log").open("wb") as log:
            made = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *module), cwd=ROOT, env=self.environment, stdout=output, stderr=log
            )
        self.workers[name] = made
        if made.stdout is not None and not await made.stdout.readline():
            said = (self.folder / f"{name}.log").read_text(errors="replace")[-1_500:]
            raise NotAsExpected(f"{name} did not start: {said}")
        return name

    async def kill(self, name: str) -> None:
        """kill -9."""
        await self._end(name, signal.SIGKILL)

    async def stop(self, name: str) -> dict[str, float]:
        """Let it come to its end; the seconds that a worker's thread spent, by room."""
        await self._end(name, signal.SIGTERM)
        figures = self.folder / f"{name}.json"
        return dict(json.loads(figures.read_text())) if figures.exists() else {}

    async def _end(self, name: str, how: signal.Signals) -> None:
        process = self.workers.pop(name)
        with suppress(ProcessLookupError):
            process.send_signal(how)
        await process.wait()

    def sandboxes(self) -> list[int]:
        """The processes of bubblewrap that its workers have started."""
        pids = {worker.pid for worker in self.workers.values()}
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    fields = (entry / "stat").read_text()
                    if "(bwrap)" in fields and int(fields.rpartition(")")[2].split()[1]) in pids:
                        found.append(int(entry.name))
        return found

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used, without what they started."""
        return sum(cpu_seconds(worker.pid) for worker in self.workers.values())

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """What its database says."""
        async with self.installation.database.transaction(TENANT) as tx:
            return list(await tx.execute(text(query), values))

    async def until(self, query: str, wanted: int, what: str, seconds: float) -> None:
        """Wait until a query counts so many. Raises NotAsExpected."""
        ends = monotonic() + seconds
        while (await self.rows(query))[0][0] < wanted:
            if monotonic() > ends:
                left = (
                    "SELECT run, kind, state, detail FROM run_steps WHERE state NOT IN ('done', 'left') LIMIT 5"
                )
                raise NotAsExpected(f"waited {seconds:g} s until {what}: {await self.rows(left)}")
            await asyncio.sleep(0.1)

    async def put_agents_on(self, stories: Sequence[str], repositories: Sequence[str]) -> None:
        """Begin a run for each story, in the repositories by turns."""
        known = {one.repository.id: one.repository for one in await known_repositories(self.ports)}
        for number, id in enumerate(stories):
            story = await self.ports.tracker.story(EVERYTHING, id)
            repository = known[repositories[number % len(repositories)]]
            given = await assigned(story, repository, "david", self.ports)
            async with self.installation.database.transaction(TENANT) as tx:
                await begin(
                    tx, given, by=Actor("person", "david"), why="It is measured.", place=None, turn=None
                )

    async def until_merged(self, stories: Sequence[str], seconds: float = WRITTEN) -> None:
        """Wait until all of these are merged. Raises NotAsExpected, also where one needs a person."""
        ids = ", ".join(f"'{id}'" for id in stories)
        of_them = f"FROM story_works WHERE story IN ({ids}) AND"
        over = f"SELECT count(*) {of_them} (merged IS NOT NULL OR blocked IS NOT NULL)"
        await self.until(over, len(stories), f"{len(stories)} stories are merged", seconds)
        blocked = await self.rows(f"SELECT story, blocked {of_them} merged IS NULL")
        if blocked:
            raise NotAsExpected(f"needs a person: {blocked[:3]}")


@asynccontextmanager
async def bench_department(
    folder: Path, model: str, repositories: int, workers: int = 1
) -> AsyncIterator[tuple[BenchDepartment, Conversation]]:
    """The department, with `repositories` more of one service's files; ended with all that it started."""
    shutil.copytree(SAMPLE, folder / "department", ignore=shutil.ignore_patterns("__pycache__"))
    copies(folder / "department" / "repositories", repositories)
    server = await asyncio.to_thread(embedded.start, folder / "postgres")
    own = {
        "DATABASE_URL": server.app_url,
        "DATABASE_OWNER_URL": server.owner_url,
        "VAR_FOLDER": str(folder / "var"),
        "DEPARTMENT": str(folder / "department"),
        "TENANT": TENANT,
        "LOG_LEVEL": "error",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": model,
        "PORT": "0",
        "CODE_HOST_PORT": "0",
    }
    try:
        await asyncio.to_thread(migrate, server.owner_url)
        settings = Settings(_env_file=None, **{name.lower(): value for name, value in own.items()})  # type: ignore[call-arg, arg-type]
        installation = await open_installation(settings)
        place = BenchDepartment(folder, installation, os.environ | own)
        beside = [
            asyncio.create_task(part)
            for part in (clock_part(installation), installation.listener.run((CHANNEL,)))
        ]
        try:
            for _ in range(workers):
                await place.start("worker")
            yield place, Conversation(installation)
        finally:
            for name in list(place.workers):
                await place.kill(name)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await installation.close()
    finally:
        await asyncio.to_thread(server.stop)


def copies(folder: Path, count: int) -> None:
    """Repositories `desk-0`, `desk-1` … with the files and the history of `orders`."""
    for number in range(count):
        shutil.copytree(folder / "orders", folder / f"desk-{number}")
        shutil.copyfile(folder / "orders.yaml", folder / f"desk-{number}.yaml")
