"""Open work as items to choose from: stories under their features, with hours, order and worth.

A story that is in a sprint which is not over is committed: its hours are taken off what is free, and it is no
part of an item. A blocked one stays a part of its item, for nobody knows when it goes on. CPU-bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from graphlib import CycleError

from agents.planning.draft import NotEnoughHistory
from agents.planning.estimates import estimate, past_accuracy
from agents.planning.history import DoneWork
from agents.roadmap.capacity import no_line
from agents.roadmap.chances import Known, written_accuracy
from agents.roadmap.choice import sequence
from agents.roadmap.items import Backlog, Item, Piece, Span
from agents.roadmap.reading import Read
from agents.roadmap.worth import Speaks, weigh
from integrations.tracker import Epic, Story, StoryStatus

MOST_ITEMS = 500
_SHOWN = 3


def known_errors(read: Read) -> Known:
    """How far off the department's estimates were."""
    written, count = written_accuracy(read.given.done())
    return Known(written, past_accuracy(read.given.work()), count)


def backlog_of(read: Read, span: Span, known: Known) -> Backlog:
    """At most MOST_ITEMS items, the most urgent first."""
    held = _held(read)
    waiting = [story for story in read.stories if story.id not in held]
    groups: defaultdict[str, list[Story]] = defaultdict(list)
    for story in waiting:
        groups[story.epic or story.id].append(story)
    ranked = sorted(groups, key=lambda id: (min(s.priority for s in groups[id]), _number(id)))
    taken = ranked[:MOST_ITEMS]
    work = read.given.work()
    pieces = {story.id: _piece(story, work, known) for id in taken for story in groups[id]}
    items = _items({id: groups[id] for id in taken}, read, span, held, pieces)
    found = [piece for piece in pieces.values() if piece is not None]
    return Backlog(
        _without_circles(items),
        len(ranked),
        len(held),
        read.unread,
        sum(piece.written is None for piece in found),
        len(pieces) - len(found),
        None if known.overrun is None else round(known.overrun, 3),
        known.written_from,
        read.given.as_of,
    )


def _number(id: str) -> tuple[int, str]:
    digits = "".join(filter(str.isdigit, id))
    return int(digits[:18] or "0"), id


def _held(read: Read) -> dict[str, date]:
    """Stories in sprints that are not over, with the day after their sprint."""
    ends = {sprint.id: sprint.ends for sprint in read.given.sprints}
    return {
        story.id: ends[story.sprint]
        for story in (*read.stories, *read.given.committed())
        if story.sprint in ends and story.status in (StoryStatus.SCHEDULED, StoryStatus.IN_PROGRESS)
    }


def _piece(story: Story, work: DoneWork, known: Known) -> Piece | None:
    """A story's work; None where nobody can tell how much it is."""
    item = story.epic or story.id
    if story.estimate_hours is not None and story.estimate_hours > 0:
        hours, written, spread = known.expected(story.estimate_hours), story.estimate_hours, 1.0
    else:
        found = estimate(f"{story.title}. {story.description}", story.discipline, work)
        if isinstance(found, NotEnoughHistory):
            return None
        hours, written, spread = found.p50, None, found.spread
    return Piece(story.id, item, story.team, story.discipline, round(hours, 2), written, spread)


def _items(
    groups: Mapping[str, Sequence[Story]],
    read: Read,
    span: Span,
    held: Mapping[str, date],
    pieces: Mapping[str, Piece | None],
) -> tuple[Item, ...]:
    epics = {epic.id: epic for epic in read.epics}
    speaks = {id: _speaks(id, own, epics.get(id), pieces) for id, own in groups.items()}
    worth = weigh(speaks, read.demand, span, read.given.today)
    return tuple(
        Item(
            id,
            epics[id].title if id in epics else own[0].title,
            "feature" if own[0].epic is not None else "story",
            epics[id].product if id in epics else own[0].product,
            speaks[id].priority,
            worth[id],
            tuple(_after(piece, story, held, pieces) for story in own if (piece := pieces[story.id])),
            _never(id, own, read, held, pieces),
        )
        for id, own in groups.items()
    )


def _speaks(id: str, own: Sequence[Story], epic: Epic | None, pieces: Mapping[str, Piece | None]) -> Speaks:
    customers = {customer for story in own for customer in story.customers}
    return Speaks(
        frozenset({id, *(story.id for story in own)}),
        frozenset(customers | set(epic.customers if epic else ())),
        tuple(label for story in own for label in story.labels),
        min(story.priority for story in own),
        sum(piece.hours for story in own if (piece := pieces[story.id])),
    )


def _after(piece: Piece, story: Story, held: Mapping[str, date], pieces: Mapping[str, Piece | None]) -> Piece:
    """With what it comes after; what is in a sprint is taken to be done when that ends."""
    first = [held[key] for key in story.depends_on if key in held]
    after = tuple(key for key in story.depends_on if pieces.get(key) is not None)
    return replace(piece, after=after, not_before=max(first, default=None))


def _never(
    id: str, own: Sequence[Story], read: Read, held: Mapping[str, date], pieces: Mapping[str, Piece | None]
) -> str:
    """Why an item cannot be chosen; empty where it can."""
    if id in read.partly:
        return "only a part of its stories was read: the backlog has more of them than are looked at"
    if missing := [story.id for story in own if pieces[story.id] is None]:
        return f"no estimate of {_some(missing)}, and not enough history to estimate from"
    hours = {
        (team.id, kind.value) for team in read.given.teams for kind, week in team.capacity.items() if week > 0
    }
    for story in own:
        if (story.team, story.discipline) not in hours:
            return f"{no_line((story.team, story.discipline), read.given.teams)} ({story.id})"
    known = {story.id for story in read.stories}
    for story in own:
        for key in story.depends_on:
            if key in read.elsewhere or (key in known and key not in held and pieces.get(key) is None):
                return f"{story.id} comes after {key}, of which nobody knows when it is done"
    return ""


def _without_circles(items: Sequence[Item]) -> tuple[Item, ...]:
    """Stories that wait for each other in a circle never begin: their items are out, and so is what waits."""
    found = list(items)
    while True:
        pieces = [piece for item in found if not item.never for piece in item.pieces]
        try:
            sequence(pieces)
        except CycleError as circle:
            names = list(dict.fromkeys(circle.args[1]))
            homes = {piece.item for piece in pieces if piece.key in names}
            why = f"{' → '.join([*names[:4], names[0]])} come after each other in a circle"
            found = [replace(item, never=why) if item.id in homes else item for item in found]
            continue
        return _behind(found)


def _behind(items: Sequence[Item]) -> tuple[Item, ...]:
    """What needs an item that can never be chosen cannot be either."""
    found = {item.id: item for item in items}
    home = {piece.key: item.id for item in items for piece in item.pieces}
    changed = True
    while changed:
        changed = False
        for item in list(found.values()):
            needs = {home[key] for piece in item.pieces for key in piece.after if key in home} - {item.id}
            lost = sorted(need for need in needs if found[need].never)
            if lost and not item.never:
                why = f"it comes after {_some(lost)}: {found[lost[0]].never}"
                found[item.id], changed = replace(item, never=why), True
    return tuple(found.values())


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
