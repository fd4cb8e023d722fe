"""Overruling an agent: its decision is pinned, so that no agent takes it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.submitter import asking, submitter
from governance.approvals.asking import close_emptied
from governance.approvals.store import approval_row
from governance.authority.vocabulary import Given
from governance.directory import name_of
from governance.effects import effect_for_update
from governance.overrides.authority import may_overrule
from governance.overrides.rows import lay, standing_rows
from governance.people import Actor
from governance.permissions import Allowed
from governance.record import intervened
from governance.registry import ActionSpec, EffectFailed, free
from governance.tables import ApprovalRow, EffectRow
from governance.withdrawal import STOPPABLE, stop


class OverruleAgent(Action):
    """An agent's decision is reversed and stays so.

    `effect` is what the agent did or wanted to do; `decision` and `decides` say what exactly no agent
    decides again (that effect's decision type and `Subject.decides`). What was done already is taken
    back by an action of its own, where it can be.
    """

    type: ClassVar[str] = "governance.overrule_agent"
    decision_type: ClassVar[str] = "override"

    effect: str
    decision: str
    decides: str = Field(min_length=1)

    def summary(self) -> str:
        return f"Overrule an agent: {self.decides}"


def overrule_agent(effect: str, decision: str, decides: str, reason: str) -> OverruleAgent:
    """The action, as it stands in the record."""
    return OverruleAgent(
        rationale=reason,
        impact=f"No agent takes this decision again: {decides}. People may.",
        rollback_plan="A person decides it anew; the pin binds agents only.",
        effect=effect,
        decision=decision,
        decides=decides,
    )


async def _overrule(action: OverruleAgent, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    approval = await _approval_of(tx, action.effect)
    row = await effect_for_update(tx, action.effect)
    if row.actor["kind"] != "agent":
        raise EffectFailed("A person decided that, not an agent.")
    if row.decision_type != action.decision:
        raise EffectFailed(f"That effect was decided under {row.decision_type}.")
    for pin in await standing_rows(tx, "pin"):
        if (pin.scope, pin.subject) == (action.decision, action.decides):
            raise EffectFailed(f"{await name_of(tx, pin.made_by)} overruled this already.")
    override = lay(
        tx,
        "pin",
        action.decision,
        subject=action.decides,
        reason=action.rationale,
        by=who.person.id,
        identity=who.identity,
        roles=frozenset(who.person.roles),
        at=who.at,
    )
    await intervened(tx, "overruled", who.person.id, action.effect, action.rationale, who.at)
    if row.state in STOPPABLE:
        await stop(tx, row, f"Overruled by {who.person.name}: {action.rationale}")
        if approval is not None:
            await tx.flush()
            by = Actor("person", who.person.id, identity=who.identity)
            await close_emptied(tx, approval, by, who.at, action.rationale)
    return Outcome(OutcomeState.DONE, f"Pinned: {action.decides}.", override)


async def _approval_of(tx: AsyncSession, effect: str) -> ApprovalRow | None:
    """The approval that an effect waits for, locked before the effect is: votes lock them in this order."""
    waits_for = (await tx.execute(select(EffectRow.approval).where(EffectRow.id == effect))).scalar()
    return None if waits_for is None else await approval_row(tx, waits_for, lock=True)


async def _may_overrule(_action: OverruleAgent, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    return {"permitted": isinstance(may_overrule(person.roles), Allowed)}


def _subject(_action: Action) -> Subject:
    return Subject("overrides")


SPECS = (
    ActionSpec(
        OverruleAgent,
        _subject,
        change=_overrule,
        establish=_may_overrule,
        establishes=("permitted",),
        costs=free,
    ),
)
