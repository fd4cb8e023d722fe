"""A plan's progress: its epic and stories as they appear, edited in place until all is set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.delivery_rows import is_under_way
from agents.planning.draft import PlanDraft
from agents.plans import steps
from agents.plans.plan_step import ASSIGN, EPIC, MOVE, SCHEDULE, STORY
from agents.plans.rows import draft_of, steps_of
from agents.plans.tables import PlanRow
from agents.work.tables import StepRow
from governance.approvals.store import approval_row, state_of
from governance.facts import Fact, Source
from governance.tables import EffectRow
from handlers.conversation.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Form,
    Input,
    Link,
    Progress,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, listed, names_of_people
from handlers.delivery.plans.formats import dashboard, dates_text, hours_text, team_name
from handlers.delivery.plans.writing import (
    Writing,
    demo_links,
    lines,
    summary,
    writing_buttons,
    writing_facts,
    writing_of,
    writing_title,
)
from handlers.delivery.whereabouts.work_state import sprint_names

State = Literal["done", "doing", "waiting", "failed", "skipped"]

_STATES: Mapping[str, State] = {
    "waiting": "waiting",
    "submitted": "doing",
    "done": "done",
    "failed": "failed",
    "left": "skipped",
    "cancelled": "skipped",
}
_TITLES: Mapping[str, tuple[str, Tone]] = {
    "executing": ("Being set up", "waiting"),
    "paused": ("Paused", "warning"),
    "created": ("Set up", "good"),
    "cancelled": ("Cancelled", "bad"),
}
_MOST_LINES = 40
"""More stories than these are counted on the card, and listed in the dashboard."""


async def progress_reply(desk: Desk, plan: PlanRow) -> Reply | None:
    """Where the plan stands; None while there is nothing to be carried out."""
    draft = draft_of(plan)
    rows = await steps_of(desk.tx, plan.id)
    if draft is None or not rows or plan.state not in _TITLES:
        return None
    writing = await writing_of(desk, plan)
    if writing is not None and plan.state in ("created", "paused"):
        return await _being_written(desk, plan, writing)
    by_key = {row.key: row for row in rows}
    title, tone = _TITLES[plan.state]
    summary = await _summary(desk, plan, draft, by_key)
    lines = await _lines(desk, draft, by_key)
    blocks: list[Block] = [Text((summary,)), Progress(lines)]
    if buttons := await plan_buttons(desk.tx, plan):
        blocks.append(Buttons(buttons))
    blocks.append(Small((Link("the whole plan", dashboard(plan.id)),)))
    heading = f"{title}: {draft.title}"
    return Reply(
        text=f"{heading}. {summary}",
        cards=(Card(heading, tuple(blocks), tone),),
        facts=facts_of(plan, rows),
        key=f"progress:{plan.id}",
    )


async def _being_written(desk: Desk, plan: PlanRow, writing: Writing) -> Reply:
    """The same message once agents write: each story, who is at what, what is red, what it took."""
    title, tone = writing_title(plan, writing)
    said = summary(plan, writing)
    said = f"{plan.why or 'It was paused.'} {said}" if plan.state == "paused" else said
    shown = lines(writing)
    if len(shown) > _MOST_LINES:
        red = [line for line in shown if line[0] in ("failed", "doing")][:_MOST_LINES]
        shown = (("doing", f"{writing.merged} of {len(shown)} stories merged"), *red)
    blocks: list[Block] = [Text((said,)), *demo_links(writing), Progress(shown)]
    buttons = writing_buttons(plan, writing)
    if not buttons and _goes_on(plan, writing):
        buttons = await plan_buttons(desk.tx, plan)
    if buttons:
        blocks.append(Buttons(buttons))
    blocks.append(Small((Link("the whole plan", dashboard(plan.id)),)))
    heading = f"{title}: {plan.title}"
    card = Card(heading, tuple(blocks), tone)
    facts = writing_facts(plan, writing)
    return Reply(f"{heading}. {said}", (card,), facts, key=f"progress:{plan.id}")


def _goes_on(plan: PlanRow, writing: Writing) -> bool:
    """Whether there is something of it left to decide on."""
    return plan.state == "paused" or writing.merged < len(writing.stories)


def facts_of(plan: PlanRow, rows: Sequence[StepRow]) -> tuple[Fact, ...]:
    """How many of the plan's stories are made, and of how many hours it has used some."""
    stories = [row for row in rows if row.key.startswith(f"{STORY}:")]
    source = Source("query", f"the steps of {plan.id}")
    made = sum(row.state == "done" for row in stories)
    facts = [
        Fact("stories_made", "Stories made", made, "stories", plan.changed, source),
        Fact("stories_planned", "Stories planned", len(stories), "stories", plan.changed, source),
    ]
    if plan.budget_hours is not None:
        spent = Source("query", f"agent-hours counted against {plan.id}")
        facts.append(Fact("hours_used", "Used so far", plan.used_hours, "agent-hours", plan.changed, spent))
        facts.append(Fact("hours_budget", "Budget", plan.budget_hours, "agent-hours", plan.changed, spent))
    return tuple(facts)


