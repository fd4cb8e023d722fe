"""How an approval ends without a vote, and that it survives being stored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from governance.approvals.counting import decide
from governance.approvals.decision import ApprovalState, Refused, Status, expire, supersede, withdraw
from governance.authority.conditions import parse
from tests.governance.approvals.polling import HOUR, OPENED, RELEASE, STRICT_SCALING, opened, said, vote


def test_an_old_button_answers_that_it_was_superseded():
    state = supersede(opened(RELEASE), "ap_2", OPENED + HOUR)
    after, answer = decide(state, vote("nathan", "+", 2))
    assert (after, said(answer)) == (state, "superseded ap_2")


def test_an_approved_one_is_superseded_and_keeps_its_votes():
    state, _ = decide(opened(RELEASE), vote("nathan", "+", 1))
    after = supersede(state, "ap_2", OPENED + HOUR)
    assert (after.status, after.superseded_by) == (Status.SUPERSEDED, "ap_2")
    assert [cast.ballot.voter for cast in after.votes] == ["nathan"]
    assert said(decide(after, vote("amanda", "+", 2))[1]) == "superseded ap_2"


@pytest.mark.parametrize("end", [Status.DENIED, Status.EXPIRED, Status.WITHDRAWN])
def test_what_ended_without_an_approval_stays_as_it_ended(end: Status):
    state = replace(opened(RELEASE, "david"), status=end)
    assert supersede(state, "ap_2", OPENED + HOUR) == state


def test_what_was_decided_is_not_withdrawn_or_expired():
    state, _ = decide(opened(RELEASE, "david"), vote("nathan", "+", 1))
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
    conditions = parse("load_test_passed is true and cost < 10000.50").parts
    state, _ = decide(
        opened(STRICT_SCALING, "david"), replace(vote("eve>amanda", "+", 1), conditions=conditions)
    )
    stored = TypeAdapter(ApprovalState)
    assert state.conditions == conditions
    assert stored.validate_json(stored.dump_json(state)) == state
