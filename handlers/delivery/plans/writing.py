"""How far agents are with a plan's stories: what stands on its message, in its daily summary, and at its
end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from agents.engineering.delivery_rows import Written, cost_of, last_delivery, written
from agents.planning.draft import Budget, Estimate, PlanDraft
from agents.plans.rows import draft_of, plan_by_id, steps_of
from agents.plans.steps import made_by
from agents.plans.tables import PlanRow
from agents.work.tables import ENDED, RunRow
from governance.facts import Fact, FactValue, Source
from governance.moments import day_text
from governance.people import Person
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Inline,
    Link,
    Reply,
    Small,
    Table,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted
from handlers.delivery.plans.formats import dashboard, hours_text, money_text

State = Literal["done", "doing", "waiting", "failed", "skipped"]

_DAY = timedelta(days=1)
_MOST_LEFT = 15


@dataclass(frozen=True, slots=True)
class Writing:
    """A plan that agents write, or wrote: its stories with what became of each, by their titles in the plan,
    and what the work took. `left_hours` are the estimates of what is not merged."""

    run: RunRow
    draft: PlanDraft
    stories: tuple[Written, ...]
    titles: Mapping[str, str]
    cost: Decimal | None
    left_hours: float

    def count(self, *stands: str) -> int:
        """How many stories stand there."""
        found = Counter(map(standing, self.stories))
        return sum(found[one] for one in stands)

    @property
    def merged(self) -> int:
        """How many are merged, and not taken back."""
        return self.count("merged", "staging", "production")

    @property
    def staged(self) -> int:
        """How many run in staging at least."""
        return self.count("staging", "production")


def standing(one: Written) -> str:
    """Where a story stands: production, staging, merged, back, person, paused, stopped, written or waiting."""
    work, run, release = one.work, one.run, one.release
    if work is None or run is None:
        return "stopped" if one.step.state in ("failed", "left", "cancelled") else "waiting"
    if work.merged is not None:
        if one.is_back:
            return "back"
        if release is not None and release.produced is not None:
            return "production"
        return "staging" if release is not None and release.staged is not None else "merged"
    if run.state in ENDED:
        return "stopped"
    if run.state == "paused":
        return "paused"
    return "person" if work.blocked is not None else "written"


_SHOWN: Mapping[str, tuple[State, str]] = {
    "production": ("done", "in production"),
    "staging": ("done", "on staging"),
    "merged": ("done", "merged"),
    "back": ("failed", "taken back"),
    "person": ("failed", "needs a person"),
    "paused": ("waiting", "paused"),
    "stopped": ("skipped", "stopped"),
    "written": ("doing", "being written"),
    "waiting": ("waiting", "not begun"),
}


async def writing_of(desk: Desk, plan: PlanRow) -> Writing | None:
    """What agents write of a plan; None before they began."""
    run, draft = await last_delivery(desk.tx, plan.id), draft_of(plan)
    if run is None or draft is None:
        return None
    stories = await written(desk.tx, run.id)
    keys = {story: key for key, story in made_by(await steps_of(desk.tx, plan.id)).items()}
    planned = {one.key: one for one in draft.stories}
    known = {one.story: planned[keys[one.story]] for one in stories if keys.get(one.story) in planned}
    open_ones = [known[one.story] for one in stories if one.story in known and not _is_in(one)]
    left = sum(one.estimate.p50 for one in open_ones if isinstance(one.estimate, Estimate))
    titles = {id: one.title for id, one in known.items()}
    return Writing(run, draft, stories, titles, await cost_of(desk.tx, stories), left)


def _is_in(one: Written) -> bool:
    return standing(one) in ("production", "staging", "merged")


def lines(writing: Writing) -> tuple[tuple[State, str], ...]:
    """Each story: who is at what, and what is red."""
    return tuple(_line(writing, one) for one in writing.stories)


def _line(writing: Writing, one: Written) -> tuple[State, str]:
    stands = standing(one)
    state, words = _SHOWN[stands]
    name = f"{one.story} {writing.titles.get(one.story, '')}".strip()
    return state, f"{name}: {words}{_detail(one, stands)}"[:300]


def _detail(one: Written, stands: str) -> str:
    work, release = one.work, one.release
    if stands == "person" and work is not None:
        return f": {(work.blocked or '').splitlines()[0]}"
    if stands == "stopped":
        why = (one.run.why if one.run is not None else None) or one.step.detail
        return f": {why}" if why else ""
    if stands in ("staging", "production") and release is not None:
        return f" as {release.service} {release.version}"
    if stands == "merged" and release is not None and release.says:
        return f": {release.says}"
    if stands == "written" and work is not None:
        return f" in {work.repository}" + (f"#{work.pull_request}" if work.pull_request else "")
    return f": {one.step.detail}" if stands == "waiting" and one.step.detail else ""


def summary(plan: PlanRow, writing: Writing) -> str:
    """How far it is, what it took, and what is left."""
    total = len(writing.stories)
    said = [f"{writing.merged} of {counted(total, 'story', 'stories')} merged, {writing.staged} on staging"]
    for stands, words in (
        ("production", "in production"),
        ("person", "waiting for a person"),
        ("back", "taken back"),
    ):
        if count := writing.count(stands):
            said.append(f"{count} {words}")
    text = f"{', '.join(said)}. Models cost {_cost(writing)} so far."
    if plan.budget_hours is not None:
        text += f" {_hours(plan.used_hours)} of {hours_text(plan.budget_hours)} are used."
    if writing.left_hours:
        text += f" About {hours_text(writing.left_hours)} are left by the estimates."
    return text


def _cost(writing: Writing) -> str:
    return "an amount that is not known" if writing.cost is None else f"${writing.cost:,.2f}"


def _hours(hours: float) -> str:
    return f"{hours:,.2f}".rstrip("0").rstrip(".")


def writing_facts(plan: PlanRow, writing: Writing) -> tuple[Fact, ...]:
    """The figures of the summary, with where they come from."""
    run, at = writing.run.id, plan.changed
    rows = Source("query", f"the stories of the delivery {run}: their works, merges and releases")
    priced = Source("query", f"answered calls to models in the works of {run}, each as it was recorded")
    spent = Source("query", f"how long workers were at agents' own steps in the works of {run}")
    left = Source("computation", "the sum of the medians of the estimates of what is not merged")
    known: tuple[tuple[str, str, FactValue, str, Source], ...] = (
        ("stories", "Stories", len(writing.stories), "stories", rows),
        ("merged", "Merged", writing.merged, "stories", rows),
        ("staged", "On staging", writing.staged, "stories", rows),
        ("produced", "In production", writing.count("production"), "stories", rows),
        ("model_cost", "Cost of models so far", writing.cost, "USD", priced),
        ("hours_used", "Used so far", plan.used_hours, "agent-hours", spent),
        ("hours_left", "Left by the estimates", writing.left_hours, "agent-hours", left),
    )
    return tuple(Fact(id, name, value, unit, at, source) for id, name, value, unit, source in known)


def writing_title(plan: PlanRow, writing: Writing) -> tuple[str, Tone]:
    """How the plan's message is headed while agents write."""
    if plan.state == "paused":
        return "Paused", "warning"
    if writing.run.state in ("running", "paused"):
        return ("Needs a person", "warning") if writing.count("person") else ("Being written", "waiting")
    return ("Written", "good") if writing.merged == len(writing.stories) else ("Written in part", "warning")


