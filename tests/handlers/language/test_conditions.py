"""Conditions in words: none taken for another, all parts bound, the rest asked back with the nearest form
first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.approvals.counting import told
from governance.authority.condition_words import Speech, in_words
from governance.authority.conditions import Condition, Term, comparisons, from_json, negated, to_canonical_json
from governance.authority.vocabulary import ALL_FACTS, read_for_votes
from governance.department_file import read_department
from handlers.language.condition_tokens import Known
from handlers.language.conditions import EVERYTHING, ConditionNotRead, read_condition
from handlers.language.decisions import Decision, OpenProposal
from handlers.language.follow_up import read_reply
from handlers.language.kinds import Thing
from handlers.language.nearest_condition import EXAMPLES
from integrations.pages import Part
from integrations.services.vendors.local import LocalCatalogue

ACME = Path(__file__).resolve().parents[3] / "examples" / "acme"
ZONE = "America/New_York"
NOW = datetime(2026, 12, 3, 14, tzinfo=ZoneInfo(ZONE))
PROPOSAL = OpenProposal("deployment", "Deploy orders 2.4.1 to production")


@pytest.fixture(scope="module")
async def known() -> Known:
    department = read_department(ACME / "department.yaml")
    services = (await LocalCatalogue(ACME / "services").services(Part())).items
    return Known(
        people=tuple(Thing(person.id, person.name) for person in department.people),
        services=tuple(Thing(service.id, service.name) for service in services),
    )


def read(words: str, known: Known, facts: frozenset[str] = EVERYTHING) -> Term:
    return read_condition(words, establishes=facts, known=known, now=NOW, zone=ZONE)


def first_of(words: str, known: Known) -> tuple[Term | None, bool]:
    """What is read, or else proposed first, and whether it is read."""
    try:
        return read(words, known), True
    except ConditionNotRead as asked:
        return next(iter(asked.nearest), None), False


def said(term: Term) -> str:
    return in_words(term, Speech(zone=ZONE))


def labelled() -> Iterator[tuple[str, str]]:
    for line in (Path(__file__).parent / "conditions.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            words, meaning = line.rsplit(" | ", 1)
            yield words, meaning


async def test_no_condition_is_taken_for_another_and_most_are_read(known: Known) -> None:
    lines = list(labelled())
    misread: list[tuple[str, str]] = []
    read_ones, first_right = 0, 0
    for words, meaning in lines:
        try:
            found = said(read(words, known))
        except ConditionNotRead as asked:
            first_right += bool(asked.nearest) and said(asked.nearest[0]) == meaning
            continue
        read_ones += found == meaning
        if found != meaning:
            misread.append((words, found))
    readable = sum(meaning != "ask" for _, meaning in lines)
    assert not misread
    assert readable >= 300
    assert len(lines) - readable >= 150
    assert read_ones / readable >= 0.75
    assert (read_ones + first_right) / readable >= 0.95


# A linking word, and whether it turns what follows round.
LINKS = {
    "if": 1, "once": 1, "when": 1, "as soon as": 1, "as long as": 1, "provided": 1, "only if": 1,
    "only once": 1, "assuming": 1, "but only when": 1, "unless": -1, "except if": -1, "but not if": -1,
    "not if": -1, "not unless": 1, "wenn": 1, "es sei denn": -1, "si": 1, "salvo si": -1, "quand": 1,
    "sauf si": -1,
}  # fmt: skip
# What is said, the fact that it is about, and whether it is said to be so.
STATEMENTS = {
    "all tests are green": ("all tests passed", 1),
    "the tests are red": ("all tests passed", -1),
    "the unit tests didn't fail": ("the unit tests passed", 1),
    "the e2e suite doesn't pass": ("the e2e tests passed", -1),
    "the load test passed": ("the load test passed", 1),
    "the load test fails": ("the load test passed", -1),
    "the scan is clean": ("the security scan is clean", 1),
    "the scan finds vulnerabilities": ("the security scan is clean", -1),
    "the scan is not clean": ("the security scan is clean", -1),
    "production is frozen": ("production is frozen", 1),
    "production isn't frozen": ("production is frozen", -1),
    "leila approved": ("leila approves it too", 1),
    "leila hasn't approved": ("leila approves it too", -1),
    "nathan objects": ("nathan says no", 1),
    "the security review is done": ("the security review is done", 1),
    "the security review is missing": ("the security review is done", -1),
    "it breaks the api": ("it breaks something that others rely on", 1),
    "it touches no personal data": ("it touches personal data", -1),
}


def _fact(words: str, known: Known) -> Condition:
    term = read(f"if {words}", known)
    assert isinstance(term, Condition)
    return term


@pytest.mark.parametrize("link", LINKS)
async def test_polarity_by_linking_word_and_negation(link: str, known: Known) -> None:
    for statement, (fact, sign) in STATEMENTS.items():
        positive = _fact(
            fact.replace("approves it too", "approves").replace("something that others rely on", "an api"),
            known,
        )
        assert said(positive) == fact
        found, _ = first_of(f"{link} {statement}", known)
        assert found == (positive if sign * LINKS[link] > 0 else negated(positive)), (link, statement)


@pytest.mark.parametrize(
    ("lead", "decision"),
    [("approve", "approve"), ("ok", "approve"), ("yes", "approve"), ("go ahead", "approve"),
     ("fine by me", "approve"), ("deny", "deny"), ("no", "deny"), ("nope,", "deny"), ("reject it", "deny"),
     ("cancel it", "cancel")],
)  # fmt: skip
def test_every_vote_keeps_its_condition_and_no_denial_waits_for_one(lead: str, decision: str) -> None:
    for link, statement in product(list(LINKS)[:15], list(STATEMENTS)[:8]):
        found = read_reply(f"{lead} {link} {statement}", PROPOSAL)
        assert found is not None, (lead, link, statement)
        assert found.decision is Decision(decision), (lead, link, statement)
        assert " ".join(found.conditions).endswith(statement), (lead, link, statement)
        assert found.unmistakable is (decision == "approve"), (lead, link, statement)


BY_THE_LETTER = [
    ("if all tests are green and Rachel agrees", "all tests passed and rachel approves it too"),
    ("subject to the load test and Tom's ok", "the load test passed and tom approves it too"),
    ("if the load test fails", "the load test failed"),
    ("unless the tests pass", "a test failed"),
    ("if the scan finds vulnerabilities", "the security scan is not clean"),
    ("if the scan is not clean", "the security scan is not clean"),
    ("when the pipeline is red", "a test failed"),
    ("if it's not on staging", "it does not go to staging"),
    ("but not on production", "it does not go to production"),
    ("if tests pass or carlos approves, and not on a friday", None),
    ("if staging is down", None),
    ("if the budget is green", None),
    ("if Legal has green-lit it", None),
    ("if QA is passing it", None),
    ("if the CI budget is below $500", None),
    ("if the old version still passes its tests", None),
]


@pytest.mark.parametrize(("words", "meaning"), BY_THE_LETTER)
async def test_what_was_once_misread(words: str, meaning: str | None, known: Known) -> None:
    found, was_read = first_of(words, known)
    assert (said(found) == meaning) if found is not None and meaning else not was_read


async def test_a_fact_that_nothing_establishes_is_named_and_not_offered(known: Known) -> None:
    with pytest.raises(ConditionNotRead) as raised:
        read("if all tests are green and leila approves", known, frozenset({"approved_by", "time"}))
    assert raised.value.unestablished == ("tests_passed",)
    assert raised.value.nearest == ()


async def test_what_is_proposed_speaks_of_established_facts_alone(known: Known) -> None:
    facts = frozenset({"approved_by", "denied_by", "time", "weekday", "frozen", "window_open", "hours"})
    for words, _ in labelled():
        try:
            found = [read(words, known, facts)]
        except ConditionNotRead as asked:
            found = list(asked.nearest)
        assert {atom.fact for term in found for atom in comparisons(term)} <= facts, words


async def test_what_is_left_out_of_a_proposal_is_said(known: Known) -> None:
    with pytest.raises(ConditionNotRead) as raised:
        read("if leila approves and zorp", known)
    assert said(raised.value.nearest[0]) == "leila approves it too"
    assert raised.value.unread == ("zorp",)


async def test_what_a_plan_costs_is_what_its_hours_cost(known: Known) -> None:
    assert (
        str(read("if it costs less than 2000 dollars", known, frozenset({"plan_cost"}))) == "plan_cost < 2000"
    )


async def test_every_form_has_words_for_people_and_survives_being_stored(known: Known) -> None:
    facts = set()
    for words, meaning in labelled():
        if meaning == "ask":
            continue
        try:
            term = read(words, known)
        except ConditionNotRead:
            continue
        facts |= {atom.fact for atom in comparisons(term)}
        assert from_json(to_canonical_json(term)) == term
        assert to_canonical_json(from_json(to_canonical_json(term))) == to_canonical_json(term)
        assert said(negated(negated(term))) == said(term)
    examples = {line.split()[0] for line in EXAMPLES.read_text("utf-8").splitlines() if line and line[0] != "#"}
    assert examples <= facts <= set(ALL_FACTS)


async def test_a_condition_and_its_negation_never_hold_together(known: Known) -> None:
    facts = [read_for_votes({"tests_passed": True, "tests_passed(unit)": False, "cost": 5, "time": NOW})]
    for words, _ in labelled():
        try:
            term = read(words, known)
        except ConditionNotRead:
            continue
        assert not (told((term,), facts).now is True and told((negated(term),), facts).now is True), words


@given(st.text(max_size=200))
def test_any_text_is_read_or_asked_back(words: str) -> None:
    try:
        found = read_condition(words, establishes=frozenset({"environment"}), known=Known(), now=NOW, zone=ZONE)
    except ConditionNotRead:
        return
    assert list(comparisons(found))


LEXICON = (
    *(
        "if",
        "unless",
        "not",
        "and",
        "or",
        "but",
        ",",
        "only",
        "once",
        "either",
        "both",
        "all",
        "any",
        "no",
        "the",
    ),
    *(
        "tests",
        "green",
        "red",
        "fail",
        "pass",
        "staging",
        "production",
        "friday",
        "before",
        "after",
        "monday",
        "9",
    ),
    *("under", "1000", "dollars", "hours", "approves", "objects", "leila", "is", "it", "frozen", "10x", "load"),
)
WORDS = st.lists(st.sampled_from(LEXICON), max_size=9)


@given(WORDS)
def test_any_words_of_the_lexicon_are_read_or_asked_back(words: list[str]) -> None:
    people = Known(people=(Thing("leila", "Leila Farrokh"),))
    try:
        found = read_condition(
            " ".join(words), establishes=frozenset({"environment"}), known=people, now=NOW, zone=ZONE
        )
    except ConditionNotRead as asked:
        found_facts = {atom.fact for term in asked.nearest for atom in comparisons(term)}
        assert found_facts <= {"environment"}
        return
    assert {atom.fact for atom in comparisons(found)} == {"environment"}
