"""Which of several are meant: by number, by name, by price, or all but some."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz import fuzz

from handlers.language.matching import MISSPELT
from handlers.language.words import tokens


@dataclass(frozen=True, slots=True)
class Option:
    """One that may be meant: the words that speak of it, and its price where it has one."""

    words: str
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The numbers that are meant, from 1; `everything` if all of them were meant by one word."""

    numbers: tuple[int, ...]
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Vague:
    """It depends on a judgement which are meant (“the cheap ones”): `likely` are the numbers to ask about."""

    likely: tuple[int, ...] = ()


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNT = rf"(?:{'|'.join(_COUNTS)}|\d+)"
_ONE = rf"(?:#?\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join((*_ORDINALS, *_COUNTS))}|last)(?![\w.%:])(?! ?x\b)"
_AND = r"(?: ?, ?(?:and |& ?)?| ?& ?| ?\+ ?| and (?:also )?| or )"
_KIND = r"(?:items?|numbers?|options?|points?|steps?|actions?|nos?\.?)"
_NOUN = r"(?: (?:ones?|only|please|items?|numbers?|options?|points?|steps?|actions?))*"
_LIST = rf"(?:the )?(?:{_KIND} ?)?{_ONE}(?:{_AND}(?:the )?{_ONE})*{_NOUN}"
_RANGE = r"(?:items? |numbers? )?#?(?P<low>\d{1,2}) ?(?:-|–|to|through) ?#?(?P<high>\d{1,2})(?![\w.%:])"
_WHOLE = (
    r"(?:all|everything|them all|all of (?:it|them|these|those)|the (?:whole|entire) (?:lot|list)|the lot"
    r"|every one)"
)
_BUT = r"(?:but|except(?: for)?|apart from|without|minus|other than|bar)"
_COUNTED = re.compile(
    rf"(?:only |just )?(?:(?P<all>{_WHOLE}(?: (?P<all_count>{_COUNT}))?)"
    rf"|(?P<both>both(?: of (?:them|these))?)|(?P<range>{_RANGE})"
    rf"|(?:the )?first (?P<leading>{_COUNT}){_NOUN}|(?P<list>{_LIST}))(?: only)?"
)
_EXCEPT = re.compile(rf"(?:only |just )?{_WHOLE} ?,? ?{_BUT} (?:not )?(?P<without>.+)")
_PRICED = re.compile(
    r"(?:everything|all|anything|those|the ones|whatever is|what(?: is|'s)?)(?: that (?:is|are"
    r"|costs?))?(?: of them)? "
    r"(?P<how>below|under|less than|cheaper than|up to|at most|over|above|more than) "
    r"(?:us\$|\$|usd |€)?(?P<limit>\d[\d,]*(?:\.\d+)?)(?P<k>k)?(?: ?(?:dollars?|usd|bucks|euros?|eur|\$|€))?"
)
_JUDGED = (
    r"(?:cheap|cheaper|cheapest|expensive|costly|pricey|big|bigger|biggest|large|largest|small|smaller|smallest|little"
    r"|easy|easier|hard|risky|riskier|safe|safer|urgent|important|good|best|worst|quick|quicker|low[-"
    r" ]risk|high[- ]risk)"
)
_RELATIVE = re.compile(
    rf"(?:only |just )?(?:the |all the |all |those )?(?P<judged>{_JUDGED}) (?:ones?|items?|things?|stuff)"
)
_DEAR = re.compile("expensive|costly|pricey|big|bigger|biggest|large|largest|hard|risky|riskier|high")


def choose(phrase: str, options: Sequence[Option]) -> Chosen | Vague | None:
    """The options that `phrase` (plain text) means as a whole; None if it means none of them for certain."""
    phrase = phrase.strip(" ,:.")
    if not phrase or not options:
        return None
    if found := _EXCEPT.fullmatch(phrase):
        return _all_but(found["without"], options)
    if found := _COUNTED.fullmatch(phrase):
        return _counted(found, len(options))
    if found := _PRICED.fullmatch(phrase):
        return _priced(found, options)
    if found := _RELATIVE.fullmatch(phrase):
        return Vague(_judged(found["judged"], options))
    named = [_named(part, options) for part in re.split(_AND, phrase)]
    numbers = tuple(number for number in named if number is not None)
    return Chosen(tuple(sorted(set(numbers)))) if len(numbers) == len(named) else None


def is_by_number(phrase: str) -> bool:
    """Whether the phrase chooses by numbers or by a word for all, and names nothing."""
    return bool(_COUNTED.fullmatch(phrase) or _EXCEPT.fullmatch(phrase))


