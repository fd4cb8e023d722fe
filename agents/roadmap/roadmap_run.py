"""The run that works a roadmap out, so that people see how far it is."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from agents.roadmap.items import Span, Wishes
from agents.roadmap.roadmap import wishes_adapter
from agents.roadmap.tables import RoadmapRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import RunRow
from storage.notices import notify

DRAW = "draw_roadmap"
"""The key and the kind of its only step."""


async def begin_roadmap(
    tx: AsyncSession,
    span: Span,
    wishes: Wishes,
    *,
    requester: str,
    place: dict[str, Any] | None,
    turn: str | None,
    parent: str | None = None,
    looks_at: str | None = None,
) -> RoadmapRow:
    """Have a roadmap worked out: a new one, one like `parent` with other wishes, or the one of record
    (`looks_at`) held against the work as it stands."""
    row = RoadmapRow(
        id=f"rm_{secrets.token_hex(6)}",
        name=span.name,
        starts=span.starts,
        ends=span.ends,
        state="drawing",
        wishes=wishes_adapter().dump_json(wishes).decode(),
        parent=parent,
        looks_at=looks_at,
        run=runs.new_id(),
        requester=requester,
        place=place,
        turn=turn,
    )
    tx.add(row)
    await tx.flush()
    step = NewStep(DRAW, DRAW, "Read the backlog, and choose what fits", {"roadmap": row.id})
    title = f"Roadmap {span.name}"
    await runs.begin(
        tx, find_kinds(), RUN.name, title, (step,), requester=requester, place=place, turn=turn, id=row.run
    )
    return row


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    ids = {"run": run.id, "key": f"run:{run.id}"}
    await notify(tx, "roadmap", ids, place=run.place, turn=run.turn, slow=True)


RUN = RunKind("roadmap", _changed)
