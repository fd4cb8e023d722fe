"""Runs from outside: begun, added to, paused, taken up again and cancelled, each in the caller's
transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.kinds import NewStep, StepKind, find_run_kinds
from agents.work.tables import ENDED, OVER, RunRow, StepLockRow, StepRow
from agents.work.withdrawal import withdraw_effect
from governance.people import Actor
from governance.tables import EffectRow
from storage import direct
from storage.database import locked
from storage.jobs import defer
from storage.notices import notify

_WOKEN = 2
"""Runs that the end of one step wakes; what is missed is found by the sweep."""


_BLOCKED = """
    SELECT id FROM runs
    WHERE id <> %(but)s AND state = 'running' AND EXISTS (
        SELECT FROM run_steps AS step
        WHERE step.run = runs.id AND step.state = 'waiting' AND step.blocked IS NOT NULL
    )
    ORDER BY created, id LIMIT %(most)s
"""

_LONGEST_WAITING = """
    SELECT id FROM runs
    WHERE id <> %(but)s AND state = 'running' AND EXISTS (
        SELECT FROM run_steps AS step
        WHERE step.run = runs.id AND step.pool = %(pool)s
          AND step.state = 'waiting' AND step.blocked IS NOT NULL
    )
    ORDER BY created, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""


class NoSuchRun(LookupError):
    """No run has this id."""


class InACircle(ValueError):
    """Steps depend on each other in a circle, or on one that is not there. The text names them."""


def new_id() -> str:
    """An id for a run that is to be begun."""
    return f"rn_{secrets.token_hex(6)}"


async def begin(
    tx: AsyncSession,
    kinds: Mapping[str, StepKind],
    kind: str,
    title: str,
    steps: Iterable[NewStep],
    *,
    requester: str | None,
    subject: str | None = None,
    plan: str | None = None,
    place: dict[str, Any] | None = None,
    turn: str | None = None,
    id: str | None = None,
) -> RunRow:
    """Begin a run; its first steps go on when `tx` commits. `id` is what an action that was submitted before
    named as its run (`new_id`). Raises InACircle and NoSuchKind."""
    run = RunRow(
        id=id or new_id(),
        kind=kind,
        title=title,
        subject=subject,
        plan=plan,
        requester=requester,
        state="running",
        place=place,
        turn=turn,
    )
    tx.add(run)
    await tx.flush()
    await add_steps(tx, kinds, run, steps)
    await go_on(tx, run)
    return run


async def add_steps(
    tx: AsyncSession, kinds: Mapping[str, StepKind], run: RunRow, steps: Iterable[NewStep]
) -> None:
    """Add steps to a run that goes on; a key that is there already is left as it is. The run must be locked, or
    new. Raises InACircle and NoSuchKind."""
    there = set((await tx.execute(select(StepRow.key).where(StepRow.run == run.id))).scalars())
    new = [step for step in steps if step.key not in there]
    _demand_order(new, there)
    last = (await tx.execute(select(func.max(StepRow.position)).where(StepRow.run == run.id))).scalar()
    first = 0 if last is None else last + 1
    run_kind = find_run_kinds().get(run.kind)
    stands_in = {} if run_kind is None or run_kind.stands_in is None else await run_kind.stands_in(tx, run)
    tx.add_all(
        StepRow(
            run=run.id,
            key=step.key,
            position=first + number,
            kind=step.kind,
            title=step.title,
            args=dict(step.args),
            depends_on=list(step.depends_on),
            locks=sorted(step.locks),
            pool=kinds[step.kind].pool,
            actor=stands_in.get(kinds[step.kind].actor, kinds[step.kind].actor),
            state="waiting" if step.effect is None else "submitted",
            effect=step.effect,
            attempt=0,
        )
        for number, step in enumerate(new)
    )
    await tx.flush()


async def extend(tx: AsyncSession, kinds: Mapping[str, StepKind], run: str, steps: Iterable[NewStep]) -> None:
    """Add steps to a run, which begins to go on again if it was over. Raises InACircle and NoSuchKind."""
    row = await run_for_update(tx, run)
    await add_steps(tx, kinds, row, steps)
    if row.state in ("done", "failed"):
        row.state, row.why, row.ended = "running", None, None
    if row.state == "running":
        await go_on(tx, row)


