"""Quiet hours: local, over midnight, on days on which the clocks change; and slips in them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from handlers.office.digests.quiet_hours import QuietHours
from tests.handlers.conftest import Talk

NIGHT = QuietHours(time(20), time(7), "America/New_York")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 24, 1, 0, tzinfo=UTC), datetime(2026, 11, 24, 12, 0, tzinfo=UTC)),  # Monday 20:00
        (datetime(2026, 11, 24, 0, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 24, 11, 59, tzinfo=UTC), datetime(2026, 11, 24, 12, 0, tzinfo=UTC)),
        (datetime(2026, 11, 24, 12, 0, tzinfo=UTC), None),
        # The night in which the clocks go back is an hour longer, the one in which they go forward shorter.
        (datetime(2026, 11, 1, 0, 30, tzinfo=UTC), datetime(2026, 11, 1, 12, 0, tzinfo=UTC)),
        (datetime(2026, 3, 8, 1, 30, tzinfo=UTC), datetime(2026, 3, 8, 11, 0, tzinfo=UTC)),
    ],
)
def test_they_hold_from_evening_to_morning(now: datetime, until: datetime | None) -> None:
    assert NIGHT.until(now) == until


def test_they_may_lie_within_a_day() -> None:
    noon = QuietHours(time(12), time(13, 30), "Europe/Dublin")
    assert noon.length == timedelta(minutes=90)
    assert noon.until(datetime(2026, 7, 1, 11, 15, tzinfo=UTC)) == datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    assert noon.until(datetime(2026, 7, 1, 12, 30, tzinfo=UTC)) is None


async def test_they_are_set_changed_and_undone_in_words(talk: Talk) -> None:
    async def say(words: str) -> str:
        (reply,) = (await talk.say("david", f"/digest {words}")).replies
        return reply.text

    assert "20:00 to 07:00 (America/New_York); incidents come through" in await say("quiet hours 20:00 to 7:00")
    assert "incidents and blockers come through" in await say("let blockers through my quiet hours")
    assert "21:00 to 06:30" in await say("quiet hours from 9 pm to 6:30 am")
    assert "incidents and blockers come through" in await say("digest settings")
    assert "is 21 hours" in await say("quiet hours 10 to 7")
    assert "From when to when?" in await say("don't send me anything after 8pm")
    assert "no quiet hours any more" in await say("quiet hours off")
    assert "Quiet hours: none" in await say("digest settings")
    assert "You have no quiet hours" in await say("let blockers through my quiet hours")
