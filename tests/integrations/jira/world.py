"""A fake Jira with a project of two teams, and the vendor opened onto it over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.integration import Integration, Surroundings, find_vendors
from integrations.tracker.vendors.jira.settings import JiraSettings
from integrations.tracker.vendors.jira.tracker import JiraTracker
from simulators.jira import FakeJira, serving
from storage.database import Database

WITHIN: dict[str, Any] = {
    "jira_projects": "SHOP",
    "jira_teams": "alpha=SHOP/1, beta=SHOP/2",
    "jira_products": "checkout=SHOP, search=SHOP",
}


def vendor() -> Integration:
    return find_vendors(shipped=()).chosen({"tracker": "jira"})["tracker"]


def settings(fake: FakeJira, **other: Any) -> JiraSettings:
    given = {name.lower(): value for name, value in fake.settings.items()} | WITHIN | other
    return JiraSettings(_env_file=None, **given)


@asynccontextmanager
async def jira_at_work() -> AsyncIterator[FakeJira]:
    """The fake, with `SHOP` (two boards, five sprints) and `ELSE`."""
    async with serving() as fake:
        fake.state.add_project("SHOP")
        fake.state.add_project("ELSE")
        for board in (1, 2):
            fake.state.add_board(board, "SHOP")
        first = datetime(2026, 11, 2, tzinfo=UTC)
        two = timedelta(weeks=2)
        for id, board, state, number in (
            (1, 1, "closed", 0),
            (2, 1, "closed", 1),
            (3, 1, "active", 2),
            (4, 2, "closed", 1),
            (5, 2, "future", 2),
        ):
            fake.state.add_sprint(id, board, state, first + number * two, first + (number + 1) * two)
        yield fake


@asynccontextmanager
async def opened(fake: FakeJira, database: Database, tenant: str, **other: Any) -> AsyncIterator[JiraTracker]:
    """The vendor, which does not wait long for what was not heard of."""
    around = Surroundings(database, tenant, Path(), {}, Path(), settings(fake, **other))
    port: JiraTracker = vendor().open(around)
    port.settles = timedelta(seconds=3)
    try:
        yield port
    finally:
        await vendor().close(port)
