"""Who may use which override, and open which window: one table, and the questions that it answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from governance.people import Role
from governance.permissions import Allowed, Refused
from governance.standing import Freeze, FreezeKind, Halt, WindowMode

_DIRECTOR, _COMPLIANCE, _SRE = Role.ENGINEERING_DIRECTOR, Role.COMPLIANCE_OFFICER, Role.SRE_LEAD
_DIRECTOR_AND_ABOVE = frozenset({_DIRECTOR, Role.EXECUTIVE})

WHO_MAY: Mapping[str, frozenset[Role]] = {
    "halt": _DIRECTOR_AND_ABOVE,
    "resume": _DIRECTOR_AND_ABOVE | {_COMPLIANCE, _SRE},
    "freeze everything": frozenset({_COMPLIANCE}),
    "freeze deployments": frozenset({_COMPLIANCE, _SRE}),
    "freeze service": frozenset({_COMPLIANCE, _SRE}),
    "freeze plan": frozenset({_COMPLIANCE}),
    "freeze process": frozenset({_COMPLIANCE}),
    "lift a security freeze": frozenset({_COMPLIANCE}),
    "lift an SRE's freeze": frozenset({_COMPLIANCE, _SRE}),
    "emergency deployment": frozenset({_SRE}),
    "review an emergency": frozenset({_COMPLIANCE, _DIRECTOR}),
    "overrule": frozenset({_DIRECTOR}),
    "window planning": frozenset({_DIRECTOR}),
    "window audit": frozenset({_DIRECTOR, _COMPLIANCE}),
    "window incident": frozenset({_DIRECTOR, _SRE}),
    "window demo": frozenset({_DIRECTOR}),
}
"""REQUIREMENTS, "Override Mechanisms", and the catalogue. Who opens a window may end it early."""


def may_halt(roles: Collection[Role]) -> Allowed | Refused:
    """Whether somebody with these roles may halt all agents."""
    return _ask("halt", roles)


def may_resume(roles: Collection[Role], person: str, halt: Halt) -> Allowed | Refused:
    """Whether this person may let the agents go on: a second person, never the one who halted them."""
    if person == halt.by:
        return Refused(
            "Whoever halted the agents cannot let them go on; a second person has to.", _who("resume")
        )
    return _ask("resume", roles)


def may_freeze(roles: Collection[Role], kind: FreezeKind) -> Allowed | Refused:
    """Whether somebody with these roles may freeze something of this kind."""
    return _ask(f"freeze {kind}", roles)


def freezing_role(roles: Collection[Role], kind: FreezeKind) -> Role | None:
    """The role in which somebody freezes (`Freeze.by_role`): of two, the one whose freeze weighs more."""
    able = [role for role in (_COMPLIANCE, _SRE) if role in roles and role in WHO_MAY[f"freeze {kind}"]]
    return able[0] if able else None


def may_unfreeze(roles: Collection[Role], freeze: Freeze) -> Allowed | Refused:
    """Whether somebody with these roles may lift this freeze: a security freeze is the compliance officer's."""
    return _ask("lift an SRE's freeze" if freeze.by_role is _SRE else "lift a security freeze", roles)


def may_deploy_in_emergency(roles: Collection[Role], reason: str) -> Allowed | Refused:
    """Whether somebody with these roles may deploy past an approval, for this reason."""
    if not reason.strip():
        return Refused("An emergency deployment needs a reason.", _who("emergency deployment"))
    return _ask("emergency deployment", roles)


def may_review(roles: Collection[Role], person: str, deployed_by: str) -> Allowed | Refused:
    """Whether this person may review an emergency deployment: never the one who made it."""
    if person == deployed_by:
        return Refused(
            "Whoever deployed in an emergency cannot review it; somebody else has to.",
            _who("review an emergency"),
        )
    return _ask("review an emergency", roles)


def may_overrule(roles: Collection[Role]) -> Allowed | Refused:
    """Whether somebody with these roles may reverse an agent's decision."""
    return _ask("overrule", roles)


def may_open(roles: Collection[Role], mode: WindowMode) -> Allowed | Refused:
    """Whether somebody with these roles may open, change and end a window of this mode."""
    return _ask(f"window {mode}", roles)


def _ask(what: str, roles: Collection[Role]) -> Allowed | Refused:
    if not WHO_MAY[what].isdisjoint(roles):
        return Allowed()
    return Refused("This is not up to your roles here.", _who(what))


def _who(what: str) -> tuple[str, ...]:
    return tuple(role.label for role in Role if role in WHO_MAY[what])
