"""Jobs that fail: one given up ends what it belongs to, and one that stands still is told to whoever waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.alert_intake import give_up_alert
from agents.plans import giving_up
from agents.plans.tables import PlanRow
from agents.work.sweep import run_given_up, step_given_up
from bot import outbox
from bot.notices import Notices
from bot.tables import InboxRow
from bot.turns import Turns
from bot.wire import place_from_json
from bot.worker import JobFunction
from governance.audit.verification_notice import tell_not_verified
from governance.directory import holders
from governance.gate import Gate
from governance.giving_up import end_approval, end_effect
from governance.overrides.halt_report import tell_of_halt
from governance.people import Role
from governance.tables import EffectRow
from storage.database import Database
from storage.firings import fire_once
from storage.jobs import Overdue, overdue
from storage.notices import notify, tell_given_up
from storage.outage import is_database_away
from storage.savepoints import whole


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The ends of jobs, for one process; each takes the arguments of its job."""

    database: Database
    gate: Gate
    turns: Turns
    notices: Notices
    checkpoint_channel: str | None

    def by_name(self) -> Mapping[str, JobFunction]:
        """The end of each job, by the job's name."""
        return {
            "turn": self.turns.give_up,
            "draft_plan": self.draft_plan,
            "replan": self.replan,
            "advance_plan": self.advance_plan,
            "advance_run": self.advance_run,
            "do_step": self.do_step,
            "post": self.post,
            "post_notice": self.post_notice,
            "perform": self.perform,
            "approval_due": self.approval_due,
            "count_hours": self.count_hours,
            "take_alert": self.take_alert,
            "report_halt": self.report_halt,
            "verify_log": self.verify_log,
            "post_checkpoint": self.post_checkpoint,
        }

    async def draft_plan(self, tenant: str, plan: str, turn: str = "") -> None:
        """End a plan that cannot be worked out."""
        async with self.database.transaction(tenant) as tx:
            await giving_up.draft_given_up(tx, plan)

    async def replan(self, tenant: str, plan: str, person: str, turn: str = "") -> None:
        """Say that a plan cannot be worked out anew."""
        async with self.database.transaction(tenant) as tx:
            await giving_up.replanning_given_up(tx, plan)

    async def advance_plan(self, tenant: str, plan: str, turn: str = "") -> None:
        """Pause a plan whose next step cannot be begun."""
        async with self.database.transaction(tenant) as tx:
            await giving_up.step_given_up(tx, plan)

    async def advance_run(self, tenant: str, run: str, turn: str = "") -> None:
        """Pause a run whose next step cannot be begun, and say so."""
        async with self.database.transaction(tenant) as tx:
            await run_given_up(tx, run)

    async def do_step(self, tenant: str, run: str, step: str) -> None:
        """End a step that cannot even be tried."""
        async with self.database.transaction(tenant) as tx:
            await step_given_up(tx, run, step, self.gate.clock())

    async def post(self, tenant: str, thread: str, turn: str = "") -> None:
        """Leave out the message that a thread's posting breaks at."""
        async with self.database.transaction(tenant) as tx:
            await outbox.give_up_first(tx, thread)

    async def post_notice(self, tenant: str, id: str, turn: str = "") -> None:
        """Say that something could not be shown."""
        await self.notices.give_up(tenant, id)

    async def perform(self, tenant: str, effect: str, turn: str = "") -> None:
        """End an effect that fails at every try."""
        async with self.database.transaction(tenant) as tx:
            await end_effect(tx, self.gate, effect)

    async def approval_due(self, tenant: str, approval: str) -> None:
        """Say that an approval cannot be looked after, or end it."""
        async with self.database.transaction(tenant) as tx:
            await end_approval(tx, self.gate, approval)

    async def count_hours(self, tenant: str, plan: str, epic: str) -> None:
        """Say that a plan's budget is not watched."""
        async with self.database.transaction(tenant) as tx:
            await giving_up.hours_given_up(tx, plan)

    async def take_alert(self, tenant: str, alert: str) -> None:
        """Say that an alert could not be taken."""
        async with self.database.transaction(tenant) as tx:
            await give_up_alert(tx, alert, self.gate.clock())

    async def report_halt(self, tenant: str, effect: str) -> None:
        """Say that nobody could find out who acknowledged a halt, which stands all the same."""
        async with self.database.transaction(tenant) as tx:
            await tell_of_halt(tx, effect)

    async def verify_log(self, tenant: str, notice: str) -> None:
        """Say that the log could not be worked out anew."""
        async with self.database.transaction(tenant) as tx:
            await tell_not_verified(tx, notice)

    async def post_checkpoint(self, tenant: str) -> None:
        """Tell the compliance officers that the day's checkpoint is not in its channel."""
        async with self.database.transaction(tenant) as tx:
            officers = await holders(tx, (Role.COMPLIANCE_OFFICER,))
            await tell_given_up(
                tx,
                "post_checkpoint",
                f"Today's checkpoint of the audit log could not be posted to #{self.checkpoint_channel}.",
                "It is signed and kept all the same. Whoever runs Countersign finds the fault in the log.",
                people=tuple(officer.id for officer in officers),
            )


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
