"""The choice beside the best one that there is, for small backlogs where all can be tried."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from agents.roadmap.backlog import backlog_of, known_errors
from agents.roadmap.capacity import capacity
from agents.roadmap.choice import by_density, choose, units_of
from agents.roadmap.items import Item, Wishes
from integrations.tracker import Priority
from tests.agents.roadmap.planted import SPAN, department, epic, given, read, story

THERE = capacity(given(), department(), SPAN, Wishes(share=0.4))


def _items(seed: int) -> list[Item]:
    chance = random.Random(seed)
    stories = [
        story(
            f"CARD-{n}",
            float(chance.randint(8, 90)),
            priority=chance.choice(list(Priority)),
            discipline=chance.choice(["backend", "qa", "sre"]),
            depends_on=(f"CARD-{chance.randrange(1, n)}",) if n > 1 and chance.random() < 0.3 else (),
        )
        for n in range(1, 11)
    ]
    found = read(stories)
    return list(backlog_of(found, SPAN, known_errors(found)).items)


def _best(items: list[Item]) -> float:
    """By hours and order alone: at least what any choice in time is worth."""
    best = 0.0
    for count in range(len(items) + 1):
        for some in combinations(items, count):
            ids = {item.id for item in some}
            needs = {key for item in some for piece in item.pieces for key in piece.after}
            used: dict[tuple[str, str], float] = {}
            for item in some:
                for line, hours in item.by_line.items():
                    used[line] = used.get(line, 0.0) + hours
            if needs <= ids and all(hours <= THERE.free(line) + 1e-6 for line, hours in used.items()):
                best = max(best, sum(item.worth.value for item in some))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_is_worth_more_than_the_bound_and_ours_is_near_it(seed: int) -> None:
    items = _items(seed)
    found, best = choose(items, THERE), _best(items)
    assert found.worth <= best + 1e-6 <= found.bound + 1e-4
    assert found.bound <= best * 1.01 + 1e-6, "the programme is solved to its end"
    assert found.worth >= 0.9 * best
    assert found.worth >= by_density(units_of(items), THERE).worth


@pytest.mark.parametrize("seed", range(4))
def test_places_are_in_order_in_time_and_never_two_at_once(seed: int) -> None:
    items = _items(seed)
    found = choose(items, THERE)
    pieces = {piece.key: piece for item in items if item.id in found.chosen for piece in item.pieces}
    assert set(found.places) == set(pieces)
    for key, place in found.places.items():
        assert THERE.opens <= place.begins < place.ends <= THERE.closes + 1e-4
        for other in pieces[key].after:
            assert found.places[other].ends <= place.begins + 1e-4
    for one, two in combinations(pieces.values(), 2):
        if (one.team, one.discipline) == (two.team, two.discipline):
            first, second = sorted((found.places[one.key], found.places[two.key]), key=lambda p: p.begins)
            assert first.ends <= second.begins + 1e-4


def test_a_feature_that_does_not_fit_leaves_nothing_of_itself_behind() -> None:
    free = THERE.free(("alpha", "qa"))
    chain = [
        story("CARD-1", free * 0.5, discipline="qa", epic="EPIC-1"),
        story("CARD-2", THERE.free(("alpha", "backend")) * 0.8, epic="EPIC-1", depends_on=("CARD-1",)),
    ]
    found = read([*chain, story("CARD-3", free * 0.6, discipline="qa", priority=Priority.P3)], [epic("EPIC-1")])
    choice = choose(backlog_of(found, SPAN, known_errors(found)).items, THERE)
    assert choice.chosen == ("CARD-3",)
    assert set(choice.places) == {"CARD-3"}
    assert choice.late == {"EPIC-1"}
