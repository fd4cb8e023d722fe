"""Actions that stand for decisions which nothing makes yet, so that proposals about them can wait for votes.

Each is ruled on by its row of the authority matrix like the real one. Carried out, it only says so.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Self

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor
from governance.registry import ActionSpec, free


class StandIn(Action):
    """Something to decide on, called `what`. `facts` are those that the matrix looks at."""

    what: str
    service: str | None = None
    version: str | None = None
    story: str | None = None
    hours: str | None = None
    facts: dict[str, str | bool] = Field(default_factory=dict)

    def summary(self) -> str:
        return self.what

    def back(self, _outcome: Outcome) -> Self:
        """The action that takes it back."""
        return type(self)(
            what=f"Take back: {self.what}",
            service=self.service,
            story=self.story,
            facts=self.facts,
            rationale=f"Takes back: {self.what}",
            impact="It is as it was before.",
            rollback_plan="Do it again.",
        )


_FACTS: Mapping[str, tuple[str, ...]] = {
    "architecture_changes": (),
    "resource_scaling": (),
    "customer_communications": (),
    "plan_execution": (),
    "plan_change": (),
    "story_changes": ("within_plan",),
    "security_patches": ("severity",),
    "reservation": (),
    "agent_allocation": (),
}
"""The decisions that something can stand for, each with the facts that its row looks at."""


def stand_in(
    decision: str,
    what: str,
    why: str,
    *,
    service: str | None = None,
    version: str | None = None,
    story: str | None = None,
    hours: str | None = None,
    **facts: str | bool,
) -> StandIn:
    """Something to decide on under a row of the matrix. Raises KeyError for a row without a stand-in."""
    return _TYPES[decision](
        what=what,
        service=service,
        version=version,
        story=story,
        hours=hours,
        facts=facts,
        rationale=why,
        impact=f"{what} is done.",
        rollback_plan="Take it back.",
    )


def _type(decision: str) -> type[StandIn]:
    named = {"__module__": __name__, "type": f"stand_in.{decision}", "decision_type": decision}
    made: type[StandIn] = types.new_class(
        f"StandIn_{decision}", (StandIn,), exec_body=lambda ns: ns.update(named)
    )
    return made


_TYPES: Mapping[str, type[StandIn]] = {decision: _type(decision) for decision in _FACTS}


async def _done(action: StandIn, _grant: Grant, _tx: AsyncSession) -> Outcome:
    return Outcome(OutcomeState.DONE, action.what, action.story)


async def _establish(action: StandIn, _actor: Actor, _tx: AsyncSession) -> Mapping[str, Given]:
    return dict(action.facts)


def _subject(action: StandIn) -> Subject:
    return Subject(action.decision_type, service=action.service, decides=action.what)


def _spec(decision: str) -> ActionSpec:
    facts = _FACTS[decision]
    return ActionSpec(
        _TYPES[decision],
        _subject,
        change=_done,
        establish=_establish if facts else None,
        establishes=facts,
        undo=StandIn.back,
        costs=free,
    )


SPECS: tuple[ActionSpec, ...] = tuple(_spec(decision) for decision in _FACTS)
