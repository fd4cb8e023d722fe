"""A calendar of our own, in our own database: it knows the meetings that were made here, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from integrations.calendar.vendors.local.calendar import LocalCalendar
from integrations.integration import Chore, Integration, Surroundings

_HOUR = 3_600.0


def _open(around: Surroundings) -> LocalCalendar:
    return LocalCalendar(around.database, around.tenant)


def _chores(around: Surroundings) -> Iterable[Chore]:
    async def forget() -> None:
        await _open(around).forget_old(datetime.now(UTC))

    return (Chore("forget_old_meetings", _HOUR, forget),)


INTEGRATION = Integration("calendar", "local", LocalCalendar.title, _open, chores=_chores)
