"""What is said of a time ahead and its traffic, and what cannot be planned for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.conversation.handler import CannotAnswer
from handlers.operations.capacity_plan.parse import read_ahead

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)


def test_an_event_and_its_traffic_are_read() -> None:
    ahead = read_ahead("Analyze Black Friday capacity with 9x traffic and 5% a week", NOW, "UTC")
    assert (ahead.name, ahead.since) == ("Black Friday (2026-11-27)", datetime(2026, 11, 27, tzinfo=UTC))
    assert (ahead.times, ahead.weekly, ahead.peak) == (9.0, 0.05, None)
    asked = ahead.said_by("Nathan Chen", NOW)
    assert asked.times == 9.0
    assert [growth.factor for growth in asked.growth] == [pytest.approx(1.05 ** ((18 - 9 / 24) / 7))]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("for next week at a peak of 0 requests a second", "A peak to plan for lies above 0"),
        ("for next week at 9999999k requests a second", "A peak to plan for lies above 0 and at 1,000,000,000"),
        ("for next week with 0x traffic", "A multiple to plan for lies above 0"),
        ("for next week with 5000x traffic", "and at 1,000 at most"),
        ("for next week, growing 900% a week", "more than doubles each week"),
    ],
)
def test_traffic_that_cannot_be_planned_for_is_refused_in_words(said: str, why: str) -> None:
    with pytest.raises(CannotAnswer, match=why):
        read_ahead(said, NOW, "UTC")
