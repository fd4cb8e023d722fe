"""Names matched against what exists: whole names, parts, slips, and names that a word beside them announces."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Kind, Thing, find_kinds
from handlers.language.matching import Ambiguous, Resolved, find, find_all, find_places, mention, nearest, of_id
from handlers.language.resolver import announced_name, capitalised_after

PEOPLE = (
    Thing("sarah", "Sarah Lind", ("Sarah",)),
    Thing("mike", "Mike Okafor", ("Mike",)),
    Thing("tom-w", "Tom Weber", ("Tom",)),
    Thing("tom-b", "Tom Baker", ("Tom",)),
)
SERVICES = (
    Thing("payments", "payments"),
    Thing("payment-core", "payment-core"),
    Thing("orders", "orders"),
    Thing("auth", "auth", ("authentication",)),
)
EPICS = (Thing("E1", "Customer dashboard"), Thing("E2", "Admin dashboard"), Thing("E3", "SSO integration"))
CUSTOMERS = (Thing("acme", "Acme Corp"), Thing("globex", "Globex"))
DOCUMENTS = (Thing("PRD-2025-Q1-Dashboard", "Dashboard"), Thing("PRD-2025-Q2-Dashboard", "Admin dashboard"))


def short(found: Resolved | Ambiguous | None) -> str | list[str] | None:
    """The id, the candidates' ids, or None."""
    if isinstance(found, Resolved):
        return found.thing.id
    return None if found is None else sorted(thing.id for thing in found.candidates)


@pytest.mark.parametrize(
    ("text", "things", "expected"),
    [
        ("Scale the payment service to handle Black Friday", SERVICES, "payments"),
        ("roll back payment-core", SERVICES, "payment-core"),
        ("is authentication slow", SERVICES, "auth"),
        ("restart paymnets", SERVICES, "payments"),
        ("stop it", SERVICES, None),
        ("pause the dashboard plan", EPICS, ["E1", "E2"]),
        ("pause the customer dashboard plan", EPICS, "E1"),
        ("What's the status of the SSO integration?", EPICS, "E3"),
        ("notify Acme Corp of timeline", CUSTOMERS, "acme"),
        ("Acme's renewal", CUSTOMERS, "acme"),
        ("make Sarah an architect", PEOPLE, "sarah"),
        ("Tom decides for me", PEOPLE, ["tom-b", "tom-w"]),
        ("Tom Weber decides for me", PEOPLE, "tom-w"),
        ("sarha decides", PEOPLE, "sarah"),
        ("somebody decides", PEOPLE, None),
        ("build something", DOCUMENTS, None),
    ],
)
def test_what_a_message_speaks_of(
    text: str, things: tuple[Thing, ...], expected: str | list[str] | None
) -> None:
    assert short(find(text, things)) == expected


def test_whole_names_come_in_the_order_in_which_they_are_said() -> None:
    assert [thing.id for thing in find_all("orders before payments", SERVICES)] == ["orders", "payments"]
    assert [[one.id for one in place] for place in find_places("Mike, then Tom", PEOPLE)] == [
        ["mike"],
        ["tom-w", "tom-b"],
    ]


def test_a_name_within_a_longer_one_does_not_count() -> None:
    ledger = Thing("ledger", "payments ledger")
    assert find_all("freeze payments ledger", (*SERVICES, ledger)) == (ledger,)
    assert find_all("tom-b decides", PEOPLE) == (PEOPLE[3],)


@pytest.mark.parametrize(
    ("text", "things", "words"),
    [
        ("pause the dashboard plan now", EPICS[:2], "dashboard"),
        ("Tom's votes", PEOPLE[2:], "Tom"),
        ("freeze “payment” please", SERVICES[:2], "payment"),
    ],
)
def test_the_words_that_name_several_are_told_from_the_rest(
    text: str, things: tuple[Thing, ...], words: str
) -> None:
    assert mention(text, things) == words


@pytest.mark.parametrize(
    "text", ["S\u202earah", "Sa\u200brah\u2066", "\u202bSARAH\u202c", "sarah\x07", "Ｓａｒａｈ"]
)
def test_tricks_with_invisible_characters_change_nothing(text: str) -> None:
    assert short(find(text, PEOPLE)) == "sarah"