async def plan_buttons(tx: AsyncSession, plan: PlanRow) -> tuple[Button, ...]:
    """What can be done with a plan under way."""
    cancel = Button("Cancel…", "cancel_plan", plan.id, "danger")
    pause = Button("Pause", "pause_plan", plan.id)
    match plan.state:
        case "executing":
            return (pause, cancel)
        case "created" if await is_under_way(tx, plan.id):
            return (pause, cancel)
        case "paused":
            return (Button("Resume…", "resume_plan", plan.id, "primary", _resume_form(plan)), cancel)
        case "created":
            return (Button("Let agents write it", "write_plan", plan.id, "primary"), cancel)
        case _:
            return ()


def budget_buttons(plan: PlanRow, *, writes: bool) -> tuple[Button, ...]:
    """What can be done with a plan that has used its budget."""
    stop = "stop_writing" if writes else "cancel_plan"
    return (
        Button("Raise budget…", "resume_plan", plan.id, "primary", _resume_form(plan)),
        Button("Stop here" if writes else "Cancel…", stop, plan.id, "danger"),
    )


def _resume_form(plan: PlanRow) -> Form:
    """Going on, under the budget that stands or a new one."""
    standing = f"{plan.budget_hours:g}" if plan.budget_hours is not None else ""
    used = f"{hours_text(plan.used_hours)} are used"
    hours = Input("budget_hours", "Budget in agent-hours", "number", standing, (), False, used)
    return Form("Resume the plan", "Go on", (hours,))


async def _summary(desk: Desk, plan: PlanRow, draft: PlanDraft, by_key: Mapping[str, StepRow]) -> str:
    made = sum(row.state == "done" for key, row in by_key.items() if key.startswith(f"{STORY}:"))
    match plan.state:
        case "created":
            return await _set_up(desk, plan, draft, by_key, made)
        case "paused":
            return f"{plan.why or 'It was paused.'} {made} of {len(draft.stories)} stories are made."
        case "cancelled":
            epic = steps.reference_of(by_key[EPIC])
            gone = f" {epic} and its stories that are not done are cancelled." if epic else ""
            return f"{plan.why or 'It was cancelled.'}{gone}"
        case _:
            return f"{made} of {len(draft.stories)} stories are made."


async def _set_up(desk: Desk, plan: PlanRow, draft: PlanDraft, by_key: Mapping[str, StepRow], made: int) -> str:
    scheduled = {place.story for place in draft.schedule if _has_its_place(by_key, place.story)}
    text = f"Made {plan.epic} with {counted(made, 'story', 'stories')}"
    if scheduled:
        over = counted(len(draft.sprints), "sprint")
        text += f", {len(scheduled)} of them scheduled over {over}. {dates_text(draft)}"
    text += "."
    missing = len(draft.stories) - made
    if missing:
        text += f" {counted(missing, 'story was', 'stories were')} not made; the list says why."
    waits = "Agents write it when somebody lets them."
    return f"{text} {waits} {await _holders(desk, by_key.get(ASSIGN))}"


