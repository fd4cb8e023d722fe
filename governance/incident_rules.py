"""How a department goes about incidents: how often it wants to hear of one, what a failed request costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Urgency(StrEnum):
    """How bad an incident is, whatever its senders call that."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_RANKS = {
    Urgency.CRITICAL: ("critical", "page", "sev1", "sev0"),
    Urgency.HIGH: ("high", "error", "sev2"),
    Urgency.MEDIUM: ("warning", "medium", "sev3"),
    Urgency.LOW: ("info", "low", "sev4"),
}


def urgency_of(severity: str) -> Urgency:
    """What a sender's word for it comes to; high where it is none that is known."""
    word = severity.casefold()
    return next((one for one, words in _RANKS.items() if word in words), Urgency.HIGH)


def _exact(written: Any) -> Any:
    if not isinstance(written, str | Decimal):
        raise ValueError('write the amount in quotes, as "12.40", so that it stays exact')
    return written


Minutes = Annotated[int, Field(ge=1, le=1_440)]


class FailedRequestPrice(BaseModel):
    """What one failed request of a service costs the company, on `as_of`, by `source`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_failed_request: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    as_of: date
    source: Annotated[str, Field(min_length=1, max_length=200)]


class IncidentRules(BaseModel):
    """What stands under `incidents:` in the department's file. Whoever commands an incident is reminded where
    no update came for so many minutes of `update_every`; money is told of services in `impact` alone, by id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    update_every: Mapping[Urgency, Minutes] = Field(default_factory=dict)
    impact: Mapping[str, FailedRequestPrice] = Field(default_factory=dict)

    def every(self, severity: str) -> timedelta:
        """How long an incident of this severity may go on without an update."""
        urgency = urgency_of(severity)
        return timedelta(minutes=self.update_every.get(urgency, _MINUTES[urgency]))


_MINUTES: Mapping[Urgency, int] = {
    Urgency.CRITICAL: 15,
    Urgency.HIGH: 30,
    Urgency.MEDIUM: 60,
    Urgency.LOW: 240,
}
