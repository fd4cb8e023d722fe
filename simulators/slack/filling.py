"""What somebody enters into inputs, as Slack's `state.values` has it."""

from __future__ import annotations

from typing import Any

from simulators.slack import reading
from simulators.slack.records import Json

Answer = Any
"""A string, a number, or a list of strings: options are named by value or by label."""

SELECTED = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_users_select": ("selected_users", "initial_users"),
}
ONE_OPTION = {"static_select", "radio_buttons", "overflow"}
OPTIONS = {"multi_static_select", "checkboxes"}


class NotFilledIn(AssertionError):
    """What Slack's own window does not let somebody submit."""


def values(blocks: list[Json], answers: dict[str, Answer], *, strict: bool = True) -> Json:
    """State values from answers by block id, action id or label; what is not answered keeps its first value.

    Raises NotFilledIn for an answer to nothing, an option that is not there, and, where `strict`, for
    what is required and left empty.
    """
    left = dict(answers)
    found: Json = {}
    for block, element in reading.fields(blocks):
        names = (block.get("block_id", ""), element.get("action_id", ""), _caption(block))
        named = next((name for name in names if name in left), None)
        entered = filled(element, left.pop(named)) if named is not None else initial(element)
        if strict and block["type"] == "input":
            _check(block, element, entered)
        found.setdefault(block.get("block_id", ""), {})[element.get("action_id", "")] = entered
    if left:
        asked = [_caption(block) or block.get("block_id") for block, _ in reading.fields(blocks)]
        raise NotFilledIn(f"nothing here asks for {sorted(left)}; it asks for {asked}")
    return found


def filled(element: Json, answer: Answer) -> Json:
    """An element's state after somebody answered."""
    kind = element["type"]
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": option(element, answer) if answer else None}
    if kind in OPTIONS:
        return {"type": kind, "selected_options": [option(element, one) for one in answer]}
    if kind in SELECTED:
        return {"type": kind, SELECTED[kind][0]: answer or None}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": _rich(str(answer))}
    return {"type": kind, "value": str(answer) if answer not in (None, "") else None}


def initial(element: Json) -> Json:
    """An element's state before anybody touched it."""
    kind = element["type"]
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in OPTIONS:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in SELECTED:
        selected, first = SELECTED[kind]
        return {"type": kind, selected: element.get(first)}
    return {"type": kind, "value": element.get("initial_value")}


def option(element: Json, wanted: Any) -> Json:
    """The option of that value or label. Raises NotFilledIn."""
    groups = element.get("option_groups")
    options = [one for group in groups for one in group["options"]] if groups else element.get("options", [])
    for one in options:
        if wanted in (one["value"], one["text"]["text"]):
            return dict(one)
    labels = [one["text"]["text"] for one in options]
    raise NotFilledIn(f"there is no option {wanted!r}; there are {labels}")


def _check(block: Json, element: Json, entered: Json) -> None:
    given = next((value for name, value in entered.items() if name != "type"), None)
    if given in (None, "", []):
        if not block.get("optional"):
            raise NotFilledIn(f"{_caption(block)!r} is required")
        return
    longest = element.get("max_length") or 3000
    if element["type"] == "plain_text_input" and not (element.get("min_length") or 0) <= len(given) <= longest:
        raise NotFilledIn(f"{_caption(block)!r} has {len(given)} characters")
    if element["type"] == "number_input":
        _check_number(block, element, str(given))


def _check_number(block: Json, element: Json, given: str) -> None:
    try:
        number = float(given)
    except ValueError as error:
        raise NotFilledIn(f"{_caption(block)!r} takes a number") from error
    if not element.get("is_decimal_allowed") and number != int(number):
        raise NotFilledIn(f"{_caption(block)!r} takes a whole number")
    lowest, highest = element.get("min_value"), element.get("max_value")
    if (lowest is not None and number < float(lowest)) or (highest is not None and number > float(highest)):
        raise NotFilledIn(f"{_caption(block)!r} is out of range")


def _caption(block: Json) -> str:
    label = block.get("label") or {}
    return str(label.get("text", ""))


def _rich(words: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": words}]}
    return {"type": "rich_text", "elements": [section]}
