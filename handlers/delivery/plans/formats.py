"""How plans' dates, hours, money and agents are written: the same words wherever a plan is shown."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from math import ceil

from agents.planning.draft import Budget, Forecast, Miss, NotEnoughHistory, PlanDraft, PlanSprint, Target
from agents.planning.times import week_of
from governance.department import AgentRole, Department
from governance.moments import day_text
from handlers.conversation.wording import counted

_IN_CAPITALS = {"qa": "QA", "sre": "SRE", "ml": "ML"}

NO_PLACE = "no sprint has room for it"


def hours_text(hours: float) -> str:
    """`319.75 agent-hours`."""
    return f"{hours:,.2f}".rstrip("0").rstrip(".") + " agent-hours"


def money_text(amount: Decimal, currency: str) -> str:
    """`$1,930.40`, or with the currency's code where it is not the dollar."""
    return f"${amount:,.2f}" if currency == "USD" else f"{amount:,.2f} {currency}"


def _not_enough(missing: NotEnoughHistory) -> str:
    """Why there is no number."""
    return f"not enough history to say ({missing.found} of {missing.needed} done stories)"


def budget_text(budget: Budget | NotEnoughHistory, currency: str) -> str:
    """Hours, the reserve, and what it costs."""
    if isinstance(budget, NotEnoughHistory):
        return _not_enough(budget)
    text = (
        f"{hours_text(budget.hours)}, {money_text(budget.cost, currency)};"
        f" with reserve {hours_text(budget.p80_hours)}"
    )
    if budget.ceiling_hours is None:
        return text
    return f"{text}; pauses for approval at {hours_text(budget.ceiling_hours)}"


def within_text(slowest: float | None, *, has_model: bool) -> str:
    """How soon a plan is there, going by the slowest of the last ones, in seconds: `in a few seconds`,
    `within 40 seconds, as the last ones did`, `within 4 minutes, as the last ones did`."""
    if slowest is None:
        return "in some minutes, for a model writes it" if has_model else "in a few seconds"
    if slowest <= 10:
        return "in a few seconds"
    amount = f"{ceil(slowest / 10) * 10} seconds" if slowest <= 90 else f"{ceil(slowest / 60)} minutes"
    return f"within {amount}, as the last ones did"


def _agent_text(role: AgentRole) -> str:
    """`Backend engineer agent`, `QA agent`."""
    words = [_IN_CAPITALS.get(word, word) for word in role.value.split("_")]
    return f"{words[0][:1].upper()}{words[0][1:]} {' '.join([*words[1:], 'agent'])}"


def agent_for(discipline: str) -> str:
    """The agent that works on a discipline's stories."""
    role = next((role for role in AgentRole if role.discipline == discipline), None)
    return _agent_text(role) if role else discipline


def team_name(department: Department, team: str) -> str:
    """A team as people call it; `no team` for an empty id."""
    names = {known.id: known.name for known in department.teams}
    return names.get(team, team) or "no team"


def dashboard(plan: str) -> str:
    """Where the dashboard shows a plan in full."""
    return f"/dashboard/plans/{plan}"


def reading_text(draft: PlanDraft) -> str:
    """`31 requirements, 4 for later, 3 ruled out, 2 passages not read`; empty where it was not kept."""
    if not draft.readings:
        return ""
    counts = Counter(read.account for read in draft.readings)
    asked = counts["requirement"] + counts["constraint"]
    parts = [counted(asked, "requirement")]
    parts += [f"{counts['later']} for later"] if counts["later"] else []
    parts += [f"{counts['out of scope']} ruled out"] if counts["out of scope"] else []
    parts += [f"{counted(counts['not read'], 'passage')} not read"] if counts["not read"] else []
    return ", ".join(parts)


def dates_text(draft: PlanDraft) -> str:
    """`Scheduled to 12 Mar 2027; half of the simulated runs are done by …, 85 of 100 by …`."""
    scheduled = draft.scheduled_to
    if scheduled is None:
        return _upper(NO_PLACE)
    return f"Scheduled to {day_text(scheduled)}{_without(draft)}; {_forecast_text(draft)}"


def _forecast_text(draft: PlanDraft) -> str:
    """When simulated runs are done, or why nobody can tell."""
    found = draft.forecast
    if isinstance(found, Forecast):
        return (
            f"half of the simulated runs are done by {day_text(found.p50)}, 85 of 100 by {day_text(found.p85)}"
        )
    return NO_PLACE if not draft.schedule and draft.stories else _not_enough(found)


def span_text(draft: PlanDraft) -> str:
    """`7 Dec 2026 to 12 Mar 2027, 14 weeks, 7 sprints (Sprint 51 to Sprint 57)`: the first day of work to the
    last, the weeks and sprints that they reach into."""
    first, last = draft.starts_on, draft.scheduled_to
    if first is None or last is None:
        return NO_PLACE
    weeks = counted(week_of(last, first), "week")
    sprints = f", {_sprints_text(draft.sprints)}" if draft.sprints else ""
    return f"{day_text(first)} to {day_text(last)}, {weeks}{sprints}"


def _sprints_text(sprints: tuple[PlanSprint, ...]) -> str:
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
