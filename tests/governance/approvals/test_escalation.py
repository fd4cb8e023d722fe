"""Who is asked when: first some, a reminder, the next role, at once where a holder is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from governance.approvals.counting import decide
from governance.approvals.decision import Vote
from governance.approvals.escalation import Reach, asked, next_look, next_to_ask
from tests.governance.approvals.polling import (
    ARCHITECTURE,
    DEADLINES,
    OPENED,
    PLAN,
    RELEASE,
    ROLE_CHANGE,
    ROLES,
    SCALING,
    ballot,
    opened,
)

PEOPLE = ("david", "amanda", "maya", "carlos", "nathan", "rachel", "eve")
HOLDERS = {
    role: tuple(who for who in PEOPLE if role in ROLES[who])
    for role in {r for held in ROLES.values() for r in held}
}
TWO_NEXT = replace(SCALING, then=("engineering_director",))

# terms, requester, away, deputies; who is asked after so many hours: "who!" is a reminder, "a<b" a in b's place
CASES = {
    "the first role, a reminder, then the next roles in turn": (
        (RELEASE, "rachel", (), {}),
        {0: "nathan", 5.9: "", 6: "nathan!", 7: "amanda maya", 7.5: "david", 8: ""},
    ),
    "at once the next role when the holder is away": (
        (RELEASE, "rachel", ("nathan",), {}),
        {0: "amanda maya", 6: "amanda! maya!", 7: "", 7.5: "david"},
    ),
    "at once the one after when these are away too": (
        (RELEASE, "rachel", ("nathan", "amanda", "maya"), {}),
        {0: "david", 6: "david!"},
    ),
    "at once the next role when the holder is the requester": (
        (RELEASE, "nathan", (), {}),
        {0: "amanda maya", 6: "amanda! maya!", 7.5: "david"},
    ),
    "never the requester, not even as the next role": (
        (RELEASE, "amanda", ("nathan",), {}),
        {0: "maya", 6: "maya!", 7.5: "david"},
    ),
    "the deputy instead of who is away": (
        (RELEASE, "rachel", ("nathan",), {"nathan": "eve"}),
        {0: "eve<nathan", 6: "eve!", 7: "amanda maya"},
    ),
    "the requester is nobody's deputy": (
        (RELEASE, "eve", ("nathan",), {"nathan": "eve"}),
        {0: "amanda maya"},
    ),
    "a deputy who is away too is not asked": (
        (RELEASE, "rachel", ("nathan", "eve"), {"nathan": "eve"}),
        {0: "amanda maya"},
    ),
    "the requester is asked first where they may vote": (
        (PLAN, "david", (), {}),
        {0: "david", 6: "david!", 7: "amanda maya"},
    ),
    "but is never the next": ((PLAN, "amanda", (), {}), {0: "david", 6: "david!", 7: "maya"}),
    "all roles at once where no order is given": (
        (ROLE_CHANGE, "amanda", (), {}),
        {0: "carlos amanda maya", 6: "amanda! carlos! maya!"},
    ),
    "one holder cannot fill two slots, so the next role is asked at once": (
        (TWO_NEXT, None, (), {}),
        {0: "nathan amanda maya"},
    ),
    "nobody is there": ((ARCHITECTURE, "maya", ("amanda",), {}), {0: "", 6: "", 8: ""}),
    "somebody comes back": ((ARCHITECTURE, "maya", ("amanda",), {}), {0: "", 1: "+amanda", 2: ""}),
}


@pytest.mark.parametrize("name", CASES)
def test_who_is_asked(name):
    (terms, requester, away, deputies), moments = CASES[name]
    state = opened(terms, requester)
    reach = Reach(HOLDERS, frozenset(away), deputies)
    for hours, expected in moments.items():
        if expected.startswith("+"):
            reach, expected = replace(reach, absent=frozenset()), expected[1:]
        now = OPENED + timedelta(hours=hours)
        asks = next_to_ask(state, now, reach)
        said = [
            ask.person + ("!" if ask.kind == "reminder" else f"<{ask.instead_of}" if ask.instead_of else "")
            for ask in asks
        ]
        assert said == expected.split(), hours
        state = asked(state, asks, now)
        assert next_to_ask(state, now, reach) == ()


def test_who_voted_is_neither_reminded_nor_asked():
    state = opened(ROLE_CHANGE)
    reach = Reach(HOLDERS)
    state = asked(state, next_to_ask(state, OPENED, reach), OPENED)
    state, _ = decide(state, Vote(ballot("amanda"), "approve", OPENED))
    assert [ask.person for ask in next_to_ask(state, DEADLINES.remind, reach)] == ["carlos", "maya"]


def test_once_it_is_decided_nobody_is_asked():
    state, _ = decide(opened(RELEASE), Vote(ballot("nathan"), "deny", OPENED))
    assert next_to_ask(state, DEADLINES.remind, Reach(HOLDERS)) == ()
    assert next_look(state, OPENED) is None


def test_a_late_first_look_asks_everybody_who_is_due():
    asks = next_to_ask(opened(RELEASE), OPENED + timedelta(hours=7.6), Reach(HOLDERS))
    assert [(ask.person, ask.kind) for ask in asks] == [
        (who, "vote") for who in ("nathan", "amanda", "maya", "david")
    ]


def test_the_next_look_is_the_next_moment():
    state = opened(RELEASE)
    moments = [DEADLINES.remind, *DEADLINES.ask_next, DEADLINES.expires]
    before = [OPENED, *moments[:-1]]
    assert [next_look(state, moment) for moment in before] == moments
    assert next_look(state, DEADLINES.expires) is None
