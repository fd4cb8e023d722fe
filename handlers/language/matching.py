"""From words to the thing that is meant: exactly, by a misspelling, or by a part of its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
_LONGEST_MENTION = 6
_WORDS = re.compile(r"[^\s,;:!?()“”\"]+")
_SAYS_NOTHING = frozenset(
    tokens(
        "the a an of for and to in on service services feature features plan integration project epic story"
        " team app application customer corp corporation inc ltd gmbh co company llc prd document new"
    )
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """One thing is meant."""

    thing: Thing


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several may be meant, likeliest first: ask "did you mean"."""

    candidates: tuple[Thing, ...]


def nearest(written: str, things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Up to three things whose names are most like what is written."""
    wanted = " ".join(tokens(written))
    likeness = {
        thing.id: max((fuzz.ratio(wanted, name) for name in _names(thing)), default=0.0) for thing in things
    }
    like = sorted((t for t in things if likeness[t.id] >= _NEAR), key=lambda t: -likeness[t.id])
    return tuple(like[:3])


def of_id(written: str, things: Sequence[Thing]) -> Thing | tuple[Thing, ...]:
    """The thing with the id that is `written`, a slip in its letters forgiven; else up to three like it."""
    wanted = " ".join(tokens(written))
    ids = {thing.id: " ".join(tokens(thing.id)) for thing in things}
    same = [thing for thing in things if ids[thing.id] == wanted]
    like = [t for t in things if _digits(ids[t.id]) == _digits(wanted) and _likeness(wanted, ids[t.id])]
    if same or len(like) == 1:
        return (same or like)[0]
    near = sorted(things, key=lambda thing: -fuzz.ratio(ids[thing.id], wanted))
    return tuple(t for t in near if fuzz.ratio(ids[t.id], wanted) >= _NEAR)[:3]


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
    return tuple(dict.fromkeys(thing for place in find_places(text, things) for thing in place))


def find_places(text: str, things: Sequence[Thing]) -> tuple[tuple[Thing, ...], ...]:
    """The whole names in a message, in the order in which they are said, each with the things that go by it. A
    name that is a part of a longer one in the same place does not count ("payments" in "payments ledger")."""
    said = tokens(text)[:_MOST_TOKENS]
    names = [(thing, name.split()) for thing in things for name in _names(thing)]
    spans: dict[tuple[int, int], dict[int, Thing]] = {}
    for thing, name in names:
        for at in _places(said, name) if not set(name) <= _SAYS_NOTHING else ():
            spans.setdefault((at, at + len(name)), {})[id(thing)] = thing
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        if all(end <= first or last <= start for first, last in kept):
            kept.append((start, end))
    return tuple(tuple(spans[span].values()) for span in sorted(kept))


def mention(text: str, things: Sequence[Thing]) -> str:
    """The words of `text` that name these things, as they are written; empty where they cannot be told."""
    words = [(found.start(), found.end(), tokens(found[0])) for found in _WORDS.finditer(text)][:_MOST_TOKENS]
    best, where = 0.0, (0, 0)
    for first in range(len(words)):
        for last in range(first, min(first + _LONGEST_MENTION, len(words))):
            said = [token for _, _, parts in words[first : last + 1] for token in parts]
            score = sum(_score(said, thing) for thing in things) - (last - first)
            if score > best:
                best, where = score, (words[first][0], words[last][1])
    return text[slice(*where)].removesuffix("'s").removesuffix("’s")


@lru_cache(maxsize=4096)  # each span of a message is held against it
def _names(thing: Thing) -> tuple[str, ...]:
    spelt = (" ".join(tokens(name)) for name in (thing.name, thing.id, *thing.aliases))
    return tuple(dict.fromkeys(name for name in spelt if name))


def _score(said: Sequence[str], thing: Thing) -> float:
    """Over 100 for a whole name (longer is better), 84 to 99 if misspelt, up to 83 for a part of it, else 0."""
    return max((_score_name(said, name.split()) for name in _names(thing)), default=0.0)


def _score_name(said: Sequence[str], name: Sequence[str]) -> float:
    if not set(name) <= _SAYS_NOTHING and next(_places(said, name), None) is not None:
        return 100.0 + sum(map(len, name))
    return max(_misspelt(said, " ".join(name), len(name)), _part(said, name))


def _places(said: Sequence[str], name: Sequence[str]) -> Iterator[int]:
    width = len(name)
    return (at for at in range(len(said) - width + 1) if list(said[at : at + width]) == list(name))


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
