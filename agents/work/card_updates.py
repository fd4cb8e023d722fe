"""When a run's card is brought up to date: where it would look otherwise, and not at every step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.runs import go_on, show
from agents.work.tables import OVER, RunRow, StepRow
from storage import direct

SHOWN_EVERY = timedelta(seconds=1)
"""The card of a run that goes on is edited no more often: people see no more, and platforms take no more."""

_OVER = "SELECT count(*) FROM run_steps WHERE run = %(run)s AND state = ANY(%(over)s)"


async def show_change(tx: AsyncSession, run: RunRow, steps: Sequence[StepRow], now: datetime) -> None:
    """Show a run, which `tx` has locked, if it looks otherwise than it was shown last. `steps` are at least
    those that are not over.

    A change of the run's state is shown at once. Of others one is shown every SHOWN_EVERY, and for what comes
    in between a look is queued.
    """
    going = [step for step in steps if step.state not in OVER]
    (over,) = await direct.row(tx, _OVER, {"run": run.id, "over": list(OVER)})
    looks = "|".join(
        (run.state, str(over), *(f"{step.state}{step.detail or ''}{step.blocked or ''}" for step in going))
    )
    if looks == run.shown:
        return
    same_state = run.shown is not None and run.shown.partition("|")[0] == run.state
    if same_state and run.look_at is not None and run.look_at > now:
        return
    if same_state and run.shown_at is not None and run.shown_at + SHOWN_EVERY > now:
        run.look_at = run.shown_at + SHOWN_EVERY
        await go_on(tx, run, at=run.look_at)
        return
    run.shown, run.shown_at, run.look_at = looks, now, None
    await show(tx, run)
