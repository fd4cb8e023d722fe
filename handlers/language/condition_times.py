"""Times in conditions: a day, a time of day or both, and spans of time, with where each of them ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.language import local_time
from handlers.language.dates import read_moment


@dataclass(frozen=True, slots=True)
class Said:
    """A moment (UTC) that was said: an instant, or the day from `at` to `ends`. `doubtful` if another one may
    be meant as well; `weekday` if only the name of a day was said, which every week has; `today` if it is the
    day that it is."""

    at: datetime
    ends: datetime
    doubtful: bool = False
    weekday: bool = False
    today: bool = False


@dataclass(frozen=True, slots=True)
class _Parts:
    """The words of a moment: its day, its time of day (`clock`, in the `half` that was said), where they
    end."""

    end: int
    day: str = ""
    which: str = ""
    clock: re.Match[str] | None = None
    half: str = ""


def moments(spelt: str, start: int, now: datetime, zone: str, *, bounded: bool) -> Iterator[tuple[int, Said]]:
    """The moment that begins at `start` of plain text, if one does, with its end there.

    A bare number is a time only if `bounded`: after a word such as “before”.
    """
    parts = _parts(spelt, start)
    if parts is None or (not bounded and not parts.day and parts.clock is not None and parts.clock["bare"]):
        return
    said = _moment(parts, now, zone)
    if said is not None:
        yield parts.end, said


def spans(spelt: str, start: int, now: datetime, zone: str) -> Iterator[tuple[int, tuple[Said, Said]]]:
    """`between 6 and 8pm today`, begun at `start`: from when until when."""
    on = _DAY.match(spelt, start)
    lead = _BETWEEN.match(spelt, on.end() + 1 if on else start)
    first = _parts(spelt, lead.end()) if lead else None
    joint = _TO.match(spelt, first.end) if first else None
    last = _parts(spelt, joint.end()) if joint else None
    if first is None or last is None or first.clock is None or last.clock is None:
        return
    half = last.clock["half"] or ""
    if first.clock["bare"] and half:
        first = replace(first, half=half)
    day, which = (on["day"], on["which"] or "") if on else (first.day or last.day, first.which or last.which)
    begins = _moment(replace(first, day=day, which=which), now, zone)
    ends = _moment(replace(last, day=last.day or day), now, zone)
    if begins is not None and ends is not None and begins.at < ends.at:
        yield last.end, (begins, ends)


_WEEKDAYS = {
    "monday": "mon|montag|lunes|lundi", "tuesday": "tue|tues|dienstag|martes|mardi",
    "wednesday": "wed|mittwoch|miércoles|miercoles|mercredi",
    "thursday": "thu|thur|thurs|donnerstag|jueves|jeudi",
    "friday": "fri|freitag|viernes|vendredi", "saturday": "sat|samstag|sábado|sabado|samedi",
    "sunday": "sun|sonntag|domingo|dimanche",
}  # fmt: skip
_RELATIVE = {
    "today": "hoy|heute|aujourd'hui", "tonight": "heute abend|esta noche|ce soir|this evening",
    "tomorrow": "tmrw|tmr|tomorow|mañana|morgen|demain",
    "day after tomorrow": "übermorgen|pasado mañana|après-demain",
    "end of day": "eod|end of the day|end of today|tagesende",
    "end of week": "eow|end of the week|ende der woche",
    "end of month": "end of the month|monatsende|fin de mes|fin du mois",
}  # fmt: skip
_NAMES = {form: name for name, forms in (_WEEKDAYS | _RELATIVE).items() for form in (name, *forms.split("|"))}
_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?"
    r"|sep(?:t|tember)?|oct(?:ober)?|okt(?:ober)?|nov(?:ember)?|dec(?:ember)?|dez(?:ember)?)"
)
_DOUBTFUL = ("next", "nächsten", "nächster", "próximo", "prochain")
_DAY = re.compile(
    rf"(?:(?P<which>this|coming|diesen|kommenden|este|ce|{'|'.join(_DOUBTFUL)}) )?(?:(?:the|el|le|den|dem)"
    rf" (?=\d))?(?P<day>"
    + "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True))
    + rf"|\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of| de)? {_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|\d{{1,2}}(?:st|nd|rd|th))(?P<after>"
    rf" prochain)?(?![\w-])"
)
_CLOCK = re.compile(
    r"(?:(?P<h>\d{1,2})(?:[:.](?P<m>\d\d))? ?(?P<half>am|pm|a\.m\.|p\.m\.)"
    r"|(?P<h24>\d{1,2})[:h](?P<m24>\d\d)(?: ?uhr)?"
    r"|(?P<hour>\d{1,2}) ?(?:uhr|h|o'?clock|heures?|horas)|(?P<noon>noon|midday|mittags?|mediodía|mediodia"
    r"|midi)"
    r"|(?P<midnight>midnight|mitternacht|medianoche|minuit)|(?P<bare>\d{1,2}))(?![\w%$€£.:-])"
)
_AT = re.compile(r"(?:,? ?(?:at|around|um|gegen|a las|à|a) | ?,? )")
_ON = re.compile(r" (?:(?:on|am|el|le|du|de|of) )?")
_BETWEEN = re.compile(r"(?:between|from|zwischen|entre|von) ")
_TO = re.compile(r" ?(?:and|to|und|y|et|bis|a|à|-) ?")


def _parts(spelt: str, start: int) -> _Parts | None:
    if day := _DAY.match(spelt, start):
        parts = _Parts(day.end(), day["day"], day["which"] or (day["after"] or "").strip())
        joint = _AT.match(spelt, parts.end)
        clock = _CLOCK.match(spelt, joint.end()) if joint else None
        return replace(parts, end=clock.end(), clock=clock) if clock else parts
    clock = _CLOCK.match(spelt, start)
    if clock is None:
        return None
    joint = _ON.match(spelt, clock.end())
    day = _DAY.match(spelt, joint.end()) if joint else None
    if day is None:
        return _Parts(clock.end(), clock=clock)
    return _Parts(day.end(), day["day"], day["which"] or "", clock)


def _moment(parts: _Parts, now: datetime, zone: str) -> Said | None:
    day = _day(parts, now, zone) if parts.day else local_time.today(now, zone)
    if day is None:
        return None
    doubtful = parts.which in _DOUBTFUL
    if parts.clock is None:
        next_day = local_time.midnight(day + timedelta(days=1), zone)
        weekday = _NAMES.get(parts.day) in _WEEKDAYS and not parts.which
        today = day == local_time.today(now, zone)
        return Said(local_time.midnight(day, zone), next_day, doubtful, weekday, today)
    clock, unsure = _clock(parts.clock, parts.half, evening=_NAMES.get(parts.day) == "tonight")
    if clock is None:
        return None
    if not parts.day and local_time.instant(day, clock, zone) <= now:
        day += timedelta(days=1)
    at = local_time.instant(day, clock, zone).astimezone(UTC)
    return Said(at, at, doubtful or unsure)


def _day(parts: _Parts, now: datetime, zone: str) -> date | None:
    name = _NAMES.get(parts.day, parts.day)
    which = "next " if parts.which in _DOUBTFUL else "this " if name in _WEEKDAYS else ""
    ordinal = "the " if name[:1].isdigit() and name[-2:] in ("st", "nd", "rd", "th") else ""
    found = read_moment(f"{which}{ordinal}{_english(name)}", now, zone)
    return None if found is None else found.at.astimezone(ZoneInfo(zone)).date()


def _english(said: str) -> str:
    return re.sub(r"\b[a-zä]+\b", lambda word: _MONTHS.get(word[0], word[0]), said).replace(". ", " ")


_MONTHS: Mapping[str, str] = {
    "januar": "january", "februar": "february", "märz": "march", "mai": "may", "juni": "june", "juli": "july",
    "okt": "october", "oktober": "october", "dez": "december", "dezember": "december",
}  # fmt: skip


def _clock(said: re.Match[str], half: str, *, evening: bool) -> tuple[time | None, bool]:
    """The time of day, and whether it is doubtful: a bare hour from 1 to 6, and midnight of which day."""
    if said["noon"]:
        return time(12), False
    if said["midnight"]:
        return time(0), True
    hour = int(said["h"] or said["h24"] or said["hour"] or said["bare"])
    minute = int(said["m"] or said["m24"] or 0)
    if half := said["half"] or half:
        if not 1 <= hour <= 12:
            return None, True
        hour = hour % 12 + (12 if half[0] == "p" else 0)
        return time(hour, minute % 60), False
    if evening and hour < 12:
        return time(hour + 12, minute % 60), False
    if hour > 23 or minute > 59:
        return None, True
    return time(hour, minute), bool(said["bare"]) and 1 <= hour <= 6
