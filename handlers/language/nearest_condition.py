"""The nearest form of words that no form explains, by sentence vectors: proposed with a button, never taken.

`python -m handlers.language.nearest_condition` writes the examples' vectors anew after they have changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from governance.authority.conditions import Term, negated
from handlers.language.condition_forms import Form
from handlers.language.condition_table import FORMS
from handlers.language.condition_tokens import Meaning, Token
from handlers.language.embedding import Vectors, embed, embed_known, keep_embeddings

EXAMPLES = Path(__file__).with_name("condition_examples.txt")
VECTORS = Path(__file__).with_name("condition_examples.npz")

_NAMES = {
    "person": "tom", "service": "orders", "item": "CARD-1", "number": "100", "money": "100 dollars",
    "percent": "10 percent", "ms": "400 ms", "minutes": "30 minutes", "factor": "ten times", "version": "1.2.3",
    "moment": "monday 9 am", "span": "monday 9 am",
}  # fmt: skip
"""What stands for any thing of a kind, in the examples and in what is compared with them."""

_NAMED = 0.08
"""How much nearer a form is for each word of its kinds that was said; cosines of short sentences differ by
little more."""

_GIVEN = frozenset(
    {*_NAMES, "suite", "kind", "env", "weekday", "weekend", "severity", "mode", "what", "month", "hour"}
)
"""Kinds of words that say what is spoken of: a form that needs one is proposed only where it was said."""


@dataclass(frozen=True, slots=True)
class _Example:
    fact: str
    sign: str
    text: str


def nearest(tokens: Sequence[Token], facts: Collection[str]) -> list[Term]:
    """The likeliest conditions on these facts, best first, with what was said filled in. CPU-bound."""
    words = " ".join(_NAMES.get(_kind(token), token.text) for token in tokens if not token.has("if", "unless"))
    found: dict[tuple[str, str], tuple[float, Term]] = {}
    likeness = _matrix() @ embed([words])[0]
    plain = all(token.meanings for token in tokens)
    for example, score in zip(_examples(), likeness.tolist(), strict=True):
        if plain and example.sign == "-":
            continue  # nothing that was said could deny it
        if example.fact not in facts or (example.fact, example.sign) in found:
            known = found.get((example.fact, example.sign))
            if known is None or known[0] >= score:
                continue
        form, term = next(_filled(example, tokens), (None, None))
        if form is not None and term is not None:
            score += _NAMED * sum(token.meaning(form.kinds - _GIVEN) is not None for token in tokens)
            found[example.fact, example.sign] = (score, term)
    ranked = sorted(found.values(), key=lambda pair: -pair[0])
    return list(dict.fromkeys(term for _, term in ranked))


def _kind(token: Token) -> str:
    return next((meaning.tag for meaning in token.meanings if meaning.tag in _NAMES), "")


def _filled(example: _Example, tokens: Sequence[Token]) -> Iterator[tuple[Form, Term]]:
    """The example's form with the names and numbers that were said, denied as often as the words deny."""
    said = [token for token in tokens if any(meaning.tag in _GIVEN for meaning in token.meanings)]
    denials = sum(token.has("neg") for token in tokens) + (example.sign == "-")
    for form in FORMS:
        if example.fact not in form.facts or form.proposed:
            continue
        filled = form.fill([*said, *_missing(form, example, said)], closed=False)
        read = form.build(filled) if filled is not None else None
        if read is not None:
            yield form, negated(read) if denials % 2 else read


def _missing(form: Form, example: _Example, said: Sequence[Token]) -> Iterator[Token]:
    """The words that a form needs and that were not said in so many words; never what it speaks of."""
    for need in form.needs:
        spoken = need - _GIVEN - form.denies
        if not any(token.meaning(need) for token in said) and spoken:
            yield _word(example.sign if example.sign in spoken else sorted(spoken)[0])
    if not any(token.has("cmp") for token in said):
        yield Token("cmp", (Meaning("cmp", "<="),))
    for word in _SAID_ALONG.get(example.fact, ()):
        yield _word(word)


_SAID_ALONG = {"window_open": ("during",), "open_findings": ("finding",)}


def _word(tag: str) -> Token:
    return Token(tag, (Meaning(tag),))


@cache
def _examples() -> tuple[_Example, ...]:
    lines = (line for line in EXAMPLES.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    parts = ((*head.split(), text) for head, _, text in (line.partition(" | ") for line in lines))
    return tuple(_Example(fact, sign, text) for fact, sign, text in parts)


@cache
def _matrix() -> Vectors:
    return np.asarray(embed_known([example.text for example in _examples()], VECTORS))


if __name__ == "__main__":
    VECTORS.unlink(missing_ok=True)
    keep_embeddings([example.text for example in _examples()], VECTORS)
