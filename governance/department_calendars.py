"""The calendars of a department's file: written out, or made from a country, a region and days of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from governance.countries import Country, NotACountry, country_of
from governance.department import Weekday
from governance.marked_yaml import KeyPath
from governance.people_words import id_from

PLACE = ("country", "region", "time_zone")
"""What says where somebody works."""

HOURS = ("days", "start", "end", "holidays", "works_on")
"""What else a calendar says: working days and hours, own days off, and public holidays that are worked on."""

_WORKDAYS = [day.value for day in tuple(Weekday)[:5]]


class Calendars:
    """Makes a file's calendars complete, and those that it only implies. `faults` collects what is wrong."""

    def __init__(self, faults: list[tuple[KeyPath, str]]) -> None:
        self._faults = faults
        self._made: dict[str, dict[str, Any]] = {}
        self._asked: list[KeyPath] = []

    @property
    def made(self) -> list[dict[str, Any]]:
        """The calendars that nobody wrote out."""
        return list(self._made.values())

    def place_of(self, position: int, path: KeyPath) -> KeyPath:
        """Where in the file what is at `path` in the calendar made at `position` was said."""
        return path if path[:1] and path[0] in HOURS else (*self._asked[position], *path)

    def complete(self, written: Mapping[str, Any], at: KeyPath) -> dict[str, Any]:
        """A calendar with everything that a country, or the usual, gives it."""
        found = {key: value for key, value in written.items() if key not in ("country", "region", "works_on")}
        country = self._country(written, at)
        if "time_zone" not in found:
            found["time_zone"] = self._time_zone(country, written, at)
        usual = _WORKDAYS if country is None else [day.value for day in country.working_days]
        found.setdefault("days", usual)
        found.setdefault("start", "09:00")
        found.setdefault("end", "17:00")
        if country is not None and isinstance(written.get("holidays", []), list):
            found["holidays"] = [*_own(written), *self._public(country, written, at)]
        return found

    def implied(self, place: Mapping[str, Any], usual: Mapping[str, Any], at: KeyPath) -> str:
        """The id of the calendar of a place that nobody wrote out, with the working hours of `usual`."""
        said = {key: place[key] for key in PLACE if key in place}
        id = id_from(" ".join(str(said[key]) for key in PLACE if key in said)) or "home"
        if id not in self._made:
            hours = {key: usual[key] for key in HOURS if key in usual}
            self._asked.append(at)
            self._made[id] = self.complete({"id": id, **said, **hours}, at)
        return id

    def _country(self, written: Mapping[str, Any], at: KeyPath) -> Country | None:
        if "country" not in written:
            if "region" in written:
                self._faults.append(((*at, "region"), "add `country:` beside it, such as DE"))
            return None
        said, region = _unquoted(written["country"]), _unquoted(written.get("region"))
        if not isinstance(said, str) or not isinstance(region, str | None):
            self._faults.append(((*at, "country"), 'write a code in quotes, such as "IE"'))
            return None
        try:
            return country_of(said, region)
        except NotACountry as wrong:
            self._faults.append(((*at, "country" if region is None else "region"), str(wrong)))
            return None

    def _time_zone(self, country: Country | None, written: Mapping[str, Any], at: KeyPath) -> str:
        if country is None:
            if "country" not in written and at[:1] == ("calendars",):
                self._faults.append((at, "add `country:` or `time_zone:` to this calendar"))
            return "UTC"
        if country.time_zone is None:
            some = ", ".join(country.time_zones[:3]) or "Europe/Dublin"
            says = f"{country.code} has several time zones; add `time_zone:` beside it, such as {some}"
            self._faults.append(((*at, "country"), says))
        return country.time_zone or "UTC"

    def _public(self, country: Country, written: Mapping[str, Any], at: KeyPath) -> Iterator[dict[str, Any]]:
        """The public holidays that are neither written down as own days nor worked on."""
        taken = {one.get("day") for one in _own(written) if isinstance(one, Mapping)}
        worked = written.get("works_on") or []
        if not isinstance(worked, list) or not all(type(day) is date for day in worked):
            self._faults.append(((*at, "works_on"), "write days here, as [2026-12-24]"))
            worked = []
        for holiday in country.holidays():
            if holiday.day not in taken and holiday.day not in worked:
                yield {"day": holiday.day, "name": holiday.name}


def _unquoted(said: Any) -> Any:
    """Norway's and Ontario's codes, which YAML takes for no and for yes."""
    return {False: "NO", True: "ON"}[said] if isinstance(said, bool) else said


def _own(written: Mapping[str, Any]) -> list[Any]:
    own = written.get("holidays")
    return own if isinstance(own, list) else []
