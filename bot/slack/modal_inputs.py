"""What a form asks for, as the input blocks of a modal, and the answers read back from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.slack.card_blocks import small_blocks
from bot.slack.limits import Json, cut, length, shortened
from bot.slack.modal_options import choice_element, chosen_value, long_labels
from bot.slack.rich_text import elements, paragraphs
from bot.slack.texts import plain
from handlers.conversation.cards import Input

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
