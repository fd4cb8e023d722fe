"""Dialogs ask what the form asks, and give back the answers that were chosen, whatever they are called."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import LONGEST_TEXT, clean
from bot.platforms.forms import FormIncomplete, Values, check_values
from bot.teams.dialogs import dialog, task_info, values_of, with_error
from handlers.conversation.cards import Form, Input
from tests.bot.console.sample_cards import MODIFY
from tests.bot.teams.card_reading import Json, check_against_models, markup, objects, shown

EVIL = "[x](http://evil.example) **b**"
ODD = (("a,b", "A, then B"), ("0", "Zero"), ("", "Nothing"), ("é😀", EVIL), ("1,2", "Two"))


def _inputs(card: Json) -> dict[str, Json]:
    check_against_models(card)
    return {found["id"]: found for found in objects(card) if found["type"].startswith("Input.")}


def _submitted(card: Json, changed: dict[str, Any] | None = None) -> dict[str, Any]:
    """What Teams sends when the dialog is submitted as it stands, or with some inputs changed."""
    (submit,) = card["actions"]
    values = {name: _entered(found) for name, found in _inputs(card).items()}
    return {**values, **(changed or {}), **submit["data"]}


def _entered(found: Json) -> Any:
    value = found.get("value", "")
    if found["type"] != "Input.ChoiceSet":
        return value
    offered = [choice["value"] for choice in found["choices"]]
    assert len(set(offered)) == len(offered)
    chosen = value.split(",") if value else []
    assert set(chosen) <= set(offered)
    return ",".join(one for one in offered if one in chosen)


def test_a_dialog_asks_for_everything_the_form_asks_for() -> None:
    card = dialog(MODIFY, token="b_1")
    inputs = _inputs(card)
    assert [found["type"] for found in inputs.values()] == [
        "Input.ChoiceSet",
        "Input.ChoiceSet",
        "Input.Date",
        "Input.Number",
        "Input.Text",
    ]
    assert [found["label"] for found in inputs.values()] == [entry.label for entry in MODIFY.inputs]
    assert [found.get("isRequired", False) for found in inputs.values()] == [False, True, False, True, False]
    assert all(("errorMessage" in found) == found.get("isRequired", False) for found in inputs.values())
    drop, team, start, budget, why = inputs.values()
    assert (drop["isMultiSelect"], team["isMultiSelect"], why["isMultiline"]) == (True, False, True)
    assert (team["value"], start["value"], budget["value"]) == ("0", "2026-11-30", 146)
    words = [run["text"] for run in objects(card) if run["type"] == "TextRun"]
    assert words == [MODIFY.intro, "You are warned at 80 % and asked at 100 %.", MODIFY.inputs[4].hint]
    assert card["actions"][0]["title"] == "Propose this instead"
    assert card["actions"][0]["data"] == {"token": "b_1", "verb": "form"}


def test_a_dialog_comes_with_its_title_and_size() -> None:
    info = task_info(replace(MODIFY, title="Modify " + "the plan " * 20), "b_1")
    assert len(info["title"]) <= 64
    assert info["title"].endswith("…")
    assert ("the plan " * 20).strip() in json.dumps(info["card"])
    assert info["card"]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (info["height"], info["width"]) == ("large", "medium")


def test_a_dialog_submitted_as_it_stands_gives_the_initial_values() -> None:
    assert values_of(MODIFY, _submitted(dialog(MODIFY, token="b_1"))) == {
        "drop": [],
        "team": "insights",
        "start": "2026-11-30",
        "budget": "146",
        "why": "",
    }


@settings(max_examples=60)
@given(st.sets(st.sampled_from([value for value, _ in ODD])), st.sampled_from([value for value, _ in ODD]))
def test_choices_come_back_whatever_their_values_contain(many: set[str], one: str) -> None:
    asked = (
        Input("m", "Many", "choices", tuple(many), ODD, required=False),
        Input("o", "One", "choice", one, ODD),
    )
    form = Form("t", "s", asked)
    values = values_of(form, _submitted(dialog(form, token="b_1")))
    assert values == {"m": [value for value, _ in ODD if value in many], "o": one}


@settings(max_examples=25)
@given(st.text(), st.text(), st.integers(), st.dates())
def test_what_was_entered_comes_back(line: str, text: str, number: int, day: Any) -> None:
    form = Form(
        "t",
        "s",
        (
            Input("token", "Line", "line"),
            Input("verb", "Text", "text"),
            Input("n", "Number", "number"),
            Input("d", "Date", "date"),
        ),
    )
    entered = {"answer_token": line, "answer_verb": text, "answer_n": number, "answer_d": day.isoformat()}
    data = _submitted(dialog(form, token="b_1"), entered)
    assert data["token"] == "b_1"
    values = values_of(form, data)
    assert values == {"token": clean(line), "verb": clean(text), "n": str(number), "d": day.isoformat()}
    assert "\0" not in str(values["verb"]), "rows hold none"


@pytest.mark.parametrize("wrong", ["a" * (LONGEST_TEXT + 1), ["a"], {"a": 1}, True, 5, float("nan")], ids=repr)
def test_what_a_field_cannot_have_said_is_not_taken(wrong: object) -> None:
    form = Form("t", "s", (Input("why", "Why", "text"),))
    with pytest.raises(FormIncomplete, match=r"“Why”") as incomplete:
        values_of(form, {"answer_why": wrong})
    assert incomplete.value.input == "why"


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), True])
def test_what_is_no_number_is_not_taken_for_one(wrong: float) -> None:
    form = Form("t", "s", (Input("n", "Number", "number"),))
    with pytest.raises(FormIncomplete):
        values_of(form, {"answer_n": wrong})


def test_a_dialog_that_is_shown_again_says_why_and_keeps_what_was_entered() -> None:
    values: Values = {"drop": ["S2", "S7"], "team": "delta", "start": "", "budget": "12.5", "why": EVIL}
    info = with_error(MODIFY, "b_1", f"Too little: {EVIL}", values)
    card = info["card"]["content"]
    assert info["title"] == MODIFY.title
    assert card["body"][0]["style"] == "attention"
    said = "".join(run["text"] for run in card["body"][0]["items"][0]["inlines"])
    assert said == f"Please look again: Too little: {EVIL}"
    assert values_of(MODIFY, _submitted(card)) == values


def test_nothing_in_a_form_becomes_markup() -> None:
    inputs = tuple(
        Input(entry.type, EVIL, entry.type, EVIL, ((EVIL, EVIL),), hint=EVIL)
        for entry in (*MODIFY.inputs, Input("line", "", "line"))
    )
    form = Form(EVIL * 9, EVIL * 9, inputs, EVIL)
    card = dialog(form, token="b_1")
    check_against_models(card)
    assert not [found for found in objects(card) if found["type"] in ("TextBlock", "Action.OpenUrl")]
    (boxes,) = (found for found in objects(card) if found.get("style") == "expanded")
    assert markup(boxes["choices"][0]["title"]) == []
    assert shown(boxes["choices"][0]["title"]) == EVIL
    texts = [run["text"] for run in objects(card) if run["type"] == "TextRun"]
    assert texts == [EVIL * 9, EVIL * 9, EVIL, *[EVIL] * 6]


def test_values_that_are_no_number_or_date_are_not_shown_as_one() -> None:
    form = Form(
        "t",
        "s",
        tuple(Input(f"i{place}", "i", kind, value) for place, (kind, value) in enumerate(  # type: ignore[arg-type]
            [("number", "many"), ("number", "1e999"), ("number", "nan"), ("number", "2.50"), ("date", "soon")]
        )),
    )  # fmt: skip
    values = [found.get("value") for found in _inputs(dialog(form, token="b_1")).values()]
    assert values == [None, None, None, 2.5, None]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("answer_team", "2"), ("answer_team", "-1"), ("answer_team", "delta"), ("answer_team", "٠"),
        ("answer_team", ["0"]), ("answer_team", {"x": 1}), ("answer_drop", "0,99"), ("answer_drop", "S2"),
        ("answer_why", 7), ("answer_budget", True), ("answer_team", "0,1"), ("answer_team", "9" * 5000),
    ],
)  # fmt: skip
def test_answers_that_the_dialog_cannot_have_given_are_refused(name: str, answer: Any) -> None:
    with pytest.raises(FormIncomplete) as refused:
        values_of(MODIFY, _submitted(dialog(MODIFY, token="b_1"), {name: answer}))
    assert refused.value.input == name.removeprefix("answer_")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({}, "team"),
        ({"answer_team": None, "answer_budget": "1"}, "team"),
        ({"answer_team": "0", "answer_extra": "x"}, None),
    ],
)
def test_what_is_missing_or_not_asked_for_is_left_for_the_check(data: Json, named: str | None) -> None:
    with pytest.raises(FormIncomplete) as refused:
        check_values(MODIFY, values_of(MODIFY, {"token": "b_1", "verb": "form", **data}))
    assert refused.value.input == named
