"""Who may override, freeze, lift and open windows: every role against a table typed by hand."""

from __future__ import annotations

import pytest

from governance.authority.policy import load
from governance.overrides.authority import (
    WHO_MAY,
    freezing_role,
    may_deploy_in_emergency,
    may_freeze,
    may_halt,
    may_open,
    may_overrule,
    may_resume,
    may_review,
    may_unfreeze,
)
from governance.people import Role
from governance.permissions import Allowed, Refused
from governance.standing import Freeze, FreezeKind, Halt, WindowMode
from tests.governance.authority.asking import NOW

D, X, C, S = Role.ENGINEERING_DIRECTOR, Role.EXECUTIVE, Role.COMPLIANCE_OFFICER, Role.SRE_LEAD
HALT = Halt("amanda", "loop", NOW)


def freeze(role):
    return Freeze(FreezeKind.DEPLOYMENTS, "", "somebody", role, "leak", NOW)


TABLE = {
    "halt": (lambda roles: may_halt(roles), {D, X}),
    "resume": (lambda roles: may_resume(roles, "maya", HALT), {D, X, C, S}),
    "freeze everything": (lambda roles: may_freeze(roles, FreezeKind.EVERYTHING), {C}),
    "freeze deployments": (lambda roles: may_freeze(roles, FreezeKind.DEPLOYMENTS), {C, S}),
    "freeze a service": (lambda roles: may_freeze(roles, FreezeKind.SERVICE), {C, S}),
    "freeze a plan": (lambda roles: may_freeze(roles, FreezeKind.PLAN), {C}),
    "freeze a process": (lambda roles: may_freeze(roles, FreezeKind.PROCESS), {C}),
    "lift a security freeze": (lambda roles: may_unfreeze(roles, freeze(C)), {C}),
    "lift an SRE's freeze": (lambda roles: may_unfreeze(roles, freeze(S)), {C, S}),
    "deploy in an emergency": (lambda roles: may_deploy_in_emergency(roles, "orders are lost"), {S}),
    "review an emergency": (lambda roles: may_review(roles, "carlos", "nathan"), {C, D}),
    "overrule": (lambda roles: may_overrule(roles), {D}),
    "planning": (lambda roles: may_open(roles, WindowMode.PLANNING), {D}),
    "audit": (lambda roles: may_open(roles, WindowMode.AUDIT), {D, C}),
    "incident": (lambda roles: may_open(roles, WindowMode.INCIDENT), {D, S}),
    "demo": (lambda roles: may_open(roles, WindowMode.DEMO), {D}),
}


@pytest.mark.parametrize("name", TABLE)
def test_each_role(name):
    ask, who = TABLE[name]
    assert {role for role in Role if ask({role}) == Allowed()} == who
    refused = ask(set())
    assert isinstance(refused, Refused)
    assert set(refused.who_may) == {role.label for role in who}
    assert ask({Role.ENGINEER, *who}) == Allowed()


def test_who_halted_does_not_resume():
    for roles in ({D}, {X}, {D, C, S}):
        assert isinstance(may_resume(roles, "amanda", HALT), Refused)


def test_who_deployed_in_an_emergency_does_not_review_it():
    assert isinstance(may_review({C, D}, "nathan", "nathan"), Refused)


def test_an_emergency_needs_a_reason():
    assert isinstance(may_deploy_in_emergency({S}, "  "), Refused)


def test_of_two_roles_the_security_freeze_weighs_more():
    assert freezing_role({S, C}, FreezeKind.SERVICE) is C
    assert freezing_role({S}, FreezeKind.SERVICE) is S
    assert freezing_role({S}, FreezeKind.PLAN) is None
    assert freezing_role({D}, FreezeKind.EVERYTHING) is None


def test_the_matrix_lets_in_everybody_whom_this_table_lets_override():
    windows = {role for what, roles in WHO_MAY.items() if what.startswith("window") for role in roles}
    others = {role for what, roles in WHO_MAY.items() if not what.startswith("window") for role in roles}
    rows = load().rows
    assert windows == set(rows["window"].in_person)
    assert others == set(rows["override"].in_person)
