"""Scripted votes with the answer and the state after each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from governance.approvals.decision import (
    AlreadyDecided,
    ApprovalState,
    Approved,
    Denied,
    Expired,
    Recorded,
    Refused,
    Status,
    Superseded,
    Vote,
    decide,
    expire,
    supersede,
    withdraw,
)
from governance.authority.conditions import parse
from tests.governance.approvals.polling import (
    ARCHITECTURE,
    HOUR,
    OPENED,
    PLAN,
    RELEASE,
    ROLE_CHANGE,
    SCALING,
    STRICT_SCALING,
    ballot,
    opened,
)

# A step: voter, + (approve) or - (deny), hours after the opening, answer, state after it.
# "eve>amanda" is Eve, to whom Amanda delegated.
SEQUENCES: dict[str, tuple[Any, str | None, list[tuple[str, str, float, str, str]]]] = {
    "one vote suffices": (RELEASE, "david", [("nathan", "+", 1, "approved nathan", "approved")]),
    "nobody asked for it": (RELEASE, None, [("david", "+", 1, "approved david", "approved")]),
    "the requester's own vote does not count": (
        RELEASE,
        "david",
        [("david", "+", 1, "refused requester", "open"), ("amanda", "+", 2, "approved amanda", "approved")],
    ),
    "nor does the requester's own no": (RELEASE, "david", [("david", "-", 1, "refused requester", "open")]),
    "the requester's own vote counts where the rule says so": (
        PLAN,
        "david",
        [("david", "+", 0, "approved david", "approved")],
    ),
    "a requester without the role": (
        PLAN,
        "rachel",
        [("rachel", "+", 0, "refused no_role", "open"), ("david", "+", 1, "approved david", "approved")],
    ),
    "one no ends it": (
        RELEASE,
        "david",
        [("nathan", "-", 1, "denied nathan", "denied"), ("amanda", "+", 2, "already denied nathan", "denied")],
    ),
    "a no after a yes": (
        STRICT_SCALING,
        None,
        [("nathan", "+", 1, "recorded 1", "open"), ("amanda", "-", 2, "denied amanda", "denied")],
    ),
    "somebody thinks again before it is decided": (
        STRICT_SCALING,
        None,
        [("nathan", "+", 1, "recorded 1", "open"), ("nathan", "-", 2, "denied nathan", "denied")],
    ),
    "nobody thinks again after it is decided": (
        RELEASE,
        None,
        [
            ("nathan", "+", 1, "approved nathan", "approved"),
            ("nathan", "-", 2, "already approved nathan", "approved"),
        ],
    ),
    "a no without the role is none": (
        RELEASE,
        None,
        [("rachel", "-", 1, "refused no_role", "open"), ("nathan", "+", 2, "approved nathan", "approved")],
    ),
    "one person never fills two slots": (
        SCALING,
        None,
        [
            ("nathan", "+", 1, "recorded 1", "open"),
            ("nathan", "+", 1, "refused voted_before", "open"),
            ("amanda", "+", 2, "approved nathan,amanda", "approved"),
        ],
    ),
    "the requester is one of two where the rule says so": (
        SCALING,
        "nathan",
        [("nathan", "+", 0, "recorded 1", "open"), ("maya", "+", 1, "approved nathan,maya", "approved")],
    ),
    "and is none of two where it does not": (
        STRICT_SCALING,
        "nathan",
        [
            ("nathan", "+", 0, "refused requester", "open"),
            ("amanda", "+", 1, "recorded 1", "open"),
            ("maya", "+", 2, "approved amanda,maya", "approved"),
        ],
    ),
    "two roles, two people": (
        ROLE_CHANGE,
        "amanda",
        [("amanda", "+", 0, "recorded 1", "open"), ("carlos", "+", 1, "approved amanda,carlos", "approved")],
    ),
    "two roles in the other order": (
        ROLE_CHANGE,
        "amanda",
        [("carlos", "+", 0, "recorded 1", "open"), ("maya", "+", 1, "approved maya,carlos", "approved")],
    ),
    "two of the same role are not two roles": (
        ROLE_CHANGE,
        None,
        [
            ("amanda", "+", 0, "recorded 1", "open"),
            ("maya", "+", 1, "recorded 1", "open"),
            ("carlos", "+", 2, "approved amanda,carlos", "approved"),
        ],
    ),
    "who holds both roles still is one person": (
        ROLE_CHANGE,
        None,
        [
            ("both", "+", 0, "recorded 1", "open"),
            ("both", "+", 1, "refused voted_before", "open"),
            ("carlos", "+", 2, "approved both,carlos", "approved"),
        ],
    ),
    "who holds both roles makes room for who comes after": (
        ROLE_CHANGE,
        None,
        [("both", "+", 0, "recorded 1", "open"), ("amanda", "+", 1, "approved amanda,both", "approved")],
    ),
    "a delegate votes in the delegator's role": (
        ARCHITECTURE,
        None,
        [("eve", "+", 0, "refused no_role", "open"), ("eve>amanda", "+", 1, "approved eve", "approved")],
    ),
    "a delegate's no ends it": (ARCHITECTURE, None, [("eve>amanda", "-", 1, "denied eve", "denied")]),
    "a delegate never votes for the requester": (
        ARCHITECTURE,
        "amanda",
        [
            ("eve>amanda", "+", 0, "refused for_the_requester", "open"),
            ("maya", "+", 1, "approved maya", "approved"),
        ],
    ),
    "a delegate of the requester has an own role": (
        ARCHITECTURE,
        "amanda",
        [("maya>amanda", "+", 1, "approved maya", "approved")],
    ),
    "a requester is no delegate either": (
        ARCHITECTURE,
        "eve",
        [("eve>amanda", "+", 0, "refused requester", "open")],
    ),
    "a delegate votes for the requester where the requester may": (
        PLAN,
        "david",
        [("eve>david", "+", 0, "approved eve", "approved")],
    ),
    "a delegate and the delegator fill one slot": (
        STRICT_SCALING,
        None,
        [
            ("amanda", "+", 0, "recorded 1", "open"),
            ("eve>amanda", "+", 1, "recorded 1", "open"),
            ("nathan", "+", 2, "approved amanda,nathan", "approved"),
        ],
    ),
    "two delegates of one person fill one slot": (
        STRICT_SCALING,
        None,
        [
            ("eve>amanda", "+", 0, "recorded 1", "open"),
            ("rachel>amanda", "+", 1, "recorded 1", "open"),
            ("maya", "+", 2, "approved eve,maya", "approved"),
        ],
    ),
    "a delegate with an own role fills one slot": (
        STRICT_SCALING,
        None,
        [
            ("nathan>amanda", "+", 0, "recorded 1", "open"),
            ("nathan>amanda", "+", 1, "refused voted_before", "open"),
            ("amanda", "+", 2, "approved nathan,amanda", "approved"),
        ],
    ),
    "a delegate of two fills one slot": (
        ROLE_CHANGE,
        None,
        [
            ("eve>amanda>carlos", "+", 0, "recorded 1", "open"),
            ("amanda", "+", 1, "approved amanda,eve", "approved"),
        ],
    ),
    "the last moment": (RELEASE, None, [("nathan", "+", 7.999, "approved nathan", "approved")]),
    "too late by nothing": (
        RELEASE,
        None,
        [("nathan", "+", 8, "expired", "expired"), ("nathan", "+", 1, "expired", "expired")],
    ),
    "silence never approves": (
        STRICT_SCALING,
        None,
        [("nathan", "+", 1, "recorded 1", "open"), ("amanda", "+", 9, "expired", "expired")],
    ),
    "a refused vote does not keep it open": (
        RELEASE,
        "david",
        [("david", "+", 7, "refused requester", "open"), ("david", "+", 8, "expired", "expired")],
    ),
    "who lost the role before the click": (RELEASE, None, [("gone", "+", 1, "refused no_role", "open")]),
    "a second click": (
        RELEASE,
        None,
        [
            ("nathan", "+", 1, "approved nathan", "approved"),
            ("nathan", "+", 1, "already approved nathan", "approved"),
        ],
    ),
    "a clock that goes backwards": (RELEASE, None, [("nathan", "+", -1, "approved nathan", "approved")]),
}


def said(answer: Any) -> str:
    """An answer in the words of the table."""
    match answer:
        case Recorded(missing):
            return f"recorded {len(missing)}"
        case Approved(by):
            return f"approved {','.join(by)}"
        case Denied(by):
            return f"denied {by}"
        case Refused(reason):
            return f"refused {reason}"
        case AlreadyDecided(status, by):
            return f"already {status} {by}"
        case Expired():
            return "expired"
        case Superseded(by):
            return f"superseded {by}"
    raise AssertionError(answer)


def vote(who: str, choice: str, hours: float) -> Vote:
    return Vote(ballot(who), "approve" if choice == "+" else "deny", OPENED + timedelta(hours=hours))


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence(name):
    terms, requester, steps = SEQUENCES[name]
    state = opened(terms, requester)
    for number, (who, choice, hours, expected, status) in enumerate(steps):
        before = state
        state, answer = decide(state, vote(who, choice, hours))
        assert (said(answer), state.status) == (expected, status), number
        if isinstance(answer, Refused):
            assert state == before
            assert answer.who_may == {role for slot in terms.slots for role in slot.roles}


def test_an_old_button_answers_that_it_was_superseded():
    state = supersede(opened(RELEASE), "ap_2", OPENED + HOUR)
    after, answer = decide(state, vote("nathan", "+", 2))
    assert (after, said(answer)) == (state, "superseded ap_2")


def test_what_was_decided_is_not_superseded_withdrawn_or_expired():
    state, _ = decide(opened(RELEASE, "david"), vote("nathan", "+", 1))
    assert supersede(state, "ap_2", OPENED + 2 * HOUR) == state
    after, answer = withdraw(state, "david", OPENED + 2 * HOUR)
    assert (after, said(answer)) == (state, "already approved nathan")
    assert expire(state, OPENED + 99 * HOUR) == state


def test_a_requester_takes_a_proposal_back_and_nobody_else_does():
    state = opened(RELEASE, "david")
    _, answer = withdraw(state, "nathan", OPENED)
    assert isinstance(answer, Refused)
    withdrawn, answer = withdraw(state, "david", OPENED)
    assert (withdrawn.status, answer) == (Status.WITHDRAWN, None)
    assert said(decide(withdrawn, vote("nathan", "+", 1))[1]) == "already withdrawn david"


def test_nobody_takes_back_what_nobody_asked_for():
    _, answer = withdraw(opened(RELEASE), "nathan", OPENED)
    assert isinstance(answer, Refused)


def test_who_decided_and_when_is_kept():
    state, _ = decide(opened(RELEASE), vote("nathan", "-", 3))
    assert (state.decided_by, state.decided) == ("nathan", OPENED + 3 * HOUR)


def test_a_state_survives_being_stored_as_json():
    conditions = parse("load_test_passed is true and cost < 10000.50").conditions
    state, _ = decide(
        opened(STRICT_SCALING, "david"), replace(vote("eve>amanda", "+", 1), conditions=conditions)
    )
    stored = TypeAdapter(ApprovalState)
    assert state.conditions == conditions
    assert stored.validate_json(stored.dump_json(state)) == state
