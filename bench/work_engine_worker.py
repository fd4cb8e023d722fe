"""A worker of the work engine's benchmark: the product's job engine, with kinds of steps made for measuring."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from agents.work.kinds import Json, Over, Step, StepKind, Still, WaitStep, Worker, WorkStep
from bot.bootstrap import open_installation
from bot.department import Installation
from bot.processes import worker_part
from bot.settings import Settings
from governance.fence import CHANNEL

TENANT = "bench"


async def _nothing(_step: Step, _worker: Worker) -> Json:
    return {}


async def _for_ever(_step: Step, _worker: Worker) -> Json:
    await asyncio.sleep(3600)
    return {}


async def _start(step: Step, _worker: Worker) -> Json:
    await asyncio.to_thread(_write, Path(step.args["journal"]), step.token)
    await asyncio.sleep(0.02)
    return {"job": step.token}


async def _find(step: Step, _worker: Worker) -> Json | None:
    lines = await asyncio.to_thread(_read, Path(step.args["journal"]))
    return {"job": step.token} if step.token in lines else None


async def _poll(_step: Step, _worker: Worker) -> Still | Over:
    return Over()


def _write(journal: Path, line: str) -> None:
    with journal.open("a") as opened:
        opened.write(f"{line}\n")


def _read(journal: Path) -> list[str]:
    return journal.read_text().split() if journal.exists() else []


KINDS: Mapping[str, StepKind] = {
    kind.name: kind
    for kind in (
        WorkStep("trivial", "sre", _nothing),
        WorkStep("long", "sre", _for_ever, longest=timedelta(hours=2)),
        WaitStep("outside", "sre", _poll, _start, _find),
    )
}


async def _work(url: str, folder: str, name: str) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        tenant=TENANT,
        database_url=url,
        database_owner_url=url,
        var_folder=Path(folder) / name,
        log_level="error",
    )
    installation: Installation = await open_installation(settings)
    installation.__dict__["step_kinds"] = KINDS
    sys.stdout.write("working\n")
    sys.stdout.flush()
    await asyncio.gather(worker_part(installation), installation.listener.run((CHANNEL,)))


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:4]))
