"""A modal as somebody leaves it: what Slack sends with the submission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def state_of(view: Json, answers: Mapping[str, Any] | None = None) -> Json:
    """The view's state: `answers` by block id (a text, an option's label, or a list of labels), the rest as
    it was opened.
    """
    answers = answers or {}
    values: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element, id_ = block["element"], block["block_id"]
            given = _filled(element, answers[id_]) if id_ in answers else _opened(element)
            values[id_] = {element["action_id"]: {"type": element["type"], **given}}
    return {"values": values}


def _opened(element: Json) -> Json:
    match element["type"]:
        case "datepicker":
            return {"selected_date": element.get("initial_date")}
        case "checkboxes" | "multi_static_select":
            return {"selected_options": element.get("initial_options", [])}
        case "radio_buttons" | "static_select":
            return {"selected_option": element.get("initial_option")}
        case _:
            return {"value": element.get("initial_value")}


def _filled(element: Json, answer: Any) -> Json:
    groups = element.get("option_groups", [element])
    by_label = {option["text"]["text"]: option for group in groups for option in group.get("options", [])}
    match element["type"]:
        case "datepicker":
            return {"selected_date": answer}
        case "checkboxes" | "multi_static_select":
            return {"selected_options": [by_label[label] for label in answer]}
        case "radio_buttons" | "static_select":
            return {"selected_option": by_label[answer]}
        case _:
            return {"value": answer}
