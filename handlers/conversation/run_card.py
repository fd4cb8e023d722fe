"""A run's one card, brought up to date: what is done, what is next, how long, and what can be pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Literal

from sqlalchemy import func, select

from agents.work.runs import steps_of
from agents.work.tables import OVER, RunRow, StepRow
from handlers.conversation.cards import Block, Button, Buttons, Card, Progress, Reply, Text, Tone
from handlers.conversation.desk import Desk
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


async def run_reply(desk: Desk, run: RunRow) -> Reply:
    """The run as it stands now."""
    steps = await steps_of(desk.tx, run.id)
    title, tone = _TITLES[run.state]
    over = sum(step.state in OVER for step in steps)
    summary = f"{over} of {counted(len(steps), 'step')} over"
    if run.state == "running" and (left := await _time_left(desk, steps)):
        summary += f", {left} left"
    summary = f"{summary}. {run.why or ''}".rstrip()
    blocks: list[Block] = [Text((summary,)), Progress(tuple(_line(step) for step in _shown(steps)))]
    if buttons := run_buttons(run):
        blocks.append(Buttons(buttons))
    heading = f"{title}: {run.title}"
    return Reply(text=f"{heading}. {summary}", cards=(Card(heading, tuple(blocks), tone),), key=f"run:{run.id}")


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
