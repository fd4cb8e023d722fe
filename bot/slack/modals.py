"""Forms as modals: what they ask for as input blocks and options, and the answers read back from them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.platforms.forms import FormIncomplete
from bot.slack.cards import heading_blocks, small_blocks
from bot.slack.packing import OPTION, Json, cut, length, shortened, size
from bot.slack.rich_text import elements, lists, paragraphs, plain
from handlers.conversation.cards import Form, Input

_VALUE = 150
_RADIOS = 5
_CHECKBOXES = 10
_GROUP = 100

_NO_CHANGE = "No change"
"""The option that leaves a choice unanswered where it may be: Slack has no other way to take one back."""


def choice_element(entry: Input) -> Json:
    """What offers the options of a `choice` or `choices`: all at once if they are few, else a menu."""
    options = [_option(value, label) for value, label in entry.options]
    given = (entry.value,) if isinstance(entry.value, str) else entry.value
    chosen = [option for option, (value, _) in zip(options, entry.options, strict=True) if value in given]
    if entry.type == "choices":
        few = len(options) <= _CHECKBOXES
        offered = {"type": "checkboxes", "options": options} if few else _menu("multi_static_select", options)
        return {**offered, "initial_options": chosen} if chosen else offered
    if not entry.required and all(value for value, _ in entry.options):
        options = [_option("", _NO_CHANGE), *options]
    few = len(options) <= _RADIOS
    offered = {"type": "radio_buttons", "options": options} if few else _menu("static_select", options)
    return {**offered, "initial_option": chosen[0]} if chosen else offered


def long_labels(entry: Input) -> list[Json]:
    """The labels that have no room in an option and the description below it, whole."""
    labels = [label for value, label in entry.options if "description" not in _option(value, label)]
    long = [elements((label,), None) for label in labels if length(label) > OPTION]
    return lists(long, numbered=False)


def chosen_value(entry: Input, key: str) -> str:
    """The value of the option that Slack knows by this key.

    A key that the form never offered stays as it is, and is then refused as no choice of this form.
    """
    offered = ("", *(value for value, _ in entry.options))
    return next((value for value in offered if _key(value) == key), key)


def _menu(kind: str, options: Sequence[Json]) -> Json:
    if len(options) <= _GROUP:
        return {"type": kind, "options": list(options)}
    groups = [
        {
            "label": plain(f"{start + 1} to {min(start + _GROUP, len(options))}"),
            "options": list(options[start : start + _GROUP]),
        }
        for start in range(0, len(options), _GROUP)
    ]
    return {"type": kind, "option_groups": groups}


def _option(value: str, label: str) -> Json:
    text = shortened(label, OPTION)
    made: Json = {"text": plain(text), "value": _key(value)}
    rest = label.removeprefix(text.removesuffix("…")).lstrip()
    if text == label or length(rest) >= OPTION:
        return made
    return {**made, "description": plain(f"…{rest}")}


def _key(value: str) -> str:
    """What stands for an option's value at Slack, which takes 150 characters and no empty one."""
    if 0 < length(value) <= _VALUE:
        return value
    return f"#{hashlib.sha256(value.encode()).hexdigest()}"


_LABEL = 2_000
_TYPED = 3_000
"""Characters that one text input takes."""

