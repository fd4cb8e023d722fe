"""Taking work that was tracked elsewhere into the embedded tracker, with the ids and times that it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.tracker import Defect, Epic, Sprint, Story, StoryEvent, StoryStatus
from integrations.tracker.vendors.local.receipts import once
from integrations.tracker.vendors.local.searching import write_words


@dataclass(frozen=True, slots=True)
class History:
    """What was tracked. Ids end in numbers, which give the order of creation; events are in theirs."""

    epics: Sequence[Epic]
    sprints: Sequence[Sprint]
    stories: Sequence[Story]
    events: Sequence[StoryEvent]
    defects: Sequence[Defect]


async def take_over(tx: AsyncSession, name: str, history: History) -> bool:
    """Write the history, once: a second call with the same name does nothing, and returns False.

    Raises sqlalchemy.exc.IntegrityError if it names what is not in it, or what is there already.
    """
    written = False

    async def write() -> list[str]:
        nonlocal written
        written = True
        await _insert(tx, "tracker_epics", [_epic_row(epic) for epic in history.epics])
        await _insert(tx, "tracker_sprints", [_row(sprint) for sprint in history.sprints])
        await _insert(tx, "tracker_stories", [_story_row(story) for story in history.stories])
        await _insert(tx, "tracker_dependencies", _dependency_rows(history.stories))
        await _insert(tx, "tracker_story_events", [_row(event) for event in history.events])
        await _insert(tx, "tracker_defects", [_defect_row(defect) for defect in history.defects])
        epics = {epic.id: (epic.title, *filter(None, [epic.document])) for epic in history.epics}
        await write_words(tx, "epic", epics)
        await write_words(tx, "story", {story.id: (story.title,) for story in history.stories})
        await _insert(tx, "tracker_counters", _counter_rows(history))
        return [epic.id for epic in history.epics]

    await once(tx, name, "history", write)
    return written


async def _insert(tx: AsyncSession, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    # One statement a table: COPY is not possible where row-level security holds.
    if rows:
        columns = ", ".join(f'"{column}"' for column in rows[0])
        statement = (
            f"INSERT INTO {table} ({columns}) SELECT {columns}"  # noqa: S608 - names of this file's own
            f" FROM jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb))"
        )
        await tx.execute(text(statement), {"rows": to_json(rows).decode()})


def _row(item: Epic | Sprint | Story | StoryEvent, *but: str) -> dict[str, Any]:
    return {part.name: getattr(item, part.name) for part in fields(item) if part.name not in but}


def number_of(item: str) -> int:
    """The number in an id: 1234 of `CARD-1234`. Raises ValueError."""
    return int(item.rpartition("-")[2])


def _epic_row(epic: Epic) -> dict[str, Any]:
    # Any other status follows from the stories. When an epic was cancelled elsewhere nobody recorded.
    cancelled = epic.created if epic.status is StoryStatus.CANCELLED else None
    return {**_row(epic, "status"), "number": number_of(epic.id), "cancelled": cancelled}


def _story_row(story: Story) -> dict[str, Any]:
    return {**_row(story, "depends_on"), "number": number_of(story.id)}


def _dependency_rows(stories: Sequence[Story]) -> list[dict[str, Any]]:
    return [
        {"story": story.id, "depends_on": other, "position": position}
        for story in stories
        for position, other in enumerate(story.depends_on)
    ]


def _defect_row(defect: Defect) -> dict[str, Any]:
    origin = defect.origin
    return {"story": defect.story, "origin": origin.story, "stage": origin.stage, "found": origin.found}


def _counter_rows(history: History) -> list[dict[str, Any]]:
    counted = {
        "EPIC": [number_of(epic.id) for epic in history.epics],
        "CARD": [number_of(story.id) for story in history.stories],
    }
    return [{"kind": kind, "last": max(numbers)} for kind, numbers in counted.items() if numbers]
