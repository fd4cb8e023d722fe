"""Meanings of conditions are compared as meanings, not as texts."""

from __future__ import annotations

import pytest

from bench.conversations.conditions import Read
from bench.conversations.data import WrittenCondition
from bench.conversations.meanings import NoMeaning, equal, parse


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("and(tests_green(all), cost<5)", "and(cost<5.0,tests_green(all))"),
        ("and(frozen(a), and(frozen(b), frozen(c)))", "and(frozen(c), frozen(a), frozen(b))"),
        ("not(cost<=100)", "cost>100"),
        ("not(replicas>3)", "replicas<=3"),
        ("not(tests_red(unit))", "tests_green(unit)"),
        ("not(not(breaking_change))", "breaking_change"),
        ("not(and(frozen(a), touches(pii)))", "or(not(frozen(a)), not(touches(pii)))"),
        ("environment=staging", "not(environment=production)"),
        ("before(2026-12-18T24:00)", "before(2026-12-19T00:00)"),
        ("not(before(2026-12-18T09:00))", "after(2026-12-18T09:00)"),
        ("error_rate(Cart)<1%", "error_rate(cart) < 1 %".replace("1 %", "1%")),
        ("version(auth, production)>=1.9.7", "not(version(auth,production)<1.9.7)"),
    ],
)
def test_equal_in_meaning(one: str, other: str) -> None:
    assert equal(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tests_green(all)", "tests_green(unit)"),
        ("tests_green(all)", "not(tests_green(all))"),
        ("cost<100", "cost<=100"),
        ("cost<100", "hours<100"),
        ("and(frozen(a), frozen(b))", "or(frozen(a), frozen(b))"),
        ("after(approval by x)", "after(approval by y)"),
        ("p95(cart)<400ms", "p95(cart)<40ms"),
        ("load_test_passed(10x)", "load_test_passed(5x)"),
    ],
)
def test_different_in_meaning(one: str, other: str) -> None:
    assert not equal(one, other)


@pytest.mark.parametrize("text", ["", "and(frozen(a))", "not(", "frozen(a))"])
def test_what_is_not_in_the_grammar_has_no_meaning(text: str) -> None:
    with pytest.raises(NoMeaning):
        parse(text)


def test_a_meaning_that_is_not_meant_is_misread_and_so_is_any_where_it_should_be_asked_back() -> None:
    green, vague = WrittenCondition("g", "tests_green(all)"), WrittenCondition("v", None)
    assert Read(green, "not(tests_red(all))").is_right
    assert Read(green, "tests_green(unit)").is_misread
    assert Read(green, "no grammar (").is_misread
    assert Read(vague, "tests_green(all)").is_misread
    assert (Read(vague, None).asked_back, Read(green, None).asked_back) == ("rightly", "wrongly")
    assert not Read(green, None).is_misread
