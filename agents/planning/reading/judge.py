"""What each statement of a document is: asked for now, a constraint, for later, ruled out, a detail, or none.

Two linear models (multinomial logistic regression), fitted by `bench/train_reader.py` on documents whose gold
was written by other hands. The first weighs what stands in and around a statement (`features.py`); the second
also what the first said of its neighbours, for a list whose items look like requirements seldom holds one that
is none. The weights lie in `weights.json` by the features' names, so that what a reading rests on can be shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from agents.planning.reading.features import Features, features
from agents.planning.reading.outline import Outline
from agents.planning.reading.units import Unit

Sense = Literal["in", "constraint", "later", "out", "detail", "none"]
SENSES: tuple[Sense, ...] = ("in", "constraint", "later", "out", "detail", "none")
ASKED: frozenset[Sense] = frozenset({"in", "constraint"})
EDGE: frozenset[Sense] = frozenset({"later", "out"})
WEIGHTS = Path(__file__).with_name("weights.json")
WORD_WEIGHT = 0.5
"""Of a plain word beside the named signs."""
_NEIGHBOURS = 2.0
_WORD = re.compile(r"[a-z']+")

_FORMS = (
    "has an id",
    "says: must or shall",
    "says: should",
    "says: story",
    "begins with a verb",
    "kind: item",
    "kind: row",
)
_ELSEWHERE = (
    "out_of_scope",
    "later",
    "background",
    "questions",
    "metadata",
    "actions",
    "example",
    "timeline",
    "goals",
)

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judgment:
    """What a statement was read as, how sure (0 to 1), and the signs that spoke loudest for it."""

    sense: Sense
    sureness: float
    because: tuple[str, ...]


@dataclass(frozen=True)
class Linear:
    """One fitted model: feature name to a weight a sense, and the senses' intercepts."""

    weights: Mapping[str, NDArray[np.float64]]
    intercept: NDArray[np.float64]

    def chances(self, rows: Sequence[Features]) -> Matrix:
        """A row a statement, a column a sense."""
        scores = np.array([self._score(row) for row in rows]).reshape(len(rows), len(SENSES))
        scores -= scores.max(axis=1, keepdims=True)
        likely = np.exp(scores)
        found: Matrix = likely / likely.sum(axis=1, keepdims=True)
        return found

    def reasons(self, row: Features, sense: Sense, most: int = 12) -> tuple[str, ...]:
        """The features that speak loudest for this sense against the mean of the others."""
        place = SENSES.index(sense)
        spoken = {
            name: float(self._against[name][place]) * value
            for name, value in row.items()
            if name in self.weights
        }
        loudest = sorted(spoken, key=lambda name: -spoken[name])[:most]
        return tuple(name for name in loudest if spoken[name] > 0.1)

    @cached_property
    def _against(self) -> Mapping[str, NDArray[np.float64]]:
        """Each weight against the mean of the other senses'."""
        others = len(SENSES) - 1
        return {name: found - (found.sum() - found) / others for name, found in self.weights.items()}

    def _score(self, row: Features) -> NDArray[np.float64]:
        total = self.intercept.copy()
        for name, value in row.items():
            if name in self.weights:
                total += self.weights[name] * value
        return total


@dataclass(frozen=True)
class Reader:
    """Both models, and how much likelier than not a statement has to be asked for."""

    first: Linear
    second: Linear
    bias: float

    def judge(self, outline: Outline, units: Sequence[Unit]) -> tuple[Judgment, ...]:
        """One judgment a statement."""
        if not units:
            return ()
        rows = rows_of(outline, units)
        aware = with_neighbours(rows, self.first.chances(rows), outline, units)
        chances = self.second.chances(aware)
        found = tuple(self._judgment(row, chance) for row, chance in zip(aware, chances, strict=True))
        if any(judgment.sense in ASKED for judgment in found):
            return found
        # In a document of a few lines nothing stands out: what has the form of a requirement is one.
        return tuple(
            replace(judgment, sense="in")
            if _has_form(row) and judgment.sense in ("none", "later", "out")
            else judgment
            for row, judgment in zip(aware, found, strict=True)
        )

    def _judgment(self, row: Features, chance: NDArray[np.float64]) -> Judgment:
        sense = decided(chance, self.bias)
        return Judgment(sense, float(chance[SENSES.index(sense)]), self.second.reasons(row, sense))