async def _holders(desk: Desk, step: StepRow | None) -> str:
    if step is None or step.state in ("left", "failed", "waiting", "cancelled"):
        why = f": {step.detail}" if step is not None and step.detail else "."
        return f"Nobody holds the stories yet{why}"
    if step.state == "done":
        return "The people proposed for them hold the stories."
    effect = (await desk.tx.execute(select(EffectRow.approval).where(EffectRow.id == step.effect))).scalar()
    if effect is None:
        return "Who holds the stories is being noted."
    names = await names_of_people(desk.tx)
    asked = sorted(names[person] for person in state_of(await approval_row(desk.tx, effect)).asked)
    return f"{listed(asked, 'or') or 'Nobody'} is asked who holds them."


async def _lines(desk: Desk, draft: PlanDraft, by_key: Mapping[str, StepRow]) -> tuple[tuple[State, str], ...]:
    epic = by_key[EPIC]
    lines: list[tuple[State, str]] = [(_STATES[epic.state], _with_detail(epic, _made(epic, epic.title)))]
    sprints = await sprint_names(desk, (place.sprint for place in draft.schedule))
    places = {place.story: sprints.get(place.sprint, place.sprint) for place in draft.schedule}
    stories = [_story(desk, draft, story.key, by_key, places) for story in steps.in_order(draft)]
    if len(stories) > _MOST_LINES:
        over = [line for line in stories if line[0] == "failed"][:_MOST_LINES]
        done = sum(state == "done" for state, _ in stories)
        stories = [
            ("doing" if done < len(stories) else "done", f"{done} of {len(stories)} stories made"),
            *over,
        ]
    lines += stories
    moved = [row for key, row in by_key.items() if key.startswith(f"{MOVE}:")]
    lines += [(_STATES[row.state], _with_detail(row, row.title)) for row in moved]
    if (holders := by_key.get(ASSIGN)) is not None:
        lines.append((_STATES[holders.state], _with_detail(holders, holders.title)))
    return tuple(lines)


def _story(
    desk: Desk, draft: PlanDraft, key: str, by_key: Mapping[str, StepRow], places: Mapping[str, str]
) -> tuple[State, str]:
    made, placed = by_key[f"{STORY}:{key}"], by_key[f"{SCHEDULE}:{key}"]
    story = draft.story(key)
    text = f"{_made(made, story.title)} ({team_name(desk.department, story.team)}"
    if made.state != "done":
        return _STATES[made.state], _with_detail(made, f"{text})")
    match placed.state:
        case "waiting" | "submitted":
            return "doing", _with_detail(placed, f"{text}, being scheduled)")
        case _ if key in places and _has_its_place(by_key, key):
            return "done", f"{text}, {_without_team(desk, story.team, places[key])})"
        case _:
            return "done", f"{text}, in the backlog: no sprint has room yet)"


def _without_team(desk: Desk, team: str, sprint: str) -> str:
    return sprint.removeprefix(team_name(desk.department, team)).lstrip(" ,")


def _made(row: StepRow, title: str) -> str:
    made = steps.reference_of(row)
    return f"{made} {title}" if made else title


def _with_detail(row: StepRow, text: str) -> str:
    return f"{text}: {row.detail}" if row.detail and row.state != "done" else text


def _has_its_place(by_key: Mapping[str, StepRow], story: str) -> bool:
    """Whether a story was scheduled when it was made, or with those that were scheduled anew since."""
    moved = any(row.state == "done" for key, row in by_key.items() if key.startswith(f"{MOVE}:"))
    return moved or _is_done(by_key, f"{SCHEDULE}:{story}")


def _is_done(by_key: Mapping[str, StepRow], key: str) -> bool:
    return key in by_key and by_key[key].state == "done"
