"""The app's manifest: `app-manifest.yml`, which creates the app in Slack, is also where its scopes stand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "app-manifest.yml"


@cache
def manifest() -> dict[str, Any]:
    """The manifest as data."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def bot_scopes() -> list[str]:
    """What the bot may do in a workspace."""
    return list(manifest()["oauth_config"]["scopes"]["bot"])
