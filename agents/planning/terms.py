"""What a sentence is about: its content words as stems, with synonyms joined, for comparing sentences."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from agents.planning.lexicon import lexicon

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:'[A-Za-z]+)*")
_SIGN_IN = re.compile(r"\b(?:sign|log)(?:ged|ning|ging)?[ -](?:in|on)(?:to)?\b", re.IGNORECASE)
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""))


@cache
def _stemmed_synonyms() -> Mapping[str, str]:
    found = {_bare(word): _bare(joined) for word, joined in lexicon().synonyms.items()}
    return {word: joined for word, joined in found.items() if word != joined}


def _bare(word: str) -> str:
    for ending, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us")):
            word = word[: -len(ending)] + replacement
            break
    return word[:-1] if len(word) > 3 and (word[-1] == "e" or word[-1] == word[-2]) else word


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its inflection, joined with its synonyms. Made for comparing, not for reading."""
    bare = _bare(word.lower().removesuffix("'s"))
    return _stemmed_synonyms().get(bare, bare)


def content_stems(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning. `sign in` and `log in` count as one word."""
    joined = _SIGN_IN.sub("signin", text)
    stop = lexicon().stop
    words = (match[0] for match in _WORD.finditer(joined))
    return frozenset(stem(word) for word in words if len(word) > 1 and word.lower() not in stop)


def weights(texts: Iterable[frozenset[str]]) -> Mapping[str, float]:
    """How telling each stem is within one document: log(1 + sentences / sentences with it)."""
    all_stems = list(texts)
    counts = Counter(found for stems in all_stems for found in stems)
    return {found: math.log(1 + len(all_stems) / count) for found, count in counts.items()}


def overlap(one: frozenset[str], other: frozenset[str], weight: Mapping[str, float]) -> float:
    """Overlap coefficient (Szymkiewicz–Simpson), weighted: the shared weight over the smaller side's."""
    smaller = min(sum(weight.get(s, 1.0) for s in one), sum(weight.get(s, 1.0) for s in other))
    return sum(weight.get(s, 1.0) for s in one & other) / smaller if smaller else 0.0
