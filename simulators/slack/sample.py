"""A workspace with the people and channels of a department file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from simulators.slack.records import Channel, User, Workspace
from simulators.slack.state import State

ACME = Path(__file__).parents[2] / "examples" / "acme" / "department.yaml"
ZONES = {"new-york": ("America/New_York", -18000), "dublin": ("Europe/Dublin", 0)}


@lru_cache
def read(path: Path) -> dict[str, Any]:
    """A department file, read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return found


def populate(state: State, workspace: Workspace, path: Path = ACME) -> None:
    """Add a department's people, and its channels with everybody in those that are not restricted."""
    department = read(path)
    by_handle = {}
    for person in department["people"]:
        tz, offset = ZONES.get(person.get("calendar", ""), ZONES["new-york"])
        handle = person["id"]
        user = User(
            id=state.fresh_id("U", handle),
            team_id=workspace.id,
            handle=handle,
            name=person["name"],
            email=person["email"],
            title=person.get("title", ""),
            tz=tz,
            tz_offset=offset,
        )
        state.users[user.id] = by_handle[handle] = user
    for channel in department["channels"]:
        names = channel.get("members") or list(by_handle)
        kind = "private" if channel["audience"] == "restricted" else "public"
        members = [by_handle[name].id for name in names]
        made = Channel(
            state.fresh_id("C", channel["name"]),
            workspace.id,
            channel["name"],
            kind,
            members,
            channel.get("purpose", ""),
        )
        state.channels[made.id] = made
