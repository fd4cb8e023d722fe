"""How the gate performs and asks about load tests: the action spec of load.

Where the load goes is never taken from words: the address is the one that the platform gives for the service in
staging, when it is ruled on and again before the first request is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import ActionSpec, EffectFailed, free
from integrations.deployments import Deployments, Stage, Target
from integrations.load import Load, LoadError
from integrations.load.actions import RunLoadTest
from integrations.looked import looked
from storage.database import tenant_of
from storage.look import Away, look_of

DeploymentsOf = Callable[[str], Deployments]
"""A tenant's platform, by the tenant."""


def specs(deployments: DeploymentsOf) -> tuple[ActionSpec, ...]:
    """Every effect of load, for the gate's registry. Their port is called `load`."""

    async def establish(action: RunLoadTest, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
        platform = looked("deployments", deployments(tenant_of(tx)), look_of(tx))
        try:
            return {"environment": (await stage_at(platform, action.service, action.address)).value}
        except Away as away:
            raise LookupError(str(away)) from away

    async def perform(action: RunLoadTest, grant: Grant, port: Load) -> Outcome:
        await _demand_possible(action, grant, deployments(grant.tenant))
        try:
            await port.start_load(grant, action.plan)
        except LoadError as refused:
            raise EffectFailed(f"{refused}.") from refused
        says = f"{action.service} in {action.environment} is under load"
        return Outcome(OutcomeState.DONE, f"{says}.", reference=grant.id)

    return (
        ActionSpec(
            RunLoadTest,
            _subject,
            effect=perform,
            port="load",
            ask=_ask,
            establish=establish,
            establishes=("environment",),
            costs=free,
        ),
    )


async def stage_at(platform: Deployments, service: str, address: str) -> Stage:
    """Whose traffic goes in at an address. Raises LookupError where it is neither stage's of this service."""
    for stage in (Stage.PRODUCTION, Stage.STAGING):
        if (await platform.status(Target(service, stage))).address == address:
            return stage
    raise LookupError(f"{address} is where no traffic of {service} goes in")


async def _demand_possible(action: RunLoadTest, grant: Grant, platform: Deployments) -> None:
    """Raises EffectFailed: nothing was sent."""
    ends = grant.minted_at + timedelta(seconds=action.plan.seconds)
    if ends > action.over_by:
        raise EffectFailed(f"It would not be over by {action.over_by:%H:%M} UTC any more, so it was not begun.")
    try:
        stage = await stage_at(platform, action.service, action.address)
    except (Away, LookupError) as unknown:
        raise EffectFailed(f"{unknown}, so nothing was sent there.") from unknown
    if stage is not Stage.STAGING:
        raise EffectFailed(f"{action.address} is {stage}: load tests run against staging alone.")


def _subject(action: RunLoadTest) -> Subject:
    return Subject("load_tests", service=action.service)


async def _ask(grant: str, port: Load) -> Outcome | None:
    done = await port.what_happened(grant)
    return None if done is None else Outcome(OutcomeState.DONE, f"{done}.", reference=grant)
