"""Opening the sample: once, as a whole, and never older than last week."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from bot.bootstrap import SampleError, moved, open_sample, weeks_to_move
from governance.visibility import EVERYTHING
from integrations.customers import AccountQuery
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.customers.vendors.local.customers_file import CustomersFileError
from integrations.services.vendors.local import read_catalogue
from integrations.tracker import (
    DefectOrigin,
    EpicQuery,
    Sprint,
    SprintQuery,
    Stage,
    StoryEvent,
    StoryQuery,
    StoryStatus,
)
from integrations.tracker.vendors.local.history import History
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.bot.small_sample import CUSTOMERS, FILES, story
from tests.integrations.tracker_drafts import draft, epic, grant

ACME = Path(__file__).parents[2] / "examples" / "acme"
ENDS = date(2026, 11, 19)
MONDAY_AFTER = date(2026, 11, 23)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "history").mkdir()
    for name, entries in FILES.items():
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        (tmp_path / "history" / f"{name}.jsonl").write_text(lines)
    (tmp_path / "customers.yaml").write_text(CUSTOMERS)
    return tmp_path


async def everything(database: Database, tenant: str) -> list[Any]:
    tracker, customers = LocalTracker(database, tenant), LocalCustomers(database, tenant)
    return [
        list((await tracker.stories(EVERYTHING, StoryQuery(limit=10_000))).items),
        list((await tracker.epics(EVERYTHING, EpicQuery())).items),
        list((await tracker.sprints(SprintQuery())).items),
        await tracker.events(EVERYTHING),
        await tracker.defects(EVERYTHING),
        list((await customers.accounts(EVERYTHING, AccountQuery())).items),
        await customers.requests(EVERYTHING),
        await customers.commitments(EVERYTHING),
    ]


async def test_what_the_files_say_is_what_the_ports_tell(database: Database, tenant: str, folder: Path) -> None:
    assert await open_sample(database, tenant, folder, MONDAY_AFTER)
    tracker = LocalTracker(database, tenant)
    first, second = (await tracker.stories(EVERYTHING, StoryQuery())).items
    assert (first.id, first.epic, first.depends_on, first.customers) == (
        "CARD-10",
        "EPIC-7",
        ("CARD-12",),
        ("acme-corp",),
    )
    assert (second.status, second.sprint) == (StoryStatus.DONE, "alpha-s1")
    assert second.finished == datetime(2026, 11, 19, 17, tzinfo=UTC)
    assert [event.status.value for event in await tracker.events(EVERYTHING)] == ["in_progress", "done"]
    [defect] = await tracker.defects(EVERYTHING)
    assert (defect.story, defect.origin) == (
        "CARD-12",
        DefectOrigin("CARD-10", Stage.CODE, Stage.PRODUCTION),
    )
    assert [sprint.starts for sprint in (await tracker.sprints(SprintQuery())).items] == [date(2026, 11, 9)]
    customers = LocalCustomers(database, tenant)
    account = await customers.account(EVERYTHING, "acme-corp")
    assert (account.renewal, account.standing) == (date(2027, 5, 14), "at_risk")
    [request] = await customers.requests(EVERYTHING)
    assert (request.id, request.asked) == ("REQ-1", date(2026, 10, 19))


async def test_new_items_are_numbered_after_the_samples(database: Database, tenant: str, folder: Path) -> None:
    await open_sample(database, tenant, folder, MONDAY_AFTER)
    tracker = LocalTracker(database, tenant)
    assert (await tracker.create_story(grant(), draft())).id == "CARD-13"
    assert (await tracker.create_epic(grant(), epic())).id == "EPIC-8"


async def test_a_second_call_does_nothing(database: Database, tenant: str, folder: Path) -> None:
    opened = await asyncio.gather(*(open_sample(database, tenant, folder, MONDAY_AFTER) for _ in range(5)))
    assert sorted(opened) == [False, False, False, False, True]
    before = await everything(database, tenant)
    for path in (folder / "history").iterdir():
        path.unlink()
    assert not await open_sample(database, tenant, folder, MONDAY_AFTER + timedelta(weeks=30))
    assert await everything(database, tenant) == before
    assert await everything(database, f"{tenant}-b") == [[]] * 8


async def test_it_is_loaded_as_a_whole_or_not_at_all(database: Database, tenant: str, folder: Path) -> None:
    customers = folder / "customers.yaml"
    twice = "      - {id: REQ-1, asked: 2026-10-19, what: Again, needed_by: null}\n"
    customers.write_text(CUSTOMERS + twice)
    with pytest.raises(IntegrityError):
        await open_sample(database, tenant, folder, MONDAY_AFTER)
    assert await everything(database, tenant) == [[]] * 8
    customers.write_text(CUSTOMERS)
    assert await open_sample(database, tenant, folder, MONDAY_AFTER)


async def test_an_old_sample_moves_on_as_a_whole(database: Database, tenant: str, folder: Path) -> None:
    await open_sample(database, tenant, folder, MONDAY_AFTER)
    weeks = timedelta(weeks=17)
    later = f"{tenant}-later"
    await open_sample(database, later, folder, MONDAY_AFTER + weeks + timedelta(days=2))
    assert await everything(database, later) == moved(await everything(database, tenant), weeks)
    finished = (await LocalTracker(database, later).story(EVERYTHING, "CARD-12")).finished
    assert finished == datetime(2027, 3, 18, 17, tzinfo=UTC)


def history(ends: date, starts: date | None = None) -> History:
    at = [datetime(day.year, day.month, day.day, 17, tzinfo=UTC) for day in (starts or ends, ends)]
    events = [StoryEvent("CARD-1", moment, StoryStatus.DONE, "mei", None) for moment in at]
    planned = [Sprint("s", "alpha", "S", ends + timedelta(weeks=30), ends + timedelta(weeks=32), 1.0)]
    return History([], planned, [], events, [])


@pytest.mark.parametrize(
    ("today", "weeks"),
    [
        (date(2024, 1, 1), 0),
        (date(2026, 3, 1), 0),
        (ENDS, 0),
        (ENDS + timedelta(days=1), 0),
        (MONDAY_AFTER, 0),
        (MONDAY_AFTER + timedelta(days=6), 0),
        (MONDAY_AFTER + timedelta(days=7), 1),
        (MONDAY_AFTER + timedelta(days=13), 1),
        (MONDAY_AFTER + timedelta(days=14), 2),
    ],
)
def test_it_moves_only_when_it_is_older_than_last_week(today: date, weeks: int) -> None:
    assert weeks_to_move(history(ENDS, date(2025, 1, 6)), today) == weeks


@given(st.dates(date(2020, 1, 1), date(2026, 1, 1)), st.integers(8, 2000))
def test_after_moving_it_ends_in_the_week_before_today(ends: date, age: int) -> None:
    today = ends + timedelta(days=age)
    weeks = weeks_to_move(history(ends), today)
    later = moved(history(ends), timedelta(weeks=weeks))
    new_end = later.events[-1].at.date()
    this_monday = today - timedelta(days=today.weekday())
    assert this_monday - timedelta(days=7) <= new_end < this_monday
    assert new_end.weekday() == ends.weekday()
    assert later.sprints[0].starts - new_end == timedelta(weeks=30)
    assert weeks_to_move(later, today) == 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "history" / "events.jsonl").unlink(), r"events.jsonl: the file cannot be read"),
        (lambda f: append(f, "stories", "{"), r"stories.jsonl, line 3: .*JSON"),
        (lambda f: append(f, "stories", json.dumps(story(13, status="lost"))), r"line 3: status: "),
        (lambda f: append(f, "stories", json.dumps(story(13, acceptance=[100]))), r"line 3: acceptance.0: "),
        (lambda f: append(f, "sprints", '{"id": "x"}'), r"sprints.jsonl, line 2: team: "),
    ],
)
async def test_a_broken_history_is_named_by_file_and_line(
    database: Database, tenant: str, folder: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(folder)
    with pytest.raises(SampleError, match=said):
        await open_sample(database, tenant, folder, MONDAY_AFTER)


def append(folder: Path, name: str, line: str) -> None:
    with (folder / "history" / f"{name}.jsonl").open("a") as file:
        file.write(f"{line}\n")


async def test_broken_customers_are_named_too(database: Database, tenant: str, folder: Path) -> None:
    (folder / "customers.yaml").write_text(CUSTOMERS.replace("health: 72", "health: 172"))
    with pytest.raises(CustomersFileError, match=r"^customers.yaml, line 8, accounts.0.health: "):
        await open_sample(database, tenant, folder, MONDAY_AFTER)


async def test_the_sample_department_opens(database: Database, tenant: str) -> None:
    assert await open_sample(database, tenant, ACME, MONDAY_AFTER)
    stories, epics, sprints, events, defects, accounts, requests, commitments = await everything(
        database, tenant
    )
    assert len(stories) > 1000
    known = {account.id for account in accounts}
    for tagged in (*stories, *epics):
        assert set(tagged.customers) <= known, tagged.id
    last = {event.story: event.status for event in events}
    assert last == {found.id: found.status for found in stories}
    for found in stories:
        assert (found.finished is not None) == (found.status is StoryStatus.DONE), found.id
        assert found.created <= (found.started or found.created) <= (found.finished or MONDAY_UTC), found.id
    assert max(event.at for event in events) < MONDAY_UTC
    assert {sprint.team for sprint in sprints} >= {found.team for found in stories}
    assert defects
    assert requests
    assert commitments


MONDAY_UTC = datetime(2026, 11, 23, tzinfo=UTC)


def test_the_sample_departments_services_can_be_read() -> None:
    services = read_catalogue(ACME / "services")
    assert {"payment-service", "orders", "auth-service"} <= set(services)
    for service in services.values():
        assert set(service.depends_on) <= set(services), service.id
