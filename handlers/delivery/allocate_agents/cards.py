"""The one message of a story that agents write: who is at what, what is red, what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from agents.engineering.judging import load
from agents.engineering.spending import budget_of_work
from agents.engineering.story_rows import story_work
from agents.engineering.suggesting import SUGGEST
from agents.engineering.tables import MoveRow, StoryWorkRow
from agents.engineering.write_step import engineer_of
from agents.role import ModelBudget
from agents.usage import UsedSoFar
from agents.work.runs import steps_of
from agents.work.tables import RunRow, StepRow
from governance.facts import Fact, Source
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Button, Buttons, Card, Fields, File, Reply, Small, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.run_card import progress_of, run_buttons
from handlers.delivery.allocate_agents.after_merge import (
    AfterMerge,
    after_merge,
    lead,
    links,
    revert_button,
    standing,
)
from handlers.delivery.plans.formats import money_text

_LATEST = 4
"""Steps that are done, and shown one by one; a story has some twenty of them."""


async def story_work_reply(desk: Desk, run: RunRow) -> Reply:
    """The work on a story as it stands now."""
    work = await story_work(desk.tx, run.id)
    steps = await steps_of(desk.tx, run.id)
    count = select(func.count()).select_from(MoveRow).where(MoveRow.run == run.id)
    moves = (await desk.tx.execute(count)).scalar_one()
    budget, used = await budget_of_work(desk.tx, work, desk.now)
    after = await after_merge(desk, work) if work.merged is not None else None
    title, tone = _standing(run, work, after)
    says = _lead(run, work, after)
    pairs = [
        ("Story", work.story),
        ("Repository", work.repository),
        ("Written by", _writer(work)),
        ("Answers for it", _name(desk, work.answers)),
    ]
    if work.pull_request is not None:
        pairs.append(("Pull request", f"{work.repository}#{work.pull_request}"))
    if moves:
        pairs.append(("Moves", str(moves)))
        pairs.append(("Cost", f"{_cost(used)} of {money_text(budget.cost, 'USD')}"))
    blocks: list[Block] = [
        Text((says,)),
        *(links(after) if after else ()),
        Fields(tuple(pairs)),
        progress_of(steps, _LATEST),
    ]
    blocks += await _suggestion(desk, work, steps)
    if work.verdict is not None:
        blocks.append(Small((load(work.verdict).says[:1_500],)))
    shown = _show_button(work)
    if buttons := (*run_buttons(run), *shown, *(revert_button(work, after) if after else ())):
        blocks.append(Buttons(buttons))
    facts = _facts(desk, work, moves, used, budget)
    return Reply(f"{title}. {says}", (Card(title, tuple(blocks), tone),), facts, key=f"run:{run.id}")


def _cost(used: UsedSoFar) -> str:
    """What is known of it: a price that is not known is said, and is never a zero."""
    if not used.unpriced:
        return money_text(used.priced, "USD")
    unknown = f"{used.unpriced:,} tokens without a known price"
    return f"{money_text(used.priced, 'USD')} and {unknown}" if used.priced else unknown


def _facts(
    desk: Desk, work: StoryWorkRow, moves: int, used: UsedSoFar, budget: ModelBudget
) -> tuple[Fact, ...]:
    rows = Source("query", f"moves of {work.run}")
    priced = Source("query", f"its engineer's answered calls to models in {work.run}, each as it was recorded")
    is_set = Source("query", "its engineer's settings, and what its role has")
    return (
        Fact("story_moves", f"Moves on {work.story} so far", moves, "moves", desk.now, rows),
        Fact("story_cost", f"Cost of {work.story} so far", used.cost, "USD", desk.now, priced),
        Fact("story_budget", f"Budget of {work.story}", budget.cost, "USD", desk.now, is_set),
    )


def _show_button(work: StoryWorkRow) -> tuple[Button, ...]:
    """Shows its pull request, where people say what they think of it."""
    if work.pull_request is None or work.merged is not None:
        return ()
    asks = f"pull_requests show pull request {work.pull_request} of {work.repository}"
    return (Button(f"Show {work.repository}#{work.pull_request}", "ask", asks),)


async def _suggestion(desk: Desk, work: StoryWorkRow, steps: Sequence[StepRow]) -> tuple[Block, ...]:
    """The change of an engineer that only suggests, as a patch to take over; nothing once it is."""
    shown = [step for step in steps if step.kind == SUGGEST and step.state == "done" and step.result]
    pushed = any(step.kind == "push_story" and step.state == "done" for step in steps)
    if not shown or pushed or work.pull_request is not None or work.merged is not None:
        return ()
    last = shown[-1]
    id, name = f"fi_patch_{last.run}_{last.position}", f"{work.story}.patch"
    content = str((last.result or {})["patch"]).encode()
    await desk.files.put(desk.tx, name, "text/plain", content, EVERYTHING, id=id)
    about = f"Its change to {work.base[:12]} of {work.repository}: `git apply {name}`, then push and open it."
    return (File(id, name, about),)


def _standing(run: RunRow, work: StoryWorkRow, after: AfterMerge | None) -> tuple[str, Tone]:
    name = f"{work.story}: {work.brief['title']}"
    if after is not None:
        return standing(work, after)
    if run.state == "paused":
        return f"Paused: {name}", "warning"
    if run.state in ("failed", "cancelled"):
        return f"{run.state.capitalize()}: {name}", "bad"
    if work.blocked is not None:
        return f"Needs a person: {name}", "warning"
    return f"In work: {name}", "waiting"


def _lead(run: RunRow, work: StoryWorkRow, after: AfterMerge | None) -> str:
    if after is not None:
        return lead(work, after)
    if run.state in ("paused", "failed", "cancelled"):
        return run.why or "Nothing more is done of it."
    if work.blocked is not None:
        return (
            f"{work.blocked} Push to its branch `{work.branch}`, or open a pull request whose title"
            f" names {work.story}: it is judged, reviewed and merged the same way."
        )
    return f"On branch `{work.branch}`, from {work.base[:12]} of {work.base_branch}."


def _writer(work: StoryWorkRow) -> str:
    """Who writes it; a rule where one does, without a model."""
    rule = work.brief.get("by_rule")
    return f"By rule: {rule['kind']}" if rule else engineer_of(work.discipline).title


def _name(desk: Desk, person: str) -> str:
    return next((one.name for one in desk.department.people if one.id == person), person)
