"""How a plan's dates are said: the same words and the same dates wherever a plan is shown."""

from __future__ import annotations

from agents.planning.draft import Forecast, Miss, NotEnoughHistory, PlanDraft, PlanSprint, Target
from agents.planning.times import week_of
from governance.moments import day_text
from handlers.conversation.wording import counted
from handlers.delivery.plans.words import not_enough

NO_PLACE = "no sprint has room for it"


def dates_text(draft: PlanDraft) -> str:
    """`Scheduled to 12 Mar 2027; half of the simulated runs are done by …, 85 of 100 by …`."""
    scheduled = draft.scheduled_to
    if scheduled is None:
        return _upper(NO_PLACE)
    return f"Scheduled to {day_text(scheduled)}{_without(draft)}; {forecast_text(draft)}"


def forecast_text(draft: PlanDraft) -> str:
    """When simulated runs are done, or why nobody can tell."""
    found = draft.forecast
    if isinstance(found, Forecast):
        return (
            f"half of the simulated runs are done by {day_text(found.p50)}, 85 of 100 by {day_text(found.p85)}"
        )
    return NO_PLACE if not draft.schedule and draft.stories else not_enough(found)


def span_text(draft: PlanDraft) -> str:
    """`7 Dec 2026 to 12 Mar 2027, 14 weeks, 7 sprints (Sprint 51 to Sprint 57)`: the first day of work to the
    last, the weeks and sprints that they reach into."""
    first, last = draft.starts_on, draft.scheduled_to
    if first is None or last is None:
        return NO_PLACE
    weeks = counted(week_of(last, first), "week")
    sprints = f", {sprints_text(draft.sprints)}" if draft.sprints else ""
    return f"{day_text(first)} to {day_text(last)}, {weeks}{sprints}"


def sprints_text(sprints: tuple[PlanSprint, ...]) -> str:
    """`7 sprints (Sprint 51 to Sprint 57)`."""
    first, last = sprints[0].name, sprints[-1].name
    return f"{counted(len(sprints), 'sprint')} ({first if first == last else f'{first} to {last}'})"


def gap_text(draft: PlanDraft) -> str:
    """How far the schedule may be from the shortest possible one; empty where nobody knows."""
    if draft.gap_days is None or not draft.schedule:
        return ""
    if draft.gap_days == 0:
        return "No order of these stories ends earlier."
    days = counted(draft.gap_days, "working day")
    return f"No order of these stories ends more than {days} earlier."


def coverage_text(draft: PlanDraft) -> str:
    """How well the ranges of estimates held on the department's own past; empty where it is not known."""
    values = {fact.name: fact.value for fact in draft.facts}
    covered, tested = values.get("within their range"), values.get("estimates tested")
    if covered is None or not isinstance(tested, int):
        return ""
    return (
        f"Ranges are meant to hold 80 of 100 stories; of {tested:,} done ones, each estimated without itself,"
        f" {covered} of 100 fell into theirs."
    )


def _without(draft: PlanDraft) -> str:
    if not draft.unscheduled:
        return ""
    return f", without {counted(len(draft.unscheduled), 'story', 'stories')} for which no sprint has room"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def late_reason(draft: PlanDraft) -> str:
    """Why most runs end after the scheduled day; empty where they do not."""
    found = draft.forecast
    if isinstance(found, NotEnoughHistory) or found.scheduled is None or found.p50 == draft.scheduled_to:
        return ""
    share = f"{found.scheduled:.0%}"
    return (
        f"The schedule takes every story at its median; {share} of the runs end by then, for a story that takes"
        " longer holds up what comes after it."
    )


def miss_text(miss: Miss, document: str) -> str:
    """`PRD-7 wants “beta” in week 6 (to 15 Jan 2027) (line 143): not met, scheduled to …, because …. …`"""
    target = miss.target
    if target.hours is not None:
        lead = f"{document} allows {target.when} (line {target.line}): not met, the plan needs {miss.planned}"
    else:
        lead = f"{document} wants “{target.what}” {_by(target)} (line {target.line}): not met, {miss.planned}"
    return f"{lead}, because {miss.why}. {miss.remedy}"


def _by(target: Target) -> str:
    """`by 12 Apr 2027`, `in week 6 (15 Jan 2027)`."""
    day = day_text(target.day) if target.day else ""
    return f"by {day}" if target.when == day else f"in {target.when} (to {day})"
