"""Roles, terms and conditions are looked at once more when an approved action is about to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from governance.approvals.counting import decide, still_valid, told
from governance.approvals.decision import Vote
from governance.authority.conditions import parse
from governance.authority.vocabulary import Unestablished, read_for_votes
from tests.governance.approvals.polling import (
    ARCHITECTURE,
    DIRECTOR,
    OPENED,
    OWNER,
    RELEASE,
    ROLE_CHANGE,
    ROLES,
    SCALING,
    STRICT_SCALING,
    ballot,
    opened,
)

NOW = {who: frozenset(held) for who, held in ROLES.items() if held}


def approved(terms, *voters, requester=None):
    state = opened(terms, requester)
    for number, voter in enumerate(voters):
        state, _ = decide(state, Vote(ballot(voter), "approve", OPENED + timedelta(minutes=number)))
    return state


def without(*people):
    return {who: held for who, held in NOW.items() if who not in people}


def test_an_approval_holds_while_its_voters_hold_their_roles():
    state = approved(RELEASE, "nathan")
    assert still_valid(state, RELEASE, NOW)
    assert still_valid(state, RELEASE, without("amanda", "david"))
    assert not still_valid(state, RELEASE, without("nathan"))
    assert not still_valid(state, RELEASE, NOW | {"nathan": frozenset({"engineer"})})


def test_a_role_that_was_won_since_does_not_save_a_vote():
    state = approved(ARCHITECTURE, "amanda")
    assert not still_valid(state, ARCHITECTURE, NOW | {"amanda": frozenset({OWNER})})
    assert not still_valid(state, RELEASE, NOW | {"amanda": frozenset({OWNER})})
    assert still_valid(state, RELEASE, NOW | {"amanda": frozenset({OWNER, DIRECTOR})})


def test_a_delegates_vote_falls_with_either_of_the_two():
    state = approved(ARCHITECTURE, "eve>amanda")
    assert still_valid(state, ARCHITECTURE, NOW)
    assert not still_valid(state, ARCHITECTURE, without("amanda"))
    assert not still_valid(state, ARCHITECTURE, without("eve"))


def test_terms_that_grew_stricter_since_need_more_votes():
    one = approved(replace(SCALING, slots=SCALING.slots[:1]), "nathan", requester="nathan")
    assert still_valid(one, replace(SCALING, slots=SCALING.slots[:1]), NOW)
    assert not still_valid(one, SCALING, NOW)
    two = approved(SCALING, "nathan", "amanda", requester="nathan")
    assert still_valid(two, SCALING, NOW)
    assert not still_valid(two, STRICT_SCALING, NOW)


def test_an_open_or_denied_approval_is_never_valid():
    assert not still_valid(approved(ROLE_CHANGE, "amanda"), ROLE_CHANGE, NOW)
    assert not still_valid(approved(ROLE_CHANGE, "amanda"), ARCHITECTURE, NOW)
    denied, _ = decide(approved(ROLE_CHANGE, "amanda"), Vote(ballot("carlos"), "deny", OPENED))
    assert not still_valid(denied, ROLE_CHANGE, NOW)


CHECKS = [
    ("load_test_passed is true", {"load_test_passed": True}, True),
    ("load_test_passed is true", {"load_test_passed": False}, False),
    ("load_test_passed is true", {}, None),
    ("load_test_passed is true", {"load_test_passed": Unestablished("it still runs")}, None),
    ("load_test_passed is true", {"load_test_passed": "true"}, None),
    ("environment is staging", {"environment": "production"}, False),
    ("tests_passed is true and scan_clean is true", {"tests_passed": True, "scan_clean": False}, False),
    ("cost < 100", {"cost": Decimal("99.99")}, True),
    ("cost < 100", {"cost": Decimal("100")}, False),
    ("cost < 100", {"cost": 99}, None),
    ("asked_by is product_owner", {"asked_by": "product_owner"}, None),
]


@pytest.mark.parametrize(("condition", "facts", "truth"), CHECKS)
def test_bound_conditions_are_checked_by_facts(condition, facts, truth):
    assert told(parse(condition).parts, [read_for_votes(facts)]).now is truth


def test_a_condition_holds_only_if_it_holds_for_every_action():
    passed, failed = (read_for_votes({"tests_passed": outcome}) for outcome in (True, False))
    tested = parse("tests_passed is true").parts
    assert told(tested, [passed, passed]).now is True
    assert told(tested, [passed, failed]).now is False
    assert told(tested, [passed, {}]).now is None
    assert told(tested, []).now is None


def test_the_conditions_of_every_vote_are_bound_once():
    state = opened(STRICT_SCALING)
    for voter, text in (
        ("nathan", "tests_passed is true"),
        ("amanda", "tests_passed is true and breaking is true"),
    ):
        state, _ = decide(state, Vote(ballot(voter), "approve", OPENED, parse(text).parts))
    assert [str(condition) for condition in state.conditions] == ["tests_passed is true", "breaking is true"]
