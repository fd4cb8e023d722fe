"""Money at the gate: the limit itself is over it, and no way of splitting slips under."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from governance.action import Verdict
from governance.people import Actor
from tests.governance.edge_actions import scale
from tests.governance.house import AGENT, House


def _agent_of(person: str) -> Actor:
    return Actor("agent", "sre", on_behalf_of=person)


@pytest.mark.parametrize(
    ("cost", "verdict", "votes"),
    [
        ("0", Verdict.EXECUTE, 0),
        ("999.99", Verdict.EXECUTE, 0),
        ("999.9999", Verdict.EXECUTE, 0),
        ("1000", Verdict.APPROVE_FIRST, 1),
        ("1000.00", Verdict.APPROVE_FIRST, 1),
        ("9999.99", Verdict.APPROVE_FIRST, 1),
        ("10000", Verdict.APPROVE_FIRST, 2),
    ],
)
async def test_exactly_the_limit_counts_as_over(house: House, cost: str, verdict: Verdict, votes: int) -> None:
    ruling = (await house.submit(scale(cost))).ruling
    assert ruling.verdict is verdict
    assert (len(ruling.terms.slots) if ruling.terms else 0) == votes


async def test_what_was_spent_today_counts(house: House) -> None:
    assert (await house.submit(scale("600"))).ruling.verdict is Verdict.EXECUTE
    assert (await house.submit(scale("399.99"))).ruling.verdict is Verdict.EXECUTE
    assert (await house.submit(scale("0.01"))).ruling.verdict is Verdict.APPROVE_FIRST
    house.later(hours=24)
    assert (await house.submit(scale("999"))).ruling.verdict is Verdict.EXECUTE


@pytest.mark.parametrize(
    ("actor", "service"),
    [
        (AGENT, "another service"),
        (_agent_of("ingrid"), "orders"),
        (_agent_of("ingrid"), "another service"),
        (Actor("system", "clock"), "another service"),
    ],
)
async def test_another_requester_or_service_is_the_same_department(
    house: House, actor: Actor, service: str
) -> None:
    await house.submit(scale("999"))
    assert (await house.submit(scale("1", service=service), by=actor)).ruling.verdict is Verdict.APPROVE_FIRST


async def test_what_failed_or_waits_costs_nothing(house: House) -> None:
    failed = await house.submit(scale("999", mode="refuse"))
    await house.perform(failed.effect)
    await house.submit(scale("5000"))
    assert (await house.submit(scale("999"))).ruling.verdict is Verdict.EXECUTE


async def test_what_may_have_been_spent_counts_as_spent(house: House) -> None:
    unknown = await house.submit(scale("999", mode="cannot_tell"))
    await house.perform(unknown.effect)
    assert (await house.effect(unknown.effect)).state == "unknown"
    assert (await house.submit(scale("1"))).ruling.verdict is Verdict.APPROVE_FIRST


async def test_twenty_at_once_do_not_slip_under_the_limit(house: House) -> None:
    submitted = await asyncio.gather(
        *(
            house.submit(scale("100", service=f"s{n % 3}"), by=_agent_of(("nathan", "ingrid")[n % 2]))
            for n in range(20)
        )
    )
    passed = [each for each in submitted if each.ruling.verdict is Verdict.EXECUTE]
    assert len(passed) == 9, "nine times $100 is under $1000, ten times is not"
    assert {each.ruling.verdict for each in submitted} == {Verdict.EXECUTE, Verdict.APPROVE_FIRST}


async def test_what_a_freeze_held_back_for_days_still_adds_up(house: House) -> None:
    """Two days' worth of spending, each under the limit, held and released in the same minute."""
    await house.number()
    effects: list[str] = []
    for _ in range(2):
        submitted = [await house.submit(scale("300", service="orders")) for _ in range(3)]
        assert {each.ruling.verdict for each in submitted} == {Verdict.EXECUTE}
        effects += [each.effect for each in submitted]
        await house.sql("UPDATE effects SET state = 'held' WHERE state = 'ready'")
        house.later(hours=25)
    await house.sql("UPDATE effects SET state = 'ready' WHERE state = 'held'")
    await house.perform(*effects)
    rows = [await house.effect(effect) for effect in effects]
    spent = sum((row.cost for row in rows if row.state == "done"), Decimal(0))
    assert Decimal(0) < spent < 1000
    assert {row.state for row in rows} == {"done", "withdrawn"}


async def test_an_approved_expense_is_performed_although_the_day_is_full(house: House) -> None:
    await house.submit(scale("900"))
    big = await house.submit(scale("5000"))
    await house.vote(big.approval, "ingrid")
    await house.perform(big.effect)
    assert (await house.effect(big.effect)).state == "done"


async def test_an_expense_that_takes_two_votes_by_now_is_not_performed_with_one(house: House) -> None:
    """Together they are past the limit that takes two people, though neither was when it was asked for."""
    big = await house.submit(scale("6000"))
    other = await house.submit(scale("5000"))
    for each in (big, other):
        await house.vote(each.approval, "ingrid")
    await house.perform(big.effect, other.effect)
    assert [(await house.effect(each.effect)).state for each in (big, other)] == ["withdrawn", "done"]
    assert [await house.done_at_the_edge(each.effect) for each in (big, other)] == [0, 1]
    assert await house.kinds(big.effect) == ["intent", "outcome"], "that nothing was done is on record too"
