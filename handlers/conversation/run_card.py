"""A run's one card, brought up to date, and its buttons, for whoever asked for the run or may change plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Literal

from sqlalchemy import func, select

from agents.work import runs
from agents.work.kinds import find_run_kinds
from agents.work.runs import steps_of
from agents.work.tables import OVER, RunRow, StepRow
from governance.people import Actor, Person
from governance.permissions import Refused
from governance.record import intervened
from handlers.catalogue import may_request
from handlers.conversation.cards import Block, Button, Buttons, Card, Progress, Reply, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer, Presses
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import counted

StepState = Literal["done", "doing", "waiting", "failed", "skipped"]

_STATES: Mapping[str, StepState] = {
    "waiting": "waiting",
    "running": "doing",
    "submitted": "doing",
    "asleep": "doing",
    "done": "done",
    "failed": "failed",
    "left": "skipped",
    "cancelled": "skipped",
}
_TITLES: Mapping[str, tuple[str, Tone]] = {
    "running": ("Under way", "waiting"),
    "paused": ("Paused", "warning"),
    "done": ("Done", "good"),
    "failed": ("Not done", "bad"),
    "cancelled": ("Cancelled", "plain"),
}
_LONGEST = 60
"""Steps that are shown one by one; of more the first that are not over yet."""

_STANDS = {
    "running": "goes on",
    "paused": "is paused",
    "done": "is done",
    "failed": "has ended without being done",
    "cancelled": "is cancelled",
}


async def run_reply(desk: Desk, run: RunRow) -> Reply:
    """The run as it stands now."""
    steps = await steps_of(desk.tx, run.id)
    title, tone = _TITLES[run.state]
    over = sum(step.state in OVER for step in steps)
    summary = f"{over} of {counted(len(steps), 'step')} over"
    if run.state == "running" and (left := await _time_left(desk, steps)):
        summary += f", {left} left"
    summary = f"{summary}. {run.why or ''}".rstrip()
    blocks: list[Block] = [Text((summary,)), progress_of(steps)]
    if buttons := run_buttons(run):
        blocks.append(Buttons(buttons))
    heading = f"{title}: {run.title}"
    return Reply(text=f"{heading}. {summary}", cards=(Card(heading, tuple(blocks), tone),), key=f"run:{run.id}")


def progress_of(steps: Sequence[StepRow], latest: int | None = None) -> Progress:
    """A run's steps, each as it stands; of those that are done only the `latest`, and how many were before."""
    done = [step for step in steps if step.state == "done"]
    folded = set() if latest is None or len(done) <= latest + 1 else {step.key for step in done[:-latest]}
    lines = [_line(step) for step in _shown([step for step in steps if step.key not in folded])]
    if folded:
        lines.insert(0, ("done", f"{counted(len(folded), 'earlier step')} done"))
    return Progress(tuple(lines))


def _shown(steps: Sequence[StepRow]) -> Sequence[StepRow]:
    if len(steps) <= _LONGEST:
        return steps
    going = [step for step in steps if step.state not in OVER]
    return (going or steps)[:_LONGEST]


def _line(step: StepRow) -> tuple[StepState, str]:
    why = step.blocked if step.state == "waiting" and step.blocked else step.detail
    said = f"{step.title}: {why}" if why and step.state != "done" else step.title
    return _STATES[step.state], said


async def _time_left(desk: Desk, steps: Sequence[StepRow]) -> str:
    """By how long steps of these kinds took lately, one after the other; empty where one was never done."""
    left = [step.kind for step in steps if step.state not in OVER]
    seconds: dict[str, float] = {}
    for kind in set(left):
        took = func.extract("epoch", StepRow.finished - StepRow.started)
        lately = select(took).where(StepRow.kind == kind, StepRow.state == "done", StepRow.started.is_not(None))
        found = (await desk.tx.execute(lately.order_by(StepRow.finished.desc()).limit(20))).scalars().all()
        if not found:
            return ""
        seconds[kind] = float(median(found))
    total = sum(seconds[kind] for kind in left)
    return f"about {round(total / 60)} min" if total >= 90 else f"about {max(round(total), 1)} s"