def writing_buttons(plan: PlanRow, writing: Writing) -> tuple[Button, ...]:
    """What can be done while agents write; none once that is over."""
    if plan.state == "created" and writing.run.state == "running":
        return (
            Button("Pause", "pause_plan", plan.id),
            Button("Stop here", "stop_writing", plan.id, "danger"),
        )
    return ()


def demo_links(writing: Writing) -> tuple[Block, ...]:
    """The way to each service that runs in staging, the newest version of it."""
    found: dict[str, str] = {}
    for one in writing.stories:
        if one.release is not None and one.release.address is not None and not one.is_back:
            found[one.release.service or one.story] = one.release.address
    items: list[tuple[Inline, ...]] = [
        (Link(f"{service} in staging", address),) for service, address in sorted(found.items())
    ]
    return (Bullets(tuple(items)),) if items else ()


async def daily(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """A plan's day, in a message of its own; nothing once it is over."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    writing = await writing_of(desk, plan)
    if writing is None or writing.run.state in ENDED:
        return None
    desk.memory.about(plan=plan.id)
    new = [
        one
        for one in writing.stories
        if _is_in(one) and one.release is not None and desk.now - one.release.created < _DAY
    ]
    lead = f"{counted(len(new), 'story', 'stories')} merged in the last day. {summary(plan, writing)}"
    blocks: list[Block] = [Text((lead,)), *demo_links(writing)]
    for title, found in (
        ("Merged in the last day", new),
        ("Needs a person", [one for one in writing.stories if standing(one) == "person"]),
    ):
        if found:
            items: tuple[tuple[Inline, ...], ...] = tuple((_line(writing, one)[1],) for one in found)
            blocks += [Text((Bold(title),)), Bullets(items)]
    blocks.append(Small((Link("the whole plan", dashboard(plan.id)),)))
    heading = f"Today: {plan.title}"
    tone: Tone = "warning" if writing.count("person") else "plain"
    facts = writing_facts(plan, writing)
    return Reply(f"{heading}. {lead}", (Card(heading, tuple(blocks), tone),), facts, key=ids["key"])


async def delivered(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """What was promised of a plan, and what came."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    writing = await writing_of(desk, plan)
    if writing is None:
        return None
    desk.memory.about(plan=plan.id)
    whole = writing.merged == len(writing.stories)
    stopped = f" {writing.run.why}" if writing.run.state == "cancelled" and writing.run.why else ""
    days = max(1, ((writing.run.ended or desk.now) - writing.run.created).days + 1)
    lead = (
        f"{writing.merged} of {counted(len(writing.stories), 'story', 'stories')} came, {writing.staged} on"
        f" staging, {writing.count('production')} in production, in {counted(days, 'day')}.{stopped}"
    )
    rows = _compared(desk, plan, writing, days)
    blocks: list[Block] = [Text((lead,)), Table(("", "Promised", "Came"), rows), *demo_links(writing)]
    left = [one for one in writing.stories if not _is_in(one)]
    if left:
        items: list[tuple[Inline, ...]] = [(_line(writing, one)[1],) for one in left[:_MOST_LEFT]]
        if len(left) > _MOST_LEFT:
            items.append((f"and {len(left) - _MOST_LEFT} more, in the dashboard",))
        blocks += [Text((Bold("Left"),)), Bullets(tuple(items))]
    if not whole and writing.run.state in ENDED:
        blocks.append(Buttons((Button("Let agents go on", "write_plan", plan.id, "primary"),)))
    blocks.append(Small((Link("the whole plan", dashboard(plan.id)),)))
    heading = f"{'Complete' if whole else 'Over, and not complete'}: {plan.title}"
    facts = (*writing_facts(plan, writing), *_promised(plan, writing, days))
    card = Card(heading, tuple(blocks), "good" if whole else "warning")
    return Reply(f"{heading}. {lead}", (card,), facts, key=ids["key"])


def _compared(desk: Desk, plan: PlanRow, writing: Writing, days: int) -> tuple[tuple[str, ...], ...]:
    budget, until = writing.draft.budget, writing.draft.scheduled_to
    over = (writing.run.ended or desk.now).date()
    promised = money_text(budget.cost, desk.department.currency) if isinstance(budget, Budget) else "not known"
    estimate = hours_text(budget.hours) if isinstance(budget, Budget) else "not known"
    limit = "none" if plan.budget_hours is None else hours_text(plan.budget_hours)
    return (
        ("Stories", str(len(writing.stories)), f"{writing.merged} merged"),
        ("In production", str(len(writing.stories)), str(writing.count("production"))),
        ("Done by", day_text(until) if until else "no sprint had room", day_text(over)),
        ("Estimate", estimate, f"{_hours(plan.used_hours)} agent-hours"),
        ("Budget", limit, f"{_hours(plan.used_hours)} agent-hours used"),
        ("Cost", f"{promised} of agents’ hours", f"{_cost(writing)} of models"),
        ("Days", "", counted(days, "day")),
    )


def _promised(plan: PlanRow, writing: Writing, days: int) -> tuple[Fact, ...]:
    approved = Source("query", f"the approved draft of {plan.id}, version {plan.version}")
    budget, until = writing.draft.budget, writing.draft.scheduled_to
    facts = [
        Fact(
            "days",
            "Days",
            days,
            "days",
            plan.changed,
            Source("computation", "from the day on which agents began to the day on which it was over, both"),
        )
    ]
    if isinstance(budget, Budget):
        facts.append(
            Fact("estimate", "Estimate", budget.hours, "agent-hours", plan.changed, approved),
        )
        facts.append(Fact("plan_cost", "Cost by the plan", budget.cost, "USD", plan.changed, approved))
    if until is not None:
        facts.append(Fact("promised", "Scheduled to", until.isoformat(), "", plan.changed, approved))
    return tuple(facts)
