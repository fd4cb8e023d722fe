"""Halting all agents, and letting them go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.actions.submitter import asking, submitter
from governance.authority.vocabulary import Given
from governance.directory import name_of
from governance.overrides import halting
from governance.overrides.authority import may_halt, may_resume
from governance.overrides.held import held_back
from governance.people import Actor
from governance.permissions import Allowed
from governance.registry import ActionSpec, EffectFailed, free
from governance.standing import Halt
from storage.jobs import defer


class HaltAgents(Action):
    """Every agent of the department stops now. The rationale is the reason that everybody reads."""

    type: ClassVar[str] = "governance.halt_agents"
    decision_type: ClassVar[str] = "override"

    def summary(self) -> str:
        return "Halt all agents"


class ResumeAgents(Action):
    """The agents go on: asked for by somebody else than who halted them."""

    type: ClassVar[str] = "governance.resume_agents"
    decision_type: ClassVar[str] = "override"

    def summary(self) -> str:
        return "Let all agents go on"


def halt_agents(reason: str) -> HaltAgents:
    """The action, as it stands in the record."""
    return HaltAgents(
        rationale=reason,
        impact="Every agent stops; no effect is claimed any more. What was already sent stands.",
        rollback_plan="A second person lets the agents go on; what was held back is then ruled on again.",
    )


def resume_agents(reason: str) -> ResumeAgents:
    """The action, as it stands in the record."""
    return ResumeAgents(
        rationale=reason,
        impact="Agents work again; effects that the halt held back are ruled on again and performed.",
        rollback_plan="Halt the agents again.",
    )


async def _halt(action: HaltAgents, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    halted = await halting.halt(
        tx,
        by=who.person.id,
        identity=who.identity,
        roles=frozenset(who.person.roles),
        reason=action.rationale,
        at=who.at,
    )
    if halted.before:
        raise EffectFailed(f"The agents are halted already, by {await name_of(tx, halted.by)}.")
    await defer(tx, "report_halt", {"effect": grant.effect}, priority=10)
    return Outcome(OutcomeState.DONE, "All agents are halted.", halted.override)


async def _resume(_action: ResumeAgents, grant: Grant, tx: AsyncSession) -> Outcome:
    who = await submitter(tx, grant)
    try:
        standing = await halting.standing_halt(tx)
        released = await halting.resume(tx, by=who.person.id, identity=who.identity, at=who.at)
    except halting.NothingHalted:
        raise EffectFailed("The agents are not halted.") from None
    except halting.SamePerson:
        raise EffectFailed("Whoever halted the agents cannot let them go on; a second person has to.") from None
    detail = f"The agents go on. {held_back(released)}"
    return Outcome(OutcomeState.DONE, detail, standing.id)


async def _may_halt(_action: HaltAgents, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    return {"permitted": isinstance(may_halt(person.roles), Allowed)}


async def _may_resume(_action: ResumeAgents, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    person = await asking(tx, actor)
    row = await halting.standing_halt(tx)
    halt = Halt(row.made_by, row.reason, row.made)
    return {"permitted": isinstance(may_resume(person.roles, person.id, halt), Allowed)}


def _subject(_action: Action) -> Subject:
    return Subject("overrides")


SPECS = (
    ActionSpec(HaltAgents, _subject, change=_halt, establish=_may_halt, establishes=("permitted",), costs=free),
    ActionSpec(
        ResumeAgents, _subject, change=_resume, establish=_may_resume, establishes=("permitted",), costs=free
    ),
)
