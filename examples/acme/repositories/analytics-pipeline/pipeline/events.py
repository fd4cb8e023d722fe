"""Events as they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

KINDS = ("order_placed", "order_refunded", "user_seen")


class Unreadable(ValueError):
    """What came in is no event."""


@dataclass(frozen=True)
class Event:
    """Something that happened in an account: `value` is an amount, or 0; `user` is who was seen."""

    id: str
    kind: str
    account: str
    at: datetime
    value: Decimal = Decimal(0)
    user: str | None = None


def read(said: Mapping[str, Any]) -> Event | None:
    """An event; None of a kind that does not count here. Raises Unreadable."""
    try:
        if said["kind"] not in KINDS:
            return None
        at = datetime.fromisoformat(said["at"])
        if at.tzinfo is None:
            raise ValueError("a time without a zone")
        value = Decimal(said.get("value", "0"))
        return Event(said["id"], said["kind"], said["account"], at.astimezone(UTC), value, said.get("user"))
    except (KeyError, TypeError, ValueError, InvalidOperation) as wrong:
        raise Unreadable(str(wrong)) from wrong
