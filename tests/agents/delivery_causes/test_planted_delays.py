"""Planted delays are found as root causes, told from what follows from them; where there is none, none is."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from agents.delivery_causes.diagnosis import diagnose, outlook_once_ended
from agents.delivery_causes.finder import find
from agents.delivery_causes.findings import Kind
from integrations.tracker import StoryStatus
from tests.agents.delivery_causes.simulated import PLANTS, planted, quiet, story

KINDS = {
    "dependency": Kind.DEPENDENCY,
    "breaking": Kind.BREAKING,
    "checks": Kind.CHECKS,
    "conflicts": Kind.CONFLICTS,
    "review": Kind.REVIEW,
    "approval": Kind.APPROVAL,
    "absence": Kind.ABSENCE,
    "incident": Kind.INCIDENT,
}
ALL = [(kind, number) for kind in PLANTS for number in range(4)]


@pytest.mark.parametrize("kind", PLANTS)
def test_each_kind_is_the_root_cause_and_costs_days(kind: str) -> None:
    one = planted(kind, 0)
    found = diagnose(one.seen)
    assert found.roots[0].key == one.key, [root.key for root in found.roots]
    assert found.roots[0].kind is KINDS[kind]
    assert found.costs[one.key].days > 0, found.costs
    assert found.roots[0].since is not None


def test_of_many_nearly_all_are_first() -> None:
    places = []
    for kind, number in ALL:
        one = planted(kind, number)
        keys = [root.key for root in diagnose(one.seen).roots]
        places.append(keys.index(one.key) + 1 if one.key in keys else 99)
    assert sum(place == 1 for place in places) >= 0.8 * len(places), list(zip(ALL, places, strict=True))
    assert sum(place <= 3 for place in places) >= 0.96 * len(places), list(zip(ALL, places, strict=True))


def test_nothing_is_found_where_nothing_is_late() -> None:
    for number in range(10):
        found = diagnose(quiet(random.Random(number)))
        assert found.roots == (), [root.key for root in found.roots]
        assert found.outlook.half is not None
        assert found.outlook.most is not None
        assert found.outlook.half <= found.outlook.most


def test_a_breaking_version_holds_nobody_up_who_is_not_blocked() -> None:
    """A team's own stories speak of its service all the time; a major version of it is no cause by itself."""
    one = planted("breaking", 3)
    unblocked = tuple(
        replace(
            each, status=StoryStatus.IN_PROGRESS, blocked_reason=None, description="About auth-service 2.0.0"
        )
        for each in one.seen.stories
    )
    found = diagnose(replace(one.seen, stories=unblocked, branches=()))
    assert found.roots == (), [root.key for root in found.roots]


def test_consequences_are_told_from_causes() -> None:
    one = planted("breaking", 1)
    found = diagnose(one.seen)
    follows = {each.key for each in found.follows[one.key]}
    assert {"blocked:S-5", "blocked:S-1", "branch:checkout-api:main"} <= follows
    one = planted("dependency", 1)
    assert {each.key for each in diagnose(one.seen).follows["waits:S-4"]} >= {"blocked:S-5"}
    one = planted("absence", 1)
    assert {each.key for each in diagnose(one.seen).follows["away:kim"]} == {"pull:checkout-api#6"}


def test_the_same_evidence_gives_the_same_diagnosis() -> None:
    one = planted("breaking", 2)
    turned = replace(one.seen, stories=tuple(reversed(one.seen.stories)))
    assert diagnose(one.seen) == diagnose(one.seen)
    assert {f.key for f in find(turned)} == {f.key for f in find(one.seen)}


def test_what_lasts_costs_more_than_what_ends() -> None:
    one = planted("absence", 0)
    assert one.seen.absences[-1].until > one.seen.today
    as_it_is, ended = diagnose(one.seen).outlook, outlook_once_ended(one.seen, (one.key,))
    assert as_it_is.scheduled is not None
    assert ended.scheduled is not None
    assert ended.scheduled < as_it_is.scheduled


def test_a_circle_of_dependencies_ends() -> None:
    seen = quiet(random.Random(1))
    circle = (
        story("C-1", "alpha", depends_on=("C-2", "C-1")),
        story("C-2", "beta", depends_on=("C-1",)),
    )
    seen = replace(seen, stories=(*seen.stories, *circle), own=seen.own | {"C-1", "C-2"})
    found = diagnose(seen)
    assert found.outlook.scheduled is not None
    assert {"waits:C-1", "waits:C-2"} & {root.key for root in found.roots}


def test_what_holds_up_other_features_alone_is_left_out() -> None:
    one = planted("incident", 0)
    other = frozenset(each.id for each in one.seen.stories if each.id.startswith("O-"))
    assert diagnose(replace(one.seen, own=other)).roots == ()


def test_what_began_earlier_cost_more() -> None:
    """Both end on the same day: what differs is what was lost already."""
    one = planted("absence", 0)
    away = one.seen.absences[-1]
    days = []
    for lasted in (1, 14):
        absence = replace(away, since=one.seen.today - timedelta(days=lasted))
        found = diagnose(replace(one.seen, own=frozenset({"S-10"}), absences=(absence,), pulls=()))
        days.append(found.costs[one.key].days)
    assert days[1] > days[0], days
