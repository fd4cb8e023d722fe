"""What a proposed plan says: phases, time, budget, risk, and what a person should settle first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agents.planning.comparison import compare
from agents.planning.draft import DraftStory, Estimate, Flag, NotEnoughHistory, PlanDraft, Risk
from governance.moments import day_text
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Bold, Bullets, Card, Chart, Fields, Inline, Small, Table, Text
from handlers.conversation.charts import draw_forecast
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, listed
from handlers.delivery.plans.formats import (
    agent_for,
    budget_text,
    coverage_text,
    dates_text,
    gap_text,
    hours_text,
    late_reason,
    miss_text,
    span_text,
    team_name,
)
from handlers.delivery.plans.product_question import product_text
from handlers.delivery.whereabouts.work_state import sprint_names

_MOST = 3
"""So many flags, risks and blockers stand on the card; the dashboard has them all."""

_MOST_CHANGES = 8


def figures(draft: PlanDraft, desk: Desk) -> Fields:
    """Dates, budget and risk at a glance."""
    return Fields(
        (
            ("Product", product_text(draft, desk.department)),
            ("Dates", dates_text(draft)),
            ("Timeline", span_text(draft)),
            ("Budget", budget_text(draft.budget, desk.department.currency)),
            ("Risk", risk_text(draft)),
        )
    )


def risk_text(draft: PlanDraft) -> str:
    """The level, and the risk that weighs most."""
    level = draft.risk_level.capitalize()
    return f"{level} ({_lower(draft.risks[0].title)})" if draft.risks else level


def changes(old: PlanDraft, new: PlanDraft, desk: Desk) -> list[Block]:
    """What the proposal changes of the one before."""
    products = {product.id: product.name for product in desk.department.products}
    differs = compare(old, new, {team.id: team.name for team in desk.department.teams}, products)
    if not differs:
        return [Text(("Nothing in the plan differs from the proposal before.",))]
    items: list[tuple[Inline, ...]] = [(sentence,) for sentence in differs[:_MOST_CHANGES]]
    if len(differs) > _MOST_CHANGES:
        items.append((f"and {len(differs) - _MOST_CHANGES} more, in the dashboard.",))
    return [Text((Bold("What changes from the proposal before"),)), Bullets(tuple(items))]


async def phases(draft: PlanDraft, desk: Desk) -> list[Block]:
    """Who plans, and who would carry out what in which sprints."""
    sprints = await sprint_names(desk, (place.sprint for place in draft.schedule))
    planning: list[tuple[Inline, ...]] = [
        (
            f"Product owner agent: {counted(len(draft.stories), 'story', 'stories')} from"
            f" {counted(len(draft.requirements), 'requirement')}",
        ),
        (
            f"Project manager agent: {len(draft.schedule)} scheduled over"
            f" {counted(len(draft.sprints), 'sprint')}"
            + (f", {len(draft.unscheduled)} without a place" if draft.unscheduled else ""),
        ),
    ]
    work = [(_work(stories, draft, desk, sprints),) for stories in _by_work(draft.stories).values()]
    return [
        Text((Bold("Planning"),)),
        Bullets(tuple(planning)),
        Text((Bold("Execution"),)),
        Bullets(tuple(work)),
    ]


async def chart(draft: PlanDraft, desk: Desk) -> list[Block]:
    """The forecast as a picture; nothing where there is not enough history to forecast."""
    found = draft.forecast
    if isinstance(found, NotEnoughHistory):
        return []
    picture = await asyncio.to_thread(
        draw_forecast,
        found.histogram,
        p50=found.p50,
        p85=found.p85,
        weeks_p50=found.weeks_p50,
        weeks_p85=found.weeks_p85,
        since=found.since,
        scheduled=draft.scheduled_to,
    )
    file = await desk.files.put(desk.tx, "forecast.png", "image/png", picture.png, EVERYTHING)
    how = " ".join(filter(None, (late_reason(draft), gap_text(draft))))
    return [Chart(file, picture.alt, picture.summary), *([Small((how,))] if how else [])]


def misses(draft: PlanDraft) -> list[Block]:
    """What the document states and the plan does not meet, said before anything else."""
    return _section("Not met", [(miss_text(miss, draft.document),) for miss in draft.misses])


def blockers(draft: PlanDraft) -> list[Block]:
    """What a person must settle first."""
    return _section("To settle first", [(blocker,) for blocker in draft.blockers])


def concerns(draft: PlanDraft) -> list[Block]:
    """What must be settled first, what is unclear in the document, what may go wrong, what it waits for."""
    waits = [d for d in draft.dependencies if d.ready is not True]
    others = [risk for risk in draft.risks if not any(d.name in risk.title for d in waits)]
    below = len(draft.risks) - len(others)
    with_them = f"{len(draft.risks)} with the {counted(below, 'dependency', 'dependencies')} below"
    return [
        *blockers(draft),
        *_section("Unclear in the document", [_flag(flag) for flag in draft.flags]),
        *_section(f"Risks ({with_them})" if below else "Risks", [_risk(risk) for risk in others]),
        *_section("Depends on", [(Bold(d.name), f": {d.status} ({_line(draft, d.line)})") for d in waits]),
    ]


def stories_card(draft: PlanDraft, desk: Desk) -> Card:
    """Every story of the plan, in a table of its own."""
    rows = tuple(
        (
            story.key,
            story.title,
            team_name(desk.department, story.team),
            story.priority.value,
            hours_range(story),
            done_text(draft, story.key),
            rests_on(story),
        )
        for story in draft.stories
    )
    columns = ("", "Story", "Team", "Priority", "Hours", "Done by the schedule", "Rests on")
    covered = coverage_text(draft)
    return Card(
        f"The {counted(len(draft.stories), 'story', 'stories')} of “{draft.title}”",
        (Table(columns, rows, align="llllrll"), *((Small((covered,)),) if covered else ())),
    )


def hours_range(story: DraftStory) -> str:
    """`14.5 (7.5 to 30)`: the median, and what 10 and 90 of 100 such stories stay under."""
    if not isinstance(story.estimate, Estimate):
        return "not known"
    found = story.estimate
    return f"{found.p50:g}" if found.low == found.high else f"{found.p50:g} ({found.low:g} to {found.high:g})"


def done_text(draft: PlanDraft, key: str) -> str:
    """`5 Feb 2027, Sprint 55`: when a story is done by the schedule, and in which sprint."""
    place = next((place for place in draft.schedule if place.story == key), None)
    if place is None:
        return "no place yet"
    names = [sprint.name for sprint in draft.sprints if sprint.starts < place.ends <= sprint.ends]
    return ", ".join((day_text(place.done), *names[:1]))


def rests_on(story: DraftStory) -> str:
    """What an estimate rests on: the done story most like it, with how alike the two are (0 to 1)."""
    if not isinstance(story.estimate, Estimate):
        return ""
    if story.estimate.basis != "similar" or not story.estimate.evidence:
        of = story.discipline if story.estimate.basis == "discipline" else "the department's"
        return f"all {of} stories; none is alike"
    nearest = story.estimate.evidence[0]
    return f"{nearest.story} ({nearest.actual_hours:g} h, {nearest.similarity:.0%} alike)"


def worked_out(draft: PlanDraft) -> Small:
    """By which way the plan was worked out."""
    if draft.worked_out == "model":
        return Small(("Words by a model; every number worked out from the department's own records.",))
    why = f" ({draft.worked_out_why})" if draft.worked_out_why else ""
    return Small((f"Worked out without a model{why}, from the document and the department's own records.",))


def _by_work(stories: Sequence[DraftStory]) -> Mapping[tuple[str, str], list[DraftStory]]:
    found: dict[tuple[str, str], list[DraftStory]] = {}
    for story in stories:
        found.setdefault((story.discipline, story.team), []).append(story)
    return found


def _work(stories: Sequence[DraftStory], draft: PlanDraft, desk: Desk, sprints: Mapping[str, str]) -> str:
    keys = {story.key for story in stories}
    places = sorted((p for p in draft.schedule if p.story in keys), key=lambda place: place.starts)
    team = team_name(desk.department, stories[0].team)
    names = [sprints.get(place.sprint, place.sprint).removeprefix(team).lstrip(" ,") for place in places]
    when = " to ".join(dict.fromkeys((names[0], names[-1]))) if names else "no place yet"
    hours = sum(story.hours for story in stories)
    amount = f", {hours_text(hours)}" if hours else ""
    return (
        f"{agent_for(stories[0].discipline)}, {team}:"
        f" {counted(len(stories), 'story', 'stories')}{amount} ({when})"
    )


def _section(title: str, items: Sequence[tuple[Inline, ...]]) -> list[Block]:
    if not items:
        return []
    shown = list(items[:_MOST])
    if len(items) > _MOST:
        shown.append((f"and {len(items) - _MOST} more, in the dashboard",))
    return [Text((Bold(title),)), Bullets(tuple(shown))]


def _flag(flag: Flag) -> tuple[Inline, ...]:
    lines = f"line {flag.line}" if flag.also_line is None else f"lines {flag.line} and {flag.also_line}"
    return (f"{flag.kind.capitalize()}, {lines}: {flag.why}. {flag.suggestion}",)


def _line(draft: PlanDraft, line: int) -> str:
    return f"{draft.document}, line {line}"


def _risk(risk: Risk) -> tuple[Inline, ...]:
    evidence = f": {risk.evidence[0].text} ({risk.evidence[0].source})" if risk.evidence else ""
    return (Bold(risk.title), f" (likelihood {risk.likelihood}, impact {risk.impact}){evidence}")


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def holders_text(draft: PlanDraft, desk: Desk) -> str:
    """Whom the plan would propose to hold its stories: the leads of its teams."""
    people = {entry.id: entry.name for entry in desk.department.people}
    leads = {t.id: people[t.lead] for t in desk.department.teams}
    teams = dict.fromkeys(story.team for story in draft.stories if story.team in leads)
    return listed(f"{leads[team]} ({team_name(desk.department, team)})" for team in teams)
