"""Actions whose effects happen at the fake port: a deployment, a scaling that costs, a report's step."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import ActionSpec, Costs, EffectFailed, OutcomeUncertain, free
from simulators.edge import Edge


class EdgeAction(Action):
    """What all of these have: which mode the fake port is to be in for it."""

    mode: str = "ok"
    seconds: float = 0.0
    service: str = "orders"

    def summary(self) -> str:
        return f"{self.type} {self.service}"


class Deploy(EdgeAction):
    """`environment` and `load_test` stand for what a deployment system would say when it is asked."""

    type: ClassVar[str] = "edge.deploy"
    decision_type: ClassVar[str] = "deployments"
    environment: str = "staging"
    load_test: str = "unknown"
    version: str = "1"


class Scale(EdgeAction):
    """`price` stands for what a price list would say when it is asked."""

    type: ClassVar[str] = "edge.scale"
    decision_type: ClassVar[str] = "resource_scaling"
    price: str = "0"


class Report(EdgeAction):
    type: ClassVar[str] = "edge.report"
    decision_type: ClassVar[str] = "compliance_reports"
    step: str = "submit"


class Patch(EdgeAction):
    type: ClassVar[str] = "edge.patch"
    decision_type: ClassVar[str] = "security_patches"
    severity: str = "critical"


class Meet(EdgeAction):
    """A change of our own rows, which agents make without asking anybody."""

    type: ClassVar[str] = "edge.meet"
    decision_type: ClassVar[str] = "internal_message"


class Stray(EdgeAction):
    """An action that names a row which the matrix does not have."""

    type: ClassVar[str] = "edge.stray"
    decision_type: ClassVar[str] = "no_such_row"


PRICES: dict[str, str] = {}
"""The price list by service, where it says otherwise by now."""

WHY = {"rationale": "because of the test", "impact": "orders restarts", "rollback_plan": "the version before"}


def deploy(**fields: Any) -> Deploy:
    return Deploy(**WHY | fields)


def scale(cost: str, **fields: Any) -> Scale:
    """A scaling that says what it costs; the price list says the same, unless `price` is given."""
    return Scale(**WHY | {"cost": Decimal(cost), "price": cost} | fields)


async def _effect(action: EdgeAction, grant: Grant, port: Edge) -> Outcome:
    try:
        answer = await port.do(grant.id, action.mode, action.seconds)
    except httpx.TransportError as lost:
        raise OutcomeUncertain(f"no answer: {type(lost).__name__}") from lost
    if answer.status_code == 409:
        raise EffectFailed(answer.json()["error"])
    if answer.status_code != 200:
        raise OutcomeUncertain(f"the answer was {answer.status_code}")
    return Outcome(OutcomeState.DONE, action.summary(), answer.json()["reference"])


async def _ask(grant: str, port: Edge) -> Outcome | None:
    match await port.ask(grant):
        case "never arrived":
            return None
        case "done":
            return Outcome(OutcomeState.DONE, "it had been done", f"done-{grant}")
        case _:
            return Outcome(OutcomeState.UNKNOWN, "nobody can tell whether it was done")


async def _of_deploy(action: Deploy, _actor: Actor, _tx: AsyncSession) -> Mapping[str, Given]:
    if action.environment == "nobody knows":
        raise LookupError("the deployment system did not answer")
    tested: dict[str, Given] = {
        "passed": {"load_test_passed": True},
        "failed": {"load_test_passed": False},
    }.get(action.load_test, {})
    return {"environment": action.environment, "outside_blackout": True, **tested}


async def _of_report(action: Report, _actor: Actor, _tx: AsyncSession) -> Mapping[str, Given]:
    return {"step": action.step}


async def _of_patch(action: Patch, _actor: Actor, _tx: AsyncSession) -> Mapping[str, Given]:
    if action.severity == "nobody knows":
        raise LookupError("the scanner did not answer")
    return {"severity": action.severity}


async def _price(action: Scale, _actor: Actor, _tx: AsyncSession) -> Decimal:
    listed = PRICES.get(action.service, action.price)
    if listed == "nobody knows":
        raise LookupError("the price list did not answer")
    return Decimal(listed)


async def _met(action: Meet, _grant: Grant, _tx: AsyncSession) -> Outcome:
    return Outcome(OutcomeState.DONE, action.summary())


def _spec(action: type[EdgeAction], establish: Any = None, *facts: str, costs: Costs = free) -> ActionSpec:
    return ActionSpec(
        action,
        lambda done: Subject("deployments", service=done.service, decides=f"{done.type} {done.service}"),
        effect=_effect,
        port="edge",
        ask=_ask,
        establish=establish,
        establishes=facts,
        costs=costs,
    )


SPECS = (
    _spec(Deploy, _of_deploy, "environment", "load_test_passed", "outside_blackout"),
    _spec(Scale, costs=_price),
    _spec(Report, _of_report, "step"),
    _spec(Patch, _of_patch, "severity"),
    _spec(Stray),
    ActionSpec(Meet, lambda _: Subject("meetings"), change=_met, costs=free),
)
