"""What a roadmap reads of a tracker: everything of a small one, and of a large one no more than it may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest

from agents.roadmap import reading
from agents.roadmap.draw import draw
from agents.roadmap.items import Wishes
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.ports import Ports
from integrations.tracker import Priority, StoryStatus
from integrations.tracker.vendors.local.history import History, take_over
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.agents.acme_input import history
from tests.agents.roadmap.planted import SPAN, department, epic, story

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class OnlyThese:
    """The ports that a roadmap may look at: anything else would be an AttributeError."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.tracker = LocalTracker(database, tenant)
        self.customers = LocalCustomers(database, tenant)


@pytest.fixture
async def ports(database: Database, tenant: str) -> Ports:
    """A few stories of each priority under two features, and some under none."""
    stories = [
        story(f"CARD-{n}", priority=list(Priority)[n % 4], epic=("EPIC-1", "EPIC-2", None)[n % 3])
        for n in range(1, 41)
    ]
    stories.append(story("CARD-50", status=StoryStatus.DONE, finished=NOW, actual_hours=3.0))
    stories.append(story("CARD-51", priority=Priority.P0, depends_on=("CARD-39", "CARD-50")))
    known = History((epic("EPIC-1"), epic("EPIC-2")), history()[2], tuple(stories), (), ())
    async with database.transaction(tenant) as tx:
        await take_over(tx, "planted", known)
    return cast(Ports, OnlyThese(database, tenant))


async def test_all_of_a_small_backlog(ports: Ports) -> None:
    found = await reading.read_work(ports, department(), NOW)
    assert len(found.stories) == 41
    assert (found.unread, found.partly, found.elsewhere) == (0, frozenset(), frozenset())
    assert {one.id for one in found.epics} == {"EPIC-1", "EPIC-2"}
    assert [one.id for one in found.given.done()] == ["CARD-50"]
    assert found.given.sprints


async def test_of_a_large_one_the_most_urgent_with_their_features(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_STORIES", 11)
    monkeypatch.setattr(reading, "MOST_WHOLE", 1)
    found = await reading.read_work(ports, department(), NOW)
    read = {one.id for one in found.stories}
    whole = found.stories[0].epic or next(one.epic for one in found.stories if one.epic)
    assert {one.id for one in found.stories if one.epic == whole} == {
        f"CARD-{n}" for n in range(1, 41) if ("EPIC-1", "EPIC-2", None)[n % 3] == whole
    }, "a feature of an urgent story is read whole"
    assert found.partly == {"EPIC-1", "EPIC-2"} - {whole}
    assert found.unread == 41 - len(read)
    assert found.elsewhere == {"CARD-39"} - read
    roadmap = draw(found, department(), SPAN, Wishes())
    assert roadmap.unread == found.unread
    out = {item.id: item.why for item in roadmap.left}
    assert "only a part of its stories was read" in out[next(iter(found.partly))]
