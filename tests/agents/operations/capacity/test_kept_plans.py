"""Plans that are kept: what was forecast beside what came, and capacity that is reserved once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from agents.operations.capacity.kept_plans import (
    keep_plan,
    kept_plan,
    paid_for,
    reserved_since,
    score,
    score_kept,
)
from agents.operations.capacity.tables import CapacityPlanRow, ReservationRow
from agents.operations.capacity.traffic_forecast import Traffic, TrafficForecast
from storage.database import Database

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def foreseen(begins: datetime, expected: Sequence[float], step: timedelta = HOUR) -> CapacityPlanRow:
    """A plan that was made as its forecast begins, 10 either way sure of it."""
    return CapacityPlanRow(
        begins=begins,
        created=begins,
        step_seconds=round(step.total_seconds()),
        expected=list(expected),
        low=[one - 10 for one in expected],
        high=[one + 10 for one in expected],
    )


def came(values: Sequence[float]) -> Traffic:
    return Traffic(NOW, HOUR, np.array(values), "requests/s")


def test_forecasts_are_held_against_what_came() -> None:
    found = score([foreseen(NOW, [100, 100, 92, 100])], came([105, 130, 100]))
    assert found is not None
    assert (found.at, found.off) == (NOW + 2 * HOUR, pytest.approx(-0.08))
    assert (found.within, found.steps) == (pytest.approx(2 / 3), 3)
    assert found.says() == (
        "My last forecast for this hour (from 12:00 UTC) was 8% low; of the hours that I forecast so far (3)"
        " 67% lay within its range."
    )


def test_each_hour_counts_once_by_the_forecast_made_last_before_it() -> None:
    first, second = foreseen(NOW, [0, 0, 0, 0]), foreseen(NOW + 2 * HOUR, [100, 100])
    for plans in ([first, second], [second, first]):
        found = score(plans, came([100, 100, 100, 100]))
        assert found is not None
        assert (found.steps, found.within, found.off) == (4, 0.5, pytest.approx(0.0))


def test_what_was_not_measured_or_forecast_is_not_scored() -> None:
    assert score([foreseen(NOW, [100])], came([float("nan")])) is None
    assert score([foreseen(NOW + 5 * HOUR, [100])], came([100])) is None
    assert score([foreseen(NOW, [100], DAY)], came([100])) is None
    assert score([foreseen(NOW, [])], came([100])) is None
    still = score([foreseen(NOW, [5])], came([0]))
    assert still is not None
    assert (still.off, still.within) == (None, 1.0)
    assert still.says() == "Of the hours that I forecast so far (1) 100% lay within its range."


def _reservation(id: str, plan: str, units: int, created: datetime, hours: int = 48) -> ReservationRow:
    price = {"unit": "replica-hour", "price": Decimal(1), "currency": "USD", "priced": "the list"}
    return ReservationRow(
        id=id, service="orders", units=units, starts=NOW + DAY, hours=hours, plan=plan, created=created, **price
    )


async def test_what_is_reserved_is_not_missing_again(database: Database, tenant: str) -> None:
    since, until = NOW + DAY, NOW + 2 * DAY
    steps = np.array([1.0, 2.0])
    forecast = TrafficForecast(NOW, HOUR, "requests/s", steps, steps, steps - 1, steps + 1, {}, 5, (), ())
    async with database.transaction(tenant) as tx:

        async def planned(at: datetime, replicas: int) -> CapacityPlanRow:
            return await keep_plan(
                tx, "orders", "the sale", since, until, at, replicas=replicas, missing=6, forecast=forecast
            )

        first = await planned(NOW, 2)
        assert await paid_for(tx, "orders", since + HOUR, 2) == 2
        assert await reserved_since(tx, first, lock=True) is None
        tx.add(_reservation("rv_1", first.id, 6, NOW + HOUR))
        await tx.flush()
        assert await reserved_since(tx, first) == "6 more replicas of orders as rv_1"
        assert await paid_for(tx, "orders", since + HOUR, 2) == 8
        assert await paid_for(tx, "orders", since + HOUR, 8) == 8, "those that were reserved run by now"
        assert await paid_for(tx, "orders", since + 2 * DAY, 2) == 2, "they are not paid for so long"
        assert await paid_for(tx, "cart", since, 2) == 2

        second = await planned(NOW + 2 * HOUR, 8)
        assert await reserved_since(tx, second) is None
        tx.add(_reservation("rv_2", second.id, 1, NOW + 3 * HOUR))
        await tx.flush()
        assert await paid_for(tx, "orders", since + HOUR, 8) == 9
        assert await reserved_since(tx, second) == "1 more replica of orders as rv_2"

        kept = await kept_plan(tx, first.id)
        assert kept is not None
        assert (kept.step_seconds, kept.low, kept.high) == (3600, [0.0, 1.0], [2.0, 3.0])
        scored = await score_kept(tx, "orders", came([1.5]))
        assert scored is not None
        assert scored.within == 1.0
        assert await kept_plan(tx, "cp_000000000000") is None
