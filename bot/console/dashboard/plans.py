"""Plans under way: the list, and one plan with its sprints, stories, steps, budget and forecast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from agents.planning.draft import Budget, NotEnoughHistory, PlanDraft
from agents.plans import rows
from agents.plans.steps import made_by, reference_of
from agents.plans.tables import PlanRow
from agents.work.tables import StepRow
from bot.console.dashboard.plan_timeline import Timeline, lay_out
from bot.console.dashboard.wording import card_address, name_of
from bot.console.visit import Visit
from governance.department_rows import read_department
from governance.visibility import scope_of
from handlers.delivery.plans.formats import (
    coverage_text,
    dates_text,
    gap_text,
    late_reason,
    miss_text,
    span_text,
)
from handlers.delivery.plans.proposal import done_text, hours_range, rests_on

STATES = {
    "drafting": ("doing", "Being worked out"),
    "asking": ("waiting", "Which product?"),
    "proposed": ("waiting", "Waits for approval"),
    "executing": ("doing", "Under way"),
    "paused": ("waiting", "Paused"),
    "created": ("good", "Created"),
    "cancelled": ("skip", "Cancelled"),
    "failed": ("bad", "Failed"),
}
"""Chip and words for each state of a plan."""

_STEP_STATES = {
    "waiting": "waiting",
    "submitted": "doing",
    "done": "done",
    "failed": "failed",
    "left": "skipped",
}


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan in the list. `used` is the share of the budget used, in per cent, None without a budget."""

    id: str
    title: str
    document: str
    state: str
    requester: str
    changed: datetime
    stories: int
    steps: Counter[str]
    used_hours: float
    budget_hours: float | None
    dates: str | None
    address: str | None

    @property
    def used(self) -> int | None:
        """Per cent of the budget used."""
        return round(100 * self.used_hours / self.budget_hours) if self.budget_hours else None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an executing plan, with its state as cards name it."""

    title: str
    state: str
    reference: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story of the plan."""

    key: str
    title: str
    team: str
    done: str
    hours: str
    rests_on: str
    after: tuple[str, ...]
    is_created: bool


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """One plan in full. `draft` is None while it is being worked out."""

    line: PlanLine
    why: str | None
    draft: PlanDraft | None
    timeline: Timeline | None
    stories: tuple[StoryLine, ...]
    unscheduled: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    dates: str
    span: str
    because: tuple[str, ...]
    covered: str
    missed: tuple[str, ...]
    budget: str
    history: str | None


@dataclass(frozen=True, slots=True)
class Plans:
    """What the reader sees of the plans; `hidden` counts the others."""

    shown: tuple[PlanLine, ...]
    hidden: int


async def read_plans(visiting: Visit) -> Plans:
    """All plans, newest first. Customer success sees those they asked for, and how many others there are:
    plans carry no customer's tag."""
    found = await rows.plans(visiting.tx)
    seen = [row for row in found if _is_visible(visiting, row)]
    steps = await _steps(visiting)
    return Plans(
        tuple(_line(visiting, row, steps.get(row.id, Counter())) for row in seen), len(found) - len(seen)
    )


async def read_plan(visiting: Visit, plan: str) -> ShownPlan:
    """One plan. Raises NoSuchPlan, also for one that the reader may not see."""
    row = await rows.plan_by_id(visiting.tx, plan)
    if not _is_visible(visiting, row):
        raise rows.NoSuchPlan(plan)
    steps = await rows.steps_of(visiting.tx, plan)
    draft = rows.draft_of(row)
    created = set(made_by(steps))
    teams = {team.id: team.name for team in (await read_department(visiting.tx)).teams}
    return ShownPlan(
        line=_line(visiting, row, Counter(step.state for step in steps)),
        why=row.why,
        draft=draft,
        timeline=lay_out(draft, created, teams) if draft and draft.schedule else None,
        stories=_stories(draft, created, teams) if draft else (),
        unscheduled=tuple((left.story, left.why) for left in draft.unscheduled) if draft else (),
        steps=tuple(_step(step) for step in steps),
        dates=dates_text(draft) if draft else "Not worked out yet",
        span=span_text(draft) if draft else "Not worked out yet",
        because=tuple(filter(None, (late_reason(draft), gap_text(draft)))) if draft else (),
        missed=tuple(miss_text(miss, draft.document) for miss in draft.misses) if draft else (),
        covered=coverage_text(draft) if draft else "",
        budget=_budget(draft),
        history=_history(draft),
    )


def _is_visible(visiting: Visit, row: PlanRow) -> bool:
    person = visiting.reader.person
    return scope_of(person).everything or row.requester == person.id


async def _steps(visiting: Visit) -> dict[str, Counter[str]]:
    of_plans = (StepRow.run == PlanRow.run) & (StepRow.tenant == PlanRow.tenant)
    query = select(PlanRow.id, StepRow.state, func.count()).join(StepRow, of_plans)
    found: dict[str, Counter[str]] = {}
    for plan, state, count in await visiting.tx.execute(query.group_by(PlanRow.id, StepRow.state)):
        found.setdefault(plan, Counter())[state] = count
    return found


def _line(visiting: Visit, row: PlanRow, steps: Counter[str]) -> PlanLine:
    draft = rows.draft_of(row)
    return PlanLine(
        id=row.id,
        title=row.title,
        document=row.document,
        state=row.state,
        requester=name_of(visiting.residents, row.requester),
        changed=row.changed,
        stories=len(draft.stories) if draft else 0,
        steps=steps,
        used_hours=row.used_hours,
        budget_hours=row.budget_hours,
        dates=dates_text(draft) if draft else None,
        address=card_address(row.place, visiting.residents, visiting.reader.person),
    )


def _stories(draft: PlanDraft, created: set[str], teams: Mapping[str, str]) -> tuple[StoryLine, ...]:
    return tuple(
        StoryLine(
            key=story.key,
            title=story.title,
            team=teams.get(story.team, story.team),
            done=done_text(draft, story.key),
            hours=hours_range(story),
            rests_on=rests_on(story),
            after=story.depends_on,
            is_created=story.key in created,
        )
        for story in draft.stories
    )


def _step(row: StepRow) -> Step:
    return Step(row.title, _STEP_STATES.get(row.state, "waiting"), reference_of(row), row.detail)


def _budget(draft: PlanDraft | None) -> str:
    match draft and draft.budget:
        case Budget() as budget:
            hours = f"{budget.limit_hours:g} agent-hours (${budget.cost:,.2f})"
            return f"{hours}, 80 of 100 within {budget.p80_hours:g}"
        case NotEnoughHistory() as missing:
            return f"Not enough history: {missing.found} of {missing.needed} done stories"
        case _:
            return "Not worked out yet"


def _history(draft: PlanDraft | None) -> str | None:
    if draft is None:
        return None
    how = "Worked out with a model" if draft.worked_out == "model" else "Worked out without a model"
    return f"{how}. {draft.worked_out_why}".strip()