def _has_form(row: Features) -> bool:
    """Whether it demands by its verb, its id or its place in a list, outside sections for something else."""
    elsewhere = any(f"section: {role}" in row for role in _ELSEWHERE)
    elsewhere = elsewhere or any(
        name in row for name in ("a question", "later in an item", "later in a paragraph")
    )
    return not elsewhere and any(name in row for name in _FORMS)


def decided(chance: NDArray[np.float64], bias: float) -> Sense:
    """The sense for these chances: first whether it is asked for at all, then which way."""
    by = dict(zip(SENSES, chance, strict=True))
    asked, edge, rest = by["in"] + by["constraint"], by["later"] + by["out"], by["none"] + by["detail"]
    if (asked + edge) * bias < rest:
        return "none" if by["none"] >= by["detail"] else "detail"
    if asked >= edge:
        return "in" if by["in"] >= by["constraint"] else "constraint"
    return "later" if by["later"] >= by["out"] else "out"


def rows_of(outline: Outline, units: Sequence[Unit]) -> list[Features]:
    """The features of each statement, with its plain words."""
    return [
        {**found, **{f"word: {word}": WORD_WEIGHT for word in set(_WORD.findall(unit.text.lower()))}}
        for found, unit in zip(features(outline, units), units, strict=True)
    ]


def with_neighbours(
    rows: Sequence[Features], chances: Matrix, outline: Outline, units: Sequence[Unit]
) -> list[Features]:
    """The features with what the first model says of the section, the passage, the neighbours and the owner."""
    summed = _Sums(chances, outline, units)
    return [{**row, **summed.around(number)} for number, row in enumerate(rows)]


class _Sums:
    """Mean chances of groups without the statement itself, each group summed once."""

    def __init__(self, chances: Matrix, outline: Outline, units: Sequence[Unit]) -> None:
        asked = chances[:, [SENSES.index(s) for s in ("in", "constraint")]].sum(axis=1)
        edge = chances[:, [SENSES.index(s) for s in ("later", "out")]].sum(axis=1)
        self._of = np.column_stack([asked, edge, chances[:, SENSES.index("none")]])
        self._units = units
        self._sections = [tuple(outline.passages[u.passage].sections) for u in units]
        self._by_section: dict[object, list[Any]] = {}
        self._by_passage: dict[object, list[Any]] = {}
        for number, unit in enumerate(units):
            for groups, key in ((self._by_section, self._sections[number]), (self._by_passage, unit.passage)):
                total = groups.setdefault(key, [np.zeros(3), 0])
                total[0] = total[0] + self._of[number]
                total[1] += 1

    def around(self, number: int) -> dict[str, float]:
        found: dict[str, float] = {}
        groups = (
            ("section", self._by_section[self._sections[number]]),
            ("passage", self._by_passage[self._units[number].passage]),
        )
        for name, (total, count) in groups:
            mean = (total - self._of[number]) / (count - 1) if count > 1 else None
            found |= _named(f"{name} around", mean)
        beside = [i for i in (number - 1, number + 1) if 0 <= i < len(self._units)]
        found |= _named("next to", self._of[beside].mean(axis=0) if beside else None)
        owner = self._units[number].owner
        return found | (_named("owner", self._of[owner], 1.0) if owner is not None else {})


def _named(name: str, mean: NDArray[np.float64] | None, weight: float = _NEIGHBOURS) -> dict[str, float]:
    if mean is None:
        return {f"{name}: nothing": 1.0}
    return {
        f"{name}: {what}": weight * float(value)
        for what, value in zip(("asked", "edge", "none"), mean, strict=True)
    }


@cache
def reader() -> Reader:
    """The reader as it was fitted."""
    kept = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return Reader(_linear(kept["first"]), _linear(kept["second"]), float(kept["bias"]))


def _linear(kept: Mapping[str, Any]) -> Linear:
    weights = {name: np.array(found, dtype=np.float64) for name, found in kept["weights"].items()}
    return Linear(weights, np.array(kept["intercept"], dtype=np.float64))
