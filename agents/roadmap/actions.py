"""Actions on roadmaps: one becomes the plan of record, or is taken back. Both change our own rows alone."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.roadmap.kept import OF_RECORD, NoSuchRoadmap, kept_roadmap, of_record
from agents.roadmap.tables import RoadmapRow
from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.registry import ActionSpec, EffectFailed, free
from storage.direct import run

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' roadmaps'))"

RoadmapId = Annotated[str, StringConstraints(pattern=r"^rm_[0-9a-f]{12}$")]


class RoadmapAction(Action):
    """What both have: which roadmap, and what its time is called."""

    roadmap: RoadmapId
    name: str = Field(min_length=1, max_length=100)


class AdoptRoadmap(RoadmapAction):
    """Make a roadmap the plan of record for its time. `drawn` binds exactly what people saw."""

    type = "roadmap.adopt"
    decision_type = "roadmap"

    drawn: str
    starts: date
    ends: date
    items: int = Field(ge=1)
    hours: str

    def summary(self) -> str:
        things = f"{self.items} item{'' if self.items == 1 else 's'}"
        return f"Make the roadmap {self.name} the plan of record: {things}, {self.hours} agent-hours"


class WithdrawRoadmap(RoadmapAction):
    """A roadmap is no longer the plan of record; what it took the place of is again."""

    type = "roadmap.withdraw"
    decision_type = "roadmap"

    def summary(self) -> str:
        return f"Take the roadmap {self.name} back as the plan of record"


def specs() -> tuple[ActionSpec, ...]:
    """How the gate performs these."""
    return (
        ActionSpec(AdoptRoadmap, _subject, change=_adopt, undo=_undo_adopt, costs=free),
        ActionSpec(WithdrawRoadmap, _subject, change=_withdraw, costs=free),
    )


def _subject(action: RoadmapAction) -> Subject:
    return Subject(process="planning", decides=f"{action.type} {action.roadmap}")


async def _row(tx: AsyncSession, action: RoadmapAction) -> RoadmapRow:
    await run(tx, _ONE_AT_A_TIME, {})
    try:
        return await kept_roadmap(tx, action.roadmap, lock=True)
    except NoSuchRoadmap:
        raise EffectFailed("This roadmap is not there any more.") from None


async def _adopt(action: AdoptRoadmap, grant: Grant, tx: AsyncSession) -> Outcome:
    row = await _row(tx, action)
    if row.digest != action.drawn or row.looks_at is not None:
        raise EffectFailed(
            "This roadmap is not what was put to the vote, so it is not made the plan of record."
        )
    if row.state == OF_RECORD:
        raise EffectFailed(f"The roadmap {row.name} is the plan of record already.")
    for other in await of_record(tx, row.starts, row.ends):
        other.state, other.superseded_by = "superseded", row.id
    row.state, row.adopted = OF_RECORD, grant.minted_at
    return Outcome(OutcomeState.DONE, f"The roadmap {row.name} is the plan of record.", row.id)


async def _withdraw(action: WithdrawRoadmap, _grant: Grant, tx: AsyncSession) -> Outcome:
    row = await _row(tx, action)
    if row.state != OF_RECORD:
        raise EffectFailed(f"The roadmap {row.name} is not the plan of record.")
    row.state = "withdrawn"
    own = RoadmapRow.superseded_by == row.id
    names = (await tx.execute(select(RoadmapRow.name).where(own).order_by(RoadmapRow.starts))).scalars().all()
    await tx.execute(update(RoadmapRow).where(own).values(state=OF_RECORD, superseded_by=None))
    again = (
        f" {' and '.join(names)} of before is the plan of record again."
        if names
        else " There is none for that time now."
    )
    return Outcome(OutcomeState.DONE, f"The roadmap {row.name} is no longer the plan of record.{again}", row.id)


def _undo_adopt(action: AdoptRoadmap, _outcome: Outcome) -> Action:
    return WithdrawRoadmap(
        roadmap=action.roadmap,
        name=action.name,
        rationale=f"Taking back: {action.summary()}",
        impact="What it took the place of is the plan of record again. No story is changed.",
        rollback_plan="Approve the roadmap again.",
    )
