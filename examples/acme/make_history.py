"""Makes the sample's history anew: `python -m examples.acme.make_history`, from the project's root.

Writes epics, stories, sprints and events below `history/`, one JSON object a line. The same files come out
each time. The product never runs this; its output is committed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from examples.acme.past_work import NOW, PastWork, Piece, ramp
from examples.acme.story_words import Words
from examples.acme.told_work import told_pieces
from examples.acme.working_time import WorkingTime
from governance.department import Department
from governance.department_file import read_department
from integrations.tracker import Epic, Priority, Sprint, StoryEvent, StoryStatus

HERE = Path(__file__).parent
SEED = 20250106
LAST_SPRINT_STARTS = date(2027, 6, 28)
KNOWN_STORY = ("order-history", 1234)
"""Stories are numbered in the order of their creation, so that this one gets this number."""


def main(folder: Path = HERE / "history") -> None:
    """Write the four files into `folder`."""
    department = read_department(HERE / "department.yaml")
    chance = random.Random(SEED)
    clock = WorkingTime(department.calendar_of(None))
    words = Words(chance)
    told = yaml.safe_load((HERE / "history_now.yaml").read_text(encoding="utf-8"))
    past = [
        _with_dependencies(piece, chance)
        for piece in _by_epic(PastWork(department, words, clock, chance).pieces())
    ]
    sprints = tuple(_sprints(department, clock))
    pieces = [_placed(piece, sprints) for piece in _numbered([*past, *told_pieces(told["stories"])])]
    themes = [asdict(theme) for theme in words.themes] + told["epics"]
    epics = _epics(themes, pieces)
    _write(folder / "epics.jsonl", (asdict(epic) for epic in epics.values()))
    _write(folder / "stories.jsonl", (_line(piece, epics) for piece in pieces))
    _write(folder / "sprints.jsonl", (asdict(sprint) for sprint in sprints))
    events = (event for piece in pieces for event in _events(piece))
    _write(
        folder / "events.jsonl",
        (asdict(event) for event in sorted(events, key=lambda event: (event.at, event.story))),
    )


def _by_epic(pieces: Iterable[Piece]) -> list[tuple[Piece, list[Piece]]]:
    """Each piece with those of its epic that were done before it began."""
    known = list(pieces)
    groups: dict[str | None, list[Piece]] = {}
    for piece in known:
        groups.setdefault(piece.story.epic, []).append(piece)
    return [(piece, [other for other in groups[piece.story.epic] if _before(other, piece)]) for piece in known]


def _before(other: Piece, piece: Piece) -> bool:
    started = piece.story.started
    if started is None or other.story.epic is None or other.story.finished is None:
        return False
    return started - timedelta(days=60) < other.story.finished <= started


def _with_dependencies(found: tuple[Piece, list[Piece]], chance: random.Random) -> Piece:
    piece, before = found
    if not before or chance.random() > 0.15:
        return piece
    return replace(piece, story=replace(piece.story, depends_on=(chance.choice(before).key,)))


def _numbered(pieces: Iterable[Piece]) -> list[Piece]:
    """Keys become ids (`CARD-1234`), in the order of creation."""
    ordered = sorted(pieces, key=lambda piece: (piece.story.created, piece.key))
    key, number = KNOWN_STORY
    first = number - [piece.key for piece in ordered].index(key)
    if first < 1:
        raise ValueError(f"{1 - first} stories too many were created before `{key}`")
    ids = {piece.key: f"CARD-{first + position}" for position, piece in enumerate(ordered)}
    return [_renamed(piece, ids) for piece in ordered]


def _renamed(piece: Piece, ids: Mapping[str, str]) -> Piece:
    depends_on = tuple(ids[key] for key in piece.story.depends_on)
    origin = piece.origin
    if origin is not None and origin.story is not None:
        origin = replace(origin, story=ids[origin.story])
    return replace(piece, story=replace(piece.story, id=ids[piece.key], depends_on=depends_on), origin=origin)


def _sprints(department: Department, clock: WorkingTime) -> Iterator[Sprint]:
    length = timedelta(weeks=department.sprints.weeks)
    first = department.sprints.first
    if first is None:
        raise ValueError("the sample's file says when its first sprint begins")
    for team in department.teams:
        starts, number = first, 1
        while starts <= LAST_SPRINT_STARTS:
            share = clock.days_between(starts, starts + length) / (5 * department.sprints.weeks)
            hours = sum(team.capacity.values()) * department.sprints.weeks * share * ramp(starts)
            yield Sprint(
                f"{team.id}-s{number:02d}",
                team.id,
                f"{team.name}, sprint {number}",
                starts,
                starts + length,
                round(hours, 1),
            )
            starts, number = starts + length, number + 1


def _placed(piece: Piece, sprints: Iterable[Sprint]) -> Piece:
    """The sprint in which a story was done, the one about to start for what is under way, or a later one."""
    story = piece.story
    if story.status in (StoryStatus.BACKLOG, StoryStatus.CANCELLED):
        return piece
    day = (story.finished or NOW + timedelta(days=3)).date()
    later = story.status is StoryStatus.SCHEDULED and story.priority in (Priority.P2, Priority.P3)
    day += timedelta(weeks=2 if later else 0)
    sprint = next(known for known in sprints if known.team == story.team and known.starts <= day < known.ends)
    return replace(piece, story=replace(story, sprint=sprint.id))


def _epics(themes: Iterable[Mapping[str, Any]], pieces: Iterable[Piece]) -> dict[str, Epic]:
    """Epics by key, in the order in which they began, a day or two before their first story."""
    stories: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.story.epic is not None:
            stories.setdefault(piece.story.epic, []).append(piece)
    begun = {key: min(piece.story.created for piece in found) for key, found in stories.items()}
    ordered = sorted(themes, key=lambda theme: (begun[theme["key"]], theme["key"]))
    return {
        theme["key"]: Epic(
            id=f"EPIC-{number}",
            title=theme["title"],
            product=theme["product"],
            document=theme.get("document"),
            status=_status({piece.story.status for piece in stories[theme["key"]]}),
            priority=Priority(theme["priority"]),
            customers=tuple(theme.get("customers", ())),
            created=begun[theme["key"]] - timedelta(hours=1),
        )
        for number, theme in enumerate(ordered, 1)
    }


def _status(found: set[StoryStatus]) -> StoryStatus:
    if found <= {StoryStatus.DONE, StoryStatus.CANCELLED}:
        return StoryStatus.DONE
    return StoryStatus.IN_PROGRESS


def _line(piece: Piece, epics: Mapping[str, Epic]) -> dict[str, Any]:
    story = piece.story
    epic = None if story.epic is None else epics[story.epic].id
    origin = None if piece.origin is None else asdict(piece.origin)
    return {**asdict(replace(story, epic=epic)), "origin": origin}


def _events(piece: Piece) -> Iterator[StoryEvent]:
    """How the story came to where it stands."""
    story = piece.story
    owner = f"{story.team}/product_owner"
    yield StoryEvent(story.id, story.created, StoryStatus.BACKLOG, owner, None)
    if piece.scheduled is not None:
        yield StoryEvent(
            story.id, piece.scheduled, StoryStatus.SCHEDULED, f"{story.team}/project_manager", None
        )
    if story.status is StoryStatus.CANCELLED:
        yield StoryEvent(story.id, NOW - timedelta(days=1), story.status, owner, "Not needed any more")
    if story.started is None:
        return
    by = story.assignee or owner
    yield StoryEvent(story.id, story.started, StoryStatus.IN_PROGRESS, by, None)
    for wait in piece.waits:
        yield StoryEvent(story.id, wait.since, StoryStatus.BLOCKED, by, wait.reason)
        if wait.until < NOW:
            yield StoryEvent(story.id, wait.until, StoryStatus.IN_PROGRESS, by, None)
    if story.finished is not None:
        yield StoryEvent(story.id, story.finished, StoryStatus.DONE, by, None)


def _write(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    lines = (json.dumps(entry, ensure_ascii=False, default=_written) for entry in entries)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


if __name__ == "__main__":
    main()
