"""How a department lets a version come to production: a canary with its shares, or all at once."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[int, Field(ge=1, le=100)]


class ReleaseRules(BaseModel):
    """What stands under `releases:` in the department's file. `shares` are per cent of the traffic, rising, the
    last one 100; each is judged on at least so many requests of the canary and so many seconds, and goes back
    where nothing could be told for `deadline_seconds`. Without renewal within `lease_seconds` a canary ends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    production: Literal["canary", "all at once"] = "canary"
    shares: Annotated[tuple[Share, ...], Field(min_length=2, max_length=10, strict=False)] = (5, 25, 50, 100)
    least_requests: Annotated[int, Field(ge=20, le=1_000_000)] = 50
    least_seconds: Annotated[int, Field(ge=5, le=86_400)] = 60
    deadline_seconds: Annotated[int, Field(ge=30, le=86_400)] = 600
    lease_seconds: Annotated[int, Field(ge=10, le=600)] = 30

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if list(self.shares) != sorted(set(self.shares)) or self.shares[-1] != 100:
            raise ValueError("the shares of a canary rise, and the last one is 100")
        if self.least_seconds > self.deadline_seconds:
            raise ValueError("deadline_seconds is at least least_seconds")
        return self
