"""How the gate performs, asks about and takes back what `actions.py` says: the action specs of deployments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import (
    ActionSpec,
    Costs,
    Effect,
    EffectFailed,
    Establish,
    OutcomeUncertain,
    Undo,
    free,
)
from integrations.deployments import DeploymentError, Deployments, During, Status, Target
from integrations.deployments.actions import (
    AbortCanary,
    BeginCanary,
    CanaryAction,
    CloseBreaker,
    Deploy,
    DeploymentAction,
    OpenBreaker,
    PatchStaging,
    PromoteCanary,
    RollBack,
    Scale,
    StepCanary,
)
from integrations.deployments.blackout_facts import BLACKOUT_FACTS, outside_blackout
from integrations.looked import looked
from storage.database import tenant_of
from storage.look import Away, look_of

WithinCanary = Callable[[CanaryAction, AsyncSession], Awaitable[bool]]
"""Whether an action is what comes next of a canary that was approved. Raises LookupError."""

ReplicaCost = Callable[[str, int, AsyncSession], Awaitable[Decimal]]
"""What so many more replicas of a service cost a month, in the department's currency. Raises LookupError when
it cannot be told, which is ruled on as strictly as it can be."""


InIncident = Callable[[Target, Actor, AsyncSession], Awaitable[bool]]
"""Whether what somebody does at a target answers an incident that is open."""


PreviouslyApproved = Callable[[RollBack, AsyncSession], Awaitable[bool]]
"""Whether what is gone back to was approved for that target before."""


TestsOf = Callable[[Deploy | BeginCanary, AsyncSession], Awaitable[Mapping[str, Given]]]
"""Whether a version's tests passed: `tests_passed`, and `tests_passed(name)` of each suite with a name."""


DeploymentsOf = Callable[[str], Deployments]
"""A tenant's platform, by the tenant."""


def specs(
    within_canary: WithinCanary,
    replica_cost: ReplicaCost,
    in_incident: InIncident,
    previously_approved: PreviouslyApproved,
    tests: TestsOf,
    platform: DeploymentsOf,
) -> tuple[ActionSpec, ...]:
    """Every effect on what runs, for the gate's registry. Their port is called `deployments`."""
    at_once = _at_once(replica_cost, in_incident, previously_approved)
    return (*_of_new_versions(tests), *at_once, *_canaries(within_canary), _security(platform))


