"""How much work a feature is: what is left of it where the tracker has it, else what the most similar finished
features took.

The latter is reference class forecasting (Kahneman and Tversky, 1979; Flyvbjerg, 2006): weighted quantiles over
finished features, each weighted by how similar it is, so that hours which nobody thinks of in advance are in
them too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from agents.customers.similar import Described, index_of
from agents.planning.accuracy import HIGH, LOW
from agents.planning.draft import HISTORY_NEEDED, Estimate, NotEnoughHistory
from agents.planning.estimates import estimate, past_accuracy, weighted_quantile
from agents.planning.history import DoneWork
from integrations.tracker import Epic, Story

MOST_SIMILAR = 8
FEWEST = 3
"""Finished features that an estimate rests on."""

_LEAST_WEIGHT = 0.02
_RUNS = 4_000


@dataclass(frozen=True, slots=True)
class Effort:
    """Agent-hours: the middle, and what nine of ten exceed and stay under. `stories` is how many stories that
    is, `rests_on` what it was worked out from, by id."""

    hours: float
    low: float
    high: float
    stories: int
    basis: Literal["left", "similar", "person"]
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A feature that is done: its hours together, and of how many stories."""

    epic: Epic
    hours: float
    stories: int


def finished_features(epics: Sequence[Epic], done: Sequence[Story]) -> tuple[Finished, ...]:
    """Those of these features of whose stories the hours are known."""
    by_epic: defaultdict[str, list[float]] = defaultdict(list)
    for story in done:
        if story.epic is not None and story.actual_hours:
            by_epic[story.epic].append(story.actual_hours)
    return tuple(
        Finished(epic, sum(by_epic[epic.id]), len(by_epic[epic.id])) for epic in epics if by_epic[epic.id]
    )


def of_similar(what: str, finished: Sequence[Finished]) -> Effort | NotEnoughHistory:
    """What such a feature takes, going by the most similar finished ones. CPU-bound."""
    if len(finished) < FEWEST:
        return NotEnoughHistory(sum(one.stories for one in finished))
    index = index_of(tuple(Described(one.epic.title) for one in finished))
    near = index.nearest(Described(what), MOST_SIMILAR)
    weight = {one.place: one.likeness for one in near}
    chosen = sorted(range(len(finished)), key=lambda at: (-weight.get(at, 0.0), finished[at].epic.id))
    chosen = chosen[: max(FEWEST, MOST_SIMILAR)]
    weights = [weight.get(at, 0.0) + _LEAST_WEIGHT for at in chosen]
    hours = [finished[at].hours for at in chosen]
    low, middle, high = (weighted_quantile(hours, weights, q) for q in (LOW, 0.5, HIGH))
    counts = [float(finished[at].stories) for at in chosen]
    stories = max(1, round(weighted_quantile(counts, weights, 0.5)))
    return Effort(
        _quarter(middle),
        _quarter(low),
        _quarter(high),
        stories,
        "similar",
        tuple(finished[at].epic.id for at in chosen),
    )


def of_what_is_left(left: Sequence[Story], done: Sequence[Story]) -> Effort | NotEnoughHistory:
    """What the open stories of a feature take: those with an estimate by it, the others by similar done
    stories. The range is that of simulated sums, for stories of one feature err alike. CPU-bound."""
    import numpy as np

    work = DoneWork(tuple(story for story in done if story.actual_hours))
    if len(work.stories) < HISTORY_NEEDED or not left:
        return NotEnoughHistory(len(work.stories))
    known = past_accuracy(work)
    medians, spreads = [], []
    for story in left:
        found = estimate(f"{story.title}. {story.description}", story.discipline, work)
        if isinstance(found, Estimate):
            medians.append(story.estimate_hours or found.p50)
            spreads.append(found.spread or 0.5)
    drawn = known.drawn(medians, spreads, _RUNS, np.random.default_rng(len(left))).sum(axis=0)
    low, high = (float(np.quantile(drawn, share)) for share in (LOW, HIGH))
    middle = sum(medians)
    return Effort(
        _quarter(middle),
        _quarter(min(low, middle)),
        _quarter(max(high, middle)),
        len(left),
        "left",
        tuple(story.id for story in left),
    )


def said_by_a_person(hours: float, done: Sequence[Story]) -> Effort:
    """What somebody said it takes. The range is theirs to give, and they gave none."""
    typical = sorted(story.actual_hours for story in done if story.actual_hours)
    one = typical[len(typical) // 2] if typical else hours
    return Effort(hours, hours, hours, max(1, ceil(hours / max(one, 0.25))), "person", ())


def stories_by_team(effort: Effort, left: Sequence[Story], team: str) -> Mapping[str, int]:
    """How many stories each team has of it; of what is not in the tracker yet all are `team`'s."""
    if effort.basis != "left":
        return {team: effort.stories}
    counts: defaultdict[str, int] = defaultdict(int)
    for story in left:
        counts[story.team] += 1
    return dict(counts)


def _quarter(hours: float) -> float:
    return max(0.25, round(hours * 4) / 4)
