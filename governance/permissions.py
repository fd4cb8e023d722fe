"""Who may ask for what: the catalogue's column "who acts", as one table.

A permission lets somebody ask. Whether what they ask for is then done is the authority matrix's to say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
_CUSTOMERS, _SRE, _ENGINEER, _ARCHITECT = Role.CUSTOMER_SUCCESS, Role.SRE_LEAD, Role.ENGINEER, Role.ARCHITECT
_UNKNOWN = (
    "The department does not know you yet; the engineering director and the compliance officer can add you."
)
VOTERS = frozenset({_OWNER, _DIRECTOR, _COMPLIANCE, _CUSTOMERS, _SRE})
"""Roles that some row of the matrix gives a vote (a test compares)."""


def _acts(*roles: Role) -> Permission:
    return Permission(frozenset(roles))


def _reads(*roles: Role) -> Permission:
    return Permission(frozenset(roles), reads=True)


_ANYONE = Permission(Open.ANYONE, reads=True)
_KNOWN = Permission(Open.EVERYONE_KNOWN, reads=True)
_KNOWN_BUT_CUSTOMER_SUCCESS = Permission(Open.EVERYONE_KNOWN, reads=True, never=frozenset({_CUSTOMERS}))

PERMISSIONS: Mapping[str, Permission] = {
    "help": _ANYONE,
    "whoami": _ANYONE,
    "status": _KNOWN,
    "approvals": _KNOWN,
    "delegate": Permission(VOTERS),
    "access": _reads(_DIRECTOR, _COMPLIANCE),
    "build_feature": _acts(_OWNER, _DIRECTOR),
    "plan": _reads(_OWNER, _DIRECTOR),
    "roadmap": _reads(_OWNER, _DIRECTOR),
    "blockers": _KNOWN,
    "velocity": _reads(_OWNER, _DIRECTOR, _SRE, _ENGINEER),
    "risks": _reads(_OWNER, _DIRECTOR),
    "prioritise": _acts(_OWNER, _CUSTOMERS),
    "feature_request": _acts(_CUSTOMERS, _OWNER),
    "customer": _reads(_CUSTOMERS, _OWNER),
    "notify_customer": _acts(_CUSTOMERS, _OWNER),
    "add_to_backlog": Permission(Open.EVERYONE_KNOWN, never=frozenset({_CUSTOMERS, Role.AUDITOR})),
    "allocate_agents": _reads(_DIRECTOR, _OWNER),
    "configure_agent": _reads(_DIRECTOR),
    "standards": _reads(_DIRECTOR),
    "architecture_review": _reads(_DIRECTOR, _ARCHITECT),
    "optimisation_report": _reads(_DIRECTOR),
    "test_coverage": _reads(_DIRECTOR, _SRE, _OWNER),
    "schedule_meeting": _KNOWN,
    "compliance_report": _reads(_COMPLIANCE),
    "pii_changes": _reads(_COMPLIANCE),
    "missing_reviews": _reads(_COMPLIANCE, _DIRECTOR),
    "require_review": _acts(_COMPLIANCE),
    "vulnerabilities": _reads(_COMPLIANCE, _SRE, _DIRECTOR),
    "audit": _reads(_COMPLIANCE, _OWNER, _DIRECTOR, _SRE),
    "authority": _KNOWN,
    "service": _KNOWN_BUT_CUSTOMER_SUCCESS,
    "deploy": _acts(_SRE, _DIRECTOR),
    "emergency_deploy": _acts(_SRE),
    "rollback": _acts(_SRE, _DIRECTOR),
    "scale": _acts(_SRE),
    "capacity_plan": _reads(_SRE, _DIRECTOR),
    "simulate_load": _acts(_SRE),
    "costs": _reads(_DIRECTOR, _OWNER, _SRE),
    "explain_incident": _reads(_SRE, _DIRECTOR, _OWNER),
    "incident": _acts(_SRE),
    "halt_agents": _acts(_DIRECTOR, Role.EXECUTIVE),
    "resume_agents": _acts(_DIRECTOR, Role.EXECUTIVE, _COMPLIANCE, _SRE),
    "freeze": _acts(_COMPLIANCE, _SRE),
    "unfreeze": _acts(_COMPLIANCE, _SRE),
    "overrule_agent": _acts(_DIRECTOR),
    "window": _reads(_DIRECTOR, _COMPLIANCE, _SRE),
    "metrics": _KNOWN_BUT_CUSTOMER_SUCCESS,
    "digest": _KNOWN,
    "subscribe": _KNOWN,
    "feedback": _KNOWN,
}
"""By the catalogue's names. What a row adds for one role within a permission (customer success sees its
own accounts, the SRE lead freezes deployments and services only, people may delegate only a vote that
they have) is held where it is asked: in queries' scopes, in `overrides/authority.py`, in the matrix."""

_READ_EVERYTHING = frozenset({_COMPLIANCE, _DIRECTOR})


def may_ask(person: Person | None, name: str, modes: Collection[WindowMode] = frozenset()) -> Allowed | Refused:
    """Whether this person may ask for `name` while windows of these modes are open.

    Unknown people (None, not active, or without a role) may ask for help and who they are. The
    compliance officer and the director may read everything, an auditor while an audit window is open.
    Raises KeyError for a name that is not in the catalogue.
    """
    permission = PERMISSIONS[name]
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
