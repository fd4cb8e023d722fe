"""Quiet hours: the part of the day in which somebody is not told what can wait."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Person
from handlers.language import local_time as local
from handlers.office.digests.tables import QuietHoursRow

LONGEST = timedelta(hours=16)
"""Longer quiet hours are a slip: 7 in the morning and 7 in the evening were taken for each other."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Every day from `starts` to `ends` (the next day's, where that is earlier), local in `zone`.

    `blockers_pierce`: blocker alerts come through; what is about an incident always does.
    """

    starts: time
    ends: time
    zone: str
    blockers_pierce: bool = False

    @property
    def length(self) -> timedelta:
        """How long they last, whatever the clocks do."""
        minutes = (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute
        return timedelta(minutes=minutes % (24 * 60))

    def until(self, now: datetime) -> datetime | None:
        """The end of the quiet hours that `now` is in; None outside them."""
        today = local.today(now, self.zone)
        for day in (today - timedelta(days=1), today):
            begins = local.instant(day, self.starts, self.zone)
            last = day if self.starts < self.ends else day + timedelta(days=1)
            ends = local.instant(last, self.ends, self.zone)
            if begins <= now < ends:
                return ends
        return None


async def quiet_hours_of(tx: AsyncSession, people: Collection[Person]) -> Mapping[str, QuietHours]:
    """The quiet hours of those of `people` who have some, by person."""
    zones = {person.id: person.time_zone for person in people}
    rows = (await tx.execute(select(QuietHoursRow).where(QuietHoursRow.person.in_(sorted(zones))))).scalars()
    return {
        row.person: QuietHours(
            row.starts, row.ends, row.time_zone or zones[row.person], blockers_pierce=row.blockers_pierce
        )
        for row in rows
    }
