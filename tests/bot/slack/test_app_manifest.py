"""`app-manifest.yml` is one that Slack takes: held against the limits that it publishes.

The schema is our own, of what the manifest uses, after https://docs.slack.dev/reference/app-manifest and
https://github.com/slackapi/manifest-schema. Slack's page for pasting a manifest refuses what is beyond them.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.slack.installing import manifest
from bot.slack.interactions import ASK_ABOUT, NEW_REQUEST

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parent / "schema" / "app-manifest.schema.json").read_text(encoding="utf-8")
)


def _faults(written: dict[str, Any]) -> list[str]:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return [fault.json_path for fault in jsonschema.Draft202012Validator(SCHEMA).iter_errors(written)]


def test_slack_takes_our_manifest() -> None:
    assert _faults(manifest()) == []


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("features.shortcuts.1.name", "Ask the department about this"),
        ("features.agent_view.agent_description", "x" * 301),
        ("features.slash_commands.0.command", "eng"),
        ("display_information.long_description", "Too short."),
        ("display_information.description", "x" * 141),
        ("display_information.background_color", "navy"),
        ("settings.event_subscriptions.request_url", "countersign.example.com"),
        ("features.agent_view.something_else", True),
    ],
)
def test_slack_takes_no_other(place: str, broken: object) -> None:
    written = copy.deepcopy(manifest())
    *way, last = place.split(".")
    at: Any = written
    for step in way:
        at = at[int(step)] if step.isdecimal() else at[step]
    at[last] = broken
    assert len(_faults(written)) == 1


def test_its_shortcuts_are_those_that_are_listened_to() -> None:
    named = {shortcut["callback_id"] for shortcut in manifest()["features"]["shortcuts"]}
    assert named == {NEW_REQUEST, ASK_ABOUT}
