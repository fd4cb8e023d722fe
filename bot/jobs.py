"""The jobs: what each queued name does. Every one finds its row's state, and does nothing wrong twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.customers.promise_watch import PromiseWatch, queue_watching
from agents.engineering.code_events import look_at_code
from agents.operations.alert_intake import AlertIntake, queue_waiting_alerts
from agents.operations.canary.canary_run import queue_asking
from agents.operations.canary.promotions import Promotions
from agents.operations.incident_impact import ImpactCount, queue_counting
from agents.operations.incident_reminders import look_after
from agents.operations.incidents import end_quiet
from agents.operations.objective_watch import ObjectiveWatch
from agents.operations.retention import delete_old
from agents.operations.security_watch import SecurityWatch
from agents.plans import consumption, coordination, steps
from agents.plans.drafting import Drafting
from agents.plans.replanning import Replanning
from agents.work.executor import Executor
from agents.work.scheduler import Scheduler
from agents.work.sweep import queue_abandoned_steps, queue_standing_runs
from bot import outbox
from bot.checkpoints import post_checkpoint
from bot.desks import Desks, delete_old_pictures
from bot.job_failures import GivenUp, tell_of_standing_work
from bot.notices import Notices
from bot.platforms.adapter import Adapter
from bot.sign_in.sessions import forget_ended
from bot.turns import Turns
from bot.worker import JobFunction
from governance.approvals.decision import Status
from governance.approvals.voting import look_again
from governance.audit.signed_note import VerifierKey
from governance.audit.verification_notice import verify_log
from governance.gate import Gate
from governance.overrides.halt_report import report_halt
from governance.overrides.sweep import sweep_overrides
from governance.performing import Performer, queue_abandoned, release_held
from governance.places import Audience, Place
from governance.tables import ApprovalRow
from handlers.conversation.memory import Memory
from handlers.office.subscribe.check import check_subscriptions
from integrations.tracker import Tracker
from storage.database import Database
from storage.firings import fire_once
from storage.jobs import defer
from storage.look import Look, act
from storage.outage import is_database_away

_log = structlog.get_logger()

_OPEN_APPROVALS = (
    select(ApprovalRow.id)
    .where(ApprovalRow.status == Status.OPEN.value)
    .order_by(ApprovalRow.opened, ApprovalRow.number)
)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The functions behind the queued names, for one process. `of_platforms` are those that one platform
    alone has."""

    database: Database
    gate: Gate
    turns: Turns
    notices: Notices
    desks: Desks
    performer: Performer
    alerts: AlertIntake
    objectives: ObjectiveWatch
    impacts: ImpactCount
    security: SecurityWatch
    promotions: Promotions
    promises: PromiseWatch
    adapters: Mapping[str, Adapter]
    drafting: Drafting
    replanning: Replanning
    scheduler: Scheduler
    executor: Executor
    tracker: Callable[[str], Tracker]
    log_key: Callable[[str], VerifierKey]
    checkpoint_file: Path
    checkpoint_channel: str | None
    of_platforms: Mapping[str, JobFunction]

    def by_name(self) -> Mapping[str, JobFunction]:
        """Each job's function. `turn` travels along with every job that a turn set going."""
        return {
            "turn": self.turn,
            "post": self.post,
            "introduce": self.introduce,
            "post_notice": self.post_notice,
            "perform": self.perform,
            "approval_due": self.approval_due,
            "draft_plan": self.draft_plan,
            "replan": self.replan,
            "advance_plan": self.advance_plan,
            "advance_run": self.advance_run,
            "look_at_code": self.look_at_code,
            "look_at_tracker": self.look_at_tracker,
            "do_step": self.do_step,
            "count_hours": self.count_hours,
            "take_alerts": self.alerts.take_alerts,
            "take_alert": self.alerts.take_alert,
            "show_incidents": self.alerts.show_incidents,
            "watch_objectives": self.objectives.watch,
            "count_impacts": self.impacts.count_all,
            "watch_security": self.security.watch,
            "ask_promotions": self.promotions.ask,
            "watch_promises": self.promises.watch,
            "report_halt": self.report_halt,
            "release_held": self.release_held,
            "sweep_overrides": self.sweep_overrides,
            "verify_log": self.verify_log,
            "sweep": self.sweep,
            "check_subscriptions": self.check_subscriptions,
            "post_checkpoint": self.post_checkpoint,
            **self.of_platforms,
        }

    def ends(self) -> Mapping[str, JobFunction]:
        """What is done instead when a job of this name has failed for the last time."""
        return GivenUp(self.database, self.gate, self.turns, self.notices, self.checkpoint_channel).by_name()

    async def turn(self, tenant: str, turn: str) -> None:
        """Answer something said or clicked."""
        await self.turns.take(tenant, turn)

    async def post(self, tenant: str, thread: str, turn: str = "") -> None:
        """Post what waits for a thread."""
        await outbox.post_thread(self.database, tenant, thread, self.adapters)

    async def introduce(self, tenant: str, platform: str, identity: str, channel: str) -> None:
        """Find out who somebody is who has a direct conversation with us, and has said nothing yet."""
        place = Place(platform, channel, "", Audience.DIRECT)
        async with self.database.statements(tenant) as session:
            await self.adapters[platform].introduce(session, identity, place)

    async def post_notice(self, tenant: str, id: str, turn: str = "") -> None:
        """Turn a notice into messages."""
        await self.notices.post(tenant, id)

    async def perform(self, tenant: str, effect: str, turn: str = "") -> None:
        """Perform an effect."""
        await self.performer.perform(tenant, effect)

    async def approval_due(self, tenant: str, approval: str) -> None:
        """Look at an approval's conditions again; remind, escalate or expire it."""
        async with self.database.transaction(tenant) as tx:
            await look_again(tx, self.gate, approval)

    async def draft_plan(self, tenant: str, plan: str, turn: str = "") -> None:
        """Work a plan out."""
        with structlog.contextvars.bound_contextvars(tenant=tenant, plan=plan, turn=turn):
            await self.drafting.draft(tenant, plan)
            _log.info("plan_drafted")

    async def replan(self, tenant: str, plan: str, person: str, turn: str = "") -> None:
        """Work out anew what of a plan is open."""
        with structlog.contextvars.bound_contextvars(tenant=tenant, plan=plan, turn=turn):
            await self.replanning.replan(tenant, plan, person)
            _log.info("plan_worked_out_anew")

    async def advance_plan(self, tenant: str, plan: str, turn: str = "") -> None:
        """Let a plan take note of what became of its steps, its proposal, its budget."""
        with structlog.contextvars.bound_contextvars(tenant=tenant, plan=plan, turn=turn):
            async with self.database.transaction(tenant) as tx:
                await coordination.advance(tx, self.gate, plan)

    async def advance_run(self, tenant: str, run: str, turn: str = "") -> None:
        """Let a run go on: what ended is taken note of, what is ready begins."""
        with structlog.contextvars.bound_contextvars(tenant=tenant, run=run):
            async with self.database.transaction(tenant) as tx:
                await self.scheduler.advance(tx, run)

    async def look_at_code(self, tenant: str, repository: str, is_second: str = "") -> None:
        """Let the runs that wait for a repository look at it now."""
        async with self.database.transaction(tenant) as tx:
            await look_at_code(tx, repository, self.gate.clock(), is_second=bool(is_second))

    async def look_at_tracker(self, tenant: str, project: str) -> None:
        """People changed something in the tracker: whoever watches it hears of it now."""
        async with self.database.transaction(tenant) as tx:
            await _queue_subscriptions(tx)

    async def do_step(self, tenant: str, run: str, step: str) -> None:
        """Do one step of a run."""
        with structlog.contextvars.bound_contextvars(tenant=tenant):
            await self.executor.do(tenant, run, step)

    async def report_halt(self, tenant: str, effect: str) -> None:
        """Say who acknowledged a halt."""
        await report_halt(self.database, tenant, effect)

    async def release_held(self, tenant: str) -> None:
        """Rule again on what a window or freeze held back."""
        async with self.database.transaction(tenant) as tx:
            await release_held(tx)

    async def sweep_overrides(self, tenant: str) -> None:
        """Tell the compliance officers of reviews that are overdue."""
        async with self.database.transaction(tenant) as tx:
            await sweep_overrides(tx, self.gate.clock())

    async def verify_log(self, tenant: str, notice: str) -> None:
        """Work the whole audit log out anew, for whom the notice tells."""
        await verify_log(self.database, tenant, self.log_key(tenant), self.checkpoint_file, notice)

    async def sweep(self, tenant: str) -> None:
        """The clock's minute: whatever a lost or late job should have done by now is done.

        Each part, and each row of those that may fail alone, is tried by itself.
        """
        now = self.gate.clock()
        parts: Mapping[str, Callable[[AsyncSession], Awaitable[object]]] = {
            "outbox": partial(outbox.queue_stuck, now=now),
            "effects": queue_abandoned,
            "plans": steps.queue_forgotten,
            "steps": queue_abandoned_steps,
            "runs": queue_standing_runs,
            "sessions": partial(forget_ended, now=now),
            "overrides": partial(sweep_overrides, now=now),
            "held": release_held,
            "alerts": partial(queue_waiting_alerts, now=now),
            "people_in_incidents": partial(look_after, now=now),
            "impacts": partial(queue_counting, now=now),
            "incidents": partial(end_quiet, now=now),
            "standing_work": partial(tell_of_standing_work, now=now),
            "subscriptions": _queue_subscriptions,
            "objectives": _queue_objectives,
            "security": _queue_security,
            "promotions": queue_asking,
            "promises": partial(_queue_promises, now=now),
            "retention": partial(delete_old, now=now),
            "pictures": partial(delete_old_pictures, now=now),
        }
        for name, part in parts.items():
            with _by_itself(tenant, part=name):
                async with self.database.transaction(tenant) as tx:
                    await part(tx)
        async with self.database.transaction(tenant) as tx:
            approvals = (await tx.execute(_OPEN_APPROVALS)).scalars().all()
            epics = await consumption.epics_under_way(tx)
        # What fails here is tried again as a job of its own, which ends it when no try helps.
        for approval in approvals:
            with _by_itself(tenant, approval=approval) as tried:
                await self.approval_due(tenant, approval)
            if tried.failed:
                async with self.database.transaction(tenant) as tx:
                    args = {"approval": approval}
                    await defer(tx, "approval_due", args, queueing_lock=f"alone:{approval}", slow=True)
        for plan, epic in epics.items():
            with _by_itself(tenant, plan=plan) as tried:
                await self.count_hours(tenant, plan, epic)
            if tried.failed:
                async with self.database.transaction(tenant) as tx:
                    args = {"plan": plan, "epic": epic}
                    await defer(tx, "count_hours", args, queueing_lock=f"hours:{plan}", slow=True)

    async def count_hours(self, tenant: str, plan: str, epic: str) -> None:
        """Let a plan know what its stories took so far."""
        hours = await consumption.hours_worked(self.tracker(tenant), epic)
        async with self.database.transaction(tenant) as tx:
            await consumption.take_note_of(tx, plan, hours)

    async def check_subscriptions(self, tenant: str) -> None:
        """Tell what happened of all that somebody watches, and what got blocked."""
        await act(self.database, tenant, Look(), self._check_subscriptions)

    async def _check_subscriptions(self, tx: AsyncSession) -> None:
        await check_subscriptions(await self.desks.desk(tx, Memory("subscriptions")))

    async def post_checkpoint(self, tenant: str) -> None:
        """Put the day's checkpoint into its channel, on every platform that has one."""
        if self.checkpoint_channel is None:
            return
        for adapter in self.adapters.values():
            await post_checkpoint(self.database, tenant, adapter, self.checkpoint_channel)


@dataclass(slots=True)
class _Tried:
    """Whether what was tried in a block failed."""

    failed: bool = False


@contextmanager
def _by_itself(tenant: str, **what: str) -> Iterator[_Tried]:
    """What fails in the block holds nothing else up."""
    tried = _Tried()
    try:
        yield tried
    except Exception as failure:
        if is_database_away(failure):
            raise
        tried.failed = True
        _log.exception("sweep_failed", tenant=tenant, **what)


async def _queue_objectives(tx: AsyncSession) -> None:
    await defer(tx, "watch_objectives", {}, lock="objectives", queueing_lock="objectives", slow=True)


async def _queue_promises(tx: AsyncSession, now: datetime) -> None:
    """Once an hour: at the first sweep of it, whichever that is."""
    if await fire_once(tx, "watch_promises", now.replace(minute=0, second=0, microsecond=0)):
        await queue_watching(tx)


async def _queue_security(tx: AsyncSession) -> None:
    await defer(tx, "watch_security", {}, lock="security", queueing_lock="security", slow=True)


async def _queue_subscriptions(tx: AsyncSession) -> None:
    await defer(tx, "check_subscriptions", {}, lock="subscriptions", queueing_lock="subscriptions", slow=True)
