"""Questions about the plan that a thread is about, answered from its own figures and nothing else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta

from agents.planning.draft import DraftStory, Forecast, NotEnoughHistory, PlanDraft
from agents.planning.times import week_of
from agents.plans.rows import draft_of, plan_by_id
from agents.plans.tables import PlanRow
from governance.approvals.counting import missing
from governance.approvals.store import approval_row, state_of
from governance.facts import Fact
from governance.moments import day_text
from governance.visibility import scope_of
from handlers.conversation.approval_card import how_it_ended, needed
from handlers.conversation.cards import Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted, listed, names_of_people
from handlers.delivery.plans.formats import (
    agent_for,
    budget_text,
    dates_text,
    hours_text,
    late_reason,
    miss_text,
    span_text,
    team_name,
)
from handlers.language.dates import read_moment
from handlers.language.words import in_digits, plain

_SHOWN = 3

_Answers = Callable[[Desk, PlanRow, PlanDraft, str], Awaitable[str | None]]


async def answer_about_plan(turn: Turn, text: str, desk: Desk) -> Reply | None:
    """What the thread's plan says to a question; None where there is no such plan, or it does not say."""
    known = desk.memory.topic.get("plan")
    if known is None or turn.person is None or not scope_of(turn.person).everything:
        return None
    plan = await plan_by_id(desk.tx, known)
    draft = draft_of(plan)
    if draft is None:
        return None
    said = plain(text)
    for asks, answer, names in _QUESTIONS:
        if asks.search(said) and (sentence := await answer(desk, plan, draft, said)) is not None:
            facts = tuple(fact for fact in draft.facts if _is_about(fact, names))
            card = Card(f"About the plan “{draft.title}”", (Text((sentence,)),))
            return Reply(text=sentence, cards=(card,), facts=facts)
    return None


def _is_about(fact: Fact, names: Sequence[str]) -> bool:
    return any(name in fact.name.lower() for name in names)


async def _budget(desk: Desk, _plan: PlanRow, draft: PlanDraft, _said: str) -> str | None:
    return f"The plan needs {budget_text(draft.budget, desk.department.currency)}. {_largest(draft)}"


async def _why_over(_desk: Desk, _plan: PlanRow, draft: PlanDraft, said: str) -> str | None:
    """Why it is over a number of hours, or that it is not."""
    number = re.search(r"\d[\d,.]*", said)
    if isinstance(draft.budget, NotEnoughHistory) or number is None:
        return None
    limit = float(number[0].replace(",", "").rstrip("."))
    over = draft.budget.hours - limit
    total = f"The stories' medians add up to {hours_text(draft.budget.hours)}"
    if over <= 0:
        reserve = hours_text(draft.budget.p80_hours)
        return f"{total}, so it is not over {limit:g}; with the reserve it is {reserve}."
    by_work = ", ".join(f"{agent_for(discipline)} {hours:g}" for discipline, hours in _by_discipline(draft))
    return f"{total}, {over:g} more than {limit:g}: {by_work}. {_largest(draft)}"


async def _when(_desk: Desk, _plan: PlanRow, draft: PlanDraft, _said: str) -> str | None:
    missed = [miss_text(miss, "The document") for miss in draft.misses]
    parts = (*missed, f"{dates_text(draft)}.", late_reason(draft), f"Work: {span_text(draft)}.")
    return " ".join(filter(None, parts))


async def _in_time(desk: Desk, plan: PlanRow, draft: PlanDraft, said: str) -> str | None:
    """Whether it can be done within some weeks, or by a day: what the schedule and the simulation say of it."""
    if not isinstance(draft.forecast, Forecast) or not draft.schedule:
        return await _when(desk, plan, draft, said)
    weeks = _weeks_in(said, desk)
    if weeks is None:
        return None
    first, last = draft.starts_on or desk.now.date(), draft.scheduled_to or desk.now.date()
    by = desk.now.date() + timedelta(weeks=weeks)
    share = _share_done(draft.forecast, by)
    verdict = "Yes by the schedule" if last <= by else "Not as it is scheduled"
    return (
        f"{verdict}: {dates_text(draft)[:1].lower()}{dates_text(draft)[1:]} (it starts on {day_text(first)})."
        f" By {day_text(by)}, in {weeks:g} weeks, {share:.0%} of {draft.forecast.samples:,} simulated runs are"
        " done. Say what to leave out, or which budget or start you want, and I work it out anew."
    )


