"""Changing the policy: a text that two people accepted becomes the one that rules."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.policy import Policy, parse
from governance.authority.policy_error import PolicyError
from governance.department_staffing import staffing_problems
from governance.directory import people
from governance.policies import CHANGES_POLICY, accept_policy, active_policy, lock_policy
from governance.policy_text import differences
from governance.registry import ActionSpec, EffectFailed, free


class CannotChangePolicy(Exception):
    """This text cannot rule here. The text says why, and what to do."""


class ChangePolicy(Action):
    """The whole new text of the policy. `changes` say in words what it rules otherwise than the version
    that it `replaces`; they are worked out by code, and checked again when it is accepted."""

    type: ClassVar[str] = CHANGES_POLICY
    decision_type: ClassVar[str] = "policy_change"

    text: str = Field(max_length=500_000)
    version: str
    replaces: str
    changes: tuple[str, ...] = Field(min_length=1)

    def summary(self) -> str:
        return "Change the policy: " + "; ".join(self.changes)


async def propose_policy(tx: AsyncSession, installed: Policy, text: str, reason: str) -> ChangePolicy:
    """The action for a new text, checked against what rules now. Raises CannotChangePolicy."""
    try:
        proposed = parse(text)
    except PolicyError as error:
        raise CannotChangePolicy(str(error)) from error
    current = await _current(tx, installed)
    changes = differences(current, proposed)
    if not changes:
        raise CannotChangePolicy("That says what the policy says already; nothing would change.")
    problems = staffing_problems(await people(tx), proposed.requirements_for_people())
    known = staffing_problems(await people(tx), current.requirements_for_people())
    worse = [problem for problem in problems if problem not in known]
    if worse:
        raise CannotChangePolicy(f"The department could not work by it: {worse[0]}.")
    return ChangePolicy(
        rationale=reason,
        impact=f"From its acceptance on, every ruling follows it: {'; '.join(changes)}.",
        rollback_plan=f"Propose the text of version {current.version} again; it is in the record.",
        text=text,
        version=proposed.version,
        replaces=current.version,
        changes=changes,
    )


async def _change(installed: Policy, action: ChangePolicy, grant: Grant, tx: AsyncSession) -> Outcome:
    await lock_policy(tx)
    try:
        again = await propose_policy(tx, installed, action.text, action.rationale)
    except CannotChangePolicy as cannot:
        raise EffectFailed(str(cannot)) from cannot
    if (again.replaces, again.version, again.changes) != (action.replaces, action.version, action.changes):
        raise EffectFailed("The policy has changed since this was proposed; propose it again.")
    accepted = await accept_policy(tx, action.text, action.version, grant.minted_at)
    return Outcome(OutcomeState.DONE, f"Version {action.version} of the policy rules now.", accepted)


async def _current(tx: AsyncSession, installed: Policy) -> Policy:
    current = await active_policy(tx, installed)
    if isinstance(current, PolicyError):
        raise CannotChangePolicy(f"The policy that rules now cannot be read: {current}")
    return current


def _subject(_action: Action) -> Subject:
    return Subject("policy")


def specs(installed: Policy) -> tuple[ActionSpec, ...]:
    """What the gate must know of it; `installed` is the policy of the file."""
    return (ActionSpec(ChangePolicy, _subject, change=partial(_change, installed), costs=free),)
