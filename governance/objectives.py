"""What a department promises of its services: service level objectives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0.5, lt=1)]


class Objectives(BaseModel):
    """What stands under `objectives:` in the department's file. `availability` is the share of requests that
    are to be answered without error within 30 days, in production; `services` have their own, by id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    availability: Share = 0.995
    services: Mapping[str, Share] = Field(default_factory=dict)

    def of(self, service: str) -> float:
        """What is promised of a service."""
        return self.services.get(service, self.availability)
