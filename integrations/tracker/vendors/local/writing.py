"""What the embedded tracker writes, inside the transaction that also holds the effect's receipt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from integrations.tracker import (
    EpicDraft,
    NoSuchItem,
    StoryDraft,
    StoryEdit,
    StoryStatus,
)
from integrations.tracker.rules import OPEN, Progress, moved, require_unchanged, status_after
from integrations.tracker.vendors.local.searching import write_words
from integrations.tracker.vendors.local.tables import (
    CounterRow,
    DefectRow,
    DependencyRow,
    EpicRow,
    SprintRow,
    StoryEventRow,
    StoryRow,
)


async def make_epic(tx: AsyncSession, draft: EpicDraft, at: datetime) -> list[str]:
    """Write a new epic; its id."""
    number = await _next_number(tx, "EPIC")
    epic = EpicRow(
        id=f"EPIC-{number}",
        number=number,
        title=draft.title,
        product=draft.product,
        document=draft.document,
        priority=draft.priority,
        customers=list(draft.customers),
        created=at,
    )
    tx.add(epic)
    await tx.flush()
    await write_words(tx, "epic", {epic.id: (draft.title, *filter(None, [draft.document]))})
    return [epic.id]


async def cancel_epic(tx: AsyncSession, epic: str, reason: str, by: str, at: datetime) -> list[str]:
    """Cancel an epic and its open stories; its id. Raises NoSuchItem."""
    row = (await tx.execute(select(EpicRow).where(EpicRow.id == epic).with_for_update())).scalar()
    if row is None:
        raise NoSuchItem(f"There is no epic {epic}.")
    row.cancelled = row.cancelled or at
    for story in await _locked(tx, StoryRow.epic == epic, StoryRow.status.in_(sorted(OPEN))):
        _move(tx, story, StoryStatus.CANCELLED, by, at, reason)
    await tx.flush()
    return [epic]


async def make_story(tx: AsyncSession, draft: StoryDraft, by: str, at: datetime) -> list[str]:
    """Write a new story with what hangs on it; its id. Raises NoSuchItem."""
    await _require(tx, EpicRow.id, "epic", draft.epic)
    for other in draft.depends_on:
        await _require(tx, StoryRow.id, "story", other)
    if draft.origin is not None:
        await _require(tx, StoryRow.id, "story", draft.origin.story)
    number = await _next_number(tx, "CARD")
    story = _new_story(draft, number, at)
    tx.add(story)
    await tx.flush()
    await write_words(tx, "story", {story.id: (draft.title,)})
    tx.add(StoryEventRow(story=story.id, at=at, status=story.status, by=by))
    for position, other in enumerate(dict.fromkeys(draft.depends_on)):
        tx.add(DependencyRow(story=story.id, depends_on=other, position=position))
    if draft.origin is not None:
        origin = draft.origin
        tx.add(DefectRow(story=story.id, origin=origin.story, stage=origin.stage, found=origin.found))
    await tx.flush()
    return [story.id]


async def change_stories(tx: AsyncSession, edits: Sequence[StoryEdit], by: str, at: datetime) -> list[str]:
    """Write the changes; the stories' ids. Raises NoSuchItem, StaleItem."""
    ids = [edit.story for edit in edits]
    if len(set(ids)) < len(ids):
        raise ValueError("a story is changed twice in one effect")
    stories = {story.id: story for story in await _locked(tx, StoryRow.id.in_(ids))}
    for edit in edits:
        if edit.story not in stories:
            raise NoSuchItem(f"There is no story {edit.story}.")
        story = stories[edit.story]
        require_unchanged(story, edit.was)
        await _require(tx, SprintRow.id, "sprint", edit.change.sprint or None)
        _apply(tx, story, edit, by, at)
    await tx.flush()
    return ids


def _new_story(draft: StoryDraft, number: int, at: datetime) -> StoryRow:
    return StoryRow(
        id=f"CARD-{number}",
        number=number,
        title=draft.title,
        description=draft.description,
        acceptance=list(draft.acceptance),
        team=draft.team,
        product=draft.product,
        status=StoryStatus.BACKLOG,
        priority=draft.priority,
        epic=draft.epic,
        discipline=draft.discipline,
        estimate_hours=draft.estimate_hours,
        customers=list(draft.customers),
        labels=list(draft.labels),
        created=at,
    )


async def _next_number(tx: AsyncSession, kind: str) -> int:
    # The row stays locked until the transaction ends, so numbers follow the order of commits.
    taken = insert(CounterRow).values(kind=kind, last=1)
    taken = taken.on_conflict_do_update(index_elements=["tenant", "kind"], set_={"last": CounterRow.last + 1})
    return (await tx.execute(taken.returning(CounterRow.last))).scalar_one()


async def _require(tx: AsyncSession, column: InstrumentedAttribute[str], kind: str, item: str | None) -> None:
    if item is not None and (await tx.execute(select(column).where(column == item))).scalar() is None:
        raise NoSuchItem(f"There is no {kind} {item}.")


async def _locked(tx: AsyncSession, *where: ColumnElement[bool]) -> Iterable[StoryRow]:
    # Everybody locks in the same order, so that two effects on the same stories never wait for each other.
    query = select(StoryRow).where(*where).order_by(StoryRow.number).with_for_update()
    return (await tx.execute(query)).scalars().all()


def _apply(tx: AsyncSession, story: StoryRow, edit: StoryEdit, by: str, at: datetime) -> None:
    change = edit.change
    if change.priority is not None:
        story.priority = change.priority
    if change.team is not None:
        story.team = change.team
    if change.assignee is not None:
        story.assignee = change.assignee or None
    if change.estimate_hours is not None:
        story.estimate_hours = change.estimate_hours
    if change.sprint is not None:
        story.sprint = change.sprint or None
    status = status_after(StoryStatus(story.status), change)
    if status != story.status:
        _move(tx, story, status, by, at, edit.reason)


def _move(
    tx: AsyncSession, story: StoryRow, status: StoryStatus, by: str, at: datetime, reason: str | None
) -> None:
    was = Progress(StoryStatus(story.status), story.blocked_reason, story.started, story.finished)
    now = moved(was, status, at, reason)
    story.status, story.blocked_reason = now.status, now.blocked_reason
    story.started, story.finished = now.started, now.finished
    tx.add(StoryEventRow(story=story.id, at=at, status=status, by=by, reason=reason))