def _demand_order(new: Iterable[NewStep], there: set[str]) -> None:
    """Raises InACircle unless each step comes after those that it depends on in some order."""
    left = {step.key: set(step.depends_on) for step in new}
    known = set(there)
    while left:
        ready = [key for key, needs in left.items() if needs <= known]
        if not ready:
            raise InACircle(
                f"steps that wait for each other, or for none that is there: {', '.join(sorted(left))}"
            )
        known.update(ready)
        for key in ready:
            del left[key]


async def run_for_update(tx: AsyncSession, run: str) -> RunRow:
    """A run, locked until `tx` ends: whoever changes it or its steps' states holds this. Raises NoSuchRun."""
    found = (await tx.execute(locked(select(RunRow).where(RunRow.id == run)))).scalar()
    if found is None:
        raise NoSuchRun(run)
    return found


async def steps_of(tx: AsyncSession, run: str) -> list[StepRow]:
    """A run's steps in their order, as they are now."""
    query = select(StepRow).where(StepRow.run == run).order_by(StepRow.position)
    return list((await tx.execute(query.execution_options(populate_existing=True))).scalars())


async def pause(tx: AsyncSession, run: str, why: str) -> None:
    """Stop at once what is being worked on; nothing starts until `resume`. Waits outside go on unseen."""
    row = await run_for_update(tx, run)
    if row.state == "running":
        row.state, row.why = "paused", why
        await show(tx, row)


async def resume(tx: AsyncSession, run: str) -> None:
    """Go on. Steps that failed stay so; see `try_again`."""
    row = await run_for_update(tx, run)
    if row.state == "paused":
        row.state, row.why = "running", None
        await go_on(tx, row)
        await show(tx, row)


async def try_again(tx: AsyncSession, run: str) -> None:
    """Let steps that failed, and those that were left because of them, be tried again, from their beginning;
    not one of whose effect nobody knows whether it happened. A run that is paused goes on."""
    row = await run_for_update(tx, run)
    if row.state == "cancelled":
        return
    unknown = select(EffectRow.id).where(EffectRow.state == "unknown", EffectRow.run == run)
    certain = StepRow.effect.is_(None) | StepRow.effect.not_in(unknown)
    again = (StepRow.run == run, StepRow.state.in_(("failed", "left")), certain)
    await tx.execute(
        update(StepRow)
        .where(*again)
        .values(
            state="waiting",
            attempt=0,
            wake=None,
            detail=None,
            effect=None,
            cursor=None,
            started=None,
            finished=None,
        )
    )
    row.state, row.why, row.ended = "running", None, None
    await go_on(tx, row)
    await show(tx, row)


async def answer(tx: AsyncSession, run: str, key: str, result: Mapping[str, Any], now: datetime) -> bool:
    """Tell a wait what it waits for: its step is done with this result, and its run goes on. Returns False
    where it waits no more, or is being looked at just now: whoever tells asks again."""
    row = await run_for_update(tx, run)
    query = select(StepRow).where(StepRow.run == run, StepRow.key == key, StepRow.state == "asleep")
    step = (await tx.execute(locked(query))).scalar()
    if step is None:
        return False
    step.state, step.result, step.wake, step.finished = "done", dict(result), None, now
    await release(tx, step)
    await go_on(tx, row)
    return True


async def cancel(tx: AsyncSession, run: str, why: str, now: datetime, *, by: Actor) -> None:
    """End a run. What is being worked on stops within a second; what was started outside is ended by a job.

    Actions that wait for their approval, or for their turn, are withdrawn; one that was begun comes to its end.
    What waits for it stays open until then, to end what the action has started, and so does what would have
    followed an action that is done, and what is to be tried again.
    """
    row = await run_for_update(tx, run)
    if row.state in ENDED:
        return
    row.state, row.why, row.ended = "cancelled", why, now
    steps, begun = await steps_of(tx, run), set[str]()
    for step in steps:
        if step.state != "submitted":
            continue
        if step.effect is not None and await withdraw_effect(tx, step.effect, why, now, by):
            step.state, step.detail, step.finished = "cancelled", why, now
            await release(tx, step)
        else:
            begun.add(step.key)
    done = {step.key for step in steps if step.state == "done" and step.effect is not None}
    for step in steps:
        if step.state == "waiting" and step.cursor is None:
            if step.attempt or not done.isdisjoint(step.depends_on):
                await go_on(tx, row)
            elif begun.isdisjoint(step.depends_on):
                step.state, step.finished = "cancelled", now
        elif step.state not in (*OVER, "submitted"):
            await queue_step(tx, step)
    await show(tx, row)


