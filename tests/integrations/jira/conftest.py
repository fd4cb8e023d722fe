"""A fake Jira, and the vendor opened onto it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integrations.tracker.vendors.jira.tracker import JiraTracker
from simulators.jira import FakeJira
from storage.database import Database
from tests.integrations.jira.world import jira_at_work, opened


@pytest.fixture
async def jira() -> AsyncIterator[FakeJira]:
    async with jira_at_work() as fake:
        yield fake


@pytest.fixture
async def tracker(jira: FakeJira, database: Database, tenant: str) -> AsyncIterator[JiraTracker]:
    async with opened(jira, database, tenant) as port:
        yield port
