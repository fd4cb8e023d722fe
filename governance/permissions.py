"""Who may ask for what: the permission that each request carries.

A permission lets somebody ask. Whether what they ask for is then done is the authority matrix's to say. What a
request adds for one role within its permission (customer success sees its own accounts, the SRE lead freezes
deployments and services only, people may delegate only a vote that they have) is held where it is asked: in
queries' scopes, in `overrides/authority.py`, in the matrix.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from governance.people import Person, Role
from governance.standing import WindowMode


class Open(Enum):
    """Permissions that need no particular role."""

    ANYONE = "anyone"
    EVERYONE_KNOWN = "everyone known"


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may ask for one thing. `reads`: there is something to read, so those who may read everything
    may ask too, though not act. `never` are roles that do not suffice where everyone known may ask."""

    who: frozenset[Role] | Open
    reads: bool = False
    never: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Allowed:
    """Somebody may ask. Without `acts` they may look and not change anything."""

    acts: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody may not ask: why, and the labels of the roles that may (none: everyone known)."""

    why: str
    who_may: tuple[str, ...]


_OWNER, _DIRECTOR, _COMPLIANCE = Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR, Role.COMPLIANCE_OFFICER
_CUSTOMERS, _SRE = Role.CUSTOMER_SUCCESS, Role.SRE_LEAD
_UNKNOWN = (
    "The department does not know you yet; the engineering director and the compliance officer can add you."
)
VOTERS = frozenset({_OWNER, _DIRECTOR, _COMPLIANCE, _CUSTOMERS, _SRE})
"""Roles that some row of the matrix gives a vote (a test compares)."""


def acts(*roles: Role) -> Permission:
    """For these roles alone."""
    return Permission(frozenset(roles))


def reads(*roles: Role) -> Permission:
    """For these roles; there is something to read for those who may read everything."""
    return Permission(frozenset(roles), reads=True)


ANYONE = Permission(Open.ANYONE, reads=True)
KNOWN = Permission(Open.EVERYONE_KNOWN, reads=True)
KNOWN_BUT_CUSTOMER_SUCCESS = Permission(Open.EVERYONE_KNOWN, reads=True, never=frozenset({_CUSTOMERS}))

_READ_EVERYTHING = frozenset({_COMPLIANCE, _DIRECTOR})


def may_ask(
    person: Person | None, permission: Permission, modes: Collection[WindowMode] = frozenset()
) -> Allowed | Refused:
    """Whether this person may ask for what takes `permission`, while windows of these modes are open.

    Unknown people (None, not active, or without a role) may ask for help and who they are. The
    compliance officer and the director may read everything, an auditor while an audit window is open.
    """
    if permission.who is Open.ANYONE:
        return Allowed()
    if person is None or not person.active or not person.roles:
        return Refused(_UNKNOWN, _who_may(permission))
    if _acts_by(permission, person.roles):
        return Allowed()
    if permission.reads and reads_everything(person, modes):
        return Allowed(acts=False)
    later = " While an audit window is open you may read it." if permission.reads and _audits(person) else ""
    why = f"Your roles here do not include this ({_labels(person.roles)}).{later}"
    return Refused(why, _who_may(permission))


def reads_everything(person: Person, modes: Collection[WindowMode] = frozenset()) -> bool:
    """Whether this person may read all artifacts: other people's digests aside, for the director."""
    auditing = WindowMode.AUDIT in modes and _audits(person)
    return auditing or person.holds(*_READ_EVERYTHING)


def may_read_digest(person: Person, owner: str, modes: Collection[WindowMode] = frozenset()) -> bool:
    """Whether this person may read the personal digests of `owner`: everything but those is the director's."""
    auditing = WindowMode.AUDIT in modes and _audits(person)
    return person.id == owner or auditing or person.holds(_COMPLIANCE)


_SET_FOR_CHANNELS = frozenset({_OWNER, _DIRECTOR})


def may_set_channel_digest(person: Person) -> Allowed | Refused:
    """Whether this person may say which summaries are posted to a channel, for all who read it."""
    if person.holds(*_SET_FOR_CHANNELS):
        return Allowed()
    who = tuple(role.label for role in Role if role in _SET_FOR_CHANNELS)
    return Refused("Your roles do not include what is posted to a channel for everybody.", who)


def _audits(person: Person) -> bool:
    return person.holds(Role.AUDITOR)


def _acts_by(permission: Permission, roles: frozenset[Role]) -> bool:
    if isinstance(permission.who, Open):
        return not roles <= permission.never
    return not roles.isdisjoint(permission.who)


def _who_may(permission: Permission) -> tuple[str, ...]:
    if not isinstance(permission.who, Open):
        return tuple(role.label for role in Role if role in permission.who)
    if not permission.never:
        return ()
    return tuple(role.label for role in Role if role not in permission.never)


def _labels(roles: Collection[Role]) -> str:
    return ", ".join(role.label for role in Role if role in roles)
