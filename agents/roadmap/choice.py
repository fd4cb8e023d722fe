"""Which items: those that are worth most together, as far as hours, order and time allow.

The choice by hours alone is an integer programme (a knapsack with a limit for each team's discipline, and an
item only with those that it needs), solved by HiGHS through `scipy.optimize.milp`. Its bound also bounds what
any choice in time can be worth. What it chose is then placed story by story, as plans place theirs
(`planning/placing.py`): what is worth most an hour first, what has the longest chain behind it first, and mixes
of the two. What does not fit in time goes out, and what is left of the hours is filled in the same order. The
choice by worth an hour alone is one more try; the one that is worth most stays, of equals the first.

Items that need each other are chosen together. CPU-bound: call it from a thread.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agents.planning.course import Line
from agents.planning.placing import Place, Placing, Window
from agents.roadmap.capacity import Capacity
from agents.roadmap.items import Item, Piece

_SECONDS = 3.0
"""For the integer programme: a guard, for on an idle machine its nodes end it first."""
_MIXES = 16
_NODES = 4_000
_CLOSE_ENOUGH = 0.002
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Unit:
    """Items that go together: mostly one. `needs` are other units, by their numbers."""

    items: tuple[Item, ...]
    needs: frozenset[int]

    @property
    def worth(self) -> float:
        """Value times urgency of all of them."""
        return sum(item.worth.value for item in self.items)

    @property
    def density(self) -> float:
        """Worth an hour."""
        return self.worth / max(sum(item.hours for item in self.items), 0.25)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: ids in the order in which they were placed, and the place of each piece. `bound` is what
    no choice can be worth more than; `late` are items for which there were hours, but not in time."""

    chosen: tuple[str, ...]
    places: Mapping[str, Place]
    worth: float
    bound: float
    late: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Board:
    """What placing needs, worked out once: each unit's pieces in order and its hours by line, the hours that
    there are, and the one window of them all."""

    units: tuple[Unit, ...]
    pieces: tuple[tuple[Piece, ...], ...]
    hours: tuple[Mapping[Line, float], ...]
    room: Mapping[Line, float]
    within: Mapping[str, tuple[Window, ...]]
    capacity: Capacity


def choose(items: Sequence[Item], capacity: Capacity, must: frozenset[str] = frozenset()) -> Choice:
    """The best choice found among `items`, none of which is one that can never be chosen. Those in `must` go
    first, as far as they fit."""
    units = units_of(items)
    wanted = [at for at, unit in enumerate(units) if any(item.id in must for item in unit.items)]
    picked, bound = _by_hours(units, capacity, frozenset(wanted))
    board = _board(units, capacity)
    tries = [_placed(board, in_order(units, wanted, rank), picked) for rank in _ranks(units, capacity, picked)]
    tries.append(by_density(units, capacity, wanted))
    best = max(tries, key=lambda one: (len(must.intersection(one.chosen)), one.worth))
    return Choice(best.chosen, best.places, best.worth, max(bound, best.worth), best.late)


def by_density(units: Sequence[Unit], capacity: Capacity, wanted: Iterable[int] = ()) -> Choice:
    """The greedy choice: each in turn, what is worth most an hour first, if there is room for it."""
    return _placed(_board(units, capacity), in_order(units, wanted), None)


def _board(units: Sequence[Unit], capacity: Capacity) -> _Board:
    hours = tuple(_hours(unit) for unit in units)
    window = (Window((), capacity.opens, capacity.closes),)
    return _Board(
        tuple(units),
        tuple(sequence([piece for item in unit.items for piece in item.pieces]) for unit in units),
        hours,
        {line: capacity.free(line) for own in hours for line in own},
        {piece.key: window for unit in units for item in unit.items for piece in item.pieces},
        capacity,
    )


def units_of(items: Sequence[Item]) -> tuple[Unit, ...]:
    """Items as units: those that need each other in one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    home = {piece.key: at for at, item in enumerate(items) for piece in item.pieces}
    needs = [
        {home[key] for piece in item.pieces for key in piece.after if key in home} - {at}
        for at, item in enumerate(items)
    ]
    pairs = [(at, other) for at, own in enumerate(needs) for other in sorted(own)]
    rows, columns = ([pair[side] for pair in pairs] for side in (0, 1))
    graph = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(items), len(items)))
    count, label = connected_components(graph, directed=True, connection="strong")
    members: list[list[int]] = [[] for _ in range(count)]
    for at, unit in enumerate(label):
        members[unit].append(at)
    return tuple(
        Unit(
            tuple(items[at] for at in own),
            frozenset(int(label[other]) for at in own for other in needs[at]) - {number},
        )
        for number, own in enumerate(members)
    )


def _ranks(
    units: Sequence[Unit], capacity: Capacity, picked: frozenset[int] | None
) -> Iterator[Sequence[float]]:
    """Ways to sort the units, the smallest first: by worth an hour, by the chain behind, and mixes of these.
    The same units give the same."""
    dense = _places([-unit.density for unit in units])
    chain = _places([-days for days in _chains(units, capacity, picked)])
    yield dense
    yield chain
    chance = random.Random(7)
    for mix in range(_MIXES):
        share = (mix + 1) / (_MIXES + 1)
        yield [
            share * one + (1 - share) * other + chance.gauss(0, 0.03)
            for one, other in zip(dense, chain, strict=True)
        ]


def _places(values: Sequence[float]) -> list[float]:
    """The place of each value among them, from 0 for the least to 1."""
    places = [0.0] * len(values)
    for place, at in enumerate(sorted(range(len(values)), key=lambda at: values[at])):
        places[at] = place / len(values)
    return places


def _chains(units: Sequence[Unit], capacity: Capacity, picked: frozenset[int] | None) -> list[float]:
    """How many days the longest chain of picked units takes that begins in each, at its lines' usual pace."""
    counts = {
        piece.key
        for at, unit in enumerate(units)
        for item in unit.items
        for piece in item.pieces
        if picked is None or at in picked
    }
    pieces = [piece for unit in units for item in unit.items for piece in item.pieces]
    span = max(capacity.closes - capacity.opens, 1.0)
    later: dict[str, float] = {}
    length: dict[str, float] = {}
    for piece in reversed(sequence(pieces)):
        pace = max(capacity.free((piece.team, piece.discipline)) / span, 1e-3)
        length[piece.key] = piece.hours / pace + later.get(piece.key, 0.0)
        for key in piece.after if piece.key in counts else ():
            later[key] = max(later.get(key, 0.0), length[piece.key])
    return [max(length[piece.key] for item in unit.items for piece in item.pieces) for unit in units]