_FILLED = 2_000
"""Characters of a long text that one input begins with, so that there is room to add some."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def input_blocks(entry: Input, action_id: str) -> list[Json]:
    """An input as blocks: the input block, whose `block_id` is its name, below what has no room in it.

    A long text begins in several input blocks, `name`, `name#2` and so on. A choice of nothing is not
    asked for. Slack takes up to 10,000 options.
    """
    if entry.type in ("choice", "choices") and not entry.options:
        return small_blocks((f"{entry.label}: there is nothing to choose from.",), None)
    above: list[Json] = []
    if length(entry.label) > _LABEL:
        above += paragraphs(elements((entry.label,), None))
    if length(entry.hint) > _LABEL:
        above += paragraphs(elements((entry.hint,), None))
    if entry.type in ("choice", "choices"):
        element = {**choice_element(entry), "action_id": action_id}
        return [*above, *long_labels(entry), _input(entry, entry.name, element)]
    parts = _typed_parts(entry)
    return [
        *above,
        *(
            _input(
                entry,
                block_id(entry.name, at),
                {**_typed(entry, part), "action_id": action_id},
                f" ({at} of {len(parts)})" if len(parts) > 1 else "",
                may_be_empty=at > 1,
            )
            for at, (part, _) in enumerate(parts, 1)
        ),
    ]


def answer_of(entry: Input, answers: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str | list[str]:
    """The answer to an input in `view.state.values`; "" or [] if there is none."""
    if entry.type == "choices":
        return [chosen_value(entry, key) for key in _read(answers, entry.name)]
    if entry.type == "choice":
        return next((chosen_value(entry, key) for key in _read(answers, entry.name)), "")
    said, between = "", ""
    for at, (_, separator) in enumerate(_typed_parts(entry), 1):
        for typed in _read(answers, block_id(entry.name, at)):
            said = f"{said}{between if said else ''}{typed}"
        between = separator
    return said


def block_id(name: str, part: int = 1) -> str:
    """The id of the block, or of one of the blocks, that ask for an input."""
    return name if part == 1 else f"{name}#{part}"


def _input(entry: Input, id_: str, element: Json, place: str = "", *, may_be_empty: bool = False) -> Json:
    made: Json = {
        "type": "input",
        "block_id": id_,
        "label": plain(f"{shortened(entry.label, _LABEL - length(place))}{place}"),
        "element": element,
        "optional": may_be_empty or not entry.required,
    }
    return {**made, "hint": plain(entry.hint)} if entry.hint and length(entry.hint) <= _LABEL else made


def _typed(entry: Input, value: str) -> Json:
    if entry.type == "number" and (not value or _NUMBER.fullmatch(value)):
        return _beginning({"type": "number_input", "is_decimal_allowed": True}, "initial_value", value)
    if entry.type == "date" and (not value or _DATE.fullmatch(value)):
        return _beginning({"type": "datepicker"}, "initial_date", value)
    # Also a number or a date that Slack's own inputs would refuse to begin with.
    asks = {"type": "plain_text_input", "multiline": entry.type == "text", "max_length": _TYPED}
    return _beginning(asks, "initial_value", value)


def _beginning(element: Json, key: str, value: str) -> Json:
    return {**element, key: value} if value else element


def _typed_parts(entry: Input) -> list[tuple[str, str]]:
    """The text that an input begins with, cut to what one takes: each part with the space after it."""
    value = entry.value if isinstance(entry.value, str) else ""
    if length(value) <= _FILLED:
        return [(value, "")]
    parts: list[tuple[str, str]] = []
    while value:
        head, rest = cut(value, _FILLED, length)
        kept, value = head.rstrip(), rest.lstrip()
        parts.append((kept, head[len(kept) :] + rest[: len(rest) - len(value)]))
    return parts


def _read(answers: Mapping[str, Mapping[str, Mapping[str, Any]]], id_: str) -> list[str]:
    """What stands in a block's one element: chosen keys, or what was typed; nothing if unanswered."""
    read: list[str] = []
    for element in answers.get(id_, {}).values():
        chosen = [*(element.get("selected_options") or ()), *filter(None, (element.get("selected_option"),))]
        read += [option["value"] for option in chosen]
        read += filter(None, (element.get("value"), element.get("selected_date")))
    return read


CALLBACK = "form"
"""The `callback_id` of every modal that asks for something."""

_TITLE = 24
_BLOCKS = 100
_ROOM = 250_000
"""Bytes of JSON."""


def modal(form: Form, *, token: str, private_metadata: str) -> dict[str, Any]:
    """A form as a view for `views.open` or `views.update`.

    `token`, the button's, is the `action_id` of each of its inputs: what somebody typed into one form
    never turns up in another that replaces it. `private_metadata` comes back as it is given, with the
    submission; it has up to 3000 characters. A form that Slack would not open (over 100 blocks, or over
    250 kB) is answered with an `error_modal`.
    """
    asked = [block for entry in form.inputs for block in input_blocks(entry, token)]
    submit = shortened(form.submit, _TITLE)
    whole = small_blocks((f"“{submit}” in full: {form.submit}",), None) if submit != form.submit else []
    view = {
        **_view(form.title, [*paragraphs(elements((form.intro,), None)), *asked, *whole]),
        "callback_id": CALLBACK,
        "submit": plain(submit),
        "close": plain("Back"),
        "private_metadata": private_metadata,
    }
    if len(view["blocks"]) > _BLOCKS or size(view) > _ROOM:
        return error_modal(form.title, "This asks for more than Slack shows. Tell me in words what you want.")
    return view


def error_modal(title: str, sentence: str) -> dict[str, Any]:
    """Why there is no form, or why it was not taken."""
    return {**_view(title, paragraphs(elements((sentence,), None))), "close": plain("Close")}


def values_of(form: Form, state: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """What was entered, by input name, from the view's `state`: as `check_values` takes it.

    An input without an answer is "" or []. A choice that the form does not offer stays, to be refused.
    """
    answers = state.get("values", {})
    return {entry.name: answer_of(entry, answers) for entry in form.inputs}


def errors_for(form: Form, incomplete: FormIncomplete) -> dict[str, str]:
    """Why the answers cannot be taken, for `response_action: errors`: at the input that it is about.

    Without one, at the first. Empty if the form asks for nothing: there `error_modal` says it.
    """
    names = [entry.name for entry in form.inputs if entry.options or entry.type not in ("choice", "choices")]
    at = incomplete.input if incomplete.input in names else next(iter(names), None)
    return {block_id(at): str(incomplete)} if at is not None else {}


def _view(title: str, blocks: list[Json]) -> Json:
    heading = heading_blocks(title) if length(title) > _TITLE else []
    return {"type": "modal", "title": plain(shortened(title, _TITLE)), "blocks": [*heading, *blocks]}
