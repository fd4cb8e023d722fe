"""How plans' dates, hours, money and agents are said."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from math import ceil

from agents.planning.draft import Budget, NotEnoughHistory, PlanDraft
from governance.department import AgentRole, Department
from governance.moments import day_text as day_text  # with the other words of plans
from handlers.conversation.wording import counted

_IN_CAPITALS = {"qa": "QA", "sre": "SRE", "ml": "ML"}


def hours_text(hours: float) -> str:
    """`319.75 agent-hours`."""
    return f"{hours:,.2f}".rstrip("0").rstrip(".") + " agent-hours"


def money_text(amount: Decimal, currency: str) -> str:
    """`$1,930.40`, or with the currency's code where it is not the dollar."""
    return f"${amount:,.2f}" if currency == "USD" else f"{amount:,.2f} {currency}"


def not_enough(missing: NotEnoughHistory) -> str:
    """Why there is no number."""
    return f"not enough history to say ({missing.found} of {missing.needed} done stories)"


def budget_text(budget: Budget | NotEnoughHistory, currency: str) -> str:
    """Hours, the reserve, and what it costs."""
    if isinstance(budget, NotEnoughHistory):
        return not_enough(budget)
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


def agent_text(role: AgentRole) -> str:
    """`Backend engineer agent`, `QA agent`."""
    words = [_IN_CAPITALS.get(word, word) for word in role.value.split("_")]
    return f"{words[0][:1].upper()}{words[0][1:]} {' '.join([*words[1:], 'agent'])}"


def agent_for(discipline: str) -> str:
    """The agent that works on a discipline's stories."""
    role = next((role for role in AgentRole if role.discipline == discipline), None)
    return agent_text(role) if role else discipline


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
