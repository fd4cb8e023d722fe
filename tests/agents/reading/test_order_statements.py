"""What a document says comes before what: by id, by a column, in words; and what only sounds like it."""

from __future__ import annotations

import pytest

from agents.planning.reading.orders import stated_orders
from agents.planning.reading.outline import outline
from agents.planning.reading.read import read
from agents.planning.reading.statement import Told, key_of


def orders(text: str, *, all_in: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    """(earlier, later), by id or by the first words."""
    taken = outline(text)
    found = read(taken, corrections={key_of(said): Told("in", "the test") for said in all_in})
    beside = [s.unit.quote for s in found.statements if s.sense == "none"]
    names = [w.unit.id or " ".join(w.unit.text.split()[:2]) for w in found.wanted]
    return {(names[o.earlier], names[o.later]) for o in stated_orders(found.wanted, found.ids, beside)}


def with_ids(third: str) -> str:
    return (
        "## Requirements\n\n- **A1** The clerk must record each parcel.\n- **A2** The clerk must weigh boxes.\n"
        f"- **A3** {third}\n"
    )


@pytest.mark.parametrize(
    ("third", "expected"),
    [
        ("The guest must pay the fee (needs A1).", {("A1", "A3")}),
        ("The guest must pay the fee. Depends on A1 and A2.", {("A1", "A3"), ("A2", "A3")}),
        ("The guest must pay the fee once A2 is done.", {("A2", "A3")}),
        ("The guest must pay the fee before A2.", {("A3", "A2")}),
        ("The guest must pay the fee; this blocks A1.", {("A3", "A1")}),
        ("The guest must pay the fee, needed for A1.", {("A3", "A1")}),
        ("The guest must pay the fee, as A3 says.", set()),
        ("The guest must pay the fee within 7 days.", set()),
        ("The guest must pay the fee.", set()),
    ],
)
def test_by_id(third: str, expected: set[tuple[str, str]]):
    assert orders(with_ids(third)) == expected


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("Depends on", "A1, A2", {("A1", "A3"), ("A2", "A3")}),
        ("Needs", "A2", {("A2", "A3")}),
        ("Blocked by", "A1", {("A1", "A3")}),
        ("After", "record parcel", {("A1", "A3")}),
        ("Needs", "–", set()),
        ("Needs", "nothing", set()),
    ],
)
def test_by_column(column: str, cell: str, expected: set[tuple[str, str]]):
    text = (
        f"## Requirements\n\n| ID | Requirement | {column} |\n|--|--|--|\n"
        "| A1 | The clerk must record each parcel. | |\n| A2 | The clerk must weigh boxes. | |\n"
        f"| A3 | The guest must pay the fee. | {cell} |\n"
    )
    assert orders(text) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("A3 needs A1.", {("A1", "A3")}),
        ("A3 depends on A1 and A2.", {("A1", "A3"), ("A2", "A3")}),
        ("The record (A1) has to be there before anybody can pay (A3).", {("A1", "A3")}),
    ],
)
def test_in_a_sentence_of_its_own(sentence: str, expected: set[tuple[str, str]]):
    text = with_ids("The guest must pay the fee.") + f"\n## Notes\n\n{sentence}\n"
    assert orders(text) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("Once each parcel is recorded, the clerk must print a label.", {("The clerk", "Once each")}),
        ("The list must show parcels that were recorded.", {("The clerk", "The list")}),
        ("A reminder must go out after 7 days.", set()),
        ("A reminder must go out after two weeks.", set()),
        ("Once a day the list must be sent.", set()),
        ("The clerk must answer within an hour after the call.", set()),
        ("The list must be printed in colour.", set()),
    ],
)
def test_in_words(second: str, expected: set[tuple[str, str]]):
    first = "The clerk must record each parcel."
    text = f"## Requirements\n\n- {first}\n- {second}\n- The guest must pay the fee.\n"
    assert orders(text, all_in=(second,)) == expected


def test_each_order_is_given_once_and_nothing_waits_for_itself():
    text = with_ids("The guest must pay the fee (needs A1). It needs A1, and A3 needs A1.")
    assert orders(text) == {("A1", "A3")}
    taken = outline(text)
    found = read(taken)
    pairs = [(o.earlier, o.later) for o in stated_orders(found.wanted, found.ids)]
    assert len(pairs) == len(set(pairs))
