"""The effects on what runs: deploying a version, rolling one back, scaling."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from governance.action import Action
from governance.actions.emergencies import deployment_decides
from integrations.deployments import Stage, Target

MOST_REPLICAS = 1_000

Name = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,100}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Replicas = Annotated[int, Field(ge=0, le=MOST_REPLICAS)]


class DeploymentAction(Action):
    """What every effect on what runs has: one service in one environment."""

    service: Name
    environment: Stage

    @property
    def target(self) -> Target:
        """Where it is done."""
        return Target(self.service, self.environment)

    def decides(self) -> str:
        """What exactly is decided: the same for any two actions that would do the same."""
        return self.summary()


class Deploy(DeploymentAction):
    """Put this very release where another one runs: `content` is its digest. `before` is the version that runs
    there, with its digest."""

    type = "deployments.deploy"
    decision_type = "deployments"

    version: Name
    content: Digest
    replicas: Replicas
    before: Name | None = None
    before_content: Digest | None = None

    def summary(self) -> str:
        return f"Deploy {self.service} {self.version} to {self.environment}"

    def decides(self) -> str:
        """As an emergency deployment names it."""
        return deployment_decides(self.service, self.version, self.environment)


class RollBack(DeploymentAction):
    """Take a version back: `version` runs again in the place of `before`."""

    type = "deployments.roll_back"
    decision_type = "rollbacks"

    version: Name
    content: Digest
    before: Name

    def summary(self) -> str:
        return f"Roll {self.service} in {self.environment} back from {self.before} to {self.version}"


class Scale(DeploymentAction):
    """Another number of replicas of what runs; `before` is how many there are."""

    type = "deployments.scale"
    decision_type = "resource_scaling"

    replicas: Replicas
    before: Replicas

    def summary(self) -> str:
        return f"Scale {self.service} in {self.environment} from {self.before} to {self.replicas} replicas"
