"""The embedded calendar keeps the contract, and gives one time to one meeting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance.department_file import read_department
from governance.department_rows import open_department
from integrations.calendar import Calendar, Span
from integrations.calendar.vendors.local.calendar import LocalCalendar
from storage.database import Database
from tests.governance.house import ACME
from tests.integrations.calendar.calendar_contract import DAY, TOM, CalendarContract, draft, grant


class TestLocalCalendar(CalendarContract):
    @pytest.fixture
    def calendar(self, database: Database, tenant: str) -> Calendar:
        return LocalCalendar(database, tenant)

    async def test_another_companys_meetings_are_not_seen(
        self, calendar: Calendar, database: Database, tenant: str
    ) -> None:
        await calendar.create_event(grant(), draft())
        assert await LocalCalendar(database, f"{tenant}x").events(TOM.address, DAY) == []

    async def test_what_has_been_over_for_long_is_forgotten(self, database: Database, tenant: str) -> None:
        async with database.transaction(tenant) as tx:
            await open_department(tx, read_department(ACME))
        calendar = LocalCalendar(database, tenant)
        first, later = draft(), draft(48)
        leave = grant()
        await calendar.create_event(leave, first)
        await calendar.create_event(grant(), later)
        await calendar.forget_old(first.span.ends + timedelta(days=399))
        assert await calendar.what_happened(leave.id) is not None
        await calendar.forget_old(first.span.ends + timedelta(days=400, seconds=1))
        assert await calendar.what_happened(leave.id) is None
        span = Span(first.span.starts, later.span.ends)
        assert [one.id for one in await calendar.events(TOM.address, span)] == [later.id]
