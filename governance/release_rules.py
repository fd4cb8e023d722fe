"""How a department lets a version come to production: a canary with its shares, or all at once."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Share = Annotated[int, Field(ge=1, le=100)]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(written: Any) -> Any:
    """`fri` and `Friday`, as the number that `date.weekday` gives; a number is what was read before."""
    if not isinstance(written, str):
        return written
    found = [number for number, day in enumerate(_DAYS) if written.lower() in (day, day[:3])]
    if not found:
        raise ValueError(f"`{written}` is no day of the week; write mon, tue, wed, thu, fri, sat or sun")
    return found[0]


def _quoted(written: Any) -> Any:
    if not isinstance(written, str | time):
        raise ValueError('write the time in quotes, as "16:00"')
    return written


_Weekday = Annotated[int, BeforeValidator(_weekday), Field(ge=0, le=6)]
_Clock = Annotated[time, BeforeValidator(_quoted)]


class Blackout(BaseModel):
    """A time in which no new version reaches production by itself: from one day to another (both included), or
    on days of the week from a time on until before another, or on public holidays (`holidays: true`) of those
    who are on call. `services` are all where none is named; days and times are the department's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    why: Annotated[str, Field(min_length=1, max_length=200)]
    since: Annotated[date | None, Field(alias="from")] = None
    until: Annotated[date | None, Field(alias="to")] = None
    days: tuple[_Weekday, ...] = ()
    holidays: bool = False
    after: _Clock = time()
    before: _Clock | None = None
    services: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.since is not None) + bool(self.days) + self.holidays != 1:
            raise ValueError("write `from` and `to`, or `days`, or `holidays: true`")
        if (self.since is None) != (self.until is None):
            raise ValueError("`from` and `to` belong together")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("`to` is not before `from`")
        if self.since is not None and (self.after != time() or self.before is not None):
            raise ValueError(
                "`after` and `before` belong to `days` or `holidays`; `from` and `to` are whole days"
            )
        if self.before is not None and self.before <= self.after:
            raise ValueError("`before` is later than `after`; what goes on overnight is two entries")
        return self

    def covers(self, service: str) -> bool:
        """Whether it is about this service."""
        return not self.services or service in self.services


class ReleaseRules(BaseModel):
    """What stands under `releases:` in the department's file. `shares` are per cent of the traffic, rising, the
    last one 100; each is judged on at least so many requests of the canary and so many seconds, and goes back
    where nothing could be told for `deadline_seconds`. Without renewal within `lease_seconds` a canary ends.
    `promotion` is what follows the last share but 100: it by itself, or people are asked. In one of the
    `blackouts` nothing new goes to production by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    production: Literal["canary", "all at once"] = "canary"
    shares: Annotated[tuple[Share, ...], Field(min_length=2, max_length=10, strict=False)] = (5, 25, 50, 100)
    least_requests: Annotated[int, Field(ge=20, le=1_000_000)] = 50
    least_seconds: Annotated[int, Field(ge=5, le=86_400)] = 60
    deadline_seconds: Annotated[int, Field(ge=30, le=86_400)] = 600
    lease_seconds: Annotated[int, Field(ge=10, le=600)] = 30
    promotion: Literal["by itself", "ask"] = "by itself"
    blackouts: Annotated[tuple[Blackout, ...], Field(max_length=200)] = ()

    @property
    def least_canary(self) -> timedelta:
        """How long a canary takes at least, so that none begins that would run into a blackout."""
        return timedelta(seconds=self.least_seconds * (len(self.shares) - 1))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if list(self.shares) != sorted(set(self.shares)) or self.shares[-1] != 100:
            raise ValueError("the shares of a canary rise, and the last one is 100")
        if self.least_seconds > self.deadline_seconds:
            raise ValueError("deadline_seconds is at least least_seconds")
        return self
