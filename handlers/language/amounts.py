"""Amounts: money, replicas, load factors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from handlers.language.words import in_digits

_WRITTEN = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d+(?:[.,]\d+)?"
_AMOUNT = rf"(?P<amount>{_WRITTEN})\s?(?P<scale>k|m|thousand|million|grand)?(?!\w|\.\d)"
_SIGNED = re.compile(rf"(?P<sign>us\$|\$|€|£|\b(?:usd|eur|gbp)\b)\s?{_AMOUNT}")
_NAMED = re.compile(
    rf"(?<![\w.,]){_AMOUNT}\s?(?P<name>dollars?|bucks|usd|euros?|eur|€|pounds?|quid|gbp|£)(?!\w)"
)
_BARE = re.compile(
    r"(?<![\w.,])(?P<amount>\d+(?:\.\d+)?) ?(?P<scale>k|m|grand)\b"
    r"(?!\s*(?:concurrent|daily|active|virtual|users?|requests?|req|rps|rows?|lines?|loc|people|customers?))"
)
_CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD",
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
}  # fmt: skip
_SCALES = {"k": 1_000, "thousand": 1_000, "grand": 1_000, "m": 1_000_000, "million": 1_000_000}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount; `currency` (ISO 4217) is None when only a number with k or m was said."""

    amount: Decimal
    currency: str | None


def read_money(text: str) -> Money | None:
    """The first sum of money: `$1,200`, `12k`, `500 dollars`, `EUR 3.5 million`, `1.200,50 €`."""
    said = in_digits(text)
    for pattern, group in ((_SIGNED, "sign"), (_NAMED, "name")):
        if found := pattern.search(said):
            return Money(_value(found), _CURRENCIES[found[group]])
    found = _BARE.search(said)
    return Money(_value(found), None) if found else None


def _value(found: re.Match[str]) -> Decimal:
    """Three digits behind a separator are thousands (`1.200 €` is no price with three decimals)."""
    written = found["amount"]
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", written):
        number = written.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?", written):
        number = written.replace(".", "").replace(",", ".")
    else:
        number = written.replace(",", ".")
    return Decimal(number) * _SCALES.get(found["scale"] or "", 1)


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas are wanted: `to` so many, `by` so many more or (negative) fewer, or `times`."""

    how: Literal["to", "by", "times"]
    value: Decimal


_THINGS = r"(?:pods?|replicas?|instances?|nodes?|servers?|containers?|workers?|copies)"
_OTHER_NUMBERS = {
    word: str(number)
    for words in (
        "zwei drei vier fünf sechs sieben acht neun zehn",
        "dos tres cuatro cinco seis siete ocho nueve diez",
        "deux trois quatre cinq six sept huit neuf dix",
    )
    for number, word in enumerate(words.split(), 2)
}
_OTHER_NUMBER = re.compile(rf"\b({'|'.join(_OTHER_NUMBERS)})(?= {_THINGS}\b)")
"""Numbers in other languages, before a thing that is counted."""
_FEWER = re.compile(
    r"\b(?:fewer|less|down by|remove|drop|take .*away|scale in|reduce .*\bby|cut .*\bby|minus)\b|(?<!\w)[-−]\d"
    r"|\b(?:weniger|menos|(?:de|en) moins)\b"
)
_BY = re.compile(
    r"\b(?P<a>\d+) (?:more|extra|additional|fewer|less)\b|\bby (?P<b>\d+)\b"
    rf"|\b(?:add|extra|additional|another|remove|drop|take) (?:an? )?(?P<c>\d+)(?: of)? {_THINGS}"
    rf"|\b(?P<g>\d+) {_THINGS} (?:more|extra|fewer|less|mehr|weniger|más|menos|(?:de|en) (?:plus|moins))\b"
    r"|\banother (?P<f>\d+)\b"
    r"|\btake (?P<d>\d+) (?:\w+ ){0,3}away|(?<![\w+-])[+−-](?P<e>\d+)\b"
)
_ANOTHER = re.compile(rf"\b(?:another|one more|1 more|an extra) {_THINGS[:-1]})")
_ARROW = re.compile(r"\b(?P<from>\d+) ?(?:→|->|=>|➔) ?(?P<a>\d+)\b")
_TO = re.compile(
    rf"\b(?:to|at|with|on|run|need|needs|want|have) (?P<a>\d+)\b|\b(?P<b>\d+) {_THINGS}"
    rf"|{_THINGS}(?: [\w-]+){{0,4}}?:? (?:to |of )?(?P<c>\d+)\b"
)
_TIMES = re.compile(
    r"\b(?P<double>doubl(?:e|ing)|twice)\b|\b(?P<triple>tripl(?:e|ing))\b|\b(?P<half>halve|half|halving)\b"
    r"|\bx ?(?P<x>\d+)\b|\b(?P<y>\d+) ?x\b|\b(?P<z>\d+) times\b"
)


def read_replicas(text: str) -> Replicas | None:
    """How many replicas a request for scaling asks for, or None if it names no number."""
    said = _OTHER_NUMBER.sub(lambda word: _OTHER_NUMBERS[word[1]], in_digits(text))
    if arrow := _ARROW.search(said):
        return Replicas("to", Decimal(arrow["a"]))
    if times := _TIMES.search(said):
        factor = Decimal(times["x"] or times["y"] or times["z"] or 2)
        factor = Decimal(3) if times["triple"] else Decimal("0.5") if times["half"] else factor
        return Replicas("times", factor)
    if by := _BY.search(said):
        count = Decimal(next(group for group in by.groups() if group))
        return Replicas("by", -count if _FEWER.search(said) else count)
    if _ANOTHER.search(said):
        return Replicas("by", Decimal(1))
    if to := _TO.search(said):
        return Replicas("to", Decimal(next(group for group in to.groups() if group)))
    return None


_FACTOR = re.compile(r"\b(?P<a>\d+(?:\.\d+)?) ?x\b|\bx ?(?P<b>\d+)\b|\b(?P<c>\d+) times\b|\b(?P<d>\d+)-?fold\b")
_FACTOR_WORDS = {"double": 2, "twice": 2, "triple": 3, "three-fold": 3, "tenfold": 10}


def read_load_factor(text: str) -> Decimal | None:
    """The multiple of today's load: `10x`, `twice`, `five times`."""
    said = in_digits(text)
    if found := _FACTOR.search(said):
        return Decimal(found["a"] or found["b"] or found["c"] or found["d"])
    return next(
        (Decimal(value) for word, value in _FACTOR_WORDS.items() if re.search(rf"\b{word}\b", said)), None
    )


RATE = re.compile(
    r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?) ?(?P<thousands>k)? ?"
    r"(?:rps|qps|r/s|(?:requests?|reqs?|calls?|queries) ?(?:/|per|an?|each|every)?"
    r" ?(?P<unit>s|sec|seconds?|m|min|minutes?)\b)"
)
"""How a rate is written, in small letters."""


def read_rate(text: str) -> float | None:
    """Requests a second: `50 requests a second`, `1.5k rps`, `600 requests per minute`."""
    found = RATE.search(in_digits(text.lower()))
    if found is None:
        return None
    rate = float(found["number"].replace(",", "")) * (1000 if found["thousands"] else 1)
    return rate / 60 if (found["unit"] or "s").startswith("m") else rate
