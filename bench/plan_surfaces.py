"""What every surface says of a plan's dates, and where two of them disagree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from types import SimpleNamespace
from typing import Any, cast

from agents.planning.comparison import compare
from agents.planning.draft import Forecast, PlanDraft
from agents.planning.replan import replan
from agents.planning.request import PlanningInput
from agents.planning.working_days import working_days
from bench.plan_department import TODAY, department
from bot.console.dashboard.plan_timeline import lay_out
from governance.facts import Fact
from governance.moments import day_text
from handlers.conversation.charts import draw_forecast
from handlers.delivery.plans import proposal
from handlers.delivery.plans.document import plan_document
from handlers.delivery.plans.formats import dates_text, span_text
from handlers.delivery.whereabouts.work_state import Planned, expected
from integrations.tracker import Story, StoryStatus

_DAY = r"(\d{1,2} [A-Z][a-z]{2}[a-z]* 20\d\d)"
_SAID = {
    "scheduled": re.compile(rf"[Ss]cheduled to {_DAY}"),
    "p50": re.compile(rf"[Hh]alf of (?:the |[\d,]+ )?simulated runs are done by {_DAY}"),
    "p85": re.compile(rf"85 of 100 by {_DAY}"),
}
_NOW = datetime.combine(TODAY, time(9), UTC)


def disagreements(draft: PlanDraft, given: PlanningInput) -> list[str]:
    """Where a surface says another date, or a date that cannot be; empty if none does."""
    if draft.scheduled_to is None or not isinstance(draft.forecast, Forecast):
        return []
    wanted = {
        "scheduled": day_text(draft.scheduled_to),
        "p50": day_text(draft.forecast.p50),
        "p85": day_text(draft.forecast.p85),
    }
    found = []
    for name, text, must in _surfaces(draft):
        for kind in must:
            said = {_short(day) for day in _SAID[kind].findall(text)}
            if said != {wanted[kind]}:
                found.append(f"{name} says {kind} {sorted(said)}, the plan {wanted[kind]}")
    return [*found, *_facts(draft), *_status(draft), *_order(draft, given), *_picture(draft, given)]


def _surfaces(draft: PlanDraft) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, what it says, and which dates it has to say."""
    every = ("scheduled", "p50", "p85")
    known = department()
    desk = cast(Any, SimpleNamespace(department=known))
    found = cast(Forecast, draft.forecast)
    yield "the card", dict(proposal.figures(draft, desk).pairs)["Dates"], every
    yield "the document", plan_document(draft, known), every
    yield "the dashboard", dates_text(draft), every
    yield "the timeline", lay_out(draft, set(), {}).summary, every
    drawn = draw_forecast(
        found.histogram,
        p50=found.p50,
        p85=found.p85,
        weeks_p50=found.weeks_p50,
        weeks_p85=found.weeks_p85,
        since=found.since,
        scheduled=draft.scheduled_to,
    )
    yield "the chart", drawn.summary, every


def _short(day: str) -> str:
    number, month, year = day.split()
    return f"{number} {month[:3]} {year}"


def _facts(draft: PlanDraft) -> Iterator[str]:
    facts: dict[str, Fact] = {fact.name: fact for fact in draft.facts}
    found = cast(Forecast, draft.forecast)
    days = (("scheduled end", draft.scheduled_to), ("forecast P50", found.p50), ("forecast P85", found.p85))
    for name, day in days:
        if day is not None and facts[name].value != day.isoformat():
            yield f"the fact {name} is {facts[name].value}, the plan says {day}"
    weeks = re.search(r"(\d+) weeks?", span_text(draft))
    if weeks is None or int(weeks[1]) != facts["weeks"].value:
        yield f"the timeline counts {weeks and weeks[1]} weeks, the fact {facts['weeks'].value}"
    if compare(draft, draft, {}):
        yield "the plan differs from itself"


def _status(draft: PlanDraft) -> Iterator[str]:
    """What the status says once its stories are in the tracker as planned."""
    places = {place.story: place for place in draft.schedule}
    tracked = [_tracked(draft, key, place.sprint) for key, place in places.items()]
    keys = {story.id: story.id for story in tracked}
    said = expected(tracked, {}, _NOW, working_days(department()), Planned("pl", draft, keys))
    if said.day != draft.scheduled_to:
        yield f"the status says {said.day}, the plan {draft.scheduled_to}"


def _tracked(draft: PlanDraft, key: str, sprint: str) -> Story:
    s = draft.story(key)
    return Story(
        key, s.title, "", (), s.team, draft.product, StoryStatus.SCHEDULED, s.priority, "E", s.discipline,
        s.hours, None, (), (), (), None, None, sprint, _NOW, None, None,
    )  # fmt: skip


def _order(draft: PlanDraft, given: PlanningInput) -> Iterator[str]:
    """Dates that cannot be: on a day off, before the schedule, before what comes first, outside the sprint."""
    found = cast(Forecast, draft.forecast)
    scheduled = cast(date, draft.scheduled_to)
    if not scheduled <= found.p50 <= found.p85:
        yield f"scheduled {scheduled}, P50 {found.p50}, P85 {found.p85} are not in order"
    days = {scheduled, found.p50, found.p85, *(sprint.last for sprint in draft.sprints)}
    days |= {day for place in draft.schedule for day in (place.begins, place.done)}
    for day in sorted(days):
        if not given.days.works_on(day):
            yield f"{day} is no working day"
    places = {place.story: place for place in draft.schedule}
    for link in draft.precedences:
        late, early = places.get(link.story), places.get(link.after)
        if late is not None and early is not None and early.done > late.begins:
            yield f"{link.story} begins before {link.after} is done"
    for place in draft.schedule:
        if not place.starts <= place.begins <= place.done < place.ends:
            yield f"{place.story} lies outside its sprint"


def _picture(draft: PlanDraft, given: PlanningInput) -> Iterator[str]:
    """The picture's sprints: those of the plan, in order, each once, called as in the tracker."""
    columns = lay_out(draft, set(), {}).columns
    names = [column.name for column in columns]
    if names != [sprint.name for sprint in draft.sprints] or len(set(names)) != len(names):
        yield f"the picture's sprints are {names}"
    known = {sprint.name.split(", ")[-1].casefold() for sprint in given.sprints}
    for name in names:
        if name.casefold() not in known:
            yield f"no sprint of the company is called {name}"
    if [sprint.starts for sprint in draft.sprints] != sorted({sprint.starts for sprint in draft.sprints}):
        yield "the sprints are not in order"


def unchanged(draft: PlanDraft, given: PlanningInput) -> list[str]:
    """What replanning changes though nothing has happened; empty if nothing."""
    places = {place.story: place.sprint for place in draft.schedule}
    made = {s.key: f"{draft.document}-{s.key}" for s in draft.stories}
    tracked = [
        replace(
            _tracked(draft, s.key, places.get(s.key, "")),
            id=made[s.key],
            sprint=places.get(s.key),
            status=StoryStatus.SCHEDULED if s.key in places else StoryStatus.BACKLOG,
            estimate_hours=s.hours,
        )
        for s in draft.stories
    ]
    found = replan(draft, made, replace(given, stories=(*given.stories, *tracked)))
    return [f"replanning moves {move.key}" for move in found.moves]
