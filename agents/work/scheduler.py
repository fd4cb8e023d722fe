"""Which steps of a run go on: decided in one transaction, from the rows alone.

Called whenever something may have changed: a step ended, an effect came to its outcome, a time has come, a
run was taken up again. Twice does no harm. Who holds what: the run's row first, then the department's one
scheduling lock (pools and locks are shared by all runs), then locks on subjects in the order of their names;
nobody waits for
the first while holding one of the others (`runs.lock_longest_waiting` takes a second run without waiting).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.card_updates import show_change
from agents.work.kinds import ActionStep, Nothing, Step, StepKind, find_run_kinds
from agents.work.runs import go_on, queue_step, release, run_for_update
from agents.work.suggestions import leave_to_people, only_suggests
from agents.work.tables import OVER, RunRow, StepLockRow, StepRow, from_now
from governance.action import Verdict
from governance.authority.precedence import PAUSE, SUGGEST
from governance.effects import Origin, effect_for_update, outcome_of
from governance.gate import Asking, Gate
from governance.people import Actor
from storage import direct
from storage.database import tenant_of

POOLS: Mapping[str, int] = {"work": 4, "effects": 8, "waits": 64, "load_tests": 2}
"""Steps of a pool that go on at once, over all runs of a department; other pools have places for two."""

A_RUN = 6
"""Steps of one run that go on at once."""

_OTHER_POOL = 2
_log = structlog.get_logger()
_PASSING = ("halt", "freeze", PAUSE, "window", "policy_unreadable")
_AGAIN = timedelta(seconds=30)
_TAKEN_WITHIN = timedelta(seconds=15)
"""A step that no worker has taken by then was lost on the way."""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' schedules steps'))"
# A wait that is not being looked at has no place, nor has an action that people have yet to decide on.
_BUSY = """
    SELECT pool, count(*) FROM run_steps AS step
    WHERE state = 'running' OR (
        state = 'submitted' AND NOT EXISTS (
            SELECT FROM effects WHERE effects.id = step.effect AND effects.state IN ('parked', 'held')
        )
    )
    GROUP BY pool
"""
_BEFORE = """
    SELECT key, state, kind, title, result FROM run_steps
    WHERE run = %(run)s AND state = ANY(%(over)s) AND key IN (
        SELECT jsonb_array_elements_text(depends_on) FROM run_steps
        WHERE run = %(run)s AND state <> ALL(%(over)s)
    )
"""
_FAILED = """
    SELECT detail FROM run_steps WHERE run = %(run)s AND state = 'failed' ORDER BY position LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class StepBefore:
    """What is asked of a step that is over by those that depend on it."""

    state: str
    kind: str
    title: str
    result: Mapping[str, Any] | None


