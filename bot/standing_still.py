"""Work that stands still: whoever waits for it is told, once a day, and it is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans.tables import PlanRow
from bot.firings import fire_once
from bot.tables import InboxRow
from bot.wire import place_from_json
from governance.tables import EffectRow
from storage.jobs import Overdue, overdue
from storage.notices import notify
from storage.outage import is_database_away
from storage.savepoints import whole

LONGEST: Mapping[str, timedelta] = {
    "turn": timedelta(minutes=2),
    "perform": timedelta(minutes=5),
    "advance_plan": timedelta(minutes=5),
    "draft_plan": timedelta(minutes=20),
    "replan": timedelta(minutes=20),
}
"""How long a job of each kind may take, with all its tries, before somebody is told."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Wait:
    """Who waits for what: people in a `place`, or one `person`. `ids` name what it is, if it has a name."""

    subject: str
    ids: Mapping[str, str]
    place: dict[str, Any] | None
    person: str | None = None


async def tell_of_standing_work(tx: AsyncSession, now: datetime) -> None:
    """Tell of every job that takes longer than its kind may."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for job in await overdue(tx, LONGEST):
        try:
            async with whole(tx):
                await _tell(tx, job, today)
        except Exception as failure:
            if is_database_away(failure):
                raise
            _log.exception("standing_work_not_told", job=job.name, **job.args)


async def _tell(tx: AsyncSession, job: Overdue, today: datetime) -> None:
    wait = await _who_waits(tx, job)
    if wait is None or not await fire_once(tx, f"standing_still:{wait.subject}", today):
        return
    _log.warning("work_stands_still", job=job.name, since=job.since.isoformat(), **job.args)
    ids = {**wait.ids, "minutes": int(LONGEST[job.name].total_seconds() // 60)}
    people = (wait.person,) if wait.person else ()
    await notify(tx, "work_stands_still", ids, place=wait.place, people=people)


async def _who_waits(tx: AsyncSession, job: Overdue) -> _Wait | None:
    """None where a row is gone, so that nobody waits any more."""
    match job.args:
        case {"plan": plan}:
            return await _who_waits_for_plan(tx, plan)
        case {"effect": effect}:
            row = (await tx.execute(select(EffectRow).where(EffectRow.id == effect))).scalar()
            if row is None:
                return None
            if row.plan is not None:
                return await _who_waits_for_plan(tx, row.plan)
            return _Wait(row.id, {"effect": row.id}, row.place, row.requester)
        case _:
            turn = select(InboxRow.place).where(InboxRow.id == job.args["turn"])
            place = (await tx.execute(turn)).scalar()
            return None if place is None else _Wait(place_from_json(place).key, {}, place)


async def _who_waits_for_plan(tx: AsyncSession, plan: str) -> _Wait | None:
    row = (await tx.execute(select(PlanRow).where(PlanRow.id == plan))).scalar()
    return None if row is None else _Wait(row.id, {"plan": row.id}, row.place, row.requester)
