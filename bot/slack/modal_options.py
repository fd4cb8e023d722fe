"""The options that a form offers, as Slack's: shortened labels, keys for values, groups in long menus."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bot.slack.limits import OPTION, Json, length, shortened
from bot.slack.rich_text import elements, lists
from bot.slack.texts import plain
from handlers.conversation.cards import Input

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
