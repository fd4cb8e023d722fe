"""The figures of a case, each with where it comes from: what "show working" lists."""

from __future__ import annotations

from datetime import datetime

from agents.customers.business_case import AT_RISK
from agents.customers.delivery_date import Delivery
from agents.customers.effort import Effort
from agents.customers.tables import CustomerRequestRow
from governance.facts import Fact, FactValue, Source
from handlers.customers.relations.case import Case
from integrations.customers import Account

_BASIS = {
    "left": "the sum of the estimates of its open stories; range: 10th to 90th percentile of simulated sums",
    "similar": "weighted median of what the most similar finished features took; 10th to 90th percentile",
    "person": "said by a person",
}


def facts_of(case: Case, row: CustomerRequestRow, currency: str, now: datetime) -> tuple[Fact, ...]:
    """Every figure on a case's card, and every assumption behind one."""
    of_customers = [fact for account in case.business.waiting for fact in _of_account(account, currency, now)]
    if row.needed_by is not None:
        needed = Fact("needed", "Needed by", row.needed_by.isoformat(), "", now, Source("person", row.asked_by))
        of_customers.append(needed)
    if case.others:
        asked = Source("query", "customers: requests for the same, of accounts out of the asker's reach")
        of_customers.append(Fact("others", "Other customers who asked", case.others, "customers", now, asked))
    return (*of_customers, *_of_work(case, currency, now), *_of_value(case, currency, now))


def _of_account(account: Account, currency: str, now: datetime) -> list[Fact]:
    source = Source("query", f"customers: {account.id}")
    name = account.name
    facts: list[Fact] = []
    if account.arr is not None:
        facts.append(Fact(f"{account.id}.arr", f"{name}: yearly revenue", account.arr, currency, now, source))
    if account.renewal is not None:
        day = account.renewal.isoformat()
        facts.append(Fact(f"{account.id}.renewal", f"{name}: renewal", day, "", now, source))
    if account.health is not None:
        facts.append(Fact(f"{account.id}.health", f"{name}: health", account.health, "of 100", now, source))
    share = AT_RISK[account.standing]
    why = Source("computation", f"assumption for a customer that is {account.standing or 'of unknown health'}")
    facts.append(Fact(f"{account.id}.share", f"{name}: share of revenue at risk", share, "", now, why))
    return facts


def _of_work(case: Case, currency: str, now: datetime) -> list[Fact]:
    facts: list[Fact] = []
    if isinstance(case.effort, Effort):
        effort = case.effort
        source = Source("computation", _BASIS[effort.basis], effort.rests_on if case.sees_all else ())
        for id, name, value in (
            ("effort", "Work", effort.hours),
            ("effort.low", "Work, at least (9 of 10)", effort.low),
            ("effort.high", "Work, at most (9 of 10)", effort.high),
        ):
            facts.append(Fact(id, name, value, "agent-hours", now, source))
        facts.append(Fact("stories", "Stories", effort.stories, "stories", now, source))
        rate = Source("file", f"department.yaml: the dearest agent of team {case.team}")
        facts.append(Fact("hourly", "Cost of an agent-hour", case.hourly, currency, now, rate))
    if isinstance(case.delivery, Delivery):
        dated = case.delivery
        how = (
            f"{dated.runs:,} simulated runs over the weekly counts of finished stories of the last 26 weeks,"
            f" behind {dated.ahead} stories that come before it"
        )
        for id, name, day in (
            ("half", "Expected, even odds", dated.half),
            ("most", "Expected, 85 of 100", dated.most),
        ):
            facts.append(Fact(id, name, day.isoformat(), "", now, Source("computation", how)))
        line = Source("query", f"tracker: what team {case.team} has taken on, and its backlog of P0 and P1")
        facts.append(Fact("ahead", "Stories before it", dated.ahead, "stories", now, line))
        if dated.is_late and not dated.cannot:
            moved = Source("computation", "the fewest, last in line first, without which it is in time")
            facts.append(
                Fact("moves", "Stories that would have to wait", len(dated.moves), "stories", now, moved)
            )
    return facts


def _of_value(case: Case, currency: str, now: datetime) -> list[Fact]:
    worth = case.business
    ids = tuple(account.id for account in worth.waiting if account.arr is not None)
    revenue = tuple(f"{one}.arr" for one in ids)
    shares = (*revenue, *(f"{one}.share" for one in ids))
    rows: list[tuple[str, str, FactValue, str, str, tuple[str, ...]]] = [
        (
            "revenue",
            "Yearly revenue of those who wait",
            worth.revenue.known,
            currency,
            f"sum of what is known of {len(ids)} of {len(worth.waiting)}, each customer once",
            revenue,
        ),
        ("at_risk", "Revenue at risk", worth.at_risk, currency, "sum of revenue × share at risk", shares),
    ]
    if worth.returns is not None:
        rows.append(
            ("cost", "Cost", worth.cost, currency, "work × cost of an agent-hour", ("effort", "hourly"))
        )
        formula = "(revenue at risk - cost) ÷ cost, in the first year"
        rows.append(("returns", "Return", worth.returns, "times", formula, ("at_risk", "cost")))
    return [
        Fact(id, name, value, unit, now, Source("computation", how, of))
        for id, name, value, unit, how, of in rows
    ]
