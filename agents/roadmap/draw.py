"""Working a roadmap out: items, hours, choice, chances, and the reason each item is in or out.

Pure and CPU-bound (a second or two; up to ten for five hundred items): call it from a thread. The same input
gives the same roadmap.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agents.planning.course import Line
from agents.planning.request import PlanningInput
from agents.planning.terms import content_stems
from agents.roadmap.backlog import backlog_of, known_errors
from agents.roadmap.capacity import Capacity, capacity
from agents.roadmap.chances import RUNS, Known, outcomes
from agents.roadmap.choice import Choice, choose
from agents.roadmap.items import Backlog, Item, Span, Wishes
from agents.roadmap.reading import Read
from agents.roadmap.roadmap import Chosen, Left, Roadmap, TeamPlan, Why
from governance.department import Department
from governance.moments import day_text

_EDGE = 1e-6
_ID = re.compile(r"[\w.]+[-#/]\d+")
"""As trackers write ids; no words of a title are meant by one."""


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Items to choose from, the ids of those that go first, and those that are out beforehand."""

    items: tuple[Item, ...]
    must: frozenset[str] = frozenset()
    out: Mapping[str, tuple[Why, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def draw(
    read: Read, department: Department, span: Span, wishes: Wishes, promised: Mapping[str, Span] | None = None
) -> Roadmap:
    """The roadmap for `span`. `promised` are items on the plan of record of another time, with that time."""
    known = known_errors(read)
    backlog = backlog_of(read, span, known)
    return draw_from(backlog, read.given, known, department, span, wishes, promised)


def draw_from(
    backlog: Backlog,
    given: PlanningInput,
    known: Known,
    department: Department,
    span: Span,
    wishes: Wishes,
    promised: Mapping[str, Span] | None = None,
) -> Roadmap:
    """The roadmap from items that are there."""
    there = capacity(given, department, span, wishes)
    split = _sorted(backlog.items, department, wishes, promised or {})
    before = {id for id, other in (promised or {}).items() if other.ends <= span.starts}
    split = replace(split, out=_with_those_behind(split, backlog.items, before))
    free = [item for item in split.items if item.id not in split.out]
    choice = choose(free, there, split.must)
    by_id = {item.id: item for item in free}
    chosen = [by_id[id] for id in choice.chosen]
    runs = outcomes(chosen, choice.places, there.days, there.closes, known, _seed(backlog, span))
    planned = _planned(chosen)
    placed = [_chosen(item, choice, there, runs[item.id].chance, by_id) for item in chosen]
    placed = [replace(one, likely=runs[one.id].likely) for one in placed]
    left = [_left(item, split, choice, there, planned) for item in split.items if item.id not in choice.chosen]
    return Roadmap(
        span,
        wishes,
        tuple(sorted(placed, key=lambda one: (one.begins, one.ends, -one.worth.value, one.id))),
        tuple(sorted(left, key=lambda one: (-one.worth.value / max(one.hours, 0.25), one.id))),
        tuple(
            TeamPlan(team, {name: planned.get((team.team, name), 0.0) for name in team.free})
            for team in there.teams
        ),
        round(choice.worth, 4),
        round(choice.bound, 4),
        len(split.items),
        backlog.open_items,
        backlog.unread,
        backlog.committed,
        backlog.estimated,
        backlog.unestimated,
        backlog.overrun,
        backlog.overrun_from,
        round(there.before, 2),
        RUNS,
        backlog.as_of,
        there.supposed,
        (*backlog.notes, *split.notes),
    )


def _seed(backlog: Backlog, span: Span) -> int:
    """The same work gives the same runs."""
    told = "|".join((f"{span.starts} {span.ends}", *(item.id for item in backlog.items)))
    return int(hashlib.sha256(told.encode()).hexdigest()[:16], 16)


def _sorted(
    items: Sequence[Item], department: Department, wishes: Wishes, promised: Mapping[str, Span]
) -> _Sorted:
    """What is chosen among, by what people asked for."""
    if wishes.only is not None:
        items = [item for item in items if item.id in wishes.only]
    if wishes.product:
        items = [item for item in items if item.product == wishes.product]
    if wishes.team:
        items = [item for item in items if any(piece.team == wishes.team for piece in item.pieces)]
    out: dict[str, tuple[Why, str]] = {item.id: ("never", item.never) for item in items if item.never}
    for item in items:
        if item.id in promised and wishes.only is None:
            out.setdefault(item.id, ("elsewhere", f"it is on the roadmap of {promised[item.id].name}"))
    notes: list[str] = []
    for words in wishes.without:
        meant = named(words, items, department)
        out.update(dict.fromkeys(meant, ("asked", f"left out, as asked (“{words}”)")))
        if not meant:
            notes.append(f"Nothing in the backlog is called “{words}”, so nothing was left out for it.")
    must: set[str] = set()
    for words in wishes.include:
        meant = named(words, items, department)
        must.update(id for id in meant if id not in out)
        if not meant:
            notes.append(f"Nothing in the backlog is called “{words}”, so nothing was put first for it.")
    return _Sorted(tuple(items), frozenset(must), out, tuple(notes))


def _with_those_behind(
    split: _Sorted, everything: Sequence[Item], before: Collection[str]
) -> dict[str, tuple[Why, str]]:
    """What is out, with all that comes after something which is out, or is not chosen among at all. What is
    planned for the time `before` this one is taken to be done by then."""
    home = {piece.key: item.id for item in everything for piece in item.pieces}
    out = dict(split.out)
    among = {item.id for item in split.items}
    changed = True
    while changed:
        changed = False
        for item in split.items:
            needs = {home[key] for piece in item.pieces for key in piece.after if key in home} - {item.id}
            lost = sorted(id for id in needs if id not in before and (id in out or id not in among))
            if lost and item.id not in out:
                out[item.id], changed = ("order", _behind_text(lost)), True
    return out


def _behind_text(names: Sequence[str]) -> str:
    return f"it comes after {', '.join(names[:3])}, which {'is' if len(names) == 1 else 'are'} out"


def named(words: str, items: Iterable[Item], department: Department) -> frozenset[str]:
    """The items that are meant by a name: an id, words of a title, or of a product or one of its aliases."""
    said = words.casefold().strip()
    if _ID.fullmatch(said):
        return frozenset(item.id for item in items if item.id.casefold() == said)
    wanted = content_stems(words)
    products = {
        product.id
        for product in department.products
        if said
        in {product.id.casefold(), product.name.casefold(), *(one.casefold() for one in product.aliases)}
        or (wanted and wanted == content_stems(product.name))
    }
    return frozenset(
        item.id
        for item in items
        if item.product in products or (wanted and wanted <= content_stems(item.title))
    )


def _planned(chosen: Iterable[Item]) -> dict[Line, float]:
    found: dict[Line, float] = {}
    for item in chosen:
        for line, hours in item.by_line.items():
            found[line] = found.get(line, 0.0) + hours
    return found


def _chosen(item: Item, choice: Choice, there: Capacity, chance: float, others: Mapping[str, Item]) -> Chosen:
    places = [choice.places[piece.key] for piece in item.pieces]
    ends = there.days.last_day(max(place.ends for place in places))
    return Chosen(
        item.id,
        item.title,
        item.kind,
        item.product,
        item.priority.value,
        tuple(dict.fromkeys(piece.team for piece in item.pieces)),
        tuple(piece.key for piece in item.pieces),
        round(item.hours, 2),
        there.days.first_day(min(place.begins for place in places)),
        ends,
        chance,
        ends,
        item.worth,
        _for_it(item, choice, others),
    )


def _for_it(item: Item, choice: Choice, others: Mapping[str, Item]) -> str:
    """What speaks for an item that is in."""
    worth = item.worth
    said = [f"{worth.basis} {worth.given:g}" if worth.given is not None else f"priority {item.priority.value}"]
    if worth.waiting:
        count = len(worth.waiting)
        said.append(f"{count} customer{'' if count == 1 else 's'} wait{'s' if count == 1 else ''} for it")
        if worth.revenue.without:
            said.append(f"the revenue of {', '.join(worth.revenue.without[:3])} is not known and not counted")
    if worth.due is not None:
        said.append(f"due {day_text(worth.due)}" + (", which doubles it" if worth.urgency > 1 else ""))
    keys = {piece.key for piece in item.pieces}
    behind = [
        other.id
        for other in (others[id] for id in choice.chosen if id != item.id)
        if any(keys.intersection(piece.after) for piece in other.pieces)
    ]
    if behind:
        said.append(f"{', '.join(behind[:3])} {'comes' if len(behind) == 1 else 'come'} after it")
    return "; ".join(said)


def _left(item: Item, split: _Sorted, choice: Choice, there: Capacity, planned: Mapping[Line, float]) -> Left:
    kind, why, lacks = _against_it(item, split, choice, there, planned)
    return Left(
        item.id,
        item.title,
        item.product,
        item.priority.value,
        round(item.hours, 2),
        item.worth,
        kind,
        why,
        round(lacks, 2),
    )


def _against_it(
    item: Item, split: _Sorted, choice: Choice, there: Capacity, planned: Mapping[Line, float]
) -> tuple[Why, str, float]:
    """Why an item is out, in the order in which it is looked for: asked or impossible, what it needs is out,
    too few hours, or not in time."""
    if item.id in split.out:
        return (*split.out[item.id], 0.0)
    home = {piece.key: other.id for other in split.items for piece in other.pieces}
    needs = {home[key] for piece in item.pieces for key in piece.after if key in home} - {item.id}
    if missing := sorted(needs - set(choice.chosen)):
        return "order", _behind_text(missing), 0.0
    short = {
        line: hours - (there.free(line) - planned.get(line, 0.0))
        for line, hours in item.by_line.items()
        if hours > there.free(line) - planned.get(line, 0.0) + _EDGE
    }
    if not short:
        return "time", "there are hours for it, but its stories come one after the other and end too late", 0.0
    line = max(short, key=lambda one: (short[one], one))
    name = next((team.name for team in there.teams if team.team == line[0]), line[0])
    hours, free, used = item.by_line[line], there.free(line), planned.get(line, 0.0)
    if hours > free:
        why = f"it needs {hours:,.1f} agent-hours of {line[1]} of {name}, which has {free:,.1f} in all"
    else:
        why = (
            f"{line[1]} of {name} has {max(free - used, 0.0):,.1f} agent-hours left after what is worth more"
            f" for its hours, and it needs {hours:,.1f}"
        )
    return "hours", why, sum(short.values())
