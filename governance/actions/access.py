"""Roles and identities: who somebody is in the department, changed by director and compliance officer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from pydantic import Field
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.policy import Policy
from governance.authority.policy_error import PolicyError
from governance.department_staffing import new_problems
from governance.directory import NoSuchPerson, lock_people, people, person_by_id
from governance.people import Role
from governance.policies import active_policy
from governance.registry import ActionSpec, EffectFailed, free
from governance.tables import IdentityRow, PersonRoleRow


class GiveRole(Action):
    """A person holds one more role."""

    type: ClassVar[str] = "governance.give_role"
    decision_type: ClassVar[str] = "role_change"

    person: str
    role: Role

    def summary(self) -> str:
        return self.described({self.person: self.person})

    def described(self, names: Mapping[str, str]) -> str:
        return f"Give {names[self.person]} the role {self.role.label}"


class TakeRole(Action):
    """A person holds one role less."""

    type: ClassVar[str] = "governance.take_role"
    decision_type: ClassVar[str] = "role_change"

    person: str
    role: Role

    def summary(self) -> str:
        return self.described({self.person: self.person})

    def described(self, names: Mapping[str, str]) -> str:
        return f"Take the role {self.role.label} from {names[self.person]}"


class LinkIdentity(Action):
    """From now on a chat identity, as the platform proves it, speaks as this person."""

    type: ClassVar[str] = "governance.link_identity"
    decision_type: ClassVar[str] = "identity_link"

    identity: str = Field(pattern=r"^(slack|teams|console):[\x21-\x7e]{1,180}$")
    person: str

    def summary(self) -> str:
        return self.described({self.person: self.person})

    def described(self, names: Mapping[str, str]) -> str:
        return f"Link {self.identity} to {names[self.person]}"


class UnlinkIdentity(Action):
    """A chat identity speaks as nobody any more."""

    type: ClassVar[str] = "governance.unlink_identity"
    decision_type: ClassVar[str] = "identity_link"

    identity: str
    person: str

    def summary(self) -> str:
        return self.described({self.person: self.person})

    def described(self, names: Mapping[str, str]) -> str:
        return f"Unlink {self.identity} from {names[self.person]}"


class CannotChangeAccess(Exception):
    """The department could not live with this change. The text says why."""


def give_role(person: str, role: Role, reason: str) -> GiveRole:
    """The action, as it stands in the record."""
    return GiveRole(
        rationale=reason,
        impact=f"They may ask for and decide what the {role.label} may.",
        rollback_plan="Take the role away again.",
        person=person,
        role=role,
    )


def take_role(person: str, role: Role, reason: str) -> TakeRole:
    """The action, as it stands in the record."""
    return TakeRole(
        rationale=reason,
        impact=f"They may no longer ask for or decide what the {role.label} may; votes cast in this role"
        " stop counting where they are not yet executed.",
        rollback_plan="Give the role back.",
        person=person,
        role=role,
    )


def link_identity(identity: str, person: str, reason: str) -> LinkIdentity:
    """The action, as it stands in the record. Raises ValueError for what is no chat identity."""
    return LinkIdentity(
        rationale=reason,
        impact=f"Whoever speaks as {identity} speaks with all roles of this person.",
        rollback_plan="Unlink the identity.",
        identity=identity,
        person=person,
    )


def unlink_identity(identity: str, person: str, reason: str) -> UnlinkIdentity:
    """The action, as it stands in the record."""
    return UnlinkIdentity(
        rationale=reason,
        impact=f"Whoever speaks as {identity} is unknown to the department.",
        rollback_plan="Link the identity again.",
        identity=identity,
        person=person,
    )


async def check_role_change(tx: AsyncSession, installed: Policy, action: GiveRole | TakeRole) -> None:
    """Raises CannotChangeAccess where it changes nothing, or leaves something that nobody could approve."""
    try:
        person = await person_by_id(tx, action.person)
    except NoSuchPerson:
        raise CannotChangeAccess(f"I know nobody called {action.person}.") from None
    gives = isinstance(action, GiveRole)
    if gives and not person.active:
        raise CannotChangeAccess(f"{person.name} is not active in the department any more.")
    if (action.role in person.roles) == gives:
        raise CannotChangeAccess(
            f"{person.name} {'already holds' if gives else 'does not hold'} the role {action.role.label}."
        )
    policy = await active_policy(tx, installed)
    if isinstance(policy, PolicyError):
        raise CannotChangeAccess(f"The policy cannot be read: {policy}")
    now = await people(tx)
    roles = person.roles | {action.role} if gives else person.roles - {action.role}
    later = [replace(one, roles=roles) if one.id == person.id else one for one in now]
    worse = new_problems(now, later, policy.requirements_for_people())
    if worse:
        raise CannotChangeAccess(f"The department could not work then. {worse[0]}.")


async def identity_holder(tx: AsyncSession, identity: str) -> str | None:
    """Whom an identity is linked to."""
    return (await tx.execute(select(IdentityRow.person).where(IdentityRow.identity == identity))).scalar()


async def identities_of(tx: AsyncSession, person: str) -> tuple[str, ...]:
    """The identities that are linked to a person."""
    query = select(IdentityRow.identity).where(IdentityRow.person == person).order_by(IdentityRow.identity)
    return tuple((await tx.execute(query)).scalars())


async def _change_role(
    installed: Policy, action: GiveRole | TakeRole, grant: Grant, tx: AsyncSession
) -> Outcome:
    await lock_people(tx)
    try:
        await check_role_change(tx, installed, action)
    except CannotChangeAccess as cannot:
        raise EffectFailed(str(cannot)) from cannot
    name = (await person_by_id(tx, action.person)).name
    if isinstance(action, GiveRole):
        tx.add(PersonRoleRow(person=action.person, role=action.role.value, given_by=grant.effect))
        await tx.flush()
        return Outcome(OutcomeState.DONE, f"{name} is {action.role.label} now.", action.person)
    await tx.execute(
        delete(PersonRoleRow).where(
            PersonRoleRow.person == action.person, PersonRoleRow.role == action.role.value
        )
    )
    return Outcome(OutcomeState.DONE, f"{name} is no {action.role.label} any more.", action.person)


async def _link(action: LinkIdentity, _grant: Grant, tx: AsyncSession) -> Outcome:
    await lock_people(tx)
    holder = await identity_holder(tx, action.identity)
    if holder is not None:
        name = (await person_by_id(tx, holder)).name
        raise EffectFailed(f"{action.identity} is linked to {name} already; unlink it first.")
    try:
        person = await person_by_id(tx, action.person)
    except NoSuchPerson:
        raise EffectFailed(f"I know nobody called {action.person}.") from None
    tx.add(IdentityRow(identity=action.identity, person=action.person))
    await tx.flush()
    return Outcome(OutcomeState.DONE, f"{action.identity} speaks as {person.name}.", action.identity)


async def _unlink(action: UnlinkIdentity, _grant: Grant, tx: AsyncSession) -> Outcome:
    gone = await tx.execute(
        delete(IdentityRow)
        .where(IdentityRow.identity == action.identity, IdentityRow.person == action.person)
        .returning(IdentityRow.identity)
    )
    if gone.scalar() is None:
        raise EffectFailed(f"{action.identity} is not linked to them any more.")
    return Outcome(OutcomeState.DONE, f"{action.identity} speaks as nobody any more.", action.identity)


def _undo_role(action: GiveRole | TakeRole, _: Outcome) -> Action:
    opposite = take_role if isinstance(action, GiveRole) else give_role
    return opposite(action.person, action.role, "Takes back a change of roles")


def _subject(_action: Action) -> Subject:
    return Subject("access")


def specs(installed: Policy) -> tuple[ActionSpec, ...]:
    """What the gate must know of these; `installed` is the policy of the file."""
    change = partial(_change_role, installed)
    return (
        ActionSpec(GiveRole, _subject, change=change, undo=_undo_role, costs=free),
        ActionSpec(TakeRole, _subject, change=change, undo=_undo_role, costs=free),
        ActionSpec(LinkIdentity, _subject, change=_link, costs=free),
        ActionSpec(UnlinkIdentity, _subject, change=_unlink, costs=free),
    )
