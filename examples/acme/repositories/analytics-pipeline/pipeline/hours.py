"""From events to hourly figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pipeline.events import Event

METRICS = ("orders", "order_value", "refunds", "active_users")


@dataclass(frozen=True)
class Figure:
    """A metric's value for an account in the hour from `hour` on."""

    account: str
    metric: str
    hour: datetime
    value: Decimal


@dataclass
class Hours:
    """The events of each account and hour, each once."""

    _events: dict[tuple[str, datetime], dict[str, Event]] = field(default_factory=dict)

    def take(self, events: Iterable[Event]) -> set[tuple[str, datetime]]:
        """Take events in; the accounts and hours that must be worked out again."""
        touched = set()
        for event in events:
            where = event.account, event.at.replace(minute=0, second=0, microsecond=0)
            known = self._events.setdefault(where, {})
            if event.id not in known:
                known[event.id] = event
                touched.add(where)
        return touched

    def figures(self, account: str, hour: datetime) -> list[Figure]:
        """Every metric of an account in an hour, 0 where nothing happened."""
        events = self._events.get((account, hour), {}).values()
        placed = [one.value for one in events if one.kind == "order_placed"]
        refunded = [one.value for one in events if one.kind == "order_refunded"]
        users = {one.user for one in events if one.kind == "user_seen" and one.user}
        values = (Decimal(len(placed)), sum(placed, Decimal(0)), sum(refunded, Decimal(0)), Decimal(len(users)))
        return [Figure(account, metric, hour, value) for metric, value in zip(METRICS, values, strict=True)]
