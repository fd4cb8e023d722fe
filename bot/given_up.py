"""What is done when a job was given up: it ends what it belongs to, and whose it is is told once what to do.

Jobs that come again by themselves (the sweep, checks, what a window held back) are not here: there is nothing
to end, each of their parts and rows is tried by itself, and the log has why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.plans import giving_up
from agents.work.sweep import run_given_up, step_given_up
from bot import outbox
from bot.notices import Notices
from bot.turns import Turns
from bot.worker import JobFunction
from governance.audit.verification_notice import tell_not_verified
from governance.directory import holders
from governance.gate import Gate
from governance.giving_up import end_approval, end_effect
from governance.overrides.halt_report import tell_of_halt
from governance.people import Role
from storage.database import Database
from storage.notices import tell_given_up


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

    async def advance_run(self, tenant: str, run: str) -> None:
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
