"""What is said of a load test: how much, for how long, where it goes in, and what is to hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from handlers.conversation.handler import CannotAnswer
from handlers.language.amounts import RATE, read_load_factor, read_rate
from handlers.language.durations import read_duration
from handlers.language.words import in_digits
from integrations.load import MOST_RATE, MOST_SECONDS
from integrations.load.actions import Level

USUAL_SECONDS = 120.0
SHORTEST_SECONDS = 5.0
USUAL_SLOWEST_MS = 500
USUAL_MOST_FAILED = 0.01

_RAMP = (0.1, 0.25, 0.5, 0.75)
"""The levels before the one that is asked for, as shares of it: enough to see where a service gives way."""

_RAMP_EACH = 0.1
_RAMP_FROM = 30.0
"""Seconds; a shorter test is at one rate."""

_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?"
_USERS = re.compile(r"\b(?:concurrent |virtual |simultaneous )?(?:users?|clients?|visitors?|sessions?)\b")
_PATH = re.compile(r"(?<![\w/:.])(?P<path>/[\w.~%/?=&+-]*)")
_UNDER = (
    r"(?:is |are |stays? |to stay |remains? )*"
    r"(?:under|below|within|at most|less than|no more than|max(?:imum)?|<=?|≤)"
)
_UNIT = r"(?P<unit>ms|milliseconds?|s|sec|seconds?)"
_SHARE = r"(?:%|per ?cent\b)"
_SLOWEST = re.compile(rf"\bp ?95(?: latency)? ?{_UNDER} ?(?P<number>{_NUMBER}) ?{_UNIT}\b")
_FAILED = re.compile(
    rf"\b(?:errors?|failures?|failed)(?: rate| share)? ?{_UNDER} ?(?P<a>{_NUMBER}) ?{_SHARE}"
    rf"|\b{_UNDER} ?(?P<b>{_NUMBER}) ?{_SHARE} (?:errors?|failures?|failed)\b"
)
_PRODUCTION = re.compile(r"\b(?:on|in|against|at|to) (?:the )?(?:live )?(?:production|prod|live)\b")


_TO_END = re.compile(r"\bend[ -]to[ -]end\b|\b(?:back|front|high|week)[ -]?end\b")
_ORDERS = re.compile(
    r"(?:(?:please|now|ok(?:ay)?|can you|could you|let us|let's|we|i|want to|need to|would like to)[, ]+)*"
    r"(?:run|start|begin|do|make|perform|execute|launch|drive|send|put|hit|simulate|(?:load|stress)[ -]?test)\b"
)
_STOPS = re.compile(
    r"(?P<denied>\b(?:not|never|without|don't|dont)(?: \w+)? )?"
    r"\b(?:stop|abort|cancel|end|kill)(?:ping|ing|ling)?\b.{0,40}\b(?:test|load|simulation)\b"
)
_SHOWS = re.compile(
    r"\bresults?\b|\boutcome\b|\bhow did\b|\bdid (?:the|it|that)\b.*\b(?:pass|hold|fail)"
    r"|\blast load test\b(?!.*\bwith\b)"
    r"|\b(?:show|see|display|give)\b.{0,30}\b(?:load tests?|simulation|report|figures|numbers|verdict)\b"
)
_RESERVES = re.compile(r"\bthen\b.{0,60}\breserve\b|\breserve\b.{0,60}\bif\b.{0,40}\bpass")
_DENIES = re.compile(
    r"(?:\b(?:not|never|without|no|unless|dont|wont|cannot)|n't)\b(?: \w+){0,3} (?:reserv|pass)|\bfail"
)
_RESERVES_NOT = re.compile(r"(?:\b(?:not|never|without|dont)|n't)\b(?: \w+)? reserv")


class Wish(Enum):
    """What is wanted of load tests."""

    BEGIN = "begin"
    STOP = "stop"
    SHOW = "show"


def read_wish(text: str) -> Wish:
    """What a request for load tests wants. One that goes on is shown where it is not to be stopped; an order to
    begin that says how much may say as well when it is to stop, and what to show then."""
    said = _plainly(text)
    amount = read_rate(said) is not None or read_load_factor(RATE.sub(" ", said)) is not None
    if amount and _ORDERS.match(said):
        return Wish.BEGIN
    if (stops := _STOPS.search(said)) is not None:
        return Wish.SHOW if stops["denied"] else Wish.STOP
    return Wish.SHOW if _SHOWS.search(said) else Wish.BEGIN


def reserves(text: str) -> bool:
    """Whether capacity is to be reserved once the test has passed. Raises CannotAnswer where a denial leaves
    open when."""
    said = _plainly(text)
    if _RESERVES.search(said) is None:
        return False
    if _DENIES.search(said) is None:
        return True
    if _RESERVES_NOT.search(said) is not None and said.count("reserv") == 1:
        return False
    raise CannotAnswer(
        "When is it to be reserved? I reserve after a test that passed, and after no other: say “simulate 10x"
        " load, then reserve if it passes”. Nothing was begun."
    )


def _plainly(text: str) -> str:
    return _TO_END.sub(" ", in_digits(text.lower().replace("’", "'"))).strip()


@dataclass(frozen=True, slots=True)
class LoadSaid:
    """What was said: either `rate` (requests a second) or `times` what production serves, or neither. `path` is
    None where none was named."""

    rate: float | None
    times: float | None
    seconds: float
    path: str | None
    slowest_ms: int
    most_failed: float

    def levels(self, top: float) -> tuple[Level, ...]:
        """The rates on the way to `top`, each for a tenth of the time, and `top` for the rest; it alone where
        there is little time."""
        if self.seconds < _RAMP_FROM:
            return (Level(rate=top, seconds=self.seconds),)
        each = round(self.seconds * _RAMP_EACH, 1)
        ramp = tuple(Level(rate=top * share, seconds=each) for share in _RAMP)
        return (*ramp, Level(rate=top, seconds=round(self.seconds - each * len(_RAMP), 1)))


def read_load(text: str) -> LoadSaid:
    """Read a request for a load test. Raises CannotAnswer for what cannot be done, with what can."""
    said = in_digits(text.lower())
    if _PRODUCTION.search(said):
        raise CannotAnswer("Load tests run against staging alone, never against production. Nothing was begun.")
    slowest, failed, rate = _SLOWEST.search(said), _FAILED.search(said), read_rate(text)
    left = said
    for pattern in (_SLOWEST, _FAILED, RATE, _PATH):
        left = pattern.sub(" ", left)
    times = read_load_factor(left)
    if rate is None and times is None and _USERS.search(left) and re.search(r"\d", left):
        raise CannotAnswer(
            "I drive by rate and not by users: users who wait for answers send less where a service is slow,"
            " and hide it. How many requests a second is it to be? Or say a multiple of what production serves,"
            " such as 10x."
        )
    path = _PATH.search(re.sub(RATE.pattern, " ", text, flags=re.IGNORECASE))
    return LoadSaid(
        rate=rate,
        times=None if times is None else float(times),
        seconds=_seconds(left),
        path=path["path"] if path else None,
        slowest_ms=USUAL_SLOWEST_MS if slowest is None else _milliseconds(slowest),
        most_failed=USUAL_MOST_FAILED if failed is None else _share(failed),
    )


def demand_sendable(rate: float) -> float:
    """The rate, if one can be sent at it. Raises CannotAnswer."""
    if not 0 < rate <= MOST_RATE:
        raise CannotAnswer(
            f"{rate:,.4g} requests a second cannot be sent from here: at most {MOST_RATE:,.0f}. Nothing was"
            " begun."
        )
    return rate


def _seconds(said: str) -> float:
    length = read_duration(said) or timedelta(seconds=USUAL_SECONDS)
    if not SHORTEST_SECONDS <= length.total_seconds() <= MOST_SECONDS:
        raise CannotAnswer(
            f"A load test lasts {SHORTEST_SECONDS:.0f} seconds to {MOST_SECONDS / 3600:.0f} hours. Nothing was"
            " begun."
        )
    return length.total_seconds()


def _milliseconds(found: re.Match[str]) -> int:
    number = float(found["number"].replace(",", ""))
    limit = round(number if found["unit"].startswith("m") else 1000 * number)
    if not 1 <= limit <= 60_000:
        raise CannotAnswer("The limit of p95 is 1 ms to 60 s. Nothing was begun.")
    return limit


def _share(found: re.Match[str]) -> float:
    share = float((found["a"] or found["b"]).replace(",", "")) / 100
    if share >= 1:
        raise CannotAnswer("A test in which everything may fail shows nothing. Nothing was begun.")
    return share
