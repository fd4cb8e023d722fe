"""From words to the thing that is meant: exactly, by a misspelling, or by a part of its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from handlers.language.kinds import Thing
from handlers.language.words import tokens

MISSPELT = 84.0
"""Similarity (0 to 100, Indel ratio) from which two words or names count as the same, misspelt."""

_NEAR = 55.0
_MARGIN = 8.0
_SHORTEST_SLIP = 5
_SHORTEST_MISSPELT = 4
_MOST_TOKENS = 200
_SAYS_NOTHING = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "for",
        "and",
        "to",
        "in",
        "on",
        "service",
        "services",
        "feature",
        "features",
        "plan",
        "integration",
        "project",
        "epic",
        "story",
        "team",
        "app",
        "application",
        "customer",
        "corp",
        "corporation",
        "inc",
        "ltd",
        "gmbh",
        "co",
        "company",
        "llc",
        "prd",
        "document",
        "new",
    ]
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """One thing is meant."""

    thing: Thing


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several may be meant, likeliest first: ask "did you mean"."""

    candidates: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing of that name is there; `nearest` (up to three) are the most similar names."""

    text: str
    nearest: tuple[Thing, ...]


Resolution = Resolved | Ambiguous | Unknown


def resolve(phrase: str, things: Sequence[Thing]) -> Resolution:
    """What `phrase`, which is meant to be a name, names among `things`."""
    found = find(phrase, things)
    if found is not None:
        return found
    wanted = " ".join(tokens(phrase))
    likeness = {thing.id: max(fuzz.ratio(wanted, name) for name in _names(thing)) for thing in things}
    nearest = sorted((t for t in things if likeness[t.id] >= _NEAR), key=lambda t: -likeness[t.id])
    return Unknown(phrase, tuple(nearest[:3]))


def resolve_id(written: str, things: Sequence[Thing]) -> Resolved | Unknown:
    """The thing with the id that is `written`, a slip in its letters forgiven, or else what has similar ids."""
    wanted = " ".join(tokens(written))
    ids = {thing.id: " ".join(tokens(thing.id)) for thing in things}
    same = [thing for thing in things if ids[thing.id] == wanted]
    like = [t for t in things if _digits(ids[t.id]) == _digits(wanted) and _likeness(wanted, ids[t.id])]
    if same or len(like) == 1:
        return Resolved((same or like)[0])
    nearest = sorted(things, key=lambda thing: -fuzz.ratio(ids[thing.id], wanted))
    return Unknown(written, tuple(t for t in nearest if fuzz.ratio(ids[t.id], wanted) >= _NEAR)[:3])


def find(text: str, things: Sequence[Thing]) -> Resolved | Ambiguous | None:
    """Which of `things` a message speaks of, or None if of none."""
    said = tokens(text)[:_MOST_TOKENS]
    scored = sorted(
        ((score, thing) for thing in things if (score := _score(said, thing)) > 0), key=lambda pair: -pair[0]
    )
    if not scored:
        return None
    best = scored[0][0]
    likely = [thing for score, thing in scored if score > best - _MARGIN]
    if len(likely) == 1 or (best > 100 and scored[1][0] < best):
        return Resolved(likely[0])
    return Ambiguous(tuple(likely[:5]))


def find_all(text: str, things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Every thing that a message calls by a whole name or alias, in the order in which they are said."""
    said = tokens(text)[:_MOST_TOKENS]
    places = {
        thing.id: at
        for thing in things
        for name in _names(thing)
        if (at := _place(said, name.split())) is not None
    }
    return tuple(sorted((thing for thing in things if thing.id in places), key=lambda t: places[t.id]))


def _names(thing: Thing) -> tuple[str, ...]:
    spelt = (" ".join(tokens(name)) for name in (thing.name, thing.id, *thing.aliases))
    return tuple(dict.fromkeys(name for name in spelt if name))


def _score(said: Sequence[str], thing: Thing) -> float:
    """Over 100 for a whole name (longer is better), 84 to 99 if misspelt, up to 83 for a part of it, else 0."""
    return max((_score_name(said, name.split()) for name in _names(thing)), default=0.0)


def _score_name(said: Sequence[str], name: Sequence[str]) -> float:
    if _place(said, name) is not None and not set(name) <= _SAYS_NOTHING:
        return 100.0 + sum(map(len, name))
    return max(_misspelt(said, " ".join(name), len(name)), _part(said, name))


def _place(said: Sequence[str], name: Sequence[str]) -> int | None:
    width = len(name)
    starts = range(len(said) - width + 1)
    return next((at for at in starts if list(said[at : at + width]) == list(name)), None)


def _misspelt(said: Sequence[str], name: str, width: int) -> float:
    if len(name) < _SHORTEST_MISSPELT:
        return 0.0
    windows = (
        " ".join(said[at : at + size])
        for size in {max(1, width - 1), width, width + 1}
        for at in range(len(said) - size + 1)
    )
    long = (window for window in windows if len(window) >= _SHORTEST_MISSPELT)
    alike = (window for window in long if _digits(window) == _digits(name))
    return min(max((_likeness(window, name) for window in alike), default=0.0), 99.0)


def _likeness(said: str, name: str) -> float:
    """Similarity from MISSPELT up, else 0. One wrong, missing or swapped letter in five or more passes."""
    if len(name) >= _SHORTEST_SLIP and OSA.distance(said, name, score_cutoff=1) <= 1:
        return max(MISSPELT, fuzz.ratio(said, name))
    return fuzz.ratio(said, name, score_cutoff=MISSPELT)


def _digits(name: str) -> str:
    """A wrong digit is another thing, never a misspelling: Q1 is not Q2."""
    return "".join(character for character in name if character.isdigit())


def _part(said: Sequence[str], name: Sequence[str]) -> float:
    telling = [word for word in name if word not in _SAYS_NOTHING and len(word) > 2]
    if not telling:
        return 0.0
    heard = sum(len(word) for word in telling if any(_same(word, other) for other in said))
    return 40 + min(43, 3 * heard) if heard else 0.0


def _same(word: str, other: str) -> bool:
    if word == other or (len(word) > 3 and other in (f"{word}s", word.removesuffix("s"))):
        return True
    return min(len(word), len(other)) > _SHORTEST_MISSPELT and fuzz.ratio(word, other) >= MISSPELT
