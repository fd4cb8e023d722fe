from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pipeline.events import Unreadable, read
from pipeline.hours import Hours

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)


def event(number=1, kind="order_placed", at="2026-11-20T09:15:00+00:00", account="acme", **other):
    said = {"id": f"e{number}", "kind": kind, "account": account, "at": at, **other}
    return read(said)


def values(hours, hour=NINE, account="acme"):
    return {figure.metric: figure.value for figure in hours.figures(account, hour)}


def test_an_hours_figures():
    hours = Hours()
    hours.take(
        [
            event(1, value="19.90"),
            event(2, value="0.10", at="2026-11-20T09:59:59+00:00"),
            event(3, "order_refunded", value="5.00"),
            event(4, "user_seen", user="u1"),
            event(5, "user_seen", user="u1"),
            event(6, "user_seen", user="u2"),
            event(7, at="2026-11-20T10:00:00+00:00", value="7"),
            event(8, account="other", value="7"),
        ]
    )
    assert values(hours) == {"orders": 2, "order_value": Decimal("20.00"), "refunds": 5, "active_users": 2}
    assert values(hours, NINE.replace(hour=3)) == dict.fromkeys(values(hours), 0)


def test_an_event_counts_once_however_often_it_comes():
    hours = Hours()
    assert hours.take([event(value="1")]) == {("acme", NINE)}
    assert hours.take([event(value="1"), event(value="1")]) == set()
    assert values(hours)["orders"] == 1


def test_an_event_counts_when_it_happened_wherever_it_was():
    hours = Hours()
    hours.take([event(at="2026-11-20T10:15:00+01:00")])
    assert values(hours)["orders"] == 1


def test_other_kinds_do_not_count():
    assert event(kind="invoice_sent") is None


@pytest.mark.parametrize("wrong", [{"at": "yesterday"}, {"at": "2026-11-20T09:15:00"}, {"value": "much"}])
def test_what_is_no_event_is_refused(wrong):
    with pytest.raises(Unreadable):
        event(**wrong)
    with pytest.raises(Unreadable):
        read({"kind": "order_placed"})