def in_order(
    units: Sequence[Unit], wanted: Iterable[int] = (), rank: Sequence[float] | None = None
) -> list[int]:
    """Units by their rank, or without one by what they are worth an hour, the wanted first, each behind those
    that it needs."""
    first = set(wanted)
    by = [-unit.density for unit in units] if rank is None else rank
    ranked = sorted(
        range(len(units)),
        key=lambda at: (at not in first, by[at], units[at].items[0].priority, units[at].items[0].id),
    )
    done: dict[int, None] = {}
    for at in ranked:
        waiting = [at]
        while waiting:
            one = waiting[-1]
            if (left := [need for need in sorted(units[one].needs) if need not in done]) and one not in done:
                waiting.extend(left)
            else:
                done.setdefault(waiting.pop(), None)
    return list(done)


def _by_hours(
    units: Sequence[Unit], capacity: Capacity, wanted: frozenset[int]
) -> tuple[frozenset[int] | None, float]:
    """The choice by hours alone (None: none was found in time), and what no choice can be worth more than."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    worth = np.array([unit.worth for unit in units])
    if not len(units):
        return frozenset(), 0.0
    lines = sorted({line for unit in units for item in unit.items for line in item.by_line})
    row = {line: at for at, line in enumerate(lines)}
    entries = [
        (row[line], at, hours)
        for at, unit in enumerate(units)
        for item in unit.items
        for line, hours in item.by_line.items()
    ]
    orders = [(at, need) for at, unit in enumerate(units) for need in sorted(unit.needs)]
    for number, (at, need) in enumerate(orders, len(lines)):
        entries += [(number, at, 1.0), (number, need, -1.0)]
    shape = (len(lines) + len(orders), len(units))
    matrix = coo_array(
        ([e[2] for e in entries], ([e[0] for e in entries], [e[1] for e in entries])), shape=shape
    ).tocsr()
    most = np.array([*(capacity.free(line) for line in lines), *(0.0 for _ in orders)])
    bonus = np.array([float(worth.sum()) + 1 if at in wanted else 0.0 for at in range(len(units))])
    found = milp(
        -(worth + bonus),
        constraints=LinearConstraint(matrix, -np.inf, most),
        integrality=np.ones(len(units)),
        bounds=Bounds(0, 1),
        options={"time_limit": _SECONDS, "node_limit": _NODES, "mip_rel_gap": _CLOSE_ENOUGH},
    )
    bound = float(worth.sum()) if found.mip_dual_bound is None else -float(found.mip_dual_bound)
    if found.x is None:
        return None, float(worth.sum())
    picked = frozenset(int(at) for at in np.flatnonzero(found.x > 0.5))
    return picked, min(bound - float(bonus[list(picked)].sum()), float(worth.sum()))


def _placed(board: _Board, order: Sequence[int], picked: frozenset[int] | None) -> Choice:
    """Units placed in order, the picked before all others (None: no difference); each whole or not at all."""
    placing = Placing(board.capacity.days, board.within)
    room = dict(board.room)
    done: dict[int, None] = {}
    late: set[str] = set()
    first = order if picked is None else [at for at in order if at in picked]
    for at in (*first, *(at for at in order if picked is not None and at not in picked)):
        unit, hours = board.units[at], board.hours[at]
        if not unit.needs <= done.keys() or any(need > room[line] + _EDGE for line, need in hours.items()):
            continue
        if not _place(board.pieces[at], placing, board.capacity):
            late.update(item.id for item in unit.items)
            continue
        done[at] = None
        for line, need in hours.items():
            room[line] -= need
    chosen = tuple(item.id for at in done for item in board.units[at].items)
    return Choice(chosen, placing.places, sum(board.units[at].worth for at in done), 0.0, frozenset(late))


def _hours(unit: Unit) -> Mapping[Line, float]:
    found: dict[Line, float] = {}
    for item in unit.items:
        for line, hours in item.by_line.items():
            found[line] = found.get(line, 0.0) + hours
    return found


def _place(pieces: Sequence[Piece], placing: Placing, capacity: Capacity) -> bool:
    """Place all of these pieces, or none of them."""
    placed: list[str] = []
    for piece in pieces:
        ready = capacity.opens if piece.not_before is None else capacity.days.moment(piece.not_before)
        after = [key for key in piece.after if key in placing.places]
        if placing.place(piece, after, max(ready, capacity.opens)) is None:
            for key in reversed(placed):
                placing.take_back(key)
            return False
        placed.append(piece.key)
    return True


def sequence(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Pieces, each behind those of them that come first. Raises graphlib.CycleError."""
    from graphlib import TopologicalSorter

    known = {piece.key: piece for piece in pieces}
    graph = {key: [one for one in piece.after if one in known] for key, piece in known.items()}
    return tuple(known[key] for key in TopologicalSorter(graph).static_order())
