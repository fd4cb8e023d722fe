"""Lists of days: "thurs + fri", "Mon, Tue and Thu", "wed-fri", "today until Friday", "every day but Monday"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.language.calendar_words import WEEKDAY
from handlers.language.days import Seen, day_in
from handlers.language.local_time import WEEKDAYS
from handlers.language.negation import BUT
from handlers.language.working_days import WorkingDays

_DAY = WEEKDAY.replace("(?P<weekday>", "(?:")
_ITEM = rf"(?:(?:on |the |this coming |this |next |coming )*(?:{_DAY}|today|tomorrow|overmorrow|weekend))\b"
_JOINT = r"(?:,? (?:and|then) |, ?|/| ?(?:-|to|through|until) ?| )"
_RANGE = re.compile(r" ?(?:-|to|through|until) ?")
_LIST = re.compile(rf"(?P<first>{_ITEM})(?:{_JOINT}{_ITEM})+")
_STEP = re.compile(rf"(?P<joint>{_JOINT})(?P<item>{_ITEM})")
_WEEK = re.compile(r"\b(?:next|this|last) week\b|\bweek after(?: next)?\b")
_LONGEST = 366
_EXCEPT = re.compile(
    rf",? ?\b(?:(?:{BUT}|without) (?P<days>{_ITEM}(?:{_JOINT}{_ITEM})*)|not (?P<day>{_ITEM}))(?: but\b)?,?"
)
_WORKING = re.compile(r"\b(?:weekdays|(?:working|business|work) days)\b(?! (?:ago|from|after|before|later))")


@dataclass(frozen=True, slots=True)
class DaysListed:
    """Days in the order in which they come, and what else was said around the list."""

    days: tuple[date, ...]
    rest: str

    @property
    def runs(self) -> tuple[tuple[date, ...], ...]:
        """The days in rows that have no gap."""
        rows: list[list[date]] = []
        for day in self.days:
            if rows and day - rows[-1][-1] == timedelta(days=1):
                rows[-1].append(day)
            else:
                rows.append([day])
        return tuple(map(tuple, rows))


def days_listed(said: str, seen: Seen) -> DaysListed | None:
    """Two days or more in a row of words, each the first of its name behind the one before; None if there is
    no such list. `said` is in calendar words."""
    found = _LIST.search(said)
    if found is None:
        return None
    around = f"{said[: found.start()]} on that day {said[found.end() :].lstrip()}"
    week = _WEEK.search(around)
    first = day_in(f"{found['first']} {week[0] if week else ''}", seen)
    if first is None or first.day is None:
        return None
    days = list(_of_item(found["first"], first.day))
    for step in _STEP.finditer(found[0], len(found["first"])):
        following = _behind(step["item"], days[-1])
        if _RANGE.fullmatch(step["joint"]):
            days += [days[-1] + timedelta(days=ahead) for ahead in range(1, (following[0] - days[-1]).days)]
        days += following
    return DaysListed(tuple(days[:_LONGEST]), around)


def _behind(item: str, last: date) -> list[date]:
    """The days of an item of a list, the first of their name behind `last`."""
    name = next((name for name in (*WEEKDAYS, "weekend") if name in item), None)
    number = None if name is None else WEEKDAYS.index("saturday" if name == "weekend" else name)
    ahead = 1 if number is None else (number - last.weekday() - 1) % 7 + 1
    return _of_item(item, last + timedelta(days=ahead))


def _of_item(item: str, day: date) -> list[date]:
    return [day, day + timedelta(days=1)] if "weekend" in item else [day]


@dataclass(frozen=True, slots=True)
class Excepted:
    """Days of the week that do not count, and whether working days alone do; `said` is the other words."""

    said: str
    weekdays: frozenset[int]
    working: bool

    def leaves(self, day: date, working: WorkingDays) -> bool:
        """Whether this day counts."""
        return day.weekday() not in self.weekdays and (not self.working or working.works_on(day))


def excepted(said: str) -> Excepted:
    """What is left out: `next week but not Friday`, `weekdays next week`, `not Thursday, Friday`."""
    left_out = (found["days"] or found["day"] for found in _EXCEPT.finditer(said))
    named = [name for days in left_out for name in re.findall(_DAY, days)]
    numbers = frozenset(WEEKDAYS.index(name.removesuffix("s")) for name in named)
    rest = " ".join(_EXCEPT.sub(" ", said).split()) if numbers else said
    return Excepted(rest, numbers, _WORKING.search(rest) is not None)
