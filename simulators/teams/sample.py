"""A tenant with the people and channels of the sample department."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from simulators.teams.world import World

ACME = Path(__file__).parents[2] / "examples" / "acme" / "department.yaml"


@lru_cache
def _read() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(ACME.read_text(encoding="utf-8"), Loader=loader)
    return found


def populate(world: World) -> None:
    """Everybody, and a team whose channels are the department's; restricted ones are private."""
    department = _read()
    for person in department["people"]:
        world.add_person(person["id"], person["name"], person["email"])
    for channel in department["channels"]:
        restricted = channel["audience"] == "restricted"
        members = list(channel.get("members") or world.people)
        world.add_channel(channel["name"], members, membership="private" if restricted else "standard")
