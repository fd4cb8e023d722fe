"""An app manifest, obeyed: the app gets the scopes, events and shortcuts that stand in it, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


@dataclass(frozen=True)
class Shortcut:
    """Something in a menu of Slack's. `is_global` ones stand beside the text box, others at messages."""

    callback_id: str
    name: str
    is_global: bool


@dataclass(frozen=True)
class Manifest:
    """What the manifest of an app grants and announces.

    `prompts` stand in an empty conversation with it; `escapes_commands` says that names and links in a
    command's text come as they do in messages.
    """

    scopes: frozenset[str]
    events: frozenset[str]
    shortcuts: tuple[Shortcut, ...]
    prompts: tuple[dict[str, str], ...]
    escapes_commands: bool


def read(path: Path) -> Manifest:
    """Read a manifest file."""
    written: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    features, settings = written.get("features", {}), written.get("settings", {})
    return Manifest(
        scopes=frozenset(written.get("oauth_config", {}).get("scopes", {}).get("bot", [])),
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", [])),
        shortcuts=tuple(
            Shortcut(one["callback_id"], one["name"], one["type"] == "global")
            for one in features.get("shortcuts", [])
        ),
        prompts=tuple(features.get("agent_view", {}).get("suggested_prompts", [])),
        escapes_commands=any(one.get("should_escape") for one in features.get("slash_commands", [])),
    )


def obey(slack: FakeSlack, manifest: Manifest) -> None:
    """Grant and send from now on what the manifest says. Where it names no events, none are sent."""
    slack.all_scopes = tuple(sorted(manifest.scopes))
    for installed in slack.state.installations:
        installed.scopes = manifest.scopes
    slack.subscriptions = manifest.events
    slack.shortcuts = manifest.shortcuts
    slack.prompts = manifest.prompts
    slack.escapes_commands = manifest.escapes_commands
