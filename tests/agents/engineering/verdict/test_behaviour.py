"""Old and new answers to the same calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.engineering.verdict.behaviour import Noted, behaviour, read_noted
from agents.engineering.verdict.probing import numbered
from tests.agents.engineering.verdict.trees import changed, whats

OLD = "def price(n):\n    if n < 0:\n        raise ValueError(n)\n    return n\n"
NEW = "def price(n):\n    if n < 0:\n        raise ValueError(n)\n    return n + 0\n"
INT, DECIMAL, TEXT = ["int"], ["Decimal"], ["str"]


def noted(entry: dict[str, Any], lines: set[int] | None = None, **outcomes: str) -> Noted:
    ran = frozenset(lines if lines is not None else {1, 2, 3, 4})
    trace = [{"call": "price", "given": "((1,), {})", **entry}]
    return Noted(
        {"t null": trace, 't "again"': trace},
        outcomes or {"tests/test_p.py::test_p": "passed"},
        {"p/a.py": ran},
    )


def raised(*kinds: str, meant: bool = True, by: str = "raise ValueError(n)") -> dict[str, Any]:
    return {"raised": {"kinds": list(kinds), "meant": meant, "by": by}}


def answered(kinds: list[str], content: Any) -> dict[str, Any]:
    return {"answer": [kinds, content]}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (answered(INT, "1"), answered(INT, "1"), []),
        (answered(INT, "1"), answered(INT, "2"), ["answer changed"]),
        (answered(INT, "1"), answered(TEXT, "1"), ["answer changed"]),
        (answered(["float"], "0.1"), answered(["float"], "0.10000000000000002"), []),
        (answered(["list"], [[INT, "1"]]), answered(["generator"], ""), ["answer changed"]),
        (answered(["list"], [[INT, "1"]]), answered(["list"], [[INT, "1"], [INT, "2"]]), ["answer changed"]),
        (
            answered(["dict"], [["'n'", [INT, "1"]]]),
            answered(["dict"], [["'n'", [INT, "1"]], ["'price'", [INT, "2"]]]),
            [],
        ),
        (
            answered(["dict"], [["'n'", [INT, "1"]]]),
            answered(["dict"], [["'price'", [INT, "1"]]]),
            ["answer changed"],
        ),
        (answered(TEXT, '{"n": 1}'), answered(TEXT, '{"price": 2, "n": 1}'), []),
        (raised("ValueError"), answered(INT, "1"), []),
        (raised("Forbidden", "Exception", "BaseException", "object"), answered(INT, "1"), ["answer changed"]),
        (answered(INT, "1"), raised("ValueError"), ["answer changed"]),
        (raised("Odd", "ValueError"), raised("Odd", "LookupError"), ["answer changed"]),
        (raised("TypeError", meant=False), raised("ValueError"), []),
        (answered(["tuple"], [[INT, "422"]]), answered(["tuple"], [[INT, "201"]]), []),
        (answered(["tuple"], [[INT, "404"]]), answered(["tuple"], [[INT, "200"]]), ["answer changed"]),
        ({**answered(INT, "0"), "printed": "a\n"}, {**answered(INT, "0"), "printed": "a\nb\n"}, []),
        (
            {**answered(INT, "0"), "printed": "a\n"},
            {**answered(INT, "0"), "printed": "b\n"},
            ["answer changed"],
        ),
    ],
)
def test_one_answer_in_the_place_of_another(
    old: dict[str, Any], new: dict[str, Any], what: list[str], tmp_path: Path
) -> None:
    change = changed(tmp_path, {"p/a.py": OLD}, {"p/a.py": NEW})
    assert whats(behaviour(change, noted(old), noted(new))) == what


def test_a_refusal_whose_condition_went_asks(tmp_path: Path) -> None:
    change = changed(tmp_path, {"p/a.py": OLD}, {"p/a.py": "def price(n):\n    return n\n"})
    assert "refusal gone" in whats(
        behaviour(change, noted(raised("ValueError")), noted(answered(INT, "1"), {1, 2}))
    )


def test_an_old_test_that_fails_on_the_new_code_asks(tmp_path: Path) -> None:
    change = changed(tmp_path, {"p/a.py": OLD, "tests/test_p.py": ""}, {"p/a.py": NEW})
    same = answered(INT, "1")
    new = noted(same, **{"tests/test_p.py::test_p": "failed"})
    assert whats(behaviour(change, noted(same, **{"tests/test_p.py::test_p": "passed"}), new)) == [
        "old test fails on new code"
    ]


def test_what_changed_and_was_not_run_is_not_shown_to_be_the_same(tmp_path: Path) -> None:
    change = changed(tmp_path, {"p/a.py": OLD}, {"p/a.py": NEW})
    same = answered(INT, "1")
    assert whats(behaviour(change, noted(same), noted(same, {1, 2}))) == ["changed and never run"]


def test_answers_of_chance_are_not_compared(tmp_path: Path) -> None:
    change = changed(tmp_path, {"p/a.py": OLD}, {"p/a.py": NEW})
    old = noted(answered(INT, "1"))
    other = [{"call": "price", "given": "((1,), {})", **answered(INT, "7")}]
    shaky = Noted({**old.traces, 't "again"': other}, old.outcomes, old.lines)
    assert whats(behaviour(change, shaky, noted(answered(INT, "2")))) == []


def test_the_probing_form_numbers_what_goes_in_and_forgets_what_is_asserted() -> None:
    form = numbered("BODY = {'a': 1}\n\ndef test_it():\n    assert run(BODY, 'x') == 3\n")
    assert form is not None
    text, variants = form
    assert "probe_call(run, probe_value(1, BODY), probe_value(2, 'x')) == 3" in text
    assert "assert" not in text
    assert {site for site, _ in variants["test_it"]} == {1, 2}


@pytest.mark.parametrize("text", ["", "[]", '{"traces": {}}', "<xml/>"])
def test_a_note_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_noted(text)
