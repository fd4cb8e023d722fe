"""Forms become modals that Slack opens, and what is entered comes back as the form asked for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot.platforms.forms import FormIncomplete, check_values
from bot.slack.modals import error_modal, errors_for, modal, values_of
from handlers.conversation.cards import Form, Input
from tests.bot.console.sample_cards import MODIFY
from tests.bot.slack.block_kit import check_modal
from tests.bot.slack.generated import HOSTILE, forms
from tests.bot.slack.reading import markup, squeezed, words
from tests.bot.slack.submitting import state_of

LONG = "\n".join(f"Line {line} of a message to customers, which somebody may edit." for line in range(200))


def _modal(form: Form) -> dict[str, Any]:
    view = modal(form, token="b_1", private_metadata="{}")
    check_modal(view)
    return view


def _one(entry: Input) -> dict[str, Any]:
    return next(block for block in _modal(_form(entry))["blocks"] if block["type"] == "input")


def _form(*inputs: Input) -> Form:
    return Form("Modify", "Send", inputs)


def _choice(count: int, **more: Any) -> Input:
    options = tuple((f"v{n}", f"Story {n}") for n in range(1, count + 1))
    return Input("story", "Story", more.pop("type", "choice"), options=options, **more)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(forms())
def test_slack_opens_every_form_and_nothing_is_lost(made: tuple[Form, list[str]]) -> None:
    form, texts = made
    view = _modal(form)
    everything = squeezed(view["title"]["text"] + words(view["blocks"]) + view["submit"]["text"])
    labels = {label for entry in form.inputs for _, label in entry.options}
    assert [text for text in texts if text not in labels and squeezed(text) not in everything] == []
    # An option's label may go on in its description.
    joined = everything.replace("……", "")
    assert [label for label in labels if squeezed(label) not in joined] == []
    assert markup(view["blocks"]) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(forms())
def test_a_form_sent_as_it_was_opened_says_what_it_began_with(made: tuple[Form, list[str]]) -> None:
    form, _ = made
    values = values_of(form, state_of(_modal(form)))
    for entry in form.inputs:
        given, began = values[entry.name], entry.value
        if entry.type == "choices":
            assert given == [value for value, _ in entry.options if value in began]
        else:
            assert isinstance(given, str)
            assert given.rstrip() == str(began or "").rstrip()


def test_the_sample_form_is_asked_and_answered() -> None:
    view = _modal(MODIFY)
    kinds = {b["block_id"]: b["element"]["type"] for b in view["blocks"] if b["type"] == "input"}
    assert kinds == {
        "drop": "checkboxes",
        "team": "radio_buttons",
        "start": "datepicker",
        "budget": "number_input",
        "why": "plain_text_input",
    }
    assert view["callback_id"] == "form"
    assert view["private_metadata"] == "{}"
    answers = {
        "drop": ["S2 · Daily usage per account"],
        "team": "Team Delta",
        "start": None,
        "why": "Too much.",
    }
    values = values_of(MODIFY, state_of(view, answers))
    assert values == {"drop": ["S2"], "team": "delta", "start": "", "budget": "146", "why": "Too much."}
    check_values(MODIFY, values)


def test_nothing_answered_is_empty_and_refused_where_it_is_needed() -> None:
    values = values_of(MODIFY, {"values": {}})
    assert values == {"drop": [], "team": "", "start": "", "budget": "", "why": ""}
    with pytest.raises(FormIncomplete) as refused:
        check_values(MODIFY, values)
    assert errors_for(MODIFY, refused.value) == {"team": "“Team that leads” is needed."}


def test_what_no_field_is_to_blame_for_is_said_at_the_first_field_that_is_shown() -> None:
    nothing = Input("none", "None", "choices", required=False)
    form = _form(nothing, Input("why", "Why", "line"))
    assert errors_for(form, FormIncomplete("It is too late.")) == {"why": "It is too late."}
    assert errors_for(form, FormIncomplete("No.", "none")) == {"why": "No."}
    assert errors_for(_form(), FormIncomplete("It is too late.")) == {}


def test_a_choice_that_was_not_offered_is_refused() -> None:
    entry = _choice(3)
    view = _modal(_form(entry))
    state = state_of(view, {"story": "Story 2"})
    state["values"]["story"]["b_1"]["selected_option"]["value"] = "#v9"
    with pytest.raises(FormIncomplete):
        check_values(_form(entry), values_of(_form(entry), state))


@pytest.mark.parametrize(
    ("count", "type_", "element"),
    [
        (5, "choice", "radio_buttons"), (6, "choice", "static_select"), (250, "choice", "static_select"),
        (10, "choices", "checkboxes"), (11, "choices", "multi_static_select"),
        (250, "choices", "multi_static_select"),
    ],
)  # fmt: skip
def test_options_are_all_offered_however_many(count: int, type_: str, element: str) -> None:
    entry = _choice(count, type=type_)
    asked = _one(entry)["element"]
    assert asked["type"] == element
    groups = asked.get("option_groups", [asked])
    assert [option["value"] for group in groups for option in group["options"]] == [v for v, _ in entry.options]
    last = f"Story {count}"
    state = state_of(_modal(_form(entry)), {"story": last if type_ == "choice" else [last]})
    assert values_of(_form(entry), state) == {"story": f"v{count}" if type_ == "choice" else [f"v{count}"]}


def test_a_choice_that_need_not_be_made_can_be_taken_back() -> None:
    entry = _choice(3, required=False, value="v2")
    assert _one(entry)["element"]["initial_option"]["value"] == "v2"
    state = state_of(_modal(_form(entry)), {"story": "No change"})
    assert values_of(_form(entry), state) == {"story": ""}


def test_values_that_slack_takes_for_no_options_come_back_as_they_are() -> None:
    odd = ("#v", "v" * 151, "𝔘" * 100, "a b")
    entry = Input("odd", "Odd", "choices", options=tuple((value, f"Label {n}") for n, value in enumerate(odd)))
    state = state_of(_modal(_form(entry)), {"odd": ["Label 0", "Label 1", "Label 2", "Label 3"]})
    assert values_of(_form(entry), state) == {"odd": list(odd)}


def test_a_choice_of_nothing_is_not_asked_for() -> None:
    entry = Input("drop", "Stories to drop", "choices", required=False)
    view = _modal(_form(entry))
    assert [block["type"] for block in view["blocks"]] == ["context"]
    assert "Stories to drop: there is nothing to choose from." in words(view["blocks"])
    assert values_of(_form(entry), state_of(view)) == {"drop": []}


def test_a_long_label_goes_on_below_it_or_stands_above_the_choice() -> None:
    middling, long = "Story " + "m" * 100, "Story " + "l" * 200
    entry = Input("story", "Story", "choice", options=(("m", middling), ("l", long)))
    above, asked = _modal(_form(entry))["blocks"]
    assert long in words([above])
    assert middling not in words([above])
    first = asked["element"]["options"][0]
    assert first["text"]["text"].removesuffix("…") + first["description"]["text"].removeprefix("…") == middling


@pytest.mark.parametrize("letters", [74, 75, 76, 147, 148, 149, 150])
def test_a_label_of_any_length_is_whole_somewhere(letters: int) -> None:
    label = "".join(chr(0x4E00 + n) for n in range(letters))
    view = _modal(_form(Input("story", "Story", "choice", options=(("v", label),))))
    assert label in words(view["blocks"]).replace("……", "")


def test_a_long_text_is_edited_in_parts_and_joined_again() -> None:
    form = _form(Input("body", "Message", "text", LONG))
    view = _modal(form)
    parts = [block for block in view["blocks"] if block["type"] == "input"]
    assert [part["block_id"] for part in parts] == ["body", *(f"body#{n}" for n in range(2, len(parts) + 1))]
    assert [part["optional"] for part in parts] == [False, *(True for _ in parts[1:])]
    assert parts[1]["label"]["text"] == f"Message (2 of {len(parts)})"
    assert all(len(part["element"]["initial_value"]) <= 2_000 for part in parts)
    assert values_of(form, state_of(view)) == {"body": LONG}
    edited = values_of(form, state_of(view, {"body#2": None, "body#3": "Instead."}))["body"]
    assert isinstance(edited, str)
    first = parts[0]["element"]["initial_value"]
    assert edited.startswith(f"{first}\nInstead.\n")


@pytest.mark.parametrize(
    "inputs", [tuple(Input(f"in{n}", "In", "line") for n in range(101)), (_choice(6_000),)]
)
def test_a_form_that_slack_would_not_open_is_not_opened(inputs: tuple[Input, ...]) -> None:
    view = _modal(_form(*inputs))
    assert words(view["blocks"]) == "This asks for more than Slack shows. Tell me in words what you want."
    assert "submit" not in view


@pytest.mark.parametrize(("type_", "value"), [("number", "a lot"), ("number", "1e3"), ("date", "soon")])
def test_what_slacks_own_field_cannot_begin_with_is_typed(type_: Any, value: str) -> None:
    asked = _one(Input("x", "X", type_, value))["element"]
    assert asked["type"] == "plain_text_input"
    assert asked["initial_value"] == value


def test_what_has_no_room_in_a_title_or_on_a_button_stands_in_the_form() -> None:
    form = Form("Modify the plan for the customer dashboard", "Propose this plan instead of that", ())
    view = _modal(replace(form, intro="Your changes make a new proposal."))
    assert view["title"]["text"] == "Modify the plan for…"
    assert view["blocks"][0]["text"]["text"] == form.title
    assert form.submit in words(view["blocks"])
    assert _modal(Form("Short", "Send", (Input("a", "A", "line"),)))["blocks"][0]["type"] == "input"


def test_two_forms_never_share_what_was_typed() -> None:
    first, second = (modal(MODIFY, token=token, private_metadata="") for token in ("b_1", "b_2"))
    typed = [
        {b["element"]["action_id"] for b in view["blocks"] if b["type"] == "input"} for view in (first, second)
    ]
    assert typed == [{"b_1"}, {"b_2"}]


@pytest.mark.parametrize("text", [*HOSTILE, "w" * 5_000])
def test_what_is_said_in_place_of_a_form(text: str) -> None:
    view = error_modal(text, text)
    check_modal(view)
    assert squeezed(text) in squeezed(view["title"]["text"] + words(view["blocks"]))
    assert "submit" not in view
    assert words(error_modal("Approve", text)["blocks"]) == text