Before = Mapping[str, StepBefore]


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Lets runs go on, for one installation."""

    gate: Gate
    kinds: Mapping[str, StepKind]
    pools: Mapping[str, int] = field(default_factory=lambda: POOLS)
    a_run: int = A_RUN

    async def advance(self, tx: AsyncSession, run_id: str) -> None:
        """Take note of what ended, start what is ready, and end the run where nothing more comes."""
        await self.advance_locked(tx, await run_for_update(tx, run_id))

    async def advance_locked(self, tx: AsyncSession, run: RunRow, *, keep: bool = False) -> str | None:
        """The same of a run whose row `tx` has locked.

        A worker that has just done a step may `keep` the next for itself: its key is returned, and no job is
        queued for it.
        """
        steps = await _open_steps(tx, run.id)
        for step in steps:
            if step.state == "submitted":
                await self._note_effect(tx, run, step)
        before = await _steps_before(tx, run.id)
        _leave_what_cannot_be_done(steps, before, self.kinds, self.gate.clock())
        kept = None
        if run.state == "running":
            kept = await self._start_all(tx, run, _still(steps), before, keep=keep)
            await tx.flush()
            # Asked once more, for some may have taken the place of one just now.
            if all(step.state in OVER for step in steps) and not await _open_steps(tx, run.id):
                await _end(tx, run, self.gate.clock())
        elif run.state == "cancelled":
            await self._end_what_was_begun(tx, _still(steps), before)
        if run.place is not None or run.kind in find_run_kinds():
            await show_change(tx, run, steps, self.gate.clock())
        return kept

    async def _note_effect(self, tx: AsyncSession, run: RunRow, step: StepRow) -> None:
        """What became of a step that is the gate's."""
        if step.effect is None:
            return
        effect = await effect_for_update(tx, step.effect)
        ended = outcome_of(effect)
        if effect.state == "done" and ended is not None:
            step.state, step.detail = "done", ended.detail
            step.result = {"reference": ended.reference}
        elif effect.state in ("failed", "unknown", "withdrawn"):
            step.state, step.detail = "failed", ended.detail if ended else effect.held
            if effect.state == "withdrawn" and await only_suggests(tx, step.actor, self.gate.clock()):
                await self._suggest(tx, run, step)
        else:
            step.detail = effect.held
            return
        step.finished = self.gate.clock()
        await release(tx, step)

    async def _end_what_was_begun(self, tx: AsyncSession, steps: Sequence[StepRow], before: Before) -> None:
        """Steps of a cancelled run that waited for an action which was under way: one whose kind ends what is
        outside is done to that end alone."""
        for step in steps:
            if step.state != "waiting" or not before.keys() >= set(step.depends_on):
                continue
            kind = self.kinds[step.kind]
            if isinstance(kind, ActionStep) or kind.cancel is None:
                step.state, step.finished = "cancelled", self.gate.clock()
            else:
                await queue_step(tx, step)

    async def _start_all(
        self, tx: AsyncSession, run: RunRow, steps: Sequence[StepRow], before: Before, *, keep: bool
    ) -> str | None:
        """Start what is ready, and what becomes so because a step was over as soon as it was begun."""
        kept = await self._start(tx, run, steps, before, keep=keep)
        while (still := _still(steps)) and len(still) < len(steps):
            await tx.flush()
            steps, before = still, await _steps_before(tx, run.id)
            _leave_what_cannot_be_done(steps, before, self.kinds, self.gate.clock())
            begun = [step for step in steps if step.state != "asleep"]
            kept = await self._start(tx, run, begun, before, keep=keep and kept is None) or kept
        return kept

    async def _start(
        self, tx: AsyncSession, run: RunRow, steps: Sequence[StepRow], before: Before, *, keep: bool
    ) -> str | None:
        kept: str | None = None
        done = {key for key, one in before.items() if one.state == "done" or _is_passed_over(one, self.kinds)}
        now = self.gate.clock()
        ready = [step for step in steps if step.state == "waiting" and done.issuperset(step.depends_on)]
        due = [step for step in ready if step.wake is None or step.wake <= now]
        due += [step for step in steps if step.state == "asleep" and step.wake is not None and step.wake <= now]
        places: dict[str, int] = {}
        if due:
            await direct.run(tx, _ONE_AT_A_TIME, {})
            places = await self._places(tx, {step.pool for step in due})
        going = sum(step.state in ("running", "submitted") for step in steps)
        for step in due:
            if step.state == "asleep":
                await queue_step(tx, step)
                continue
            if going >= self.a_run:
                step.blocked = "enough of this run is under way"
                continue
            if places[step.pool] <= 0:
                step.blocked = f"all places for {step.pool} are taken"
                continue
            if step.locks and (taken := await _taken(tx, step)) is not None:
                step.blocked = f"another step works on {taken}"
                continue
            step.blocked, step.started = None, step.started or now
            going, places[step.pool] = going + 1, places[step.pool] - 1
            await self._begin(tx, run, step, before)
            if step.state == "running" and keep and kept is None:
                kept = step.key
            elif step.state == "running":
                await queue_step(tx, step)
        for step in ready:
            if step.wake is not None and step.wake > now:
                await go_on(tx, run, at=step.wake)
        return kept

    async def _places(self, tx: AsyncSession, pools: Iterable[str]) -> dict[str, int]:
        """How many more steps of each pool may go on, over all runs."""
        busy: dict[str, int] = dict(await direct.rows(tx, _BUSY, {}))
        return {pool: self.pools.get(pool, _OTHER_POOL) - busy.get(pool, 0) for pool in pools}

    async def _begin(self, tx: AsyncSession, run: RunRow, step: StepRow, before: Before) -> None:
        kind = self.kinds[step.kind]
        if not isinstance(kind, ActionStep):
            # Until a worker takes it: a lease that is over, so that the sweep finds one that nobody took.
            step.state, step.lease = "running", from_now(_TAKEN_WITHIN)
            await tx.flush()
            return
        step.attempt += 1
        given = as_step(tenant_of(tx), run, step, before)
        try:
            action = kind.action(given)
        except Exception:  # noqa: BLE001 — a step that cannot be made into an action ends, and its run says so
            _log.exception("step_without_an_action", run=run.id, step=step.key)
            step.state, step.finished = "failed", self.gate.clock()
            step.detail = "What it is to do could not be made out: something went wrong on my side."
            await release(tx, step)
            return
        if isinstance(action, Nothing):
            step.state, step.detail, step.finished = "left", action.why, self.gate.clock()
            await release(tx, step)
            return
        actor = Actor("agent", step.actor, on_behalf_of=run.requester)
        ruling = await self.gate.rule(tx, action, actor=actor)
        if ruling.verdict is Verdict.REFUSE and ruling.rule.startswith(_PASSING):
            step.detail, step.wake = ruling.why, self.gate.clock() + _AGAIN
            await release(tx, step)
            await go_on(tx, run, at=step.wake)
            return
        asking = None if kind.asks is None else Asking(title=kind.asks(given))
        origin = Origin(run.turn, run.place, run.id)
        submitted = await self.gate.submit(tx, action, actor=actor, origin=origin, asking=asking)
        step.effect = submitted.effect
        if submitted.ruling.verdict in (Verdict.EXECUTE, Verdict.APPROVE_FIRST):
            step.state = "submitted"
            await tx.flush()
            await self._note_effect(tx, run, step)
        else:
            step.state, step.detail, step.finished = "failed", submitted.ruling.why, self.gate.clock()
            if submitted.ruling.rule == SUGGEST:
                await self._suggest(tx, run, step)
            await release(tx, step)

    async def _suggest(self, tx: AsyncSession, run: RunRow, step: StepRow) -> None:
        needed = select(StepRow).where(StepRow.run == run.id, StepRow.key.in_(step.depends_on))
        found = (await tx.execute(needed)).scalars()
        before = {one.key: StepBefore(one.state, one.kind, one.title, one.result) for one in found}
        await leave_to_people(tx, self.kinds, run, step, as_step(tenant_of(tx), run, step, before))


