"""The effect on a service that is put under load. Ending a load is no effect: it is always allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from governance.action import Action
from integrations.deployments import Stage, Target
from integrations.deployments.actions import Name
from integrations.load import MOST_RATE, MOST_SECONDS, Path, Plan, Scenario
from integrations.load import Stage as LoadStage

MOST_STAGES = 20
MOST_PATHS = 20

Rate = Annotated[float, Field(gt=0, le=MOST_RATE)]
"""Requests a second."""


PathAsked = Annotated[str, StringConstraints(pattern=r"^/[!-~]{0,500}$")]


class Level(BaseModel):
    """So many requests a second for so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Rate
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS)]


class Weighted(BaseModel):
    """A path, and how often it is asked beside the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: PathAsked
    weight: Annotated[float, Field(gt=0, le=1_000_000)]


class ScenarioAsked(BaseModel):
    """A scenario of the company's own, as it stood when it was asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, StringConstraints(pattern=r"^load/[a-zA-Z0-9][a-zA-Z0-9._-]{0,100}\.py$")]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def asked_in_words(mix: Sequence[Weighted]) -> str:
    """What is asked, with the share of each where there are several."""
    if len(mix) == 1:
        return mix[0].path
    whole = sum(one.weight for one in mix)
    return ", ".join(f"{one.path} ({one.weight / whole:.0%})" for one in mix)


class RunLoadTest(Action):
    """Send requests to a service in staging, one level after the other. `address` is where its traffic goes in
    there; nothing is sent anywhere else. Either `path` is asked, or the `mix` of paths that the release says it
    serves, or the steps of a `scenario` are taken. `version` is the release that runs there, None only where
    that was not kept yet: what the test shows is of that release alone. `base_rate` is the most that it served
    in production in five minutes of the last day, where that was measured: “10x” is ten times that.

    It passes where, in every level, no more than the share `most_failed` failed and 95 of 100 answers took no
    longer than `slowest_ms`. Nothing is begun that would not be over by `over_by`.
    """

    type = "load.run_test"
    decision_type = "load_test"

    service: Name
    environment: Literal[Stage.STAGING]
    version: Name | None = None
    address: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    path: PathAsked | None = None
    mix: Annotated[tuple[Weighted, ...], Field(max_length=MOST_PATHS)] = ()
    scenario: ScenarioAsked | None = None
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=MOST_STAGES)]
    base_rate: Rate | None
    most_failed: Annotated[float, Field(ge=0, lt=1)]
    slowest_ms: Annotated[int, Field(ge=1, le=60_000)]
    over_by: AwareDatetime

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if (self.path is not None) + bool(self.mix) + (self.scenario is not None) != 1:
            raise ValueError("a load test asks either a path, or a mix of them, or drives a scenario")
        return self

    @property
    def target(self) -> Target:
        """What is put under load."""
        return Target(self.service, self.environment)

    @property
    def plan(self) -> Plan:
        """What is sent, and when. Raises ValueError."""
        stages = tuple(LoadStage(level.rate, level.seconds) for level in self.levels)
        paths = tuple(Path(one.path, one.weight) for one in self.mix) or (Path(self.path or "/"),)
        own = None if self.scenario is None else Scenario(self.scenario.file, self.scenario.digest)
        return Plan(self.address, stages, paths, scenario=own)

    @property
    def asks(self) -> str:
        """The paths in words, or the scenario."""
        return self.scenario.file if self.scenario is not None else self.path or asked_in_words(self.mix)

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
