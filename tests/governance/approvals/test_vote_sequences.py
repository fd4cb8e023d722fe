"""Scripted votes with the answer and the state after each."""

from __future__ import annotations

from typing import Any

import pytest

from governance.approvals.counting import decide
from governance.approvals.decision import Refused
from tests.governance.approvals.polling import (
    ARCHITECTURE,
    PLAN,
    RELEASE,
    ROLE_CHANGE,
    SCALING,
    STRICT_SCALING,
    opened,
    said,
    vote,
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
