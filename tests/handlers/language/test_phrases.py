"""What phrases of time and amounts mean: the tables in `phrases/`, written from a calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from governance.department import Calendar
from governance.department_file import read_department
from handlers.language.amounts import read_money, read_replicas
from handlers.language.dates import read_moment
from handlers.language.durations import read_duration
from handlers.language.local_time import Leaning
from handlers.language.periods import Period, read_period
from handlers.language.spans import read_span, read_spans

PHRASES = Path(__file__).parent / "phrases"
DEPARTMENT = read_department(Path(__file__).resolve().parents[3] / "examples" / "acme" / "department.yaml")
_HEADING = re.compile(r"\[(?P<reader>[\w-]+)(?: (?P<zone>\S+) (?P<now>[\d-]+ [\d:]+))?\]")


@dataclass(frozen=True)
class Phrase:
    """A line of a table: who reads it, where and when, and what it means."""

    reader: str
    zone: str
    now: datetime
    text: str
    meant: str

    def __str__(self) -> str:
        return f"{self.reader}: {self.text}"


def phrases(*files: str) -> Iterator[Phrase]:
    reader, zone, now = "", "UTC", datetime.fromisoformat("2026-11-23 10:00")
    for line in (line for file in files for line in (PHRASES / file).read_text(encoding="utf-8").splitlines()):
        if heading := _HEADING.fullmatch(line):
            reader, zone = heading["reader"], heading["zone"] or "UTC"
            now = datetime.fromisoformat(heading["now"] or "2026-11-23 10:00")
        elif " => " in line:
            text, _, meant = line.partition(" => ")
            yield Phrase(reader, zone, now.replace(tzinfo=ZoneInfo(zone)), text, meant.strip())


def calendar(zone: str) -> Calendar | None:
    """The sample department's calendar in this zone."""
    return next((known for known in DEPARTMENT.calendars if known.time_zone == zone), None)


def reading(phrase: Phrase) -> str:
    """What is read, written as in the tables."""
    text, now, zone = phrase.text, phrase.now, phrase.zone
    match phrase.reader:
        case "span":
            span = read_span(text, now, zone, calendar(zone))
            return _period(span, phrase)
        case "spans":
            return ", ".join(_period(one, phrase) for one in read_spans(text, now, zone, calendar(zone))) or "-"
        case "past":
            return _period(read_period(text, now, zone, Leaning.PAST, calendar(zone)), phrase)
        case "moment" | "past-moment":
            leaning = Leaning.PAST if phrase.reader == "past-moment" else Leaning.FUTURE
            moment = read_moment(text, now, zone, leaning, calendar(zone))
            return _at(moment.at, phrase) if moment else "-"
        case "duration":
            length = read_duration(text)
            return "-" if length is None else f"{length / timedelta(hours=1):.6g}"
        case "money":
            money = read_money(text)
            return f"{money.amount.normalize():f} {money.currency or '-'}" if money else "-"
        case "count":
            count = read_replicas(text)
            return f"{count.how} {count.value:f}" if count else "-"
    raise ValueError(phrase.reader)


def _period(period: Period | None, phrase: Phrase) -> str:
    return f"{_at(period.start, phrase)} .. {_at(period.end, phrase)}" if period else "-"


def _at(at: datetime, phrase: Phrase) -> str:
    here = at.astimezone(ZoneInfo(phrase.zone))
    if at == phrase.now:
        return "now"
    return f"{here:%Y-%m-%d}" if here.hour == here.minute == 0 else f"{here:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    "phrase", list(phrases("when.txt", "fresh.txt", "harder.txt", "autumn.txt", "amounts.txt")), ids=str
)
def test_phrases_mean_what_a_calendar_says(phrase: Phrase) -> None:
    assert reading(phrase) == phrase.meant
