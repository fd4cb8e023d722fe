"""Limits of what stands inside blocks: text objects, buttons, selects, inputs, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulators.slack import reading
from simulators.slack.records import Json

Complaints = Iterator[str]

MOST_OPTIONS = {
    "static_select": 100, "multi_static_select": 100, "radio_buttons": 10, "checkboxes": 10, "overflow": 5,
}  # fmt: skip


def text(value: Any, most: int, where: str, *, plain: bool = False) -> Complaints:
    """A text object, 1 to `most` characters."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        yield f"missing text [json-pointer:{where}]"
        return
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if value.get("type") not in kinds:
        yield f"unsupported type: {value.get('type')} [json-pointer:{where}/type]"
    if not value["text"]:
        yield f"must be more than 0 characters [json-pointer:{where}/text]"
    if len(value["text"]) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{where}/text]"
    if value.get("type") == "plain_text" and "verbatim" in value:
        yield f"verbatim is for mrkdwn alone [json-pointer:{where}/verbatim]"


def picture(value: Json, where: str) -> Complaints:
    """An image block or element: an address or an uploaded file, and alt text."""
    if not value.get("image_url") and not value.get("slack_file"):
        yield f"image_url or slack_file is needed [json-pointer:{where}]"
    if len(value.get("image_url") or "") > 3000:
        yield f"must be less than 3001 characters [json-pointer:{where}/image_url]"
    if not value.get("alt_text"):
        yield f"missing alt_text [json-pointer:{where}/alt_text]"
    if len(value.get("alt_text") or "") > 2000:
        yield f"must be less than 2001 characters [json-pointer:{where}/alt_text]"


def check(element: Json, where: str) -> Complaints:
    """An interactive element (or a section's image)."""
    kind = element.get("type")
    known = reading.PRESSED | reading.CHOSEN | reading.TYPED | {"image", "feedback_buttons", "file_input"}
    if kind not in known:
        yield f"unsupported type: {kind} [json-pointer:{where}/type]"
        return
    if len(str(element.get("action_id") or "")) > 255:
        yield f"must be less than 256 characters [json-pointer:{where}/action_id]"
    if kind == "image":
        yield from picture(element, where)
    elif kind in ("button", "workflow_button"):
        yield from _button(element, where)
    elif kind == "feedback_buttons":
        for side in ("positive_button", "negative_button"):
            yield from _button(element.get(side) or {}, f"{where}/{side}")
    elif kind in MOST_OPTIONS:
        yield from _options(element, MOST_OPTIONS[kind], where)
    if element.get("placeholder"):
        yield from text(element["placeholder"], 150, f"{where}/placeholder", plain=True)
    if element.get("confirm"):
        yield from _confirm(element["confirm"], f"{where}/confirm")
    if kind == "plain_text_input" and len(str(element.get("initial_value") or "")) > 3000:
        yield f"must be less than 3001 characters [json-pointer:{where}/initial_value]"


def _button(element: Json, where: str) -> Complaints:
    yield from text(element.get("text"), 75, f"{where}/text", plain=True)
    for name, most in (("value", 2000), ("url", 3000), ("accessibility_label", 75)):
        if len(str(element.get(name) or "")) > most:
            yield f"must be less than {most + 1} characters [json-pointer:{where}/{name}]"
    if element.get("style") not in (None, "primary", "danger"):
        yield f"unsupported style [json-pointer:{where}/style]"


def _options(element: Json, most: int, where: str) -> Complaints:
    groups = element.get("option_groups")
    options = [one for group in groups for one in group["options"]] if groups else element.get("options") or []
    if not options:
        yield f"must have at least 1 item [json-pointer:{where}/options]"
    if len(element.get("options") or []) > most or len(groups or []) > 100:
        yield f"no more than {most} items allowed [json-pointer:{where}/options]"
    wants_plain = element["type"] not in ("radio_buttons", "checkboxes")
    for number, option in enumerate(options):
        yield from text(option.get("text"), 75, f"{where}/options/{number}/text", plain=wants_plain)
        if not 1 <= len(str(option.get("value") or "")) <= 150:
            yield f"must be 1 to 150 characters [json-pointer:{where}/options/{number}/value]"
        if option.get("description"):
            yield from text(
                option["description"], 75, f"{where}/options/{number}/description", plain=wants_plain
            )
    first = element.get("initial_options") or [one for one in [element.get("initial_option")] if one]
    if any(one not in options for one in first):
        yield f"initial option is not among the options [json-pointer:{where}]"


def _confirm(confirm: Json, where: str) -> Complaints:
    for name, most, plain in (
        ("title", 100, True),
        ("text", 300, False),
        ("confirm", 30, True),
        ("deny", 30, True),
    ):
        yield from text(confirm.get(name), most, f"{where}/{name}", plain=plain)
