"""Block Kit as a reader sees it: the texts, and what can be pressed or filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

PRESSED = {"button", "icon_button", "overflow", "workflow_button"}
CHOSEN = {
    "static_select", "multi_static_select", "users_select", "multi_users_select", "channels_select",
    "conversations_select", "radio_buttons", "checkboxes", "datepicker", "timepicker", "datetimepicker",
}  # fmt: skip
TYPED = {"plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input"}


def texts(part: Any) -> list[str]:
    """Every text in blocks, in reading order."""
    found: list[str] = []
    if isinstance(part, list):
        for entry in part:
            found += texts(entry)
    elif isinstance(part, dict):
        for key, entry in part.items():
            if key in ("text", "alt_text", "title", "description", "label", "url") and isinstance(entry, str):
                found.append(entry)
            elif isinstance(entry, dict | list):
                found += texts(entry)
    return found


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Interactive elements, each with the block that it stands in."""
    for block in blocks:
        held = [block.get("accessory"), block.get("element"), *block.get("elements", [])]
        for element in held:
            if not isinstance(element, dict):
                continue
            if element.get("type") == "feedback_buttons":
                for side in ("positive_button", "negative_button"):
                    yield (
                        block,
                        {**element[side], "type": "feedback_buttons", "action_id": element["action_id"]},
                    )
            elif element.get("type") in PRESSED | CHOSEN | TYPED:
                yield block, element


def pressable(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Buttons (of an overflow menu: its options), each with its block."""
    for block, element in elements(blocks):
        if element["type"] == "overflow":
            for option in element["options"]:
                yield block, {**element, "selected_option": option}
        elif element["type"] in PRESSED | {"feedback_buttons"}:
            yield block, element


def fields(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """What can be filled in or chosen, each with its block."""
    for block, element in elements(blocks):
        if element["type"] in CHOSEN | TYPED:
            yield block, element


def label(element: Json) -> str:
    """What a person would call a button or a field."""
    if "selected_option" in element:
        return str(element["selected_option"]["text"]["text"])
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", "") or element.get("accessibility_label", ""))
