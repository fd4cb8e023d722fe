"""A department's file as people write it, made into what `governance.department` demands.

A name and people are enough: what is left out gets a default here, and what is said in people's words (a role,
somebody's name, a country) becomes the exact one. What is of the wrong kind is left for the model to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.department_calendars import HOURS, PLACE, Calendars
from governance.marked_yaml import KeyPath
from governance.people import Role
from governance.people_words import NoSuchRole, id_from, role_of
from governance.written_entries import each, entries, make_exact, meant, names, with_ids
from governance.written_teams import fill_channels, fill_products, fill_teams

FOLDERS = {
    "documents": "documents",
    "services": "services",
    "history": "history",
    "customers": "customers.yaml",
}
SPRINTS = {"weeks": 2}
CURRENCY = "USD"
"""That of the models' prices, where a file says nothing else."""

ALSO_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "": (*PLACE, *HOURS),
    "people": (*PLACE, "address", "role"),
    "teams": ("members",),
    "calendars": ("country", "region", "works_on"),
}
"""What a file may say in each of its parts besides the model's own fields."""


@dataclass
class Filled:
    """The file's value with nothing left out, and what was wrong with it, by place."""

    value: dict[str, Any]
    faults: list[tuple[KeyPath, str]] = field(default_factory=list)
    calendars: Calendars | None = None
    written_calendars: int = 0

    def as_written(self, path: KeyPath) -> KeyPath:
        """Where in the file that is which stands at `path` here."""
        if self.calendars is None or path[:1] != ("calendars",) or len(path) < 2 or isinstance(path[1], str):
            return path
        position = path[1] - self.written_calendars
        return path if position < 0 else self.calendars.place_of(position, path[2:])


def fill_in(written: Mapping[str, Any]) -> Filled:
    """Fill in everything that may be left out. What stands in `written` stays at its place."""
    filled = Filled({str(key): value for key, value in written.items()})
    value = filled.value
    value.setdefault("id", id_from(str(value.get("name", ""))) or "department")
    value.setdefault("currency", CURRENCY)
    for section, usual in (("folders", FOLDERS), ("sprints", SPRINTS)):
        if isinstance(said := value.get(section) or {}, dict):
            value[section] = {**usual, **said}
    for section in ("calendars", "people", "teams", "products", "channels"):
        value[section] = entries(value.get(section))
    if value.get("account_owners") is None:
        value["account_owners"] = {}
    _name_everybody(value)
    _fill_people(filled)
    _fill_places(filled)
    fill_teams(value)
    fill_products(value)
    fill_channels(value)
    return filled


def _name_everybody(value: dict[str, Any]) -> None:
    """Give an id to all that have none: of people from the whole name, so that it stays theirs."""
    for section in ("people", "teams", "products"):
        for position, entry in each(value, section):
            address = str(entry.get("address", entry.get("email", ""))).partition("@")[0]
            spare = id_from(address) or f"{section}-{position + 1}"
            entry.setdefault("id", id_from(str(entry.get("name", ""))) or spare)


def _fill_people(filled: Filled) -> None:
    value = filled.value
    people, teams = names(value, "people"), names(value, "teams")
    for position, entry in each(value, "people"):
        for said, exact in (("address", "email"), ("role", "roles")):
            if said in entry and exact not in entry:
                entry[exact] = entry.pop(said)
        if "roles" in entry:
            entry["roles"] = _roles(entry["roles"], ("people", position, "roles"), filled)
        entry.setdefault("title", _title(entry.get("roles")))
        make_exact(entry, "team", teams)
        make_exact(entry, "deputy", people)
    for position, team in each(value, "teams"):
        members = team.pop("members", [])
        if not isinstance(members, list):
            filled.faults.append((("teams", position, "members"), "write a list of people here, as [Ann, Ben]"))
            continue
        _join(filled, team, {str(one): meant(one, people) for one in members}, ("teams", position, "members"))


def _title(roles: Any) -> str:
    """What somebody is by their first role."""
    first = roles[0] if isinstance(roles, list) and roles else None
    label = first.label if isinstance(first, Role) else "member"
    return label[:1].upper() + label[1:]


def _join(filled: Filled, team: Mapping[str, Any], members: Mapping[str, Any], at: KeyPath) -> None:
    by_id = {entry["id"]: entry for entry in with_ids(filled.value, "people")}
    for said, member in members.items():
        if not isinstance(member, str) or member not in by_id:
            filled.faults.append((at, f"there is nobody called “{said}” under `people:`"))
        elif "id" in team:
            by_id[member].setdefault("team", team["id"])


def _roles(said: Any, at: KeyPath, filled: Filled) -> Any:
    """The roles of a list, or of one text with commas. Those that nobody knows are told, and left out."""
    words = said.replace(";", ",").split(",") if isinstance(said, str) else said
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return said
    found: list[Role] = []
    for word in filter(str.strip, words):
        try:
            found.append(role_of(word))
        except NoSuchRole as unknown:
            filled.faults.append((at, str(unknown)))
    return found


def _fill_places(filled: Filled) -> None:
    """Give the department and everybody in it a calendar."""
    value = filled.value
    calendars = filled.calendars = Calendars(filled.faults)
    for position, entry in each(value, "calendars"):
        value["calendars"][position] = calendars.complete(entry, ("calendars", position))
    usual = {key: value.pop(key) for key in (*PLACE, *HOURS) if key in value}
    written = [entry["id"] for _, entry in each(value, "calendars") if isinstance(entry.get("id"), str)]
    if usual or not written:
        value.setdefault("calendar", calendars.implied(usual, usual, ()))
    value.setdefault("calendar", written[0] if written else "home")
    for position, entry in each(value, "people"):
        place = {key: entry.pop(key) for key in PLACE if key in entry}
        if place and "country" not in place:
            place = {key: usual[key] for key in ("country", "region") if key in usual} | place
        if place and "calendar" not in entry:
            entry["calendar"] = calendars.implied(place, usual, ("people", position))
        entry.setdefault("calendar", value["calendar"])
    if isinstance(value["calendars"], list):
        filled.written_calendars = len(value["calendars"])
        value["calendars"] = [*value["calendars"], *calendars.made]
