"""The effects on what runs: deploying a version, rolling one back, scaling, protecting it from requests."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from governance.action import Action
from governance.actions.emergencies import deployment_decides
from integrations.deployments import Shed, Stage, Target

MOST_REPLICAS = 1_000
SHORTEST_BREAKER, LONGEST_BREAKER = 10, 3_600
"""Seconds."""

Name = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,100}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Advisory = Annotated[str, StringConstraints(min_length=1, max_length=60)]
"""Which vulnerability a release mends; what has one is asked about before what has none."""
Share = Annotated[int, Field(ge=1, le=100)]
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


def _named_first(advisory: str | None, summary: str) -> str:
    return f"Security patch ({advisory}): {summary}" if advisory else summary


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
    advisory: Advisory | None = None

    def summary(self) -> str:
        return _named_first(self.advisory, f"Deploy {self.service} {self.version} to {self.environment}")

    def decides(self) -> str:
        """As an emergency deployment names it."""
        return deployment_decides(self.service, self.version, self.environment)


class PatchStaging(DeploymentAction):
    """Put a release that mends a vulnerability (`advisory`) where another one runs in staging."""

    type = "deployments.patch_staging"
    decision_type = "security_patches"

    environment: Literal[Stage.STAGING] = Stage.STAGING
    version: Name
    content: Digest
    advisory: Advisory
    replicas: Replicas
    before: Name

    def summary(self) -> str:
        return f"Deploy {self.service} {self.version} to {self.environment}, which mends {self.advisory}"

    def decides(self) -> str:
        """As any other deployment of it."""
        return deployment_decides(self.service, self.version, self.environment)


class BeginCanary(DeploymentAction):
    """Give this very release a share of the traffic beside the version that runs (`before`), then more of it,
    in these `shares` (per cent, the last one 100), each once the judge let the one before pass; then all of it.
    Approving this approves them all, but for the last one where the `promotion` is asked about. Where nobody
    renews it for `lease` seconds, all traffic goes back."""

    type = "deployments.begin_canary"
    decision_type = "deployments"

    version: Name
    content: Digest
    before: Name
    before_content: Digest
    shares: Annotated[tuple[Share, ...], Field(min_length=2, max_length=10)]
    lease: Annotated[int, Field(ge=10, le=600)]
    least_requests: Annotated[int, Field(ge=20, le=1_000_000)]
    least_seconds: Annotated[int, Field(ge=5, le=86_400)]
    deadline: Annotated[int, Field(ge=30, le=86_400)]
    promotion: Literal["by itself", "ask"] = "by itself"
    advisory: Advisory | None = None

    def summary(self) -> str:
        steps = " → ".join(f"{share} %" for share in self.shares)
        summary = f"Deploy {self.service} {self.version} to {self.environment} as a canary: {steps}"
        return _named_first(self.advisory, summary)

    def decides(self) -> str:
        """As an emergency deployment names it."""
        return deployment_decides(self.service, self.version, self.environment)


class CanaryAction(DeploymentAction):
    """What is done with a canary that is under way: `canary` is what the platform calls it."""

    decision_type = "canary_steps"

    canary: Name
    version: Name


class StepCanary(CanaryAction):
    """Give it another share of the traffic, in per cent."""

    type = "deployments.step_canary"

    share: Share

    def summary(self) -> str:
        of = f"{self.service} {self.version} in {self.environment}"
        return f"Give the canary of {of} {self.share} % of the traffic"


class PromoteCanary(CanaryAction):
    """Put it in the place of the version that runs."""

    type = "deployments.promote_canary"

    before: Name
    before_content: Digest
    content: Digest
    advisory: Advisory | None = None

    @classmethod
    def of(cls, begun: BeginCanary, canary: str, *, rationale: str, impact: str) -> Self:
        """The promotion of what `begun` began, by what the platform calls it."""
        return cls(
            service=begun.service,
            environment=begun.environment,
            canary=canary,
            version=begun.version,
            before=begun.before,
            before_content=begun.before_content,
            content=begun.content,
            advisory=begun.advisory,
            rationale=rationale,
            impact=impact,
            rollback_plan=f"Roll {begun.service} back to {begun.before}.",
            artifacts=begun.artifacts,
        )

    def summary(self) -> str:
        summary = f"Promote the canary of {self.service} {self.version} in {self.environment}"
        return _named_first(self.advisory, summary)


class AbortCanary(CanaryAction):
    """Give all traffic back to the version that ran before."""

    type = "deployments.abort_canary"
    decision_type = "canary_abort"

    why: Annotated[str, StringConstraints(min_length=1, max_length=500)]

    def summary(self) -> str:
        return f"Abort the canary of {self.service} {self.version} in {self.environment}"


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


class OpenBreaker(DeploymentAction):
    """Refuse requests in place of the service, so that nobody waits for what does not answer, and it can come
    to itself. Ends by itself after so many seconds."""

    type = "deployments.open_breaker"
    decision_type = "service_protection"

    sheds: Shed
    seconds: Annotated[int, Field(ge=SHORTEST_BREAKER, le=LONGEST_BREAKER)]

    def summary(self) -> str:
        return f"Open the breaker of {self.service} in {self.environment}, which refuses {self.sheds}"


class CloseBreaker(DeploymentAction):
    """Let all requests through again."""

    type = "deployments.close_breaker"
    decision_type = "service_protection"

    def summary(self) -> str:
        return f"Close the breaker of {self.service} in {self.environment}"
