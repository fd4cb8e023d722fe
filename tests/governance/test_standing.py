"""What stands at a moment: half-open windows, expiring emergencies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from governance.action import Subject
from governance.standing import EmergencyDeployment, Standing, Window, WindowMode

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
END = START + timedelta(hours=2)
TICK = timedelta(microseconds=1)
DEMO = Window(WindowMode.DEMO, START, END, "amanda")


def test_a_window_is_open_from_its_start_up_to_but_not_at_its_end():
    moments = [START - TICK, START, END - TICK, END]
    assert [DEMO.is_open(moment) for moment in moments] == [False, True, True, False]
    standing = Standing(windows=(DEMO,))
    assert [bool(standing.modes(moment)) for moment in moments] == [False, True, True, False]
    assert standing.window(WindowMode.DEMO, START) == DEMO
    assert standing.window(WindowMode.AUDIT, START) is None


def test_a_window_is_compared_in_any_time_zone():
    tokyo = START.astimezone(ZoneInfo("Asia/Tokyo"))
    assert DEMO.is_open(tokyo)


def test_of_two_open_windows_of_a_mode_the_longer_one_rules():
    longer = Window(WindowMode.DEMO, START, END + timedelta(hours=1), "amanda")
    assert Standing(windows=(longer, DEMO)).window(WindowMode.DEMO, START) == longer
    assert Standing(windows=(DEMO, longer)).window(WindowMode.DEMO, START) == longer


@pytest.mark.parametrize(
    ("starts", "ends"),
    [(START, START), (END, START), (START.replace(tzinfo=None), END), (START, END.replace(tzinfo=None))],
)
def test_a_window_has_an_end_after_its_start_and_zones(starts, ends):
    with pytest.raises(ValueError):
        Window(WindowMode.DEMO, starts, ends, "amanda")


def test_an_emergency_covers_its_deployment_until_it_expires():
    emergency = EmergencyDeployment("nathan", "orders 2.3.1", "down", END)
    standing = Standing(emergencies=(emergency,))
    subject = Subject("deployments", decides="orders 2.3.1")
    assert standing.emergency_for(subject, END - TICK) == emergency
    assert standing.emergency_for(subject, END) is None
    assert standing.emergency_for(Subject("deployments"), START) is None
