"""What comes first, with the working shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from agents.ranking import Demand, Ranked, rank
from governance.facts import Fact, Source
from governance.moments import day_text
from governance.visibility import Scope
from handlers.conversation.cards import Block, Button, Buttons, Card, Reply, Small, Table, Text
from handlers.conversation.desk import Desk
from handlers.delivery.prioritise.revenue import revenue_text
from integrations.customers import AccountQuery
from integrations.pages import everything
from integrations.tracker import EpicQuery, StoryQuery, StoryStatus

_MOST = 10
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}
_HOW = (
    "Score: (1 + revenue of waiting customers in 100,000) × urgency (2 if a need, promise or renewal falls due"
    " within 90 days) ÷ open agent-hours in 100."
)


async def demand_of(desk: Desk, scope: Scope) -> Demand:
    """Who waits for what, as far as the scope reaches."""
    customers = desk.ports.customers
    accounts = await everything(partial(customers.accounts, scope), AccountQuery())
    return Demand(
        {account.id: account for account in accounts},
        await customers.requests(scope),
        await customers.commitments(scope),
    )


async def ranking_reply(desk: Desk, scope: Scope, among: Sequence[str] = ()) -> Reply:
    """The features with open work, or those in `among`, in the order that value, urgency and work give."""
    tracker = desk.ports.tracker
    wanted = EpicQuery(ids=frozenset(among) if among else None, status=_OPEN)
    epics = await everything(partial(tracker.epics, scope), wanted)
    work = {left.epic: left for left in await tracker.open_work(scope)}
    demand = await demand_of(desk, scope)
    asked = StoryQuery(ids=demand.items, status=_OPEN)
    stories = await everything(partial(tracker.stories, scope), asked)
    ranked = rank(epics, work, demand, {story.id: story.epic for story in stories}, desk.now.date())
    if not ranked:
        return Reply(text="No feature that you may see has open stories, so there is nothing to put in order.")
    return _reply(desk, ranked, scope, (await desk.ports.customers.gaps(scope)).sentences)


def _reply(desk: Desk, ranked: Sequence[Ranked], scope: Scope, gaps: Sequence[str]) -> Reply:
    currency = desk.department.currency
    shown = ranked[:_MOST]
    rows = tuple(
        (
            str(place),
            f"{one.epic.title} ({one.epic.id})",
            one.epic.priority.value,
            revenue_text(one.revenue, currency) if one.waiting else "nobody waits",
            day_text(one.due) if one.due else "",
            f"{one.hours:g}",
            f"{one.score:g}",
        )
        for place, one in enumerate(shown, 1)
    )
    columns = ("", "Feature", "Now", "Revenue waiting", "Due", "Hours left", "Score")
    blocks: list[Block] = [Table(columns, rows, align="rllrrrr")]
    if len(ranked) > _MOST:
        blocks.append(Text((f"{len(ranked) - _MOST} more come after these.",)))
    first = shown[0].epic
    if scope.everything and first.priority.value != "P0":
        set_it = Button(f"Make {first.id} one step more urgent", "ask", f"prioritise raise {first.id}")
        blocks.append(Buttons((set_it,)))
    blocks.append(Small((_HOW, " This changes no priority.")))
    if gaps:
        blocks.append(Small((" ".join(gaps),)))
    named = "; ".join(f"{place}. {one.epic.title} (score {one.score:g})" for place, one in enumerate(shown, 1))
    text = f"By value, urgency and work left: {named}. Nothing was changed."
    card = Card("What comes first", tuple(blocks))
    return Reply(text=text, cards=(card,), facts=_facts(desk, shown), restricted="it shows customers' revenue")


def _facts(desk: Desk, shown: Sequence[Ranked]) -> tuple[Fact, ...]:
    facts: list[Fact] = []
    for one in shown:
        epic = one.epic.id
        waiting = ", ".join(account.id for account in one.waiting) or "no customer"
        known = len(one.waiting) - len(one.revenue.without)
        sources = (
            (
                f"{epic}.revenue",
                "Revenue waiting",
                one.revenue.known,
                desk.department.currency,
                f"sum of the ARR of {waiting}, known of {known} of {len(one.waiting)}",
            ),
            (
                f"{epic}.hours",
                "Hours left",
                one.hours,
                "agent-hours",
                f"estimates of {one.open_stories} open stories",
            ),
            (f"{epic}.score", "Score", one.score, "", _HOW),
        )
        facts += [
            Fact(id, f"{name} of {epic}", value, unit, desk.now, Source("computation", how))
            for id, name, value, unit, how in sources
        ]
    return tuple(facts)
