"""What an agent that only suggests would do: left to people, with the step that shows it to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.kinds import ActionStep, Step, StepKind
from agents.work.runs import add_steps, go_on
from agents.work.tables import RunRow, StepRow
from governance.overrides.rows import read_standing
from governance.people import Actor
from governance.standing import Autonomy


async def only_suggests(tx: AsyncSession, agent: str, now: datetime) -> bool:
    """Whether an agent only suggests."""
    narrowed = (await read_standing(tx, now)).autonomy_of(Actor("agent", agent))
    return narrowed is not None and narrowed.autonomy is Autonomy.SUGGEST


async def leave_to_people(
    tx: AsyncSession, kinds: Mapping[str, StepKind], run: RunRow, row: StepRow, step: Step
) -> None:
    """Let what its kind says take the place of an action that was refused. The run must be locked; it goes on
    when `tx` commits."""
    kind = kinds[row.kind]
    if isinstance(kind, ActionStep) and kind.suggested is not None:
        row.state = "left"
        there = (await tx.execute(select(func.count()).where(StepRow.run == run.id))).scalar_one()
        new = kind.suggested(step)  # each time a step of its own: it may be allowed, and suggested again
        await add_steps(tx, kinds, run, (replace(new, key=f"{new.key}:{there}"),))
        await go_on(tx, run)