async def withdraw(tx: AsyncSession, run: str, key: str, why: str, now: datetime, *, by: Actor) -> bool:
    """Leave a step whose action nobody has begun on: it is asked for no more, and what follows goes on as its
    kind says. Returns whether it was so."""
    row = await run_for_update(tx, run)
    query = select(StepRow).where(StepRow.run == run, StepRow.key == key, StepRow.state == "submitted")
    step = (await tx.execute(locked(query))).scalar()
    if step is None or step.effect is None or not await withdraw_effect(tx, step.effect, why, now, by):
        return False
    step.state, step.detail, step.finished = "left", why, now
    await release(tx, step)
    await go_on(tx, row)
    return True


async def go_on(tx: AsyncSession, run: RunRow, at: datetime | None = None) -> None:
    """Queue the look at what of a run is next. The run must be locked, or new: of those who queue at once only
    one may."""
    # One that is put off has a lock of its own: the job engine lets nothing pass an earlier job of the same
    # lock, though that is due in an hour. Two that run at once wait for each other at the run's row.
    once = f"run:{run.id}" if at is None else f"run:{run.id}:{at.isoformat()}"
    turn = {"turn": run.turn} if run.turn else {}
    await defer(tx, "advance_run", {"run": run.id} | turn, lock=once, queueing_lock=once, at=at)


async def queue_step(tx: AsyncSession, step: StepRow, at: datetime | None = None) -> None:
    """Queue the doing of a step, for when `tx` commits, or for a time. Twice does no harm: the second finds it
    claimed.

    Without a queueing lock: the sweep holds no run's lock, and in it would meet with whoever ends a step.
    """
    await defer(tx, "do_step", {"run": step.run, "step": step.key}, slow=True, at=at)


async def look_at_once(tx: AsyncSession, run: str, now: datetime) -> None:
    """Let what a run waits for be looked at now, and not when it would have been."""
    row = await run_for_update(tx, run)
    waits = (StepRow.run == run, StepRow.state == "asleep", StepRow.wake > now)
    if (await tx.execute(update(StepRow).where(*waits).values(wake=now).returning(StepRow.key))).first():
        await go_on(tx, row)


async def release(tx: AsyncSession, step: StepRow) -> None:
    """Give back a step's locks and its place in its pool, and wake those that waited longest for either."""
    if step.locks:
        await tx.execute(delete(StepLockRow).where(StepLockRow.run == step.run, StepLockRow.step == step.key))
    await wake(tx, step.run)


async def wake(tx: AsyncSession, but: str) -> None:
    """Queue the look at the oldest runs other than `but` with a step that waits for a place or a lock.

    As many as can go on by the end of one step, not all: each that is woken takes its turn at the scheduling
    lock. Locks nothing.
    """
    for (run,) in await direct.rows(tx, _BLOCKED, {"but": but, "most": _WOKEN}):
        # Without a queueing lock: two who wake the same run at once would meet in it, and one of them fail.
        await defer(tx, "advance_run", {"run": run}, lock=f"run:{run}")


async def lock_longest_waiting(tx: AsyncSession, but: str, pool: str) -> RunRow | None:
    """The oldest run other than `but` with a step that waits for a place in this pool, locked until `tx` ends;
    None where there is none that nobody else holds.

    It alone may be asked for while another run's row is held: it waits for no lock, so two who hold a run each
    and want the other's both go away without.
    """
    found = await direct.row(tx, _LONGEST_WAITING, {"but": but, "pool": pool})
    return None if found is None else await run_for_update(tx, found[0])


async def show(tx: AsyncSession, run: RunRow) -> None:
    """Bring a run's one card up to date, or let what it belongs to take note."""
    kind = find_run_kinds().get(run.kind)
    if kind is not None:
        await kind.changed(tx, run)
        return
    if run.place is not None:
        ids = {"run": run.id, "key": f"run:{run.id}"}
        await notify(tx, "run", ids, place=run.place, turn=run.turn)