def test_ids_forgive_a_slip_in_letters_never_in_digits() -> None:
    assert of_id("prd-2025-q1-dashbord", DOCUMENTS) == DOCUMENTS[0]
    assert of_id("PRD-2025-Q3-Dashboard", DOCUMENTS) == DOCUMENTS


def test_an_unknown_name_comes_with_what_is_near() -> None:
    assert [thing.id for thing in nearest("glbx", CUSTOMERS)] == ["globex"]
    assert nearest("zzz", CUSTOMERS) == ()


async def _nothing(_desk: Desk, _scope: Scope) -> tuple[Thing, ...]:
    return ()


SERVICE = Kind("service", _nothing, "", behind=("service", "microservice"))
TEAM = Kind("team", _nothing, "", before=("team",), behind=("team", "squad"))
CUSTOMER = Kind("account", _nothing, "", before=("customer", "account"))
PLAN = Kind("plan", _nothing, "", behind=("plan",))


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("freeze the billing service", SERVICE, "billing"),
        ("restart the card vault service", SERVICE, "card vault"),
        ("scale up billing service", SERVICE, "billing"),
        ("freeze service", SERVICE, None),
        ("freeze the service", SERVICE, None),
        ("which service is slow", SERVICE, None),
        ("the “night owl” service", SERVICE, "night owl"),
        ("ask team zulu", TEAM, "zulu"),
        ("give it to Team Zulu, please", TEAM, "Zulu"),
        ("why is the team late", TEAM, None),
        ("the whole team is away", TEAM, None),
        ("the zulu squad", TEAM, "zulu"),
        ("customer Zorg needs SSO", CUSTOMER, "Zorg"),
        ("customer Zorg Heavy Industries needs SSO", CUSTOMER, "Zorg Heavy Industries"),
        ("our customer needs SSO", CUSTOMER, None),
        ("customer success asks", CUSTOMER, None),
        ("Customer Success asks", CUSTOMER, None),
        ("is everything according to plan", PLAN, None),
        ("pause the wishlist plan", PLAN, "wishlist"),
        ("pause the current plan", PLAN, None),
    ],
)
def test_a_word_beside_a_name_announces_it(text: str, kind: Kind, name: str | None) -> None:
    assert announced_name(text, kind) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("what did we promise for Globex?", "Globex"),
        ("anything from Zorg Heavy Industries", "Zorg Heavy Industries"),
        ("ready for Friday", None),
        ("for SSO", None),
        ("for the customer", None),
        ("for March", None),
    ],
)
def test_a_capitalised_name_where_one_is_expected(text: str, name: str | None) -> None:
    assert capitalised_after(text, ("for", "from")) == name


@given(st.sampled_from(SERVICES + CUSTOMERS + EPICS), st.sampled_from(["", "please ", "the "]))
def test_a_whole_name_always_finds_its_thing(thing: Thing, before: str) -> None:
    for kind in (SERVICES, CUSTOMERS, EPICS):
        if thing in kind:
            assert find(before + thing.name.upper(), kind) == Resolved(thing)


@given(st.text(max_size=300))
def test_any_text_is_matched_with_what_exists_or_with_nothing(text: str) -> None:
    found = find(text, EPICS)
    things = (found.thing,) if isinstance(found, Resolved) else found.candidates if found else ()
    assert set(things) <= set(EPICS)
    assert set(find_all(text, EPICS)) <= set(EPICS)
    assert mention(text, EPICS) in text
    for kind in (SERVICE, TEAM, CUSTOMER, PLAN):
        assert announced_name(text, kind) != ""
    capitalised_after(text, ("for",))


def test_every_kind_has_its_owner() -> None:
    kinds = find_kinds()
    assert {
        *("person", "team", "epic", "plan", "story", "service", "account", "document", "sprint", "approval"),
        *("request", "product", "agent"),
    } <= set(kinds)
    for kind in kinds.values():
        assert re.search(r"\{\}", kind.missing)
