"""Block Kit's limits: what is just within passes, one more is refused."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.slack import limits
from simulators.slack.calling import ApiError

Json = dict[str, Any]


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def marked(length: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def button(number: int = 0, label: int = 5, value: int = 5) -> Json:
    return {"type": "button", "text": plain(label), "action_id": f"a{number}", "value": "v" * value}


def actions(*elements: Json) -> list[Json]:
    return [{"type": "actions", "elements": list(elements)}]


def select(options: int, text: int = 5, value: int = 5) -> Json:
    made = [{"text": plain(text), "value": f"{number:03d}" + "v" * (value - 3)} for number in range(options)]
    return {"type": "static_select", "action_id": "s", "options": made}


def table(rows: int, cells: int) -> list[Json]:
    return [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * cells] * rows}]


def section(**parts: Any) -> list[Json]:
    return [{"type": "section", **parts}]


WITHIN_AND_BEYOND = {
    "blocks": ([{"type": "divider"}] * 50, [{"type": "divider"}] * 51),
    "section text": (section(text=marked(3000)), section(text=marked(3001))),
    "section nothing": (section(text=marked(1)), section(text=marked(0))),
    "fields": (section(fields=[marked(9)] * 10), section(fields=[marked(9)] * 11)),
    "field": (section(fields=[marked(2000)]), section(fields=[marked(2001)])),
    "header": ([{"type": "header", "text": plain(150)}], [{"type": "header", "text": plain(151)}]),
    "header marked": ([{"type": "header", "text": plain(5)}], [{"type": "header", "text": marked(5)}]),
    "context": (
        [{"type": "context", "elements": [marked(5)] * 10}],
        [{"type": "context", "elements": [marked(5)] * 11}],
    ),
    "actions": (actions(*map(button, range(25))), actions(*map(button, range(26)))),
    "label": (actions(button(label=75)), actions(button(label=76))),
    "value": (actions(button(value=2000)), actions(button(value=2001))),
    "twice the same action": (actions(button(1), button(2)), actions(button(1), button(1))),
    "options": (actions(select(100)), actions(select(101))),
    "option text": (actions(select(1, text=75)), actions(select(1, text=76))),
    "option value": (actions(select(1, value=150)), actions(select(1, value=151))),
    "table rows": (table(100, 2), table(101, 2)),
    "table cells": (table(2, 20), table(2, 21)),
    "markdown": ([{"type": "markdown", "text": "x" * 12_000}], [{"type": "markdown", "text": "x" * 12_001}]),
    "picture": (
        [{"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"}],
        [{"type": "image", "image_url": "https://x.example/a.png"}],
    ),
    "type": ([{"type": "divider"}], [{"type": "sparkles"}]),
    "block id": ([{"type": "divider", "block_id": "b"}], [{"type": "divider", "block_id": "b"}] * 2),
    "block id length": (
        [{"type": "divider", "block_id": "b" * 255}],
        [{"type": "divider", "block_id": "b" * 256}],
    ),
    "plan": (
        [{"type": "plan", "title": "t", "tasks": [{}] * 50}],
        [{"type": "plan", "title": "t", "tasks": [{}] * 51}],
    ),
}


@pytest.mark.parametrize("name", WITHIN_AND_BEYOND)
def test_one_more_is_refused(name: str) -> None:
    within, beyond = WITHIN_AND_BEYOND[name]
    limits.check_message({"text": "t", "blocks": within})
    with pytest.raises(ApiError, match="invalid_blocks"):
        limits.check_message({"text": "t", "blocks": beyond})


def test_the_whole_message_has_a_limit() -> None:
    blocks = [*section(text=marked(3000)) * 4, *section(text=marked(1200))]
    limits.check_message({"blocks": blocks})
    with pytest.raises(ApiError, match="msg_blocks_too_long"):
        limits.check_message({"blocks": [*blocks, *section(text=marked(1))]})
    limits.check_message({"text": "x" * 40_000})
    with pytest.raises(ApiError, match="msg_too_long"):
        limits.check_message({"text": "x" * 40_001})
    with pytest.raises(ApiError, match="no_text"):
        limits.check_message({})
    with pytest.raises(ApiError, match="invalid_attachments"):
        limits.check_message({"text": "t", "blocks": table(1, 1) * 2})


def modal(**parts: Any) -> Json:
    field = {"type": "input", "label": plain(5), "element": {"type": "plain_text_input", "action_id": "a"}}
    return {"type": "modal", "title": plain(24), "submit": plain(24), "blocks": [field], **parts}


@pytest.mark.parametrize(
    "beyond",
    [
        {"title": plain(25)},
        {"submit": plain(25)},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"callback_id": "x" * 256},
        {"blocks": [{"type": "divider"}] * 101},
        {"blocks": table(1, 1)},
    ],
    ids=lambda beyond: next(iter(beyond)),
)
def test_a_modals_limits(beyond: Json) -> None:
    limits.check_view(modal(blocks=[{"type": "divider"}] * 100, private_metadata="x" * 3000), "modal")
    with pytest.raises(ApiError, match="invalid_arguments"):
        limits.check_view(modal(**beyond), "modal")


def test_what_is_wrong_is_said_with_its_place() -> None:
    with pytest.raises(ApiError) as caught:
        limits.check_message({"blocks": actions(button(label=76))})
    (message,) = caught.value.more["response_metadata"]["messages"]
    assert message == "[ERROR] must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"
