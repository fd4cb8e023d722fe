"""The card of what a customer needs: who waits, what it takes, when it can be there, and what can be
decided."""

from __future__ import annotations

from agents.customers.delivery_date import Delivery
from agents.customers.effort import Effort
from agents.customers.tables import CustomerRequestRow
from governance.moments import day_text
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Fields,
    Form,
    Inline,
    Input,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, listed
from handlers.customers.relations.case import PRIORITY, Case
from handlers.customers.relations.figures import facts_of
from handlers.delivery.plans.formats import hours_text, money_text, team_name
from handlers.delivery.prioritise.revenue import a_year, revenue_text
from integrations.customers import Account

RESTRICTED = "it shows a customer's revenue"
_MOST = 6
_MOVED = 5


def case_reply(desk: Desk, row: CustomerRequestRow, case: Case, lead: str = "") -> Reply:
    """What was found out of a request that nobody has decided on."""
    currency = desk.department.currency
    dated = case.delivery
    blocks: list[Block] = [Text((lead,))] if lead else []
    blocks.append(Fields(customer_pairs(case.account, currency) + _needed(row)))
    blocks += _asking(case, currency)
    blocks.append(Fields(_work_pairs(desk, case, currency)))
    blocks += _perhaps(row, case)
    blocks.append(Text((when_text(case, row),)))
    blocks += _moves(case)
    blocks.append(Text((_next_text(case),)))
    blocks.append(Buttons(decision_buttons(row)))
    blocks.append(Small((_assumed(case),)))
    late = isinstance(dated, Delivery) and dated.is_late
    tone: Tone = "warning" if late else "plain"
    title = f"{case.account.name} needs {row.what}"
    text = f"{title}. {when_text(case, row)} {_worth_text(case, currency)}".strip()
    facts = facts_of(case, row, currency, desk.now)
    key = f"customer_request:{row.id}"
    return Reply(text, (Card(title, tuple(blocks), tone),), facts, key=key, restricted=RESTRICTED)


def customer_pairs(account: Account, currency: str) -> tuple[tuple[str, str], ...]:
    """A customer at a glance."""
    standing = "" if account.standing is None else f" ({account.standing.value.replace('_', ' ')})"
    health = "not known" if account.health is None else f"{account.health} of 100{standing}"
    return (
        ("Customer", f"{account.name}, {account.tier or 'tier not known'}, {a_year(account.arr, currency)}"),
        ("Renewal", day_text(account.renewal) if account.renewal else "no day on record"),
        ("Health", health),
    )


def decision_buttons(row: CustomerRequestRow) -> tuple[Button, ...]:
    """Approve, Modify and Defer."""
    needed = row.needed_by.isoformat() if row.needed_by else ""
    hours = f"{row.hours:g}" if row.hours is not None else ""
    modify = Form(
        "Modify",
        "Work it out again",
        (
            Input("what", "What the customer needs", "line", row.what),
            Input("needed_by", "By when", "date", needed, required=False),
            Input("hours", "Agent-hours, if you know better", "number", hours, required=False),
        ),
    )
    defer = Form(
        "Defer",
        "Defer it",
        (Input("until", "When it comes back", "date", hint="You are shown it again on that day"),),
    )
    return (
        Button("Approve", "customer_approve", row.id, "primary"),
        Button("Approve and notify", "customer_approve_notify", row.id),
        Button("Modify", "customer_modify", row.id, form=modify),
        Button("Defer", "customer_defer", row.id, form=defer),
    )


