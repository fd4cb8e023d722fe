"""Where a load test may go: the address that the platform gives for staging, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from pydantic import ValidationError

from governance.action import Grant, OutcomeState
from governance.registry import EffectFailed
from integrations.deployments import Deployments, Stage, Status, Target
from integrations.load import AddressNotListed, Path, Plan
from integrations.load.actions import Level, RunLoadTest, Weighted
from integrations.load.performing import specs, stage_at
from storage.look import Away

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
STAGING, PRODUCTION = "http://127.0.0.1:7001", "http://127.0.0.1:7002"


@dataclass
class Platform:
    addresses: dict[Stage, str]
    away: bool = False

    async def status(self, target: Target) -> Status:
        if self.away:
            raise Away("The platform", "does not answer")
        return Status(target, None, None, self.addresses.get(target.stage), NOW)


class Generator:
    def __init__(self) -> None:
        self.began: list[Plan] = []

    async def start_load(self, grant: Grant, plan: Plan) -> str:
        if not plan.address.startswith("http://127.0.0.1"):
            raise AddressNotListed(f"{plan.address} is not listed")
        self.began.append(plan)
        return grant.id


ACTION = RunLoadTest(
    service="orders",
    environment=Stage.STAGING,
    address=STAGING,
    path="/",
    levels=(Level(rate=5, seconds=10),),
    base_rate=None,
    most_failed=0.01,
    slowest_ms=500,
    over_by=NOW + timedelta(minutes=1),
    rationale="r",
    impact="i",
    rollback_plan="b",
)


async def perform(action: RunLoadTest, platform: Platform, at: datetime = NOW) -> Generator:
    generator, grant = Generator(), Grant("gr_1", "t", "ef_1", "", 0, at)
    (spec,) = specs(lambda _tenant: cast(Deployments, platform))
    effect: Any = spec.effect
    try:
        outcome = await effect(action, grant, generator)
    except EffectFailed:
        assert generator.began == []
        raise
    assert (outcome.state, outcome.reference) == (OutcomeState.DONE, "gr_1")
    return generator


async def test_it_goes_to_staging() -> None:
    generator = await perform(ACTION, Platform({Stage.STAGING: STAGING, Stage.PRODUCTION: PRODUCTION}))
    assert [plan.address for plan in generator.began] == [STAGING]


def test_a_mix_is_asked_by_weight_and_nothing_beside_it() -> None:
    mix = (Weighted(path="/popular", weight=3), Weighted(path="/orders/1", weight=1))
    mixed = RunLoadTest.of_body(ACTION.body() | {"path": None, "mix": [one.model_dump() for one in mix]})
    assert mixed.plan.paths == (Path("/popular", 3), Path("/orders/1", 1))
    assert ACTION.plan.paths == (Path("/", 1),)
    for wrong in ({"path": "/", "mix": [mix[0].model_dump()]}, {"path": None}):
        with pytest.raises(ValidationError, match="either a path, or a mix"):
            RunLoadTest.of_body(ACTION.body() | wrong)


@pytest.mark.parametrize(
    ("action", "platform", "why"),
    [
        (
            ACTION.model_copy(update={"address": PRODUCTION}),
            Platform({Stage.PRODUCTION: PRODUCTION}),
            "staging alone",
        ),
        (ACTION, Platform({Stage.STAGING: STAGING, Stage.PRODUCTION: STAGING}), "staging alone"),
        (ACTION, Platform({Stage.STAGING: "http://127.0.0.1:7009"}), "no traffic of orders goes in"),
        (ACTION, Platform({Stage.STAGING: STAGING}, away=True), "does not answer"),
        (
            ACTION.model_copy(update={"address": "http://shop.example"}),
            Platform({Stage.STAGING: "http://shop.example"}),
            "not listed",
        ),
    ],
)
async def test_it_goes_nowhere_else(action: RunLoadTest, platform: Platform, why: str) -> None:
    with pytest.raises(EffectFailed, match=why):
        await perform(action, platform)


async def test_it_is_not_begun_too_late() -> None:
    platform = Platform({Stage.STAGING: STAGING})
    assert (await perform(ACTION, platform, NOW + timedelta(seconds=50))).began
    with pytest.raises(EffectFailed, match=r"over by 09:01 UTC any more"):
        await perform(ACTION, platform, NOW + timedelta(seconds=51))


async def test_an_address_of_neither_stage_is_nobodys() -> None:
    platform = cast(Deployments, replace(Platform({Stage.STAGING: STAGING})))
    assert await stage_at(platform, "orders", STAGING) is Stage.STAGING
    with pytest.raises(LookupError):
        await stage_at(platform, "orders", PRODUCTION)