def run_buttons(run: RunRow) -> tuple[Button, ...]:
    """What can be done with a run in its state."""
    cancel = Button("Cancel…", "cancel_run", run.id, "danger")
    match run.state:
        case "running":
            return (Button("Pause", "pause_run", run.id), cancel)
        case "paused":
            return (Button("Resume", "resume_run", run.id, "primary"), cancel)
        case "failed":
            return (Button("Try again", "try_run_again", run.id, "primary"),)
        case _:
            return ()


async def _pause(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "pause", "running")
    why = f"{person.name} paused it."
    await runs.pause(desk.tx, run.id, why)
    await intervened(desk.tx, "modified", person.id, run.id, why, desk.now)
    return Reply(text=f"“{run.title}” is paused: what was being worked on stops, and nothing starts.")


async def _resume(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "resume", "paused")
    await runs.resume(desk.tx, run.id)
    await intervened(desk.tx, "modified", person.id, run.id, f"{person.name} let it go on.", desk.now)
    return Reply(text=f"“{run.title}” goes on.")


async def _try_again(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "try again", "failed")
    await runs.try_again(desk.tx, run.id)
    await intervened(desk.tx, "modified", person.id, run.id, f"{person.name} had it tried again.", desk.now)
    return Reply(
        text=f"“{run.title}” goes on: what failed is tried again, and then what was left because of it."
    )


async def _cancel(turn: Turn, desk: Desk) -> Reply:
    """Cancelling cannot be taken back, so it is asked once more."""
    run, _ = await _pressed(turn, desk, "cancel", "running", "paused")
    ends = "ends its steps. What is done stays done; what waits for its approval is withdrawn."
    text = f"Cancelling “{run.title}” {ends}"
    button = Button("Cancel it", "cancel_run_now", run.id, "danger")
    card = Card(f"Cancel “{run.title}”?", (Text((text,)), Buttons((button,))), "warning")
    return Reply(text=f"{text} Press the button to do it.", cards=(card,))


async def _cancel_now(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "cancel", "running", "paused")
    why = f"{person.name} cancelled it."
    by = Actor("person", person.id, identity=turn.identity)
    await runs.cancel(desk.tx, run.id, why, desk.now, by=by)
    await intervened(desk.tx, "cancelled", person.id, run.id, why, desk.now)
    return Reply(text=f"“{run.title}” is cancelled.")


async def _pressed(turn: Turn, desk: Desk, what: str, *states: str) -> tuple[RunRow, Person]:
    """The run that a button is about, locked, and who pressed it. Raises CannotAnswer where they may not, and
    where the run is in none of these states (any more)."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    person = known(turn)
    try:
        run = await runs.run_for_update(desk.tx, turn.what.subject)
    except runs.NoSuchRun:
        raise CannotAnswer("This run is not there any more.") from None
    allowed = may_request(person, "plan", desk.modes)
    theirs = person.id in (run.requester, await _answers_for(desk, run))
    if not theirs and (isinstance(allowed, Refused) or not allowed.acts):
        raise CannotAnswer(
            f"“{run.title}” is to {what} for who asked for it or answers for it, a product owner or the"
            " engineering director."
        )
    if run.state not in states:
        raise CannotAnswer(f"“{run.title}” {_STANDS[run.state]}, so there is nothing to {what}.")
    return run, person


async def _answers_for(desk: Desk, run: RunRow) -> str | None:
    kind = find_run_kinds().get(run.kind)
    return None if kind is None or kind.answers is None else await kind.answers(desk.tx, run)


PRESSES: Mapping[str, Presses] = {
    "pause_run": _pause,
    "resume_run": _resume,
    "try_run_again": _try_again,
    "cancel_run": _cancel,
    "cancel_run_now": _cancel_now,
}