def _of_new_versions(tests: TestsOf) -> tuple[ActionSpec, ...]:
    async def establish(action: Deploy | BeginCanary, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
        """Where it is done, and nowhere else (the performer hands on the same field), whether it may be now,
        and what its tests said."""
        where = {"environment": action.environment.value}
        return {**where, **await outside_blackout(action, tx), **await tests(action, tx)}

    facts = ("environment", "tests_passed", *BLACKOUT_FACTS)
    return (
        _on_platform(Deploy, _deploy, establish=establish, establishes=facts, undo=_undo_deploy),
        _on_platform(BeginCanary, _begin_canary, establish=establish, establishes=facts),
    )


def _security(platform: DeploymentsOf) -> ActionSpec:
    async def severity(action: PatchStaging, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
        """As the release itself says, and of exactly that release."""
        port = looked("deployments", platform(tenant_of(tx)), look_of(tx))
        try:
            release = await port.release(action.service, action.version)
        except (Away, DeploymentError) as unknown:
            raise LookupError(str(unknown)) from unknown
        if release.digest != action.content or release.security is None:
            raise LookupError(f"{action.service} {action.version} does not say what it mends")
        return {"severity": release.security}

    return _on_platform(PatchStaging, _deploy, establish=severity, establishes=("severity",))


def _on_platform(
    action: type[DeploymentAction],
    effect: Effect,
    *,
    process: str = "deployments",
    establish: Establish | None = None,
    establishes: tuple[str, ...] = (),
    undo: Undo | None = None,
    costs: Costs = free,
) -> ActionSpec:
    return ActionSpec(
        action,
        partial(_subject, process),
        effect=effect,
        port="deployments",
        ask=_ask,
        establish=establish,
        establishes=establishes,
        undo=undo,
        costs=costs,
    )


def _canaries(within_canary: WithinCanary) -> tuple[ActionSpec, ...]:
    async def within(action: CanaryAction, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
        return {"within_canary": await within_canary(action, tx), **await outside_blackout(action, tx)}

    facts = ("within_canary", *BLACKOUT_FACTS)
    return (
        _on_platform(StepCanary, _step_canary, establish=within, establishes=facts),
        _on_platform(PromoteCanary, _promote_canary, establish=within, establishes=facts, undo=_undo_deploy),
        _on_platform(AbortCanary, _abort_canary),
    )


def _at_once(
    replica_cost: ReplicaCost, in_incident: InIncident, previously_approved: PreviouslyApproved
) -> tuple[ActionSpec, ...]:
    async def answers(action: DeploymentAction, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
        return {"in_incident": await in_incident(action.target, actor, tx)}

    async def goes_back(action: RollBack, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
        known = await previously_approved(action, tx)
        return {**await answers(action, actor, tx), "previously_approved": known}

    async def added_replicas(action: Scale, _actor: Actor, tx: AsyncSession) -> Decimal:
        """Fewer cost nothing."""
        added = action.replicas - action.before
        return await replica_cost(action.service, added, tx) if added > 0 else Decimal(0)

    facts = ("in_incident",)
    return (
        _on_platform(RollBack, _roll_back, establish=goes_back, establishes=(*facts, "previously_approved")),
        _on_platform(
            Scale,
            _scale,
            establish=answers,
            establishes=facts,
            undo=_undo_scale,
            costs=added_replicas,
            process=_OPERATIONS,
        ),
        _on_platform(
            OpenBreaker,
            _open_breaker,
            establish=answers,
            establishes=facts,
            undo=_undo_breaker,
            process=_OPERATIONS,
        ),
        _on_platform(CloseBreaker, _close_breaker, establish=answers, establishes=facts, process=_OPERATIONS),
    )


_OPERATIONS = "operations"
"""What brings no version: a freeze of deployments leaves it alone."""


def _subject(process: str, action: DeploymentAction) -> Subject:
    return Subject(process, service=action.service, decides=action.decides())


async def _done(says: str, doing: Awaitable[Status]) -> Outcome:
    try:
        status = await doing
    except DeploymentError as refused:
        raise EffectFailed(str(refused)) from refused
    except Away as away:  # it may have happened: the platform is asked, and never told twice
        raise OutcomeUncertain(str(away)) from away
    running = status.stable
    ready = f" Ready: {running.ready} of {running.replicas}." if running else ""
    counted = _counted(status.during)
    reference = running.version if running else None
    return Outcome(OutcomeState.DONE, f"{says}.{ready}{counted}", reference=reference)


def _counted(during: During | None) -> str:
    """What people hear of the requests that came in meanwhile."""
    if during is None:
        return ""
    if not during.requests:
        return " No request came in meanwhile."
    requests = f"{during.requests} request{'s' if during.requests > 1 else ''}"
    return f" Meanwhile {requests}: {during.failed} failed, {during.lost} of them lost."


async def _deploy(action: Deploy | PatchStaging, grant: Grant, port: Deployments) -> Outcome:
    what = action.version, action.content, action.replicas
    doing = port.deploy(grant, action.target, *what, before=action.before)
    return await _done(f"{action.service} {action.version} runs in {action.environment}", doing)


async def _begin_canary(action: BeginCanary, grant: Grant, port: Deployments) -> Outcome:
    share = action.shares[0]
    beginning = port.begin_canary(
        grant,
        action.target,
        action.version,
        action.content,
        share=share / 100,
        lease=action.lease,
        before=action.before,
    )
    says = f"{action.service} {action.version} has {share} % of the traffic in {action.environment}"
    return await _done(says, beginning)


async def _step_canary(action: StepCanary, grant: Grant, port: Deployments) -> Outcome:
    says = f"{action.service} {action.version} has {action.share} % of the traffic in {action.environment}"
    stepping = port.step_canary(grant, action.target, action.canary, action.share / 100)
    return await _done(says, stepping)


async def _promote_canary(action: PromoteCanary, grant: Grant, port: Deployments) -> Outcome:
    says = f"{action.service} {action.version} runs in {action.environment} and has all traffic"
    return await _done(says, port.promote_canary(grant, action.target, action.canary))


async def _abort_canary(action: AbortCanary, grant: Grant, port: Deployments) -> Outcome:
    says = f"All traffic of {action.service} in {action.environment} is back, and the canary is ended"
    return await _done(says, port.abort_canary(grant, action.target, action.canary, action.why))


async def _roll_back(action: RollBack, grant: Grant, port: Deployments) -> Outcome:
    doing = port.roll_back(grant, action.target, action.version, action.content, before=action.before)
    return await _done(f"{action.service} {action.version} runs in {action.environment} again", doing)


async def _scale(action: Scale, grant: Grant, port: Deployments) -> Outcome:
    says = f"{action.service} in {action.environment} is scaled to {action.replicas}"
    return await _done(says, port.scale(grant, action.target, action.replicas, before=action.before))


async def _open_breaker(action: OpenBreaker, grant: Grant, port: Deployments) -> Outcome:
    says = f"The breaker of {action.service} in {action.environment} is open and refuses {action.sheds}"
    return await _done(says, port.open_breaker(grant, action.target, action.sheds, action.seconds))


async def _close_breaker(action: CloseBreaker, grant: Grant, port: Deployments) -> Outcome:
    says = f"The breaker of {action.service} in {action.environment} is closed"
    return await _done(says, port.close_breaker(grant, action.target))


async def _ask(grant: str, port: Deployments) -> Outcome | None:
    try:
        done = await port.what_happened(grant)
    except Away as away:
        return Outcome(OutcomeState.UNKNOWN, str(away))
    return None if done is None else Outcome(OutcomeState.DONE, f"{done}.")


def _undo_deploy(action: Deploy | PromoteCanary, _outcome: Outcome) -> Action | None:
    if action.before is None or action.before_content is None:
        return None
    return RollBack(
        service=action.service,
        environment=action.environment,
        version=action.before,
        content=action.before_content,
        before=action.version,
        **_taking_back(action),
    )


def _undo_scale(action: Scale, _outcome: Outcome) -> Action:
    return Scale(
        service=action.service,
        environment=action.environment,
        replicas=action.before,
        before=action.replicas,
        **_taking_back(action),
    )


def _undo_breaker(action: OpenBreaker, _outcome: Outcome) -> Action:
    return CloseBreaker(service=action.service, environment=action.environment, **_taking_back(action))


def _taking_back(action: DeploymentAction) -> dict[str, str]:
    return {
        "rationale": f"Takes back: {action.summary()}.",
        "impact": f"{action.service} in {action.environment} runs as it did before.",
        "rollback_plan": "Do again what was taken back.",
    }
