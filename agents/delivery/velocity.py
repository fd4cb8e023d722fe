"""What teams will get done in the sprints to come: a fan (P10, P50, P90) a sprint, learnt from all teams'
sprints.

A past sprint is one row: what its team got done in the sprints before, and how much capacity it had, over the
mean of what the team got done (its level); the outcome is over the level too, so teams of any size are learnt
from together. Newer rows weigh more. The sprint that runs is foretold from what is done and begun of it by now,
as past sprints stood when as much of them had passed. `backtest.py` says how such forecasts did.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from statistics import fmean, pstdev

import numpy as np

from agents.delivery.quantile_forest import QuantileForest, aged
from agents.delivery.sprints import Past, Series
from integrations.tracker import Sprint

FEWEST = 5
"""Sprints of a team that are over, under which nothing is foretold of it."""
FEWEST_ROWS = 20
"""Past sprints, of all teams, under which nothing is foretold."""
HALF_LIFE_DAYS = 365.0
LEVEL = 12
"""Sprints whose mean is a team's level."""
LEAST_LEVEL = 0.25
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Fan:
    """The 10th, 50th and 90th percentile of what will be done: four fifths of outcomes lie within."""

    low: float
    middle: float
    high: float

    def has(self, done: float) -> bool:
        """Whether an outcome lies within, ends included."""
        return self.low <= done <= self.high


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a team will have done at the end of a sprint."""

    sprint: Sprint
    fan: Fan


@dataclass(frozen=True, slots=True)
class Forecast:
    """A team's sprint that runs and those to come, first to last; `total` is what those to come make together.

    `sprints` is empty where there is too little to go by.
    """

    running: Foretold | None = None
    sprints: tuple[Foretold, ...] = ()
    total: Fan | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What was known of sprints beforehand, and what was done in them (the mean of several; None where they are
    to come), both over the team's `level`. `known` is the first day on which it was, `until` the first after
    them."""

    features: tuple[float, ...]
    level: float
    done: float | None
    known: date
    until: date


@lru_cache(maxsize=16)
def forecasts(every: tuple[Series, ...], ahead: int) -> Mapping[str, Forecast]:
    """By team, what it will get done in the sprint that runs and in the next `ahead`. CPU-bound (a second or
    two, then remembered): call it in a thread."""
    able = [one for one in every if len(one.ended) >= FEWEST]
    near, whole, running = _near(able, ahead), _together(able, ahead), _running(able)
    return {
        one.team: Forecast(
            running.get(one.team),
            tuple(Foretold(sprint, shown(fan)) for sprint, fan in near.get(one.team, ())),
            _total(whole.get(one.team), [fan for _, fan in near.get(one.team, ())]),
        )
        for one in every
    }


def past_rows(one: Series, step: int, span: int = 1) -> Iterator[Row]:
    """What was known `step` sprints before sprints that are over by now, `span` of them together."""
    for known in range(FEWEST, len(one.ended) - step - span + 2):
        first = known + step - 1
        yield _row(one, known, [past.sprint for past in one.ended[first : first + span]], step, first)


def _row(one: Series, known: int, targets: Sequence[Sprint], step: int, first: int | None = None) -> Row:
    """With the first `known` sprints known; `first` is the targets' place among those that are over."""
    before = [past.done for past in one.ended[:known]]
    lately = before[-LEVEL:]
    level = max(fmean(lately), LEAST_LEVEL)
    capacity = fmean(past.sprint.capacity_hours for past in one.ended[:known][-LEVEL:])
    features = (
        float(step),
        before[-1] / level,
        fmean(before[-3:]) / level,
        fmean(before[-6:]) / level,
        fmean(target.capacity_hours for target in targets) / capacity if capacity else 1.0,
        pstdev(lately) / level,
        math.log(level),
    )
    own = [] if first is None else [past.done for past in one.ended[first : first + len(targets)]]
    done = fmean(own) / level if own else None
    return Row(features, level, done, one.ended[known - 1].sprint.ends, targets[-1].ends)


