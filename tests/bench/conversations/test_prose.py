"""What stands before a dialogue and what must change at a turn are prose, and read by closed rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from bench.conversations.acts import read_acts
from bench.conversations.expectations import referred_to
from bench.conversations.given import clock_of, sentences
from bench.conversations.proposals import Proposal, items_of, proposals_in
from bench.conversations.when import HERE, When, times_in

NOW = datetime(2026, 12, 3, 14, tzinfo=HERE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("until Fri 11 Dec 16:30", [(date(2026, 12, 11), time(16, 30))]),
        ("from Sat 12 Dec 10:00 to 11:00", [(date(2026, 12, 12), time(10)), (date(2026, 12, 12), time(11))]),
        ("on 3 January 2028", [(date(2028, 1, 3), None)]),
        ("on Mon 4 Jan", [(date(2027, 1, 4), None)]),
        ("until Tuesday", [(date(2026, 12, 8), None)]),
        ("it ends 15:45", [(None, time(15, 45))]),
        ("until Fri 4 Dec 24:00", [(date(2026, 12, 5), time(0))]),
        ("on Sat 30 Feb", []),
        ("version 1.12 of 14 stories", []),
    ],
)
def test_times_in_prose(text: str, found: list[tuple[date | None, time | None]]) -> None:
    assert [(when.day, when.clock) for when in times_in(text, NOW)] == found


def test_a_time_fits_the_moment_that_it_names_in_its_zone_and_a_day_its_own_end() -> None:
    (there,) = times_in("Mon 7 Dec 09:00 Dublin", NOW)
    assert there.fits(datetime(2026, 12, 7, 9, tzinfo=UTC))
    assert not there.fits(datetime(2026, 12, 7, 9, tzinfo=HERE))
    day = When(date(2026, 12, 9), None)
    assert day.fits(datetime(2026, 12, 9, 18, tzinfo=HERE))
    assert day.fits(datetime(2026, 12, 10, 0, tzinfo=HERE))
    assert not day.fits(datetime(2026, 12, 10, 1, tzinfo=HERE))


def test_sentences_and_the_clock() -> None:
    given = "It is Fri 12 Mar 2027 10:15. Cart 2.3.0 is out, by 9.30. Nothing is frozen."
    assert sentences(given)[1] == "Cart 2.3.0 is out, by 9.30"
    assert clock_of(given, NOW) == datetime(2027, 3, 12, 10, 15, tzinfo=HERE)
    assert clock_of("Nothing is open.", NOW) == NOW


@pytest.mark.parametrize(
    ("sentence", "items", "whose"),
    [
        ("Open for Leila: 1 a move of cart, 2 cart 1.2 out", ("a move of cart", "cart 1.2 out"), None),
        ("Two requests wait for Bao: Ada becomes SRE; Mei too", ("Ada becomes SRE", "Mei too"), None),
        ("Ingrid's own proposal is open: cart 1.2 out; an owner decides", ("cart 1.2 out",), "Ingrid"),
        ("An open approval: a plan of cart, 120 hours", ("a plan of cart, 120 hours",), None),
        ("A deployment of cart waits for approval", ("deployment of cart",), None),
    ],
)  # fmt: skip
def test_open_proposals(sentence: str, items: tuple[str, ...], whose: str | None) -> None:
    listed = proposals_in(sentence)
    assert listed is not None
    assert (listed.items, listed.requester) == (items, whose)


def test_what_is_no_list_of_proposals() -> None:
    assert proposals_in("Cart is frozen by Ingrid until Mon 7 Dec") is None
    assert items_of("1 cache, 1,900 USD, 2 pods", several=True) == ("cache, 1,900 USD", "pods")


def kinds(acts: str, intent: str) -> list[tuple[str, bool, bool]]:
    return [(clause.kind, clause.demands, clause.optional) for clause in read_acts(acts, intent).clauses]


@pytest.mark.parametrize(
    ("acts", "intent", "read"),
    [
        ("none", "freeze", []),
        ("none on his word; a second person is asked", "resume_agents", []),
        ("none, or a question which one", "deploy", []),
        ("none or the freeze is lifted", "freeze", [("freeze", True, True)]),
        ("cart is frozen until Mon 7 Dec", "freeze", [("freeze", True, False)]),
        ("the freeze of cart ends", "unfreeze", [("unfreeze", True, False)]),
        ("the freeze of cart ends Mon 7 Dec 10:00", "freeze", [("freeze", True, False)]),
        (
            "number 1 is approved, number 2 is denied, 3 stays open",
            "approvals",
            [("approvals", True, False), ("approvals", True, False), ("approvals", False, False)],
        ),
        ("it ends on a Monday (7 or 14 Dec), or the bot asks which", "window", [("window", True, True)]),
        (
            "cart goes back to 1.2.0; it is frozen until Fri 4 Dec; Ada is told or the bot says that it cannot",
            "rollback",
            [("rollback", True, False), ("freeze", True, False), ("rollback", True, True)],
        ),
        ("a new proposal for cart 1.2 waits for a vote", "deploy", [("deploy", True, False)]),
        ("the draft says May; nothing is sent", "notify_customer",
         [("notify_customer", True, False), ("notify_customer", False, False)]),
    ],
)  # fmt: skip
def test_what_must_change(acts: str, intent: str, read: list[tuple[str, bool, bool]]) -> None:
    assert kinds(acts, intent) == read


def test_doing_nothing_is_right_where_asking_is() -> None:
    assert read_acts("none", "status").may_be_nothing
    assert not read_acts("none", "status").may_act
    assert read_acts("it ends Fri 4 Dec, or the bot asks", "freeze").may_be_nothing
    assert not read_acts("it ends Fri 4 Dec", "freeze").may_be_nothing


def test_a_clause_means_proposals_by_number_by_words_or_the_only_one() -> None:
    texts = ("Ada becomes SRE", "deploy cart 1.2", "message to Tindall")
    role, cart, mail = proposals = [
        Proposal(text, f"ap_{number}", "david", number) for number, text in enumerate(texts, 1)
    ]
    assert referred_to("1 and 3 go on", proposals) == (role, mail)
    assert referred_to("the deployment of cart is denied", proposals) == (cart,)
    assert referred_to("Ada's role and the mail are approved", proposals) == (role, mail)
    assert referred_to("something is approved", proposals) == ()
    plan, about = Proposal("plan of cart", "ap_1", "david"), Proposal("message on the plan", "ap_2", "david")
    assert referred_to("the plan is denied", [about, plan]) == (plan,)
    assert referred_to("it is taken back", [cart]) == (cart,)
