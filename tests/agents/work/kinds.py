"""Kinds of steps for the engine's tests: one polls something outside, one is long work in a process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import func, select

from agents.work.kinds import (
    ActionStep,
    Json,
    NewStep,
    Over,
    Step,
    StepFailed,
    StepKind,
    Still,
    WaitStep,
    Worker,
    WorkStep,
)
from agents.work.tables import RunRow
from integrations.ports import Ports
from tests.governance.edge_actions import Deploy


def no_ports(_tenant: str) -> Ports:
    raise AssertionError("no step of these looks at a port")


_SLEEPER = "import sys, time; open(sys.argv[1], 'a').write('began\\n'); time.sleep(600)"


async def _note(step: Step, _worker: Worker) -> Json:
    """Leaves a line in a file, so that what is done twice is seen."""
    await asyncio.to_thread(_write, Path(step.args["journal"]), step.key)
    await asyncio.sleep(step.args.get("seconds", 0))
    return {"noted": step.key, "before": sorted(step.results)}


async def _until_told(step: Step, _worker: Worker) -> Json:
    """Done once there is a file."""
    while not await asyncio.to_thread(Path(step.args["told"]).exists):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return {}


async def _move(step: Step, worker: Worker) -> Json:
    """Tells of each move; an earlier attempt's are in the journal, which it goes on from."""
    journal = Path(step.args["journal"])
    while (made := _moves(journal)) < step.args["moves"]:
        await worker.tell(f"{made} moves")
        _write(journal, f"{step.key} {made + 1}")
        while made + 1 == step.args.get("waits_after") and not Path(step.args["told"]).exists():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.01)
    return {}


def _moves(journal: Path) -> int:
    return len(journal.read_text().splitlines()) if journal.exists() else 0


def _shown(step: Step) -> NewStep:
    return NewStep(f"show:{step.key}", "note", "Show it", step.args)


def _write(journal: Path, line: str) -> None:
    with journal.open("a") as opened:
        opened.write(f"{line}\n")


async def _more(_tx: object, step: Step, result: Json) -> list[NewStep]:
    return [
        NewStep(f"{step.key}+{number}", "note", f"More {number}", {**step.args, "more": 0}, (step.key,))
        for number in range(step.args.get("more", 0))
    ]


async def _fail(step: Step, _worker: Worker) -> Json:
    if step.args.get("for_good"):
        raise StepFailed("The report has no rows.")
    if step.attempt <= step.args.get("times", 0):
        raise TimeoutError if step.args.get("late") else ConnectionError("away")
    return {"attempt": step.attempt}


async def _process(step: Step, worker: Worker) -> Json:
    """Long work in a child process, whose id is kept so that it can be ended whoever is at it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SLEEPER, step.args["journal"], start_new_session=True
    )
    await worker.keep({"pid": child.pid})
    await worker.tell("The child works.")
    await child.wait()
    return {}


async def _end_process(step: Step, _worker: Worker) -> None:
    if step.cursor is not None:
        with suppress(ProcessLookupError):
            os.killpg(step.cursor["pid"], signal.SIGKILL)


async def _start_outside(step: Step, _worker: Worker) -> Json:
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{step.args['url']}/jobs/{step.token}")
        answer.raise_for_status()
        return {"job": answer.json()["job"]}


async def _find_outside(step: Step, _worker: Worker) -> Json | None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{step.args['url']}/jobs/{step.token}")
        return None if answer.status_code == 404 else {"job": answer.json()["job"]}


async def _poll_outside(step: Step, _worker: Worker) -> Still | Over:
    async with httpx.AsyncClient() as http:
        said = (await http.get(f"{step.args['url']}/jobs/{step.token}")).json()
    if said["left"] > 0:
        return Still(timedelta(seconds=0.05), f"{said['left']} to go")
    return Over({"job": said["job"]})


async def _cancel_outside(step: Step, _worker: Worker) -> None:
    async with httpx.AsyncClient() as http:
        await http.delete(f"{step.args['url']}/jobs/{step.token}")


async def _told(step: Step, worker: Worker) -> Still | Over:
    """Waits to be told, and counts how often it has looked."""
    async with worker.transaction() as tx:
        runs_there = (await tx.execute(select(func.count()).select_from(RunRow))).scalar_one()
    looked = (step.cursor or {}).get("looked", 0) + 1
    return Still(
        timedelta(seconds=step.args.get("seconds", 0.05)),
        f"{looked} looks",
        {"looked": looked, "runs": runs_there},
    )


def _is_there(journal: str) -> bool:
    return Path(journal).exists()


async def _hang(step: Step, _worker: Worker) -> Still | Over:
    """The first look hangs, or runs into a limit of its own."""
    if not _is_there(step.args["journal"]):
        _write(Path(step.args["journal"]), step.key)
        if step.args.get("own_limit"):
            raise TimeoutError
        await asyncio.sleep(600)
    return Over({"came": True})


async def _hang_at_start(step: Step, _worker: Worker) -> Json:
    _write(Path(step.args["journal"]), "started")
    await asyncio.sleep(600)
    return {}


async def _find_started(step: Step, _worker: Worker) -> Json | None:
    return {} if _is_there(step.args["journal"]) else None


def _deploy(step: Step) -> Deploy:
    return Deploy(
        service=step.args.get("service", "orders"),
        environment=step.args.get("environment", "staging"),
        rationale="A step of a run.",
        impact="One service.",
        rollback_plan="Roll back.",
    )


KINDS: Mapping[str, StepKind] = {
    kind.name: kind
    for kind in (
        WorkStep("note", "sre", _note, finish=_more),
        WorkStep("plain", "sre", _note),
        WorkStep("until_told", "sre", _until_told),
        WorkStep("fail", "sre", _fail, backoff=timedelta(seconds=0.01)),
        WorkStep("fail_softly", "sre", _fail, backoff=timedelta(seconds=0.01), attempts=1, stops=False),
        WorkStep("process", "sre", _process, cancel=_end_process, longest=timedelta(seconds=300)),
        WorkStep("too_long", "sre", _process, cancel=_end_process, longest=timedelta(seconds=0.3)),
        WaitStep("outside", "sre", _poll_outside, _start_outside, _find_outside, _cancel_outside),
        WaitStep("told", "sre", _told),
        WaitStep("hangs", "sre", _hang, answers_within=timedelta(seconds=0.2)),
        WaitStep(
            "hangs_at_start",
            "sre",
            _hang,
            _hang_at_start,
            _find_started,
            answers_within=timedelta(seconds=0.2),
        ),
        ActionStep("deploy", "sre", _deploy),
        ActionStep("deploy_or_show", "sre", _deploy, suggested=_shown),
        WorkStep("moves", "sre", _move),
    )
}
