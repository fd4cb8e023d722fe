"""Entries: what the audit log records, each with the eight parts that are demanded of every action.

The parts are: actor (and on whose behalf, from which chat identity), action type and details, timestamp
in microseconds, rationale, approval chain, impact assessment, rollback plan, related artifacts.

In the clear stand codes, ids, numbers and times. Identity, details, rationale, impact, rollback plan and
artifacts may hold free text or personal data and go into the log as commitments (see `sealing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from governance.action import OutcomeState, Verdict
from governance.people import Actor

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,79}$")]
"""A word of ours, never one of theirs: `stories.auto`, `performance`."""

Type = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=80)]
"""What was done: an action's type (`tracker.create_story`), or `turn.said`, `approval.vote`, …"""

Id = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
"""An opaque id: a person's, a turn's, an approval's."""

EntryId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""An entry's id (see `sealing.new_id`)."""

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A whole number that JSON carries exactly."""

Text = Annotated[str, StringConstraints(min_length=1)]
"""Words for people."""


class EntryKind(StrEnum):
    """What sort of thing happened."""

    TURN = "turn"
    READ = "read"
    REFUSAL = "refusal"
    RULING = "ruling"
    APPROVAL = "approval"
    INTENT = "intent"
    OUTCOME = "outcome"
    OVERRIDE = "override"
    WINDOW = "window"
    ACCESS = "access"
    POLICY = "policy"
    SYSTEM = "system"


class Absence(StrEnum):
    """Why a part does not apply to an entry. Closed: there is no 'other'."""

    NOTHING_CHANGES = "nothing_changes"
    """Reading and talking: nothing is decided, so there is nothing to assess or take back."""
    NOTHING_WAS_DONE = "nothing_was_done"
    """A refusal, an expiry: what was asked for did not happen."""
    NO_APPROVAL_NEEDED = "no_approval_needed"
    NOT_RULED_YET = "not_ruled_yet"
    GIVEN_WITH_INTENT = "given_with_intent"
    """Said in the entry that this one belongs to (same `effect` or `subject`)."""
    NONE_GIVEN = "none_given"
    """A person was free to say it and did not."""
    BY_CLOCK = "by_clock"
    """The system did it by itself, at its time."""
    NO_ARTIFACTS = "no_artifacts"


class Measure(StrEnum):
    """What the department's figures are drawn from; kept in the clear, as codes and numbers."""

    COST = "cost"
    BUSY_SECONDS = "busy_seconds"
    WAITING_SECONDS = "waiting_seconds"
    OUTCOME = "outcome"
    ESCALATED_TO = "escalated_to"
    INTERVENTION = "intervention"
    DEFECT_ORIGIN = "defect_origin"


class Part(StrEnum):
    """The parts that are committed to."""

    IDENTITY = "identity"
    DETAILS = "details"
    RATIONALE = "rationale"
    IMPACT = "impact"
    ROLLBACK_PLAN = "rollback_plan"
    ARTIFACTS = "artifacts"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NotApplicable(_Frozen):
    """In place of a part: that it does not apply, and why."""

    not_applicable: Absence


class VoteCast(_Frozen):
    """One person's vote, in the role that counted."""

    person: Id
    role: Code
    verdict: Literal["approve", "deny"]
    at: AwareDatetime


class ApprovalChain(_Frozen):
    """Who allowed it: the ruling, and where it asked for votes the approval and the votes cast."""

    rule: Code
    policy_version: Id
    verdict: Verdict
    approval: Id | None = None
    votes: tuple[VoteCast, ...] = ()


class _Recorded(_Frozen):
    """What every entry has. `subject` is the id of the thing that it is about, for finding it again."""

    type: Type
    actor: Actor
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    subject: Id | None = None
    turn: Id | None = None
    details: Mapping[str, JsonValue] = Field(default_factory=dict)
    measures: Mapping[Measure, Decimal | Count | Code] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ids_are_ids(self) -> Self:
        for name in (self.actor.id, self.actor.on_behalf_of, self.actor.identity):
            if name is not None and (not 1 <= len(name) <= 200 or not name.isprintable()):
                raise ValueError(f"{name[:40]!r} is no actor's id")
        return self


class Entry(_Recorded):
    """Anything but an effect. A part that does not apply says why.

    `erases` is what this entry says was erased: the parts, by the entry that they were of. It stands in the
    clear, for by it alone an opening may be missing.
    """

    kind: Literal[
        EntryKind.TURN,
        EntryKind.READ,
        EntryKind.REFUSAL,
        EntryKind.RULING,
        EntryKind.APPROVAL,
        EntryKind.OVERRIDE,
        EntryKind.WINDOW,
        EntryKind.ACCESS,
        EntryKind.POLICY,
        EntryKind.SYSTEM,
    ]
    effect: Id | None = None
    erases: Mapping[EntryId, Annotated[tuple[Part, ...], Field(min_length=1)]] = Field(default_factory=dict)
    rationale: Text | NotApplicable
    approvals: ApprovalChain | NotApplicable
    impact: Text | NotApplicable
    rollback_plan: Text | NotApplicable
    artifacts: Annotated[tuple[Text, ...], Field(min_length=1)] | NotApplicable


class EffectEntry(_Recorded):
    """An effect on the world: its intent before, its outcome after. All eight parts are demanded.

    `effect` ties the two together; an outcome carries its state among the measures.
    """

    kind: Literal[EntryKind.INTENT, EntryKind.OUTCOME]
    effect: Id
    details: Mapping[str, JsonValue] = Field(min_length=1)
    rationale: Text
    approvals: ApprovalChain
    impact: Text
    rollback_plan: Text
    artifacts: tuple[Text, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _was_allowed(self) -> Self:
        chain = self.approvals
        if chain.verdict is Verdict.REFUSE:
            raise ValueError("an effect that was refused has neither intent nor outcome")
        if chain.verdict is Verdict.APPROVE_FIRST and (
            chain.approval is None or not any(vote.verdict == "approve" for vote in chain.votes)
        ):
            raise ValueError("an effect that needs approval names the approval and the votes for it")
        if self.kind is EntryKind.OUTCOME and self.measures.get(Measure.OUTCOME) not in set(OutcomeState):
            raise ValueError("an outcome says among its measures how the effect ended")
        return self


AnyEntry = Entry | EffectEntry
