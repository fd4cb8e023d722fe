"""Amounts: money, durations, replicas, load factors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from handlers.language.words import NUMBER, number_of, plain

_AMOUNT = r"(?P<amount>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?(?P<scale>k|m|thousand|million)?\b"
_SIGNED = re.compile(rf"(?P<sign>us\$|\$|€|£|\b(?:usd|eur|gbp)\b)\s?{_AMOUNT}")
_NAMED = re.compile(rf"\b{_AMOUNT}\s?(?P<name>dollars?|bucks|usd|euros?|eur|€|pounds?|gbp|£)(?!\w)")
_BARE = re.compile(
    r"\b(?P<amount>\d+(?:\.\d+)?)(?P<scale>k|m)\b"
    r"(?!\s*(?:concurrent|daily|active|virtual|users?|requests?|req|rps|rows?|lines?|loc|people|customers?))"
)
_CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD",
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP",
}  # fmt: skip
_SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount; `currency` (ISO 4217) is None when only a number with k or m was said."""

    amount: Decimal
    currency: str | None


def read_money(text: str) -> Money | None:
    """The first sum of money: `$1,200`, `12k`, `500 dollars`, `EUR 3.5 million`."""
    said = plain(text)
    for pattern, group in ((_SIGNED, "sign"), (_NAMED, "name")):
        if found := pattern.search(said):
            return Money(_value(found), _CURRENCIES[found[group]])
    found = _BARE.search(said)
    return Money(_value(found), None) if found else None


def _value(found: re.Match[str]) -> Decimal:
    return Decimal(found["amount"].replace(",", "")) * _SCALES.get(found["scale"] or "", 1)


_UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_SHORT_UNITS = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "mins": "minute",
                "h": "hour", "hr": "hour", "hrs": "hour", "d": "day", "w": "week", "wk": "week"}  # fmt: skip
_UNIT = r"(?P<unit>seconds?|minutes?|hours?|days?|weeks?|secs?|mins?|hrs?|hr|wks?|[smhdw])\b"
_HALF = re.compile(r"\bhalf (?:an? )?(?P<unit>hour|day|week)\b")
_AND_A_HALF = re.compile(rf"\b(?P<count>{NUMBER})(?: and a half|\.5)[ -]?{_UNIT}")
_HOUR_AND_A_HALF = re.compile(r"\b(?:an?|one) (?P<unit>hour|day|week) and a half\b")
_COUNTED = re.compile(rf"(?<![\w.])(?P<count>{NUMBER})[ -]?(?:of )?{_UNIT}")
_HOURS_MINUTES = re.compile(r"\b(?P<hours>\d+)\s?h\s?(?P<minutes>\d{1,2})(?:\s?m(?:in)?)?\b")


def read_duration(text: str) -> timedelta | None:
    """The first span of time: `2 hours`, `90 min`, `half an hour`, `1h30`, `three days`."""
    said = plain(text)
    if both := _HOURS_MINUTES.search(said):
        return _span(int(both["hours"]) * 3600 + int(both["minutes"]) * 60)
    if half := _HALF.search(said):
        return _span(_UNIT_SECONDS[half["unit"]] / 2)
    if one := _HOUR_AND_A_HALF.search(said):
        return _span(_UNIT_SECONDS[one["unit"]] * 1.5)
    if more := _AND_A_HALF.search(said):
        return _span((number_of(more["count"]) + 0.5) * _seconds(more["unit"]))
    counted = _COUNTED.search(said)
    return _span(number_of(counted["count"]) * _seconds(counted["unit"])) if counted else None


def _span(seconds: float) -> timedelta | None:
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        return None


def _seconds(unit: str) -> int:
    name = _SHORT_UNITS.get(unit) or _SHORT_UNITS.get(unit.removesuffix("s")) or unit.removesuffix("s")
    return _UNIT_SECONDS[name]


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas are wanted: `to` so many, `by` so many more or (negative) fewer, or `times`."""

    how: Literal["to", "by", "times"]
    value: Decimal


_THINGS = r"(?:pods?|replicas?|instances?|nodes?|servers?|containers?|workers?|copies)"
_FEWER = re.compile(
    r"\b(?:fewer|less|down by|remove|drop|take .*away|scale in|reduce .*\bby|cut .*\bby|minus)\b"
)
_BY = re.compile(
    rf"\b(?P<a>{NUMBER}) (?:more|extra|additional|fewer|less)\b|\bby (?P<b>{NUMBER})\b"
    rf"|\b(?:add|extra|additional|another|remove|drop|take) (?:an? )?(?P<c>{NUMBER})(?: of)? {_THINGS}"
    rf"|\btake (?P<d>{NUMBER}) (?:\w+ ){{0,3}}away|\+(?P<e>\d+)\b"
)
_ANOTHER = re.compile(rf"\b(?:another|one more|an extra) {_THINGS[:-1]})")
_TO = re.compile(
    rf"\b(?:to|at|with|on|run|need|needs|want|have) (?P<a>{NUMBER})\b|\b(?P<b>{NUMBER}) {_THINGS}"
    rf"|{_THINGS}(?: [\w-]+){{0,4}}?:? (?:to |of )?(?P<c>\d+)\b"
)
_TIMES = re.compile(
    r"\b(?P<double>double|twice)\b|\b(?P<triple>triple)\b|\b(?P<half>halve|half)\b"
    r"|\bx ?(?P<x>\d+)\b|\b(?P<y>\d+) ?x\b"
)


def read_replicas(text: str) -> Replicas | None:
    """How many replicas a request for scaling asks for, or None if it names no number."""
    said = plain(text)
    if times := _TIMES.search(said):
        factor = Decimal(times["x"] or times["y"] or 2)
        factor = Decimal(3) if times["triple"] else Decimal("0.5") if times["half"] else factor
        return Replicas("times", factor)
    if by := _BY.search(said):
        count = Decimal(number_of(next(group for group in by.groups() if group)))
        return Replicas("by", -count if _FEWER.search(said) else count)
    if _ANOTHER.search(said):
        return Replicas("by", Decimal(1))
    if to := _TO.search(said):
        return Replicas("to", Decimal(number_of(next(group for group in to.groups() if group))))
    return None


_FACTOR = re.compile(rf"\b(?P<a>\d+(?:\.\d+)?) ?x\b|\bx ?(?P<b>\d+)\b|\b(?P<c>{NUMBER}) times\b")
_FACTOR_WORDS = {"double": 2, "twice": 2, "triple": 3, "three-fold": 3, "tenfold": 10}


def read_load_factor(text: str) -> Decimal | None:
    """The multiple of today's load: `10x`, `twice`, `five times`."""
    said = plain(text)
    if found := _FACTOR.search(said):
        return Decimal(found["a"] or found["b"] or number_of(found["c"]))
    return next(
        (Decimal(value) for word, value in _FACTOR_WORDS.items() if re.search(rf"\b{word}\b", said)), None
    )
