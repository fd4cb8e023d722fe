"""Emergency deployments: leave to go without an approval, and the review that is due afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.submitter import asking, submitter
from governance.authority.vocabulary import Given
from governance.directory import name_of
from governance.overrides.authority import may_deploy_in_emergency, may_review
from governance.overrides.rows import lay
from governance.overrides.sweep import emergency_to_review
from governance.people import Actor
from governance.permissions import Allowed
from governance.record import intervened
from governance.registry import ActionSpec, EffectFailed, free
from storage.jobs import defer

LEAVE_FOR = timedelta(hours=1)
"""How long the leave lasts: a deployment that has not begun by then needs its approval again."""

REVIEW_WITHIN = timedelta(hours=24)


class AllowEmergencyDeployment(Action):
    """One exact version of one service may go to production without its approval, for an hour."""

    type: ClassVar[str] = "governance.allow_emergency_deployment"
    decision_type: ClassVar[str] = "override"

    service: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=100)

    @property
    def decides(self) -> str:
        """The decision that it covers, as `Subject.decides` of the deployment."""
        return deployment_decides(self.service, self.version, "production")

    def summary(self) -> str:
        return f"Emergency deployment of {self.decides}"


class ReviewEmergency(Action):
    """Somebody else looked at an emergency deployment afterwards. The rationale is what they found."""

    type: ClassVar[str] = "governance.review_emergency"
    decision_type: ClassVar[str] = "override"

    emergency: str

    def summary(self) -> str:
        return f"Review of the emergency deployment {self.emergency}"


def deployment_decides(service: str, version: str, environment: str) -> str:
    """What exactly a deployment decides (`orders 2.3.1 to production`)."""
    return f"{service} {version} to {environment}"


def allow_emergency_deployment(service: str, version: str, reason: str) -> AllowEmergencyDeployment:
    """The action, as it stands in the record."""
    return AllowEmergencyDeployment(
        rationale=reason,
        impact=f"{service} {version} may go to production without approval for one hour;"
        " freezes and people-only rules still hold.",
        rollback_plan=f"Roll {service} back to the version that was approved before.",
        service=service,
        version=version,
    )


def review_emergency(emergency: str, finding: str) -> ReviewEmergency:
    """The action, as it stands in the record."""
    return ReviewEmergency(
        rationale=finding,
        impact="The emergency deployment counts as reviewed.",
        rollback_plan="Nothing to take back: a review adds to the record.",
        emergency=emergency,
    )


async def _allow(action: AllowEmergencyDeployment, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    due = who.at + REVIEW_WITHIN
    override = lay(
        tx,
        "emergency",
        "deployment",
        subject=action.decides,
        reason=action.rationale,
        by=who.person.id,
        identity=who.identity,
        roles=frozenset(who.person.roles),
        at=who.at,
        expires=who.at + LEAVE_FOR,
        review_due=due,
    )
    await intervened(tx, "emergency", who.person.id, override, action.rationale, who.at)
    await defer(tx, "sweep_overrides", {}, at=due)
    return Outcome(OutcomeState.DONE, f"{action.decides} may go without approval.", override)


async def _review(action: ReviewEmergency, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    row = await emergency_to_review(tx, action.emergency, lock=True)
    if row.reviewed is not None:
        raise EffectFailed(f"It was reviewed already, by {await name_of(tx, row.reviewed_by)}.")
    row.reviewed, row.reviewed_by = who.at, who.person.id
    return Outcome(OutcomeState.DONE, "Reviewed.", row.id)


async def _may_allow(action: AllowEmergencyDeployment, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    allowed = may_deploy_in_emergency(person.roles, action.rationale)
    return {"permitted": isinstance(allowed, Allowed)}


async def _may_review(action: ReviewEmergency, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    row = await emergency_to_review(tx, action.emergency)
    return {"permitted": isinstance(may_review(person.roles, person.id, row.made_by), Allowed)}


def _subject(action: Action) -> Subject:
    return Subject("overrides", service=getattr(action, "service", None))


SPECS = (
    ActionSpec(
        AllowEmergencyDeployment,
        _subject,
        change=_allow,
        establish=_may_allow,
        establishes=("permitted",),
        costs=free,
    ),
    ActionSpec(
        ReviewEmergency, _subject, change=_review, establish=_may_review, establishes=("permitted",), costs=free
    ),
)