def _all_but(without: str, options: Sequence[Option]) -> Chosen | Vague | None:
    dropped = choose(without, options)
    if isinstance(dropped, Vague):
        return Vague(_others(dropped.likely, len(options)) if dropped.likely else ())
    if dropped is None or dropped.everything:
        return None
    kept = _others(dropped.numbers, len(options))
    return Chosen(kept) if kept else None


def _others(numbers: Sequence[int], count: int) -> tuple[int, ...]:
    return tuple(number for number in range(1, count + 1) if number not in numbers)


def _counted(found: re.Match[str], count: int) -> Chosen | None:
    whole = tuple(range(1, count + 1))
    if found["all"]:
        said = found["all_count"]
        return Chosen(whole, everything=True) if said is None or _value(said, count) == count else None
    if found["both"]:
        return Chosen(whole, everything=True) if count == 2 else None
    if found["range"]:
        numbers = tuple(range(int(found["low"]), int(found["high"]) + 1))
    elif found["leading"]:
        numbers = tuple(range(1, _value(found["leading"], count) + 1))
    else:
        numbers = _numbers(found["list"], count)
    return Chosen(tuple(sorted(set(numbers)))) if numbers and set(numbers) <= set(whole) else None


def _numbers(said: str, count: int) -> tuple[int, ...]:
    words = re.findall(_ONE, re.sub(r"\bones?\b(?! ?(?:,|and|&|$))", "", re.sub(rf"{_NOUN}$", "", said)))
    return tuple(_value(word, count) for word in words)


def _value(word: str, count: int) -> int:
    word = word.lstrip("#")
    if word == "last":
        return count
    if word in _ORDINALS:
        return _ORDINALS.index(word) + 1
    if word in _COUNTS:
        return _COUNTS.index(word) + 1
    return int(re.sub(r"\D", "", word))


def _priced(found: re.Match[str], options: Sequence[Option]) -> Chosen | Vague | None:
    if any(option.price is None for option in options):
        return Vague()
    limit = Decimal(found["limit"].replace(",", "")) * (1000 if found["k"] else 1)
    over = found["how"] in ("over", "above", "more than")
    level = found["how"] in ("up to", "at most")
    prices = [option.price or Decimal(0) for option in options]
    kept = [
        number
        for number, price in enumerate(prices, 1)
        if (price > limit if over else price <= limit if level else price < limit)
    ]
    return Chosen(tuple(kept)) if kept else None


def _judged(word: str, options: Sequence[Option]) -> tuple[int, ...]:
    """Whom a judgement may mean by price: the dearest one, or all but that; nobody where prices say nothing."""
    prices = [option.price for option in options]
    known = [price for price in prices if price is not None]
    if len(known) < len(prices) or len(set(known)) < 2 or known.count(max(known)) > 1:
        return ()
    dearest = (prices.index(max(known)) + 1,)
    return dearest if _DEAR.search(word) else _others(dearest, len(options))


_SAYS_NOTHING = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "that",
        "of",
        "for",
        "to",
        "in",
        "on",
        "with",
        "one",
        "ones",
        "thing",
        "request",
        "proposal",
        "item",
        "about",
        "with",
        "my",
        "your",
        "our",
        "his",
        "her",
        "please",
        "it",
        "its",
        "him",
        "them",
        "by",
        "from",
        "regarding",
        "re",
        "and",
        "deal",
        "stuff",
    ]
)
_SAME = {
    "mail": "message", "email": "message", "mails": "message", "note": "message", "letter": "message",
    "deploy": "deployment", "release": "deployment", "rollout": "deployment", "deployments": "deployment",
    "replanning": "replan", "reschedule": "replan", "flag": "flags", "communication": "message",
    "communications": "message", "ticket": "story", "card": "story", "role": "access", "permission": "access",
}  # fmt: skip
"""Words for the same thing, each by the one that stands for them."""


def _named(phrase: str, options: Sequence[Option]) -> int | None:
    """The one option of which the phrase says words, all of them; None if none or several fit as well."""
    said = [_same(word) for word in tokens(phrase) if word not in _SAYS_NOTHING]
    if not said:
        return None
    hits = [(number, list(_heard(said, option))) for number, option in enumerate(options, 1)]
    fitting = [number for number, heard in hits if all(heard)]
    return fitting[0] if len(fitting) == 1 else None


def _heard(said: Sequence[str], option: Option) -> Iterator[bool]:
    words = {_same(word) for word in tokens(option.words)}
    for word in said:
        yield any(_alike(word, other) for other in words)


def _same(word: str) -> str:
    return _SAME.get(word, word)


def _alike(word: str, other: str) -> bool:
    if word == other or word.rstrip("s") == other.rstrip("s"):
        return True
    longer = min(len(word), len(other)) > 4
    return longer and (other.startswith(word) or fuzz.ratio(word, other) >= MISSPELT)