def _share_done(forecast: Forecast, by: date) -> float:
    """The share of the runs that are done in the week before a day, or earlier: `by` itself may be a Monday."""
    since = forecast.since or by
    whole = week_of(by + timedelta(days=3), since) - 1  # from Friday on the day's own week counts
    done = sum(runs for week, runs in forecast.histogram if week <= whole)
    return done / max(forecast.samples, 1)


def _weeks_in(said: str, desk: Desk) -> float | None:
    if found := re.search(r"\b(?P<number>\d+) (?P<unit>weeks?|wks?|months?|days?|sprints?)\b", in_digits(said)):
        length = {"w": 1.0, "m": 52 / 12, "d": 1 / 7, "s": 2.0}[found["unit"][0]]
        return int(found["number"]) * length
    by = re.search(r"\b(?:by|before|until|till)\b.+", said)
    moment = read_moment(by[0], desk.now, desk.department.calendar_of(None).time_zone) if by else None
    return (moment.deadline - desk.now).days / 7 if moment else None


async def _which_story(_desk: Desk, _plan: PlanRow, draft: PlanDraft, said: str) -> str | None:
    places = {place.story: place for place in draft.schedule}
    placed = [story for story in draft.stories if story.key in places]
    if re.search(r"\b(?:latest|last|end)\b", said) and placed:
        final = max(places[story.key].done for story in placed)
        ones = [story for story in placed if places[story.key].done == final]
        return f"Last come, until {day_text(final)}: {_called(ones)}."
    if re.search(r"\b(?:first|start|begins?|earliest)\b", said) and placed:
        first = min(places[story.key].begins for story in placed)
        ones = [story for story in placed if places[story.key].begins == first]
        return f"First, from {day_text(first)}: {_called(ones)}."
    if re.search(r"\b(?:biggest|largest|longest|most (?:hours|expensive|work)|costl\w*)\b", said):
        return _largest(draft)
    return None


async def _risks(_desk: Desk, _plan: PlanRow, draft: PlanDraft, _said: str) -> str | None:
    if not draft.risks:
        return f"No single risk stands out; as a whole its risk is {draft.risk_level}."
    said = [f"{risk.title} (likelihood {risk.likelihood}, impact {risk.impact})" for risk in draft.risks]
    return f"Its risk is {draft.risk_level}. {counted(len(said), 'risk')}: {'; '.join(said)}."


async def _unclear(_desk: Desk, _plan: PlanRow, draft: PlanDraft, _said: str) -> str | None:
    if not draft.flags:
        return "Nothing in the document was flagged as unclear."
    said = [f"line {flag.line}, {flag.kind}: {flag.why}" for flag in draft.flags[:_SHOWN]]
    more = f"; and {len(draft.flags) - _SHOWN} more, in the dashboard" if len(draft.flags) > _SHOWN else ""
    return f"{counted(len(draft.flags), 'point')} in the document to settle: {'; '.join(said)}{more}."


async def _teams(desk: Desk, _plan: PlanRow, draft: PlanDraft, _said: str) -> str | None:
    hours: dict[str, float] = {}
    for story in draft.stories:
        hours[story.team] = hours.get(story.team, 0.0) + story.hours
    ranked = sorted(hours.items(), key=lambda pair: -pair[1])
    said = [f"{team_name(desk.department, team)} {hours_text(each)}" for team, each in ranked]
    return f"{counted(len(draft.stories), 'story', 'stories')}: {', '.join(said)}."


