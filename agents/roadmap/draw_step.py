"""Working a roadmap out, as a step: read the work, choose off the event loop, and keep what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from agents import project_manager
from agents.roadmap.drift import drift_of, drift_to_json, standing_of
from agents.roadmap.kept import kept_roadmap, promised_elsewhere, roadmap_of, span_of, wishes_of
from agents.roadmap.reading import read_work
from agents.roadmap.roadmap import digest_of, to_json
from agents.roadmap.roadmap_run import DRAW
from agents.work.kinds import Json, Step, StepFailed, Worker, WorkStep
from governance.department_rows import read_department
from integrations.tracker import TrackerError


async def _draw(step: Step, worker: Worker) -> Json:
    # The solver takes a second to import: not at start-up.
    from agents.roadmap.draw import draw

    now = worker.now()
    async with worker.transaction() as tx:
        row = await kept_roadmap(tx, step.args["roadmap"])
        department = await read_department(tx)
        span, wishes = span_of(row), wishes_of(row)
        today = now.astimezone(ZoneInfo(department.calendar_of(None).time_zone)).date()
        promised = await promised_elsewhere(tx, span, today)
        record = None if row.looks_at is None else await kept_roadmap(tx, row.looks_at)
        planned = None if record is None else roadmap_of(record)
    if planned is not None:
        wishes = replace(wishes, only=tuple(item.id for item in planned.chosen))
    begins = max(span.starts, today)
    if begins >= span.ends:
        raise StepFailed(f"{span.name} is over, so there is nothing to plan in it any more.")
    try:
        read = await read_work(worker.ports, department, now)
    except TrackerError as refused:
        raise StepFailed(f"The tracker did not tell what is open: {refused}") from refused
    await worker.tell(f"{len(read.stories):,} open stories")
    found = await asyncio.to_thread(draw, read, department, replace(span, starts=begins), wishes, promised)
    found = replace(found, span=span)
    drifted = (
        None if planned is None else drift_of(planned, found, await standing_of(worker.ports, planned), read)
    )
    async with worker.transaction() as tx:
        row = await kept_roadmap(tx, step.args["roadmap"], lock=True)
        stored = await asyncio.to_thread(to_json, found)
        row.draft, row.digest, row.state = stored, digest_of(stored), "drawn"
        row.drift = None if drifted is None else drift_to_json(drifted)
    return {"roadmap": row.id, "chosen": len(found.chosen)}


KIND = WorkStep(DRAW, project_manager.ROLE.name, _draw, longest=timedelta(minutes=5))
