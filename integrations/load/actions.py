"""The effect on a service that is put under load. Ending a load is no effect: it is always allowed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from governance.action import Action
from integrations.deployments import Stage, Target
from integrations.deployments.actions import Name
from integrations.load import MOST_RATE, MOST_SECONDS, Path, Plan
from integrations.load import Stage as LoadStage

MOST_STAGES = 20

Rate = Annotated[float, Field(gt=0, le=MOST_RATE)]
"""Requests a second."""


class Level(BaseModel):
    """So many requests a second for so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Rate
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS)]


class RunLoadTest(Action):
    """Send requests to a service in staging, one level after the other. `address` is where its traffic goes in
    there; nothing is sent anywhere else. `base_rate` is what it serves in production, where that was measured.

    It passes where, in every level, no more than the share `most_failed` failed and 95 of 100 answers took no
    longer than `slowest_ms`. Nothing is begun that would not be over by `over_by`.
    """

    type = "load.run_test"
    decision_type = "load_test"

    service: Name
    environment: Literal[Stage.STAGING]
    address: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    path: Annotated[str, StringConstraints(pattern=r"^/[!-~]{0,500}$")]
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=MOST_STAGES)]
    base_rate: Rate | None
    most_failed: Annotated[float, Field(ge=0, lt=1)]
    slowest_ms: Annotated[int, Field(ge=1, le=60_000)]
    over_by: AwareDatetime

    @property
    def target(self) -> Target:
        """What is put under load."""
        return Target(self.service, self.environment)

    @property
    def plan(self) -> Plan:
        """What is sent, and when. Raises ValueError."""
        stages = tuple(LoadStage(level.rate, level.seconds) for level in self.levels)
        return Plan(self.address, stages, (Path(self.path),))

    @property
    def top_rate(self) -> float:
        """The highest rate, in requests a second."""
        return max(level.rate for level in self.levels)

    def summary(self) -> str:
        top, seconds = self.top_rate, sum(level.seconds for level in self.levels)
        return (
            f"Put {self.service} in {self.environment} under load: up to {top:,.4g} requests a second,"
            f" {seconds:,.0f} s in all"
        )