async def _depends(_desk: Desk, _plan: PlanRow, draft: PlanDraft, _said: str) -> str | None:
    if not draft.dependencies:
        return "The document names nothing outside the plan that it depends on."
    ready = {True: "ready", False: "not ready", None: "not known whether it is ready"}
    said = [f"{one.name} ({ready[one.ready]})" for one in draft.dependencies]
    return f"Outside the plan it depends on {listed(said)}."


async def _decides(desk: Desk, plan: PlanRow, _draft: PlanDraft, _said: str) -> str | None:
    if plan.approval is None:
        return None
    state = state_of(await approval_row(desk.tx, plan.approval))
    if state.decided:
        return await how_it_ended(desk.tx, state, await names_of_people(desk.tx))
    return f"Still needed: {needed(missing(state))}."


def _by_discipline(draft: PlanDraft) -> list[tuple[str, float]]:
    hours: dict[str, float] = {}
    for story in draft.stories:
        hours[story.discipline] = hours.get(story.discipline, 0.0) + story.hours
    return sorted(hours.items(), key=lambda pair: -pair[1])


def _largest(draft: PlanDraft) -> str:
    ranked = sorted((story for story in draft.stories if story.hours), key=lambda story: -story.hours)[:_SHOWN]
    if not ranked:
        return ""
    return f"The largest: {listed(f'{one.key} {one.title} ({one.hours:g} h)' for one in ranked)}."


def _called(stories: Sequence[DraftStory]) -> str:
    shown = [f"{story.key} {story.title}" for story in stories[:5]]
    return listed(shown) + (f" and {len(stories) - 5} more" if len(stories) > 5 else "")


_MONTH = r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_OVER = r"\bwhy\b.*\b(?:over|more than|above|exceed\w*)\b|\bover (?:the )?(?:prd|budget|\d)"
_TIME = (
    r"\b(?:can|could|would|will|is|do)\b.*\b(?:in|within|by|before)\b"
    rf".*(?:week|month|day|sprint|\d|{_MONTH})"
)
_STORY = (
    r"\bwhich\b.*\bstor(?:y|ies)\b"
    r"|\bwhat(?:'s| is| comes)? (?:the )?(?:last|latest|first|biggest|largest|longest)\b"
)
_MONEY = r"\bbudget\b|\bhow (?:many|much)\b.*\bhours?\b|\bcosts?\b|\bhow (?:expensive|much)\b|\bprice\b"
_SETTLE = r"\b(?:unclear|vague|flags?|settle|contradict\w*|missing)\b"
_WHO = (
    r"\bwho (?:decides|approves|has to (?:approve|decide)|else)\b|\bwhose (?:approval|vote)\b|\bstill needed\b"
)
_TEAM = r"\b(?:which|what) teams?\b|\bhow many stories\b|\bwho (?:does|works|builds)\b"
_NEEDS = r"\bdepend\w*|\bwaits? (?:for|on)\b|\bneeds? (?:first|from)\b"
_DONE = r"\bwhen\b|\bhow long\b|\beta\b|\bby which (?:day|date)\b|\b(?:done|ready) by\b|\bdeadline\b"

_QUESTIONS: tuple[tuple[re.Pattern[str], _Answers, tuple[str, ...]], ...] = (
    (re.compile(_OVER), _why_over, ("hour",)),
    (re.compile(_TIME), _in_time, ("forecast", "week")),
    (re.compile(_STORY), _which_story, ("hour",)),
    (re.compile(_MONEY), _budget, ("hour", "cost", "budget")),
    (re.compile(r"\brisk\w*|\bgo wrong\b"), _risks, ("risk",)),
    (re.compile(_SETTLE), _unclear, ()),
    (re.compile(_WHO), _decides, ()),
    (re.compile(_TEAM), _teams, ("hour",)),
    (re.compile(_NEEDS), _depends, ()),
    (re.compile(_DONE), _when, ("forecast",)),
)
"""What is asked, in the order in which it is looked for, how it is answered, and the facts that it rests on."""