def when_text(case: Case, row: CustomerRequestRow) -> str:
    """The day that the schedule can hold, against the one that the customer named."""
    dated = case.delivery
    if not isinstance(dated, Delivery):
        known = f"{dated.found} of {dated.needed} done stories"
        return f"By when it can be there cannot be told: not enough history ({known})."
    can = f"The schedule can hold {day_text(dated.most)} (85 of 100 runs; even odds {day_text(dated.half)})"
    if row.needed_by is None:
        return f"{can}. No day was named."
    needed = day_text(row.needed_by)
    if dated.is_late:
        weeks = -(-(dated.most - row.needed_by).days // 7)
        return f"{needed} cannot be met. {can}, {counted(weeks, 'week')} later."
    renewal = case.account.renewal
    held = f"{can}, in time for {needed}."
    if renewal is not None and renewal < dated.most:
        return f"{held} That is after the renewal on {day_text(renewal)}."
    return held


def _needed(row: CustomerRequestRow) -> tuple[tuple[str, str], ...]:
    return (("Needed by", day_text(row.needed_by) if row.needed_by else "no day was named"),)


def _asking(case: Case, currency: str) -> list[Block]:
    items: list[tuple[Inline, ...]] = [
        (
            Bold(one.account.name),
            f" ({a_year(one.account.arr, currency)}): “{one.request.what}”",
            f", by {day_text(one.request.needed_by)}" if one.request.needed_by else "",
        )
        for one in case.asking[:_MOST]
    ]
    if len(case.asking) > _MOST:
        items.append((f"and {counted(len(case.asking) - _MOST, 'more customer')}",))
    blocks: list[Block] = []
    if case.own:
        first = case.own[0]
        blocks.append(Text((f"Asked for before: {first.id}, {day_text(first.asked)}: “{first.what}”.",)))
    if items:
        blocks += [Text((Bold("Who else asked"),)), Bullets(tuple(items))]
    if case.others:
        blocks.append(
            Small((f"{counted(case.others, 'other customer')} asked too; whose they are sees them.",))
        )
    if not items and not case.others:
        blocks.append(Text(("No other customer asked for it.",)))
    return blocks


def _perhaps(row: CustomerRequestRow, case: Case) -> list[Block]:
    """What is in the tracker already may be the same under another name: whoever asks knows."""
    if not case.likely:
        return []
    named = listed((f"{epic.title} ({epic.id})" for epic in case.likely), "or")
    buttons = tuple(
        Button(f"It is {epic.id}", "customer_same_as", f"{row.id} {epic.id}") for epic in case.likely
    )
    said = f"Is it a part of {named}? Then say so, for that counts what is left there."
    return [Text((said,)), Buttons(buttons)]


def _work_pairs(desk: Desk, case: Case, currency: str) -> tuple[tuple[str, str], ...]:
    there = "nothing of it yet"
    if case.epic is not None and not case.sees_epic:
        there = f"a feature with {counted(len(case.left), 'open story', 'open stories')}"
    elif case.epic is not None:
        there = f"{case.epic.title} ({case.epic.id}), {counted(len(case.left), 'open story', 'open stories')}"
    elif case.left:
        there = listed(story.id for story in case.left[:_MOST])
    effort = case.effort
    if not isinstance(effort, Effort):
        return (("In the tracker", there), ("Work", "not enough history to say"))
    ranged = f" ({effort.low:g} to {effort.high:g})" if effort.high > effort.low else ""
    return (
        ("In the tracker", there),
        ("Work", f"{hours_text(effort.hours)}{ranged}, {team_name(desk.department, case.team)}"),
        ("Cost", money_text(case.business.cost, currency)),
        ("Revenue waiting", revenue_text(case.business.revenue, currency)),
        ("Return in a year", _returns(case)),
    )


def _returns(case: Case) -> str:
    worth = case.business
    least = "at least " if worth.revenue.without else ""
    return (
        "an unknown part of its cost" if worth.returns is None else f"{least}{worth.returns:g} times its cost"
    )


def _worth_text(case: Case, currency: str) -> str:
    worth = case.business
    revenue = revenue_text(worth.revenue, currency)
    waiting = f"{counted(len(worth.waiting), 'customer')} (yearly revenue {revenue})"
    verb = "waits" if len(worth.waiting) == 1 else "wait"
    return f"{waiting} {verb} for it; it returns {_returns(case)}."


def _moves(case: Case) -> list[Block]:
    dated = case.delivery
    if not isinstance(dated, Delivery) or not dated.is_late:
        return []
    if dated.cannot:
        return [Text(("Not even with nothing but what is begun before it would it be there in time.",))]
    many = counted(len(dated.moves), "story", "stories")
    if not case.sees_all:
        return [Text((f"To hold the day, {many} would have to wait; the product owner sees which.",))]
    shown: list[tuple[Inline, ...]] = [
        (f"{story.id} {story.title} ({story.priority})",) for story in dated.moves[:_MOVED]
    ]
    if len(dated.moves) > _MOVED:
        shown.append((f"and {len(dated.moves) - _MOVED} more",))
    return [Text((f"To hold the day, {many} would have to wait:",)), Bullets(tuple(shown))]


def _next_text(case: Case) -> str:
    story = f"{case.story.id} is its story." if case.story else "Its story comes into the backlog."
    sprint = f", first in {case.sprint.name}" if case.sprint else ""
    start = f"Its start at {PRIORITY}{sprint} is then asked of the product owner."
    return f"Approve puts it on record. {story} {start}"


def _assumed(case: Case) -> str:
    shares = sorted(
        {(account.standing.value if account.standing else "unknown") for account in case.business.waiting}
    )
    return (
        "Return: (revenue at risk - cost) ÷ cost in the first year. The share of revenue at risk is assumed by"
        f" health ({listed(one.replace('_', ' ') for one in shares)}). Ask for the working to see each."
    )
