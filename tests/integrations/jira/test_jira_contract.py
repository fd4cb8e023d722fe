"""Jira keeps the trackers' contract, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from integrations.tracker import Sprint
from integrations.tracker.vendors.jira.tracker import JiraTracker
from simulators.jira import FakeJira
from storage.database import Database
from tests.integrations.jira.world import opened
from tests.integrations.tracker_contract import TrackerContract


class TestJira(TrackerContract):
    @pytest.fixture
    async def neighbour(self, jira: FakeJira, database: Database, tenant: str) -> AsyncIterator[JiraTracker]:
        async with opened(jira, database, f"{tenant}-b", jira_projects="ELSE", jira_teams="alpha=ELSE",
                          jira_products="checkout=ELSE") as port:  # fmt: skip
            yield port

    @pytest.fixture(autouse=True)
    def sprints(self) -> tuple[Sprint, ...]:
        return tuple(
            Sprint(str(id), team, f"Sprint {id}", date.fromisoformat(starts), date.fromisoformat(ends), 0.0)
            for id, team, starts, ends in (
                (1, "alpha", "2026-11-02", "2026-11-16"),
                (2, "alpha", "2026-11-16", "2026-11-30"),
                (4, "beta", "2026-11-16", "2026-11-30"),
                (3, "alpha", "2026-11-30", "2026-12-14"),
                (5, "beta", "2026-11-30", "2026-12-14"),
            )
        )

    @pytest.fixture
    def sprint(self) -> str:
        return "3"
