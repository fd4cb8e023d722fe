"""What something costs is established by code: what the action says of itself never lowers a ruling."""

from __future__ import annotations

from decimal import Decimal

import pytest

from governance.action import Verdict
from governance.registry import ActionSpec, free
from tests.governance.edge_actions import PRICES, SPECS, deploy, scale
from tests.governance.house import House


@pytest.mark.parametrize(
    ("said", "price", "verdict", "votes"),
    [
        ("0", "999.99", Verdict.EXECUTE, 0),
        ("0", "1000", Verdict.APPROVE_FIRST, 1),
        ("1", "20000", Verdict.APPROVE_FIRST, 2),
        ("1000", "1", Verdict.APPROVE_FIRST, 1),
        ("0", "nobody knows", Verdict.APPROVE_FIRST, 2),
        ("1", "-5", Verdict.APPROVE_FIRST, 2),
        ("1", "NaN", Verdict.APPROVE_FIRST, 2),
    ],
)
async def test_the_price_list_rules_and_saying_less_does_not_help(
    house: House, said: str, price: str, verdict: Verdict, votes: int
) -> None:
    ruling = (await house.submit(scale(said, price=price))).ruling
    assert ruling.verdict is verdict
    assert (len(ruling.terms.slots) if ruling.terms else 0) == votes


async def test_what_is_spent_is_what_was_established(house: House) -> None:
    first = await house.submit(scale("0", price="600"))
    assert first.ruling.verdict is Verdict.EXECUTE
    assert (await house.effect(first.effect)).cost == Decimal(600)
    assert (await house.submit(scale("0", price="400"))).ruling.verdict is Verdict.APPROVE_FIRST


async def test_the_record_says_what_was_established(house: House) -> None:
    asked = await house.submit(scale("1", price="5000"))
    await house.vote(asked.approval, "ingrid")
    await house.perform(asked.effect)
    recorded = await house.entries("intent", "outcome", effect=asked.effect)
    assert [Decimal(entry["measures"]["cost"]) for entry in recorded] == [5000, 5000]
    (requested,) = [e for e in await house.entries("approval") if e["type"] == "approval.requested"]
    assert Decimal(requested["measures"]["cost"]) == 5000


async def test_a_price_that_rose_since_the_vote_takes_the_votes_that_it_takes_now(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await house.submit(scale("5000"))
    await house.vote(asked.approval, "ingrid")
    monkeypatch.setitem(PRICES, "orders", "12000")
    await house.perform(asked.effect)
    row = await house.effect(asked.effect)
    assert (row.state, row.cost) == ("withdrawn", Decimal(12000))
    assert await house.done_at_the_edge(asked.effect) == 0


async def test_what_is_free_costs_at_least_what_it_says(house: House) -> None:
    submitted = await house.submit(deploy(cost=Decimal(70)))
    assert (await house.effect(submitted.effect)).cost == Decimal(70)


def test_no_type_goes_without_saying_how_its_cost_is_established() -> None:
    spec = SPECS[0]
    parts = {"effect": spec.effect, "port": spec.port, "ask": spec.ask}
    with pytest.raises(TypeError, match="costs"):
        ActionSpec(spec.action, spec.subject, **parts)  # type: ignore[arg-type]
    for money in ("cost", "spend_department"):
        with pytest.raises(ValueError, match="money is established by"):
            ActionSpec(
                spec.action,
                spec.subject,
                establish=spec.establish,
                establishes=(money,),
                costs=free,
                **parts,  # type: ignore[arg-type]
            )
