"""What a country brings along: its public holidays, its weekend, its time zone where it has only one.

Countries and regions are understood by their codes (`DE`, `BY`) and by their names (`Germany`, `Bayern`).
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from governance.department import Holiday, Weekday

FIRST_YEAR, LAST_YEAR = 2020, 2045
"""The years whose public holidays are worked out. Fixed, so that a file means the same every day."""

_SOUNDED = tuple(datetime(2026, month, 1, 12) for month in range(1, 13))  # noqa: DTZ001 - wall-clock times
_LONGEST_NAME = 120
_ALSO_CALLED = {"uk": "GB", "great britain": "GB", "england": "GB", "usa": "US", "holland": "NL", "uae": "AE"}


class NotACountry(ValueError):
    """No public holidays are known of this country, or of this region; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country whose public holidays are known; `region` is a code of its own, or None for all of it."""

    code: str
    region: str | None = None

    @property
    def time_zone(self) -> str | None:
        """Its IANA time zone; None where its clocks differ from place to place."""
        zones = self.time_zones
        return zones[0] if len({_clock(zone) for zone in zones}) == 1 else None

    @property
    def time_zones(self) -> tuple[str, ...]:
        """Its IANA time zones, the first one being the most important."""
        return _zones().get(self.code, ())

    @property
    def working_days(self) -> tuple[Weekday, ...]:
        """The days that are not its weekend."""
        import holidays

        weekend = holidays.country_holidays(self.code).weekend
        return tuple(day for number, day in enumerate(Weekday) if number not in weekend)

    def holidays(self) -> tuple[Holiday, ...]:
        """Its public holidays, first to last, by their English names where they have them."""
        import holidays

        years = range(FIRST_YEAR, LAST_YEAR + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of some countries fewer years are known
            found = holidays.country_holidays(self.code, subdiv=self.region, years=years, language="en_US")
        return tuple(Holiday(day=day, name=_name(found, day)) for day in sorted(found))


def country_of(written: str, region: str | None = None) -> Country:
    """The country of this code or name, and the region of it. Raises NotACountry."""
    code = _codes().get(_folded(written))
    if code is None:
        raise NotACountry(
            f"I know no public holidays of “{written}”. Write a country's code, such as IE; or leave it out,"
            " and give `time_zone:` and your own `holidays:`"
        )
    if region is None:
        return Country(code)
    known = _regions(code)
    found = known.get(_folded(region))
    if found is None:
        codes = ", ".join(sorted(set(known.values())))
        what = f"Write one of {codes}" if codes else "Leave `region` out: its holidays are the same everywhere"
        raise NotACountry(f"{code} has no region “{region}”. {what}")
    return Country(code, found)


def _name(found: Mapping[date, str], day: date) -> str:
    return found[day][:_LONGEST_NAME]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold().replace("_", " ")
    return " ".join("".join(one for one in plain if not unicodedata.combining(one)).split())


@cache
def _codes() -> Mapping[str, str]:
    """Codes by what a country is called: its codes, and its English names."""
    import holidays
    from holidays.registry import COUNTRIES

    known = holidays.list_supported_countries()
    found = {_folded(name): codes[1] for name, codes in COUNTRIES.items()}
    found |= {code.casefold(): codes[1] for codes in COUNTRIES.values() for code in codes[1:3]}
    found |= {name: code for name, code in _ALSO_CALLED.items() if code in known}
    for line in _table("iso3166.tab"):
        code, name = line.split("\t")[:2]
        if code in known:
            found.setdefault(_folded(name), code)
    return found


@cache
def _regions(code: str) -> Mapping[str, str]:
    """Codes of a country's regions by code and by name."""
    import holidays

    whole = holidays.country_holidays(code)
    found = {_folded(region): region for region in whole.subdivisions}
    return {_folded(name): region for name, region in whole.subdivisions_aliases.items()} | found


@cache
def _zones() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _table("zone.tab"):
        code, _, zone = line.split("\t")[:3]
        found[code] = (*found.get(code, ()), zone.strip())
    return found


def _table(name: str) -> list[str]:
    """The lines of one of the tables that come with the time zones."""
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _clock(zone: str) -> tuple[str, ...]:
    """What a zone's clocks show through a year."""
    return tuple(str(moment.replace(tzinfo=ZoneInfo(zone)).utcoffset()) for moment in _SOUNDED)