def as_step(tenant: str, run: RunRow, row: StepRow, before: Before) -> Step:
    """A row as its kind is given it."""
    results = {key: before[key].result or {} for key in row.depends_on}
    return Step(
        tenant=tenant,
        run=run.id,
        key=row.key,
        title=row.title,
        args=row.args,
        requester=run.requester,
        subject=run.subject,
        plan=run.plan,
        attempt=row.attempt,
        cursor=row.cursor,
        results=results,
    )


async def _taken(tx: AsyncSession, step: StepRow) -> str | None:
    """Take a step's locks, in the order of their names. Returns what another works on, with none taken then."""
    had: list[str] = []
    subjects: list[str] = sorted(step.locks)
    for subject in subjects:
        row = insert(StepLockRow).values(subject=subject, run=step.run, step=step.key)
        free = row.on_conflict_do_nothing().returning(StepLockRow.subject)
        if (await tx.execute(free)).scalar() is not None:
            had.append(subject)
            continue
        held = (await tx.execute(select(StepLockRow).where(StepLockRow.subject == subject))).scalar_one()
        if (held.run, held.step) != (step.run, step.key):
            given_back = delete(StepLockRow).where(StepLockRow.subject.in_(had))
            await tx.execute(given_back)
            return subject
    return None


async def _open_steps(tx: AsyncSession, run: str) -> list[StepRow]:
    """Steps of a run that are not over, in their order, as they are now."""
    query = select(StepRow).where(StepRow.run == run, StepRow.state.not_in(OVER)).order_by(StepRow.position)
    return list((await tx.execute(query.execution_options(populate_existing=True))).scalars())


def _still(steps: Sequence[StepRow]) -> list[StepRow]:
    return [step for step in steps if step.state not in OVER]


async def _steps_before(tx: AsyncSession, run: str) -> dict[str, StepBefore]:
    """Steps that are over and that one which is not depends on, by key."""
    found = await direct.rows(tx, _BEFORE, {"run": run, "over": list(OVER)})
    return {key: StepBefore(*rest) for key, *rest in found}


def _is_passed_over(step: StepBefore, kinds: Mapping[str, StepKind]) -> bool:
    """Whether what depends on it goes on though it was not done, as its kind says."""
    return step.state in ("failed", "left") and not kinds[step.kind].stops


def _leave_what_cannot_be_done(
    steps: Sequence[StepRow], before: Before, kinds: Mapping[str, StepKind], now: datetime
) -> None:
    """Steps that depend on one that failed for good are left; so are those that depend on them."""
    lost = {
        key: one.title
        for key, one in before.items()
        if one.state in ("failed", "left", "cancelled") and not _is_passed_over(one, kinds)
    }
    found = True
    while found:  # a step may stand before those that it depends on
        found = False
        for step in steps:
            missing = next((key for key in step.depends_on if key in lost), None)
            if step.state == "waiting" and missing is not None:
                step.state, step.finished = "left", now
                step.detail = f"It needs “{lost[missing]}”, which was not done."
                lost[step.key] = step.title
                found = True


async def _end(tx: AsyncSession, run: RunRow, now: datetime) -> None:
    """End a run of which all steps are over."""
    failed = await direct.row(tx, _FAILED, {"run": run.id})
    run.state, run.why, run.ended = ("done", None, now) if failed is None else ("failed", failed[0], now)


def utc_now() -> datetime:
    """The clock of those who have no other."""
    return datetime.now(UTC)
