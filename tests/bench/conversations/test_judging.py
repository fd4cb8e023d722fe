"""A turn is judged by what changed; of what is not built, by what was decided."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.conversations.acts import read_acts
from bench.conversations.changes import Change, acts
from bench.conversations.data import DialogueTurn, Expected, Message
from bench.conversations.dialogues import judge as judge_turn
from bench.conversations.given import Scene, Standing
from bench.conversations.kinds import fits, services_in
from bench.conversations.messages import Judged, judge
from bench.conversations.proposals import Proposal
from bench.conversations.talk import Heard
from handlers.conversation.cards import Button, Buttons, Card, Reply
from handlers.conversation.outcome import Answer, Outcome
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition
from tests.bench.conversations.test_prose import NOW

SERVICES = ("cart", "cart-web", "search")
BUILT = ("freeze", "unfreeze", "window", "delegate", "approvals", "subscribe", "status", "halt_agents", "plan")


def freeze(subject: str, *, until: str | None = None, ended: str | None = None, before: Any = None) -> Change:
    row = {"id": f"ov_{subject}", "kind": "freeze", "subject": subject, "expires": until, "ended": ended}
    return Change("overrides", before, row)


def heard(
    intent: str | None,
    outcome: Outcome | None,
    *changes: Change,
    mood: Mood | None = Mood.REQUEST,
    buttons: tuple[Button, ...] = (),
    nearest: tuple[str, ...] = (),
    refused: str | None = None,
    stood: int = 0,
) -> Heard:
    reply = Reply("said", (Card("c", (Buttons(buttons),)),) if buttons else ())
    found = Recognition(intent, 0.9, tuple((name, 0.3) for name in nearest), mood or Mood.OTHER, 0.5)
    answer = Answer((reply,), intent, 0.9, refused, mood, outcome)
    return Heard(answer, (found,), changes, {"overrides": stood})


def judged(
    what: Heard, text: str = "lock cart", intent: str = "freeze", mood: Mood = Mood.REQUEST, *, yes: bool = True
) -> Judged:
    return judge(Message(1, text, "nathan", mood, (intent, "audit"), yes, ""), what, BUILT, SERVICES)


def test_carrying_out_what_is_asked_is_right() -> None:
    one = judged(heard("freeze", Outcome.ACT, freeze("cart")))
    assert (one.rightly, one.wrongly, one.intent, one.mood) == (True, False, True, True)


def test_anything_done_that_must_not_be_is_wrong_and_dangerous_by_its_kind() -> None:
    one = judged(heard("freeze", Outcome.ACT, freeze("cart")), yes=False)
    assert one.wrongly
    assert one.dangerous
    told = judged(
        heard("subscribe", Outcome.ACT, Change("subscriptions", None, {})), intent="status", yes=False
    )
    assert told.wrongly
    assert not told.dangerous


@pytest.mark.parametrize(
    "what",
    [
        heard("freeze", Outcome.ACT, freeze("search")),
        heard("unfreeze", Outcome.ACT, freeze("cart", ended="now", before={"ended": None})),
        heard("freeze", Outcome.ACT, Change("windows", None, {"mode": "demo"})),
    ],
)
def test_something_else_done_is_wrong_where_something_should_be(what: Heard) -> None:
    assert judged(what).wrongly


def test_a_correction_that_leaves_two_standing_is_wrong() -> None:
    ended = freeze("cart", ended="now", before={"ended": None})
    later = freeze("cart", until="later")
    mended = heard("freeze", Outcome.ACT, ended, later, mood=Mood.CORRECTION, stood=1)
    assert judged(mended, mood=Mood.CORRECTION).rightly
    doubled = heard("freeze", Outcome.ACT, later, mood=Mood.CORRECTION, stood=1)
    assert judged(doubled, mood=Mood.CORRECTION).wrongly
    first = heard("freeze", Outcome.ACT, later, mood=Mood.CORRECTION)
    assert judged(first, mood=Mood.CORRECTION).rightly


def test_what_is_not_built_is_judged_by_the_decision() -> None:
    assert judged(heard("scale", Outcome.ACT), "more of cart", "scale").rightly
    assert judged(heard("scale", Outcome.ACT), "more of cart", "scale", yes=False).dangerous
    looked = judged(heard("scale", Outcome.LOOK), "more of cart", "scale")
    assert (looked.rightly, looked.one_click) == (False, True)
    assert judged(heard(None, Outcome.ASK, nearest=("scale",)), "more of cart", "scale").one_click
    assert not judged(heard("scale", Outcome.ACT, refused="no"), "more of cart", "scale").rightly


def test_a_reading_that_is_given_counts_as_acting() -> None:
    assert judged(heard("status", Outcome.LOOK), "list it", "status").rightly
    assert not judged(heard("status", None, refused="no"), "list it", "status").rightly


def test_one_click_is_a_button_that_would_do_just_that() -> None:
    def offered(verb: str, subject: str) -> bool:
        return judged(heard(None, Outcome.ASK, buttons=(Button("b", verb, subject),))).one_click

    assert offered("ask", "freeze lock cart")
    assert not offered("ask", "help what can you do?")
    assert not offered("lift_freeze", "ov_1")


def test_an_order_that_only_came_to_nothing_is_told_apart() -> None:
    assert judged(heard("freeze", Outcome.ACT), yes=False).nearly
    assert not judged(heard("freeze", Outcome.ACT), yes=False).wrongly
    assert not judged(heard("freeze", Outcome.LOOK), yes=False).nearly


def test_a_record_of_a_refusal_is_no_act() -> None:
    refused = Change("effects", None, {"state": "refused"})
    parked = Change("effects", None, {"state": "parked"})
    assert acts((refused, parked)) == (parked,)


def test_a_service_is_named_by_its_whole_name() -> None:
    assert services_in("put cart web back", SERVICES) == ("cart-web",)
    assert services_in("cart and search", SERVICES) == ("search", "cart")
    assert services_in("cartography", SERVICES) == ()


def test_rows_of_tables_that_nobody_knows_fit_everything() -> None:
    assert fits("scale", Change("replicas", None, {}))
    assert not fits("scale", Change("windows", None, {}))


# Turns of dialogues.


def scene(*proposals: Proposal) -> Scene:
    talk = cast(Any, SimpleNamespace(now=NOW))
    return Scene(talk, "nathan", {"priya": "priya"}, SERVICES, Standing(proposals=list(proposals)))


def at_turn(
    what: Heard, acts_: str, intent: str, *must_not: str, with_: Scene | None = None
) -> tuple[Any, Any]:
    turn = DialogueTurn("nathan", "words", Expected(intent, acts_, (), must_not))
    return judge_turn(turn, read_acts(acts_, intent), what, with_ or scene(), BUILT)


def test_a_freeze_must_be_of_what_is_named_and_end_when_it_is_named() -> None:
    wanted = "cart is frozen until Mon 7 Dec 09:00 New York"
    right = heard("freeze", Outcome.ACT, freeze("cart", until="2026-12-07T14:00:00+00:00"))
    assert at_turn(right, wanted, "freeze") == ((), ())
    for wrong in (freeze("search", until="2026-12-07T14:00:00+00:00"), freeze("cart"),
                  freeze("cart", until="2026-12-07T09:00:00+00:00")):  # fmt: skip
        assert at_turn(heard("freeze", Outcome.ACT, wrong), wanted, "freeze")[0]


def test_nothing_may_change_where_nothing_is_to() -> None:
    assert at_turn(heard(None, Outcome.ASK), "none", "freeze") == ((), ())
    assert at_turn(heard("freeze", Outcome.ACT, freeze("cart")), "none", "freeze")[1]
    assert at_turn(heard("scale", Outcome.ACT), "none", "scale")[1]


def test_a_second_one_and_something_else_are_forbidden() -> None:
    wanted = "the same freeze of cart ends Mon 7 Dec 09:00"
    laid = freeze("cart", until="2026-12-07T14:00:00+00:00")
    assert at_turn(heard("freeze", Outcome.ACT, laid, stood=1), wanted, "freeze", "a second freeze")[1]
    assert not at_turn(heard("freeze", Outcome.ACT, laid), wanted, "freeze", "a second freeze")[1]
    other = heard("window", Outcome.ACT, Change("windows", None, {"mode": "demo"}))
    assert at_turn(other, wanted, "freeze")[1]


def vote(approval: str, by: str, *, conditions: tuple[str, ...] = ()) -> Change:
    votes = [{"ballot": {"voter": by}, "choice": "approve", "conditions": list(conditions)}]
    before = {"id": approval, "status": "open", "body": {"votes": []}}
    return Change("approvals", before, {"id": approval, "status": "approved", "body": {"votes": votes}})


def test_votes_count_on_what_is_meant_and_on_nothing_else() -> None:
    open_ = scene(Proposal("deploy cart 1.2", "ap_1", "ada"), Proposal("message to Tindall", "ap_2", "ada"))
    wanted = "the message is approved; the deployment stays open"
    mail, cart = vote("ap_2", "nathan"), vote("ap_1", "nathan")
    assert at_turn(heard("approvals", None, mail), wanted, "approvals", with_=open_) == ((), ())
    assert at_turn(heard("approvals", None, mail, cart), wanted, "approvals", with_=open_)[1]
    assert at_turn(heard("approvals", None, vote("ap_2", "ada")), wanted, "approvals", with_=open_)[0]


def test_a_vote_with_a_condition_is_none_without() -> None:
    open_ = scene(Proposal("deploy cart 1.2", "ap_1", "ada"))
    wanted = "a vote with the condition that tests are green"
    bare, bound = vote("ap_1", "nathan"), vote("ap_1", "nathan", conditions=("tests_green",))
    assert at_turn(heard("approvals", None, bare), wanted, "approvals", with_=open_)[0]
    assert at_turn(heard("approvals", None, bound), wanted, "approvals", with_=open_) == ((), ())
