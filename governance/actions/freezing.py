"""Freezing a process, and lifting the freeze."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self

from pydantic import AwareDatetime, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.submitter import asking, submitter
from governance.authority.vocabulary import Given
from governance.moments import end_words
from governance.overrides.authority import freezing_role, may_freeze, may_unfreeze
from governance.overrides.held import held_back
from governance.overrides.rows import NoSuchOverride, end, freeze_of, lay, override_row
from governance.people import Actor
from governance.performing import release_held
from governance.permissions import Allowed
from governance.record import intervened
from governance.registry import ActionSpec, EffectFailed, free
from governance.standing import FreezeKind
from storage.jobs import defer

_NAMED = frozenset({FreezeKind.SERVICE, FreezeKind.PLAN, FreezeKind.PROCESS})


class LayFreeze(Action):
    """One process stands still. `scope` is the id of the service, plan or process; empty where the kind
    says it all. `until` is when it ends by itself, if it does."""

    type: ClassVar[str] = "governance.lay_freeze"
    decision_type: ClassVar[str] = "override"

    kind: FreezeKind
    scope: str = ""
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _scope_fits(self) -> Self:
        if bool(self.scope) != (self.kind in _NAMED):
            raise ValueError(f"a freeze of {self.kind} {'needs' if self.kind in _NAMED else 'has no'} scope")
        return self

    def summary(self) -> str:
        ends = f" until {end_words(self.until)}" if self.until else ""
        return f"Freeze {describe(self.kind, self.scope)}{ends}"


class LiftFreeze(Action):
    """A freeze ends. `freeze` is its id; `what` names it for people."""

    type: ClassVar[str] = "governance.lift_freeze"
    decision_type: ClassVar[str] = "override"

    freeze: str
    what: str = Field(min_length=1)

    def summary(self) -> str:
        return f"Lift the freeze of {self.what}"


def describe(kind: FreezeKind, scope: str) -> str:
    """What is frozen, as it stands in a sentence."""
    return f"the {kind.value} {scope}" if kind in _NAMED else kind.value


def lay_freeze(kind: FreezeKind, scope: str, reason: str, until: datetime | None = None) -> LayFreeze:
    """The action, as it stands in the record."""
    return LayFreeze(
        rationale=reason,
        impact=f"Nothing goes on about {describe(kind, scope)}, for people and agents alike;"
        " rolling back to a version that was approved before stays possible.",
        rollback_plan="Lift the freeze; what it held back is then ruled on again.",
        kind=kind,
        scope=scope,
        until=until,
    )


def lift_freeze(freeze: str, what: str, reason: str) -> LiftFreeze:
    """The action, as it stands in the record."""
    return LiftFreeze(
        rationale=reason,
        impact=f"Work on {what} goes on; effects that the freeze held back are ruled on again.",
        rollback_plan="Freeze it again.",
        freeze=freeze,
        what=what,
    )


async def _lay(action: LayFreeze, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    role = freezing_role(who.person.roles, action.kind)
    if role is None:
        raise EffectFailed("This freeze is not up to your roles any more.")
    if action.until is not None and action.until <= who.at:
        raise EffectFailed("That end has passed already.")
    override = lay(
        tx,
        "freeze",
        action.kind.value,
        subject=action.scope or None,
        reason=action.rationale,
        by=who.person.id,
        identity=who.identity,
        roles=frozenset({role}),
        at=who.at,
        expires=action.until,
    )
    await intervened(tx, "froze", who.person.id, override, action.rationale, who.at)
    if action.until is not None:
        await defer(tx, "release_held", {}, at=action.until)
    return Outcome(OutcomeState.DONE, f"Frozen: {describe(action.kind, action.scope)}.", override)


async def _lift(action: LiftFreeze, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    try:
        row = await override_row(tx, action.freeze, "freeze")
    except NoSuchOverride:
        raise EffectFailed("That freeze does not stand any more.") from None
    end(row, who.person.id, who.at)
    await tx.flush()
    released = await release_held(tx)
    detail = f"Lifted: {action.what}. {held_back(released)}"
    return Outcome(OutcomeState.DONE, detail, row.id)


async def _may_lay(action: LayFreeze, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    return {"permitted": isinstance(may_freeze(person.roles, action.kind), Allowed)}


async def _may_lift(action: LiftFreeze, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    freeze = freeze_of(await override_row(tx, action.freeze, "freeze"))
    return {"permitted": isinstance(may_unfreeze(person.roles, freeze), Allowed)}


def _lift_again(action: LayFreeze, outcome: Outcome) -> Action | None:
    if outcome.reference is None:
        return None
    return lift_freeze(outcome.reference, describe(action.kind, action.scope), "Takes back a freeze")


def _subject(_action: Action) -> Subject:
    return Subject("overrides")


SPECS = (
    ActionSpec(
        LayFreeze,
        _subject,
        change=_lay,
        establish=_may_lay,
        establishes=("permitted",),
        undo=_lift_again,
        costs=free,
    ),
    ActionSpec(LiftFreeze, _subject, change=_lift, establish=_may_lift, establishes=("permitted",), costs=free),
)
