"""Bare values: "then friday noon", "n p3", "30 min extra". After something was done they say it otherwise."""

from __future__ import annotations

import re
from datetime import date, timedelta

from handlers.language.calendar_words import in_calendar_words, weekday_number
from handlers.language.local_time import MONTHS, WEEKDAYS
from handlers.language.words import plain

_LONGEST = 12
"""Words; more say more than a value."""
_SOON_DAYS = 35
_VALUE = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|tonight|tomorrow|noon|midnight|morning|afternoon"
    r"|evening|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|p[0-4]|\d+(?:st|nd|rd|th)?(?:[:.h]\d{2})?(?: ?[ap]\.?m| ?h)?"
    r"|(?:half|quarter|an?) (?:an? )?(?:hour|day|week)|week|month|hours?|days?|weeks?|minutes?|mins?)\b"
)
_AROUND = re.compile(
    r"\b(?:n|and|then|so|ok|okay|hm+|oh|ah|no|sorry|please|pls|better|rather|make|give|let|lets|it|its|s|that"
    r"|be|is|at|on|by|to|til|till|until|from|for|in|of|the|this|next|last|after|before|end|ends|ending|start"
    r"|starts|starting|begin|begins|around|about|early|late|later|earlier|sooner|longer|shorter|more|extra|less"
    r"|another|only|just|already|first|priority|prio|end|beginning|close|business|eod|cob|instead|i|mean|say"
    r"|am|pm|utc|time|half|past|quarter|sharp|latest|through|over|done|o'?clock|play)\b"
)
_DAY = (
    rf"(?P<weekday>{'|'.join(WEEKDAYS)})|today|tomorrow|overmorrow|\d(?:st|nd|rd|th)"
    rf"|(?:{'|'.join(MONTHS)}) \d{{1,2}}"
)
_HOUR_BESIDE = re.compile(
    rf"\b(?P<day>{_DAY}),? (?P<number>\d{{1,2}})(?P<mark> ?h| ?o'?clock)?(?![\w:.-])"
    r"(?! ?[ap]\.?m\b| (?:to|until|through|hours?|days?|weeks?|months?|minutes?|mins?)\b)"
)
_SHORT_DATE = re.compile(r"(?<![\d.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?=\s|$)")
_LEFT = re.compile(r"[^\s,.;:!–-]")


def is_bare_value(text: str) -> bool:
    """Whether `text` says when, how long or how urgent, and nothing else: no thing, nobody and no verb."""
    said = in_calendar_words(plain(text))
    if not said or len(said.split()) > _LONGEST or text.rstrip().endswith("?"):
        return False
    left, values = _VALUE.subn(" ", _SHORT_DATE.sub(_date, said))
    return values > 0 and _LEFT.search(_AROUND.sub(" ", left)) is None


def spelt_out(text: str, today: date) -> str:
    """The same with the number beside a day as what it is: "monday 12" is at twelve, and "friday 4" the fourth
    of a month where that is a Friday soon; "30.11." is 30 November."""
    said = _SHORT_DATE.sub(_date, in_calendar_words(plain(text)))
    return _HOUR_BESIDE.sub(lambda found: _number(found, today), said)


def _number(found: re.Match[str], today: date) -> str:
    number = int(found["number"])
    if found["mark"] is None and found["weekday"] is not None:
        coming = (today + timedelta(days=ahead) for ahead in range(_SOON_DAYS))
        weekday = weekday_number(found["weekday"])
        day = next((one for one in coming if (one.day, one.weekday()) == (number, weekday)), None)
        if day is not None:
            return f"{day.day} {MONTHS[day.month - 1]}"
    return f"{found['day']} at {number}:00" if number < 24 else found[0]


def _date(found: re.Match[str]) -> str:
    month = int(found["month"])
    return f"{int(found['day'])} {MONTHS[month - 1]}" if 1 <= month <= len(MONTHS) else found[0]