def fans_of(learnt: Sequence[Row], asked: Sequence[Row]) -> list[Fan] | None:
    """The fan of each row that is asked, in what is counted; None if too little was learnt."""
    outcomes = [(row, row.done) for row in learnt if row.done is not None]
    if len(outcomes) < FEWEST_ROWS or not asked:
        return None
    now = max(row.known for row in asked)
    ages = np.array([float((now - row.until).days) for row, _ in outcomes])
    forest = QuantileForest(
        np.array([row.features for row, _ in outcomes]),
        np.array([done for _, done in outcomes]),
        aged(ages, HALF_LIFE_DAYS),
    )
    found = forest.asked(np.array([row.features for row in asked]))
    return [
        Fan(*(one.quantile(share) * row.level for share in (LOW, 0.5, HIGH)))
        for one, row in zip(found, asked, strict=True)
    ]


def shown(fan: Fan, times: float = 1.0, least: float = 0.0) -> Fan:
    """As people read it, in whole numbers: of `times` as much, and not under what is done already."""
    return Fan(*(float(round(max(value * times, least))) for value in (fan.low, fan.middle, fan.high)))


def steps_to_next(one: Series) -> int:
    """How many sprints the next one to come is after the last that is over."""
    return 1 if one.running is None else 2


def _near(able: Sequence[Series], ahead: int) -> Mapping[str, Sequence[tuple[Sprint, Fan]]]:
    """Each of the next sprints by itself."""
    places = [(one, at) for one in able for at in range(min(ahead, len(one.coming)))]
    asked = [_row(one, len(one.ended), [one.coming[at]], steps_to_next(one) + at) for one, at in places]
    steps = sorted({steps_to_next(one) + at for one, at in places})
    fans = fans_of([row for one in able for step in steps for row in past_rows(one, step)], asked)
    found: dict[str, list[tuple[Sprint, Fan]]] = {}
    for (one, at), fan in zip(places, fans or (), strict=False):
        found.setdefault(one.team, []).append((one.coming[at], fan))
    return found


def _together(able: Sequence[Series], ahead: int) -> Mapping[str, Fan]:
    """The mean of the next sprints, which varies less than each of them."""
    own = [one for one in able if len(one.coming) >= ahead > 1]
    asked = [_row(one, len(one.ended), one.coming[:ahead], steps_to_next(one)) for one in own]
    steps = sorted({steps_to_next(one) for one in own})
    fans = fans_of([row for one in able for step in steps for row in past_rows(one, step, ahead)], asked)
    return {one.team: fan for one, fan in zip(own, fans or (), strict=False)}


def _total(whole: Fan | None, each: Sequence[Fan]) -> Fan | None:
    """What the next sprints make together: their middles added up, spread as so many sprints so far were."""
    middle = sum(fan.middle for fan in each)
    if whole is None or not whole.middle or not middle:
        return None
    return shown(whole, middle / whole.middle)


def _running(able: Sequence[Series]) -> Mapping[str, Foretold]:
    """What the sprints that run will have done in the end: what is foretold of the rest, and what is done."""
    own = [(one, one.running) for one in able if one.running is not None]
    asked = [_left(one, len(one.ended), now) for one, now in own]
    learnt = [
        _left(one, known, one.ended[known], over=True)
        for one in able
        for known in range(FEWEST, len(one.ended))
    ]
    return {
        one.team: Foretold(now.sprint, shown(_more(fan, now.early), least=now.done))
        for (one, now), fan in zip(own, fans_of(learnt, asked) or (), strict=False)
    }


def _left(one: Series, known: int, now: Past, *, over: bool = False) -> Row:
    row = _row(one, known, [now.sprint], 1)
    features = (*row.features, now.early / row.level, now.begun / row.level)
    done = (now.done - now.early) / row.level if over else None
    return Row(features, row.level, done, row.known, row.until)


def _more(fan: Fan, done: float) -> Fan:
    return Fan(fan.low + done, fan.middle + done, fan.high + done)
