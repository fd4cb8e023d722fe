"""Teams, products and channels of a department's file: what of them may be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from governance.people import Role
from governance.people_words import id_from
from governance.team_defaults import usual_agents, usual_capacity
from governance.written_entries import each, make_exact, meant, names, with_ids

_SPEAK_FOR_TEAMS = (Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER, Role.SRE_LEAD)


def fill_teams(value: dict[str, Any]) -> None:
    """Give each team a lead, a mission, agents and what can be planned of them."""
    people = names(value, "people")
    for _, team in each(value, "teams"):
        make_exact(team, "lead", people)
        if "lead" not in team and (lead := _lead(value, team.get("id"))):
            team["lead"] = lead
        team.setdefault("mission", str(team.get("name", "-")))
        team.setdefault("agents", usual_agents())
        if isinstance(team["agents"], list):
            team.setdefault("capacity", usual_capacity(team["agents"]))


def fill_products(value: dict[str, Any]) -> None:
    """Give each product an owner and teams. A department with teams that names no product has one: its own."""
    people, teams = names(value, "people"), names(value, "teams")
    every = [team["id"] for team in with_ids(value, "teams")]
    owner = next((one["id"] for one in _holders(with_ids(value, "people"), Role.PRODUCT_OWNER)), None)
    name = value.get("name")
    if value["products"] == [] and every and owner is not None and isinstance(name, str):
        value["products"] = [{"id": id_from(name) or "product", "name": name}]
    for _, product in each(value, "products"):
        make_exact(product, "owner", people)
        if owner is not None:
            product.setdefault("owner", owner)
        if every:
            product.setdefault("teams", every)
        if isinstance(product.get("teams"), list):
            product["teams"] = [meant(one, teams) for one in product["teams"]]
    if isinstance(owners := value["account_owners"], dict):
        value["account_owners"] = {account: meant(one, people) for account, one in owners.items()}


def fill_channels(value: dict[str, Any]) -> None:
    """Give each channel an audience: those whom it names, or else the department."""
    people = names(value, "people")
    for _, channel in each(value, "channels"):
        if isinstance(channel.get("name"), str):
            channel["name"] = channel["name"].removeprefix("#")
            channel.setdefault("purpose", channel["name"])
        channel.setdefault("audience", "restricted" if channel.get("members") else "department")
        if isinstance(channel.get("members"), list):
            channel["members"] = [meant(one, people) for one in channel["members"]]


def _lead(value: Mapping[str, Any], team: Any) -> str | None:
    """Who leads a team that does not say: somebody of it, or else whoever could speak for it."""
    people = with_ids(value, "people")
    own = [entry for entry in people if entry.get("team") == team]
    return next((entry["id"] for entry in (*own, *_holders(people, *_SPEAK_FOR_TEAMS), *people)), None)


def _holders(people: Iterable[dict[str, Any]], *roles: Role) -> Iterator[dict[str, Any]]:
    for role in roles:
        yield from (one for one in people if isinstance(one.get("roles"), list) and role in one["roles"])
