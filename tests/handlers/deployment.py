"""A deployment as a later step will have it: enough for the matrix, emergencies and overruling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.emergencies import deployment_decides
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import ActionSpec, free


class Deploy(Action):
    type: ClassVar[str] = "probe.deploy"
    decision_type: ClassVar[str] = "deployments"

    service: str
    version: str
    environment: str = "production"

    def summary(self) -> str:
        return f"Deploy {self.service} {self.version} to {self.environment}"


def deploy(service: str, version: str, environment: str = "production") -> Deploy:
    return Deploy(
        rationale="fixes the export",
        impact=f"{service} restarts",
        rollback_plan="roll back",
        service=service,
        version=version,
        environment=environment,
    )


async def _effect(action: Deploy, grant: Grant, port: Any) -> Outcome:
    return Outcome(OutcomeState.DONE, action.summary())


async def _ask(grant_id: str, port: Any) -> Outcome | None:
    return None


async def _establish(action: Deploy, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    return {"environment": action.environment, "outside_blackout": True}


def _undo(action: Deploy, outcome: Outcome) -> Action:
    return deploy(action.service, "the version before", action.environment)


SPEC = ActionSpec(
    Deploy,
    lambda action: Subject(
        "deployments",
        service=action.service,
        decides=deployment_decides(action.service, action.version, action.environment),
    ),
    effect=_effect,
    port="deployments",
    ask=_ask,
    establish=_establish,
    establishes=("environment", "outside_blackout"),
    undo=_undo,
    costs=free,
)
