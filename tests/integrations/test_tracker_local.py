"""The embedded tracker keeps the contract, and its rows keep their keys."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from governance.visibility import EVERYTHING
from integrations.tracker import Sprint, StoryQuery, Tracker
from integrations.tracker.vendors.local.tables import SprintRow, StoryEventRow
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.integrations.tracker_contract import TrackerContract
from tests.integrations.tracker_drafts import draft, grant


class TestLocalTracker(TrackerContract):
    @pytest.fixture
    def tracker(self, database: Database, tenant: str) -> Tracker:
        return LocalTracker(database, tenant)

    @pytest.fixture
    async def neighbour(self, database: Database, tenant: str) -> Tracker:
        return LocalTracker(database, f"{tenant}' OR 'x'='x")

    @pytest.fixture(autouse=True)
    async def sprints(self, database: Database, tenant: str) -> tuple[Sprint, ...]:
        made = tuple(
            Sprint(f"{team}-{week}", team, "Sprint", starts, starts + timedelta(weeks=2), 80.0)
            for week, team in ((0, "alpha"), (2, "alpha"), (2, "beta"), (4, "alpha"), (4, "beta"))
            for starts in [date(2026, 11, 2) + timedelta(weeks=week)]
        )
        async with database.transaction(tenant) as tx:
            for one in reversed(made):
                tx.add(SprintRow(**{part.name: getattr(one, part.name) for part in fields(Sprint)}))
        return made

    @pytest.fixture
    def sprint(self, sprints: tuple[Sprint, ...]) -> str:
        return sprints[0].id


async def test_ids_count_up_without_gaps_and_each_company_from_one(database: Database, tenant: str) -> None:
    ours, theirs = LocalTracker(database, tenant), LocalTracker(database, f"{tenant}-b")
    leave = grant()
    await asyncio.gather(*(ours.create_story(leave, draft()) for _ in range(10)))
    await asyncio.gather(*(ours.create_story(grant(), draft()) for _ in range(9)))
    made = await theirs.create_story(grant(), draft())
    found = [story.id for story in (await ours.stories(EVERYTHING, StoryQuery())).items]
    assert found == [f"CARD-{n}" for n in range(1, 11)]
    assert made.id == "CARD-1"


async def test_creation_order_holds_when_the_clock_goes_backwards(database: Database, tenant: str) -> None:
    hours = iter((9, 8, 7))
    tracker = LocalTracker(database, tenant, clock=lambda: datetime(2026, 11, 23, next(hours), tzinfo=UTC))
    made = [(await tracker.create_story(grant(), draft())).id for _ in range(3)]
    assert [story.id for story in (await tracker.stories(EVERYTHING, StoryQuery())).items] == made


async def test_a_crash_before_commit_leaves_neither_story_nor_receipt(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = LocalTracker(database, tenant)
    leave = grant()

    def pulled() -> datetime:
        raise RuntimeError("the plug is pulled")

    monkeypatch.setattr(tracker, "_clock", pulled)
    with pytest.raises(RuntimeError):
        await tracker.create_story(leave, draft())
    monkeypatch.undo()
    assert await tracker.what_happened(leave.id) is None
    made = await tracker.create_story(leave, draft())
    assert made.id == "CARD-1"


async def test_the_history_of_a_story_cannot_be_rewritten(database: Database, tenant: str) -> None:
    await LocalTracker(database, tenant).create_story(grant(), draft())
    for statement in ("UPDATE tracker_story_events SET by = 'me'", "DELETE FROM tracker_story_events"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.transaction(tenant) as tx:
                await tx.execute(text(statement))


async def test_a_row_cannot_point_into_another_company(database: Database, tenant: str) -> None:
    story = (await LocalTracker(database, tenant).create_story(grant(), draft())).id
    with pytest.raises(IntegrityError):
        async with database.transaction(f"{tenant}-b") as tx:
            tx.add(StoryEventRow(story=story, at=datetime.now(UTC), status="done", by="them"))
