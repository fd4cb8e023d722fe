"""Where people are, by their mail addresses: the time zone that the department has of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from governance.tables import PersonRow
from storage.database import Database

UTC = ZoneInfo("UTC")

ZonesOf = Callable[[tuple[str, ...]], Awaitable[Mapping[str, ZoneInfo]]]
"""The zone of each of these addresses."""


async def in_utc(addresses: tuple[str, ...]) -> Mapping[str, ZoneInfo]:
    """Everybody is in UTC."""
    return dict.fromkeys(addresses, UTC)


async def zones_of_people(
    database: Database, tenant: str, addresses: tuple[str, ...]
) -> Mapping[str, ZoneInfo]:
    """That of each person; UTC for an address that is nobody's of the department."""
    wanted = {one.casefold() for one in addresses}
    query = select(PersonRow.email, PersonRow.time_zone).where(func.lower(PersonRow.email).in_(wanted))
    async with database.transaction(tenant) as tx:
        found = {row.email.casefold(): ZoneInfo(row.time_zone) for row in await tx.execute(query)}
    return {one: found.get(one.casefold(), UTC) for one in addresses}
