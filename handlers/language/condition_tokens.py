"""The words of a condition, each with what it may mean: names, amounts, times, and the closed lexicon.

A token that nothing here explains has no meanings; what it stands in is then asked about, never taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from handlers.language.condition_times import moments, spans
from handlers.language.kinds import Thing
from handlers.language.words import plain, tokens

LEXICON = Path(__file__).with_name("condition_lexicon.txt")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a token may mean; `proposed` only if whoever wrote it says so."""

    tag: str
    value: object = ""
    proposed: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A word or phrase, and all that it may mean."""

    text: str
    meanings: tuple[Meaning, ...] = ()

    def meaning(self, tags: frozenset[str]) -> Meaning | None:
        """The first meaning with one of these tags, a sure one before a proposed one."""
        found = [meaning for meaning in self.meanings if meaning.tag in tags]
        return min(found, key=lambda meaning: meaning.proposed, default=None)

    def has(self, *tags: str) -> bool:
        """Whether it may mean one of these."""
        return any(meaning.tag in tags for meaning in self.meanings)


@dataclass(frozen=True, slots=True)
class Known:
    """The people and services that a condition may name."""

    people: tuple[Thing, ...] = ()
    services: tuple[Thing, ...] = ()


def read_tokens(text: str, known: Known, now: datetime, zone: str) -> tuple[Token, ...]:
    """The tokens of a condition, from left to right. `now` is aware, `zone` an IANA name."""
    spelt = _spelt(text)
    words = [(word.start(), word.end(), word[0]) for word in re.finditer(r"\S+", spelt)]
    names = _names(known)
    found: list[Token] = []
    at = 0
    while at < len(words):
        token, width = _token(spelt, words[at:], names, now, zone, found)
        found.append(token)
        at += width
    return tuple(found)


def _spelt(text: str) -> str:
    """Plain text with separated punctuation; contractions written out, possessives gone."""
    spelt = re.sub(r"[;:()–—!?\"“”…/]+(?=\s|$)|(?<=\s)[–—-](?=\s)|(?<!\d)/(?!\d)|[()“”\"]", " , ", plain(text))
    spelt = re.sub(r"\.(?=\s|$)|,(?!\d)", " , ", spelt)
    spelt = _CONTRACTED.sub(lambda found: f"{found['aux']} not", spelt)
    spelt = _DAY_FIRST.sub(r"\g<when> \g<clock> \g<day>", spelt)
    spelt = re.sub(r"\b(it|that|there|he|she|what|everything)'?s\b(?! name)", r"\1 is", spelt)
    spelt = re.sub(r"(?<=\w)'s\b|(?<=s)'(?=\s)", "", spelt)
    return re.sub(r"\b(l|d|qu|n|c|s|j|m)'(?=\w)", r"\1' ", spelt)


_DAY_FIRST = re.compile(
    r"\b(?P<day>tonight|today|tomorrow|tmrw|on \w+day|\w+day|heute|morgen|hoy|demain)"
    r" (?P<when>after|before|by|until|from|nach|vor|ab|bis|después de|antes de|après|avant)"
    r" (?P<clock>\d{1,2}(?:[:.]\d\d)? ?(?:am|pm|uhr|h)?|noon)\b"
)
"""“tonight after 9” means “after 9 tonight”."""

_CONTRACTED = re.compile(
    r"\b(?P<aux>is|are|was|were|do|does|did|has|have|had|wo|ca|could|should|would)n'?t\b|\b(?P<can>can)not\b"
)


def _token(
    spelt: str,
    words: Sequence[tuple[int, int, str]],
    names: Mapping[str, tuple[Meaning, ...]],
    now: datetime,
    zone: str,
    before: Sequence[Token],
) -> tuple[Token, int]:
    """The token that begins here, and how many words it has: the longest that anything explains."""
    start = words[0][0]
    ends = {end: number for number, (_, end, _) in enumerate(words, 1)}
    best, width = Token(words[0][2]), 1
    candidates = [
        *_phrases(words, {**lexicon(), **names}),
        *_amounts(spelt, start),
        *_times(spelt, start, now, zone, before),
    ]
    for end, meanings in candidates:
        count = ends.get(end, 0)
        if count > width or (count == width and not best.meanings):
            best, width = Token(spelt[start:end], meanings), count
        elif count == width:
            best = Token(best.text, (*best.meanings, *meanings))
    return best, width


_LONGEST = 6


def _phrases(
    words: Sequence[tuple[int, int, str]], known: Mapping[str, tuple[Meaning, ...]]
) -> Iterator[tuple[int, tuple[Meaning, ...]]]:
    for count in range(min(_LONGEST, len(words)), 0, -1):
        meanings = known.get(" ".join(word for _, _, word in words[:count]))
        if meanings:
            yield words[count - 1][1], meanings


@cache
def lexicon() -> Mapping[str, tuple[Meaning, ...]]:
    """The closed lexicon: what each word or phrase may mean."""
    found: dict[str, tuple[Meaning, ...]] = {",": (Meaning("comma"),)}
    for line in LEXICON.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        head, _, listed = line.partition(" | ")
        tag, _, value = head.lstrip("?").partition("=")
        for phrase in (part.strip() for part in listed.split(";")):
            spelt = " ".join(_spelt(phrase).split()) or phrase
            meaning = Meaning(tag, value, head.startswith("?"))
            found[spelt] = tuple(dict.fromkeys((*found.get(spelt, ()), meaning)))
    return found


def _names(known: Known) -> Mapping[str, tuple[Meaning, ...]]:
    """People by whole and first name, services by whole name and by what alone is called so."""
    found: dict[str, set[Meaning]] = {}
    for person in known.people:
        for name in {" ".join(tokens(person.name)), tokens(person.name)[0], *map(plain, person.aliases)}:
            for spelt in (name, f"{name}s"):  # whose, with or without an apostrophe
                found.setdefault(spelt, set()).add(Meaning("person", person.id))
    for service in known.services:
        for name in _called(service):
            found.setdefault(name, set()).add(Meaning("service", service.id))
    whole = {name for service in known.services for name in _whole(service)}
    found |= {
        name: {m for m in found[name] if m.tag != "service" or name in _whole_of(m, known)} for name in whole
    }
    return {
        name: tuple(meanings)
        for name, meanings in found.items()
        if len({m.tag for m in meanings}) == len(meanings)
    }


def _whole(service: Thing) -> set[str]:
    return {plain(service.id), " ".join(tokens(service.id)), plain(service.name)}


def _whole_of(meaning: Meaning, known: Known) -> set[str]:
    return next((_whole(service) for service in known.services if service.id == meaning.value), set())


def _called(service: Thing) -> set[str]:
    words = tokens(service.id)
    short = " ".join(word for word in words if word != "service")
    return {*_whole(service), short, short.replace(" ", "-"), *map(plain, service.aliases)} - {""}


_NUMBER = r"(?P<n>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<k>k(?!\w))?"
_CURRENCY = r"(?:us\$|\$|€|£|usd|eur|gbp|dollars?|bucks|euros?|pounds?|dólares|dolares|dollar us)"
_AMOUNTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("money", re.compile(rf"{_CURRENCY} ?{_NUMBER}")),
    ("money", re.compile(rf"{_NUMBER} ?{_CURRENCY}")),
    ("percent", re.compile(rf"{_NUMBER} ?(?:%|percent|per cent|pct|prozent|por ciento|pour cent)")),
    ("ms", re.compile(rf"{_NUMBER} ?(?:ms|millis|milliseconds?|millisekunden|milisegundos|millisecondes)")),
    ("minutes", re.compile(rf"{_NUMBER}[ -]?(?:minutes?|minuten|minutos|mins?|m)(?!\w)")),
    ("hours", re.compile(rf"{_NUMBER} ?(?:h|hrs?)(?!\w)")),
    ("factor", re.compile(rf"{_NUMBER} ?(?:x|times|fold|-fold|fach|-fach|veces|fois)|x ?(?P<n2>\d+)")),
    ("item", re.compile(r"(?P<item>(?:card|epic))[- #]?(?P<id>\d+)")),
    ("version", re.compile(r"v?(?P<version>\d+(?:\.\d+)+(?:-[\w.]+)?)")),
    ("number", re.compile(_NUMBER)),
    ("number", re.compile(r"(?P<word>one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty)")),
)
_COUNTS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "twenty": 20, "fifty": 50,
}  # fmt: skip
_WORD_GOES_ON = re.compile(r"[\w]")
_SPANS = re.compile(
    r"(?P<half>half an hour|eine halbe stunde|media hora|une demi-heure)|(?:an|one|a full) hour"
)
_FACTORS = re.compile(r"(?P<word>five|ten|twice|double|triple)(?:[ -]?(?:times|fold))?")


def _amounts(spelt: str, start: int) -> Iterator[tuple[int, tuple[Meaning, ...]]]:
    for tag, pattern in _AMOUNTS:
        found = pattern.match(spelt, start)
        if found is None or _WORD_GOES_ON.match(spelt, found.end()):
            continue
        groups = found.groupdict()
        if groups.get("item"):
            yield found.end(), (Meaning(tag, f"{found['item'].upper()}-{found['id']}"),)
        elif groups.get("version"):
            yield found.end(), (Meaning(tag, found["version"]),)
        elif groups.get("word"):
            yield found.end(), (Meaning(tag, Decimal(_COUNTS[found["word"]])),)
        else:
            value = Decimal((groups.get("n") or groups["n2"]).replace(",", "")) * (
                1000 if groups.get("k") else 1
            )
            yield found.end(), (Meaning(tag, value),)
    if found := _SPANS.match(spelt, start):
        yield found.end(), (Meaning("minutes", Decimal(30 if found["half"] else 60)),)
    if ((found := _FACTORS.match(spelt, start)) and found["word"] != found[0]) or (
        found and found["word"] in ("twice", "double", "triple")
    ):
        yield found.end(), (Meaning("factor", Decimal(_TIMES[found["word"]])),)


_TIMES = {"five": 5, "ten": 10, "twice": 2, "double": 2, "triple": 3}


def _times(
    spelt: str, start: int, now: datetime, zone: str, before: Sequence[Token]
) -> Iterator[tuple[int, tuple[Meaning, ...]]]:
    bounded = bool(before) and before[-1].has("before", "after", "by", "from")
    for end, span in spans(spelt, start, now, zone):
        yield end, (Meaning("span", span),)
    for end, said in moments(spelt, start, now, zone, bounded=bounded):
        yield end, (Meaning("moment", said),)
