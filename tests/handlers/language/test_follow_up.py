"""Written decisions: none that was not meant, and most that were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.language.decisions import Decision, OpenProposal
from handlers.language.follow_up import FollowUp, read_reply

PROPOSALS = {
    "three": OpenProposal(
        "remediation",
        "Checkout feature delayed",
        (
            "Generate API docs from the OpenAPI spec",
            "Centralise database connection pooling",
            "Extract duplicate code into a shared library",
        ),
        ("Approve all", "Select", "Defer"),
    ),
    "scale": OpenProposal(
        "capacity reservation", "Black Friday capacity", (), ("Reserve", "Simulate", "Defer")
    ),
    "epic": OpenProposal("epic", "Enterprise SAML SSO integration", (), ("Approve", "Modify", "Defer")),
    "deploy": OpenProposal("deployment", "Deploy orders 2.4.1 to production", (), ("Approve", "Deny")),
    "mail": OpenProposal("customer message", "Message to Acme Corp", (), ("Send", "Edit", "Cancel")),
}


def labelled() -> Iterator[tuple[str, str, str]]:
    for line in (Path(__file__).parent / "replies.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            proposal, decides, text = (part.strip() for part in line.split(" | ", 2))
            yield proposal, decides, text


def vote(found: FollowUp | None) -> str:
    """What would be counted: the vote and its items, or `-`."""
    if found is None or found.decision not in (Decision.APPROVE, Decision.DENY) or not found.unmistakable:
        return "-"
    chosen = found.denied if found.decision is Decision.DENY else found.items
    return " ".join([found.decision.value, ",".join(map(str, chosen))]).strip()


def decided(found: FollowUp | None) -> str:
    softly = found is not None and found.decision in (Decision.DEFER, Decision.CANCEL, Decision.MODIFY)
    return found.decision.value if found is not None and softly else vote(found)


def test_no_false_vote_on_the_labelled_replies() -> None:
    rows = list(labelled())
    false = [
        (text, got)
        for proposal, decides, text in rows
        if (got := vote(read_reply(text, PROPOSALS[proposal]))) not in ("-", decides)
    ]
    assert not false
    assert sum(decides == "-" for _, decides, _ in rows) >= 50


def test_four_of_five_true_decisions_are_understood() -> None:
    rows = [row for row in labelled() if row[1] != "-"]
    understood = [row for row in rows if decided(read_reply(row[2], PROPOSALS[row[0]])) == row[1]]
    assert len(rows) >= 50
    assert len(understood) / len(rows) >= 0.8


@pytest.mark.parametrize(
    ("proposal", "text", "expected"),
    [
        (
            "epic",
            "Approve with notification on blockers",
            FollowUp(Decision.APPROVE, notifications=("blockers",)),
        ),
        (
            "three",
            "Execute 1 and 2, schedule review for Monday with senior architects",
            FollowUp(
                Decision.APPROVE, items=(1, 2), remaining=("schedule review for Monday with senior architects",)
            ),
        ),
        (
            "three",
            "Approve 2 and 3, schedule design review for payment service split",
            FollowUp(
                Decision.APPROVE, items=(2, 3), remaining=("schedule design review for payment service split",)
            ),
        ),
        (
            "scale",
            "Simulate with 10x load first, then reserve if passing",
            FollowUp(
                Decision.APPROVE,
                conditions=("after: Simulate with 10x load", "if passing"),
                remaining=("Simulate with 10x load",),
            ),
        ),
        (
            "epic",
            "Approved. Add query optimization to the backlog as P0",
            FollowUp(Decision.APPROVE, remaining=("Add query optimization to the backlog as P0",)),
        ),
        (
            "epic",
            "Approve and notify Acme Corp of timeline",
            FollowUp(Decision.APPROVE, remaining=("notify Acme Corp of timeline",)),
        ),
        ("epic", "not yet", FollowUp(Decision.DEFER)),
        (
            "deploy",
            "ok do it, but only staging",
            FollowUp(Decision.APPROVE, conditions=("only staging",)),
        ),
        ("epic", "cancel that", FollowUp(Decision.CANCEL)),
        (
            "deploy",
            "Approve if the load test passes",
            FollowUp(Decision.APPROVE, conditions=("if the load test passes",)),
        ),
        ("three", "all but 2 please", FollowUp(Decision.APPROVE, items=(1, 3))),
        ("three", "approve 1, deny 2", FollowUp(Decision.APPROVE, items=(1,), denied=(2,))),
        ("epic", "approve without dark mode", FollowUp(Decision.MODIFY, changes=("without dark mode",))),
        (
            "epic",
            'Approved. Add "retry failed webhooks" to the backlog',
            FollowUp(Decision.APPROVE, remaining=('Add "retry failed webhooks" to the backlog',)),
        ),
    ],
)
def test_one_message_may_carry_decision_choice_condition_and_requests(
    proposal: str, text: str, expected: FollowUp
) -> None:
    assert read_reply(text, PROPOSALS[proposal]) == expected


@pytest.mark.parametrize("text", ["approve 1, deny 1", "yes no", "approve. deny.", "cancel it, approve"])
def test_contradictions_are_not_counted(text: str) -> None:
    assert vote(read_reply(text, PROPOSALS["three"])) == "-"


@pytest.mark.parametrize(
    "prefix", ["Amanda would say: ", "if ", "should we ", "I don't ", "he may ", "not ", "> "]
)
def test_no_framing_of_a_vote_is_a_vote(prefix: str) -> None:
    for _, decides, text in labelled():
        if decides.startswith("approve") and text.lower().startswith(("approve", "execute", "reserve")):
            assert vote(read_reply(prefix + text, PROPOSALS["epic"])) == "-", prefix + text


@given(st.text(max_size=600))
def test_any_text_is_read_and_noise_is_no_vote(text: str) -> None:
    found = read_reply(text, PROPOSALS["three"])
    assert found is None or isinstance(found, FollowUp)


@given(st.text(alphabet="ab xyz,.?!\"'>:\n1239approve deny", max_size=60))
def test_chosen_items_are_always_items_of_the_proposal(text: str) -> None:
    found = read_reply(text, PROPOSALS["three"])
    assert found is None or all(1 <= item <= 3 for item in found.items)


def test_invisible_characters_do_not_change_a_reply() -> None:
    assert read_reply("app\u200brove \u202eit\u202c", PROPOSALS["epic"]) == FollowUp(Decision.APPROVE)
