"""How likely each chosen item is done by the end: the roadmap carried out many times, each with other hours.

A run draws the hours of every story from how far estimates were off so far, as plans' forecasts do
(`planning/forecast.py`, `planning/accuracy.py`), and works them off in the roadmap's order. What somebody wrote
as an estimate is drawn from how far written estimates were off (actual over estimated hours of done stories),
what was estimated from similar stories from how far those estimates were. The errors of one run go together as
strongly as they did within the department's features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import exp, log

import numpy as np

from agents.planning.accuracy import Accuracy, Error, accuracy
from agents.planning.course import Horizon, Task, carry_out
from agents.planning.draft import HISTORY_NEEDED
from agents.planning.placing import Place
from agents.roadmap.items import Item, Piece
from integrations.tracker import Story

RUNS = 1_000
_LIKELY = 0.85
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Known:
    """How far off estimates were: those that somebody wrote, and those from similar done stories."""

    written: Accuracy
    similar: Accuracy
    written_from: int

    @property
    def overrun(self) -> float | None:
        """What done stories took at the median, as a multiple of their written estimate; None where too few
        have both."""
        return exp(self.written.quantile(0.5)) if self.written_from >= HISTORY_NEEDED else None

    def expected(self, written: float) -> float:
        """The median hours behind a written estimate."""
        return written * (self.overrun or 1.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one item: the share of runs in which it was done in time, and the day by which 85 of 100 had it."""

    chance: float
    likely: date


def written_accuracy(done: Sequence[Story]) -> tuple[Accuracy, int]:
    """How far written estimates were off, and over how many stories."""
    both = tuple(
        (s.epic, s.actual_hours, s.estimate_hours) for s in done if s.actual_hours and s.estimate_hours
    )
    return _accuracy(both), len(both)


@lru_cache(maxsize=4)
def _accuracy(both: tuple[tuple[str | None, float, float], ...]) -> Accuracy:
    return accuracy([Error(epic, log(actual / estimate)) for epic, actual, estimate in both])


def outcomes(
    items: Sequence[Item], places: Mapping[str, Place], days: Horizon, closes: float, known: Known, seed: int
) -> dict[str, Outcome]:
    """What became of each item in the runs, by its id. CPU-bound."""
    if not items:
        return {}
    drawn = _drawn([piece for item in items for piece in item.pieces], known, seed)
    ends = carry_out(tasks_of(items, places, days), drawn, days.supplies)
    found = {}
    for item in items:
        done = np.max(np.stack([ends[piece.key] for piece in item.pieces]), axis=0)
        likely = float(np.quantile(done, _LIKELY, method="higher"))
        found[item.id] = Outcome(round(float(np.mean(done <= closes + _EDGE)), 3), days.last_day(likely))
    return found


def tasks_of(items: Sequence[Item], places: Mapping[str, Place], days: Horizon) -> list[Task]:
    """The items' stories in the order in which they are begun."""
    pieces = sorted(
        (piece for item in items for piece in item.pieces),
        key=lambda piece: (places[piece.key].begins, places[piece.key].ends, piece.key),
    )
    return [_task(piece, places[piece.key], days) for piece in pieces]


def _task(piece: Piece, place: Place, days: Horizon) -> Task:
    gate = place.window.opens if piece.not_before is None else days.moment(piece.not_before)
    return Task(piece.key, (piece.team, piece.discipline), max(gate, place.window.opens), piece.after)


def _drawn(
    pieces: Sequence[Piece], known: Known, seed: int
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    chance = np.random.default_rng(seed)
    found = {}
    for own, of in (
        ([piece for piece in pieces if piece.written is not None], known.written),
        ([piece for piece in pieces if piece.written is None], known.similar),
    ):
        medians = [piece.written if piece.written is not None else piece.hours for piece in own]
        hours = of.drawn(medians, [piece.spread for piece in own], RUNS, chance) if own else ()
        found.update({piece.key: row for piece, row in zip(own, hours, strict=True)})
    return found
