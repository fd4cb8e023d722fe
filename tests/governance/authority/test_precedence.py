"""Which of two things that both speak wins, and what an emergency deployment can and cannot do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.action import Subject, Verdict
from governance.authority.evaluate import rule
from governance.authority.policy_error import PolicyError
from governance.people import Actor, Role
from governance.standing import EmergencyDeployment, Freeze, FreezeKind, Halt, Pin, Standing, WindowMode
from tests.governance.authority.asking import HOUR, NOW, POLICY, during, request, ruled

PRODUCTION = {"environment": "production"}
IN_A_BLACKOUT = {**PRODUCTION, "outside_blackout": False, "blackout": "Black Friday"}
HALT = Halt("amanda", "they loop", NOW)
EMERGENCY = EmergencyDeployment("nathan", "orders 2.3.1", "orders are lost", NOW + HOUR)
PIN = Pin("deployments", "orders 2.3.1", "amanda", "not this week")


def freeze(kind=FreezeKind.DEPLOYMENTS, scope="", role=Role.COMPLIANCE_OFFICER):
    return Freeze(kind, scope, "carlos", role, "leak", NOW)


EVERYTHING = Standing(
    halt=HALT,
    freezes=(freeze(),),
    emergencies=(EMERGENCY,),
    windows=during(WindowMode.INCIDENT).windows,
    pins=(PIN,),
)


def test_layers_rule_in_their_order():
    """With everything standing at once, taking the winner away lets the next one speak."""

    def winner(standing, **changes):
        return ruled("deployments", facts=IN_A_BLACKOUT, standing=standing, **changes).rule

    standing = EVERYTHING
    assert winner(standing) == "halt"
    standing = replace(standing, halt=None)
    assert winner(standing) == "freeze"
    standing = replace(standing, freezes=())
    assert winner(standing) == "pin"
    standing = replace(standing, pins=())
    assert winner(standing) == "window.incident"
    standing = replace(standing, windows=())
    assert winner(standing) == "deployments.emergency"
    standing = replace(standing, emergencies=())
    assert winner(standing) == "blackout"
    assert ruled("deployments", facts=PRODUCTION, standing=standing).rule == "deployments.approval"


def test_in_a_blackout_nothing_new_goes_to_production_approved_or_not_but_the_way_back_does():
    for approved in (False, True):
        for decision in ("deployments", "canary_steps"):
            facts = {**IN_A_BLACKOUT, "within_canary": True}
            ruling = ruled(decision, "SRE lead", facts=facts, approved=approved)
            assert (ruling.verdict, ruling.rule) == (Verdict.REFUSE, "blackout")
            assert "Black Friday" in ruling.why
    facts = {**IN_A_BLACKOUT, "in_incident": True}
    for decision in ("rollbacks", "canary_abort", "resource_scaling"):
        assert ruled(decision, "SRE lead", facts=facts).rule != "blackout"


def test_where_nobody_knows_of_a_blackout_there_may_be_one():
    asked = request("deployments", "SRE lead", facts=PRODUCTION)
    assert rule(POLICY, asked).rule == "blackout"


def test_people_only_comes_before_a_window_and_after_a_freeze():
    facts = {"step": "submit"}
    standing = replace(during(WindowMode.PLANNING), freezes=(freeze(FreezeKind.EVERYTHING),))
    assert ruled("compliance_reports", facts=facts, standing=standing).rule == "freeze"
    standing = replace(standing, freezes=())
    assert ruled("compliance_reports", facts=facts, standing=standing).rule == "compliance_reports.people_only"


def test_a_pin_comes_before_people_only():
    pin = Pin("compliance_reports", "orders 2.3.1", "amanda", "wrong quarter")
    assert ruled("compliance_reports", facts={"step": "submit"}, standing=Standing(pins=(pin,))).rule == "pin"


@pytest.mark.parametrize("role", [Role.COMPLIANCE_OFFICER, Role.SRE_LEAD])
def test_a_freeze_outranks_an_emergency_deployment(role):
    standing = Standing(freezes=(freeze(role=role),), emergencies=(EMERGENCY,))
    for approved in (False, True):
        ruling = ruled("deployments", "SRE lead", facts=PRODUCTION, standing=standing, approved=approved)
        assert (ruling.verdict, ruling.rule) == (Verdict.REFUSE, "freeze")


def test_in_a_freeze_only_a_rollback_to_what_was_approved_before_goes_on():
    standing = Standing(freezes=(freeze(),))

    def verdict(**facts):
        return ruled("rollbacks", "SRE lead", facts=facts, standing=standing).verdict

    assert verdict(in_incident=True, previously_approved=True) is Verdict.EXECUTE
    assert verdict(in_incident=False, previously_approved=True) is Verdict.APPROVE_FIRST
    assert verdict(in_incident=True, previously_approved=False) is Verdict.REFUSE
    assert verdict(in_incident=True) is Verdict.REFUSE


def test_an_emergency_stands_in_for_the_approval_of_exactly_its_deployment():
    def verdict(decision="deployments", standing=Standing(emergencies=(EMERGENCY,)), **changes):  # noqa: B008
        return ruled(decision, "SRE lead", **{"facts": PRODUCTION, "standing": standing, **changes}).verdict

    assert verdict() is Verdict.EXECUTE
    other = Subject("deployments", service="orders", decides="orders 2.3.2")
    assert verdict(subject=other) is Verdict.APPROVE_FIRST
    assert verdict(subject=replace(other, decides=None)) is Verdict.APPROVE_FIRST
    assert verdict(moment=NOW + HOUR) is Verdict.APPROVE_FIRST
    assert verdict("architecture_changes") is Verdict.APPROVE_FIRST
    staging = ruled(
        "deployments", facts={"environment": "staging"}, standing=Standing(emergencies=(EMERGENCY,))
    )
    assert staging.rule == "deployments.auto"
    assert verdict("compliance_reports", facts={"step": "submit"}) is Verdict.PEOPLE_ONLY
    assert verdict("rollbacks", facts={"in_incident": False}) is Verdict.APPROVE_FIRST


def test_halt_binds_agents_and_a_persons_own_rollback_goes_through():
    standing = Standing(halt=HALT)
    incident = {"in_incident": True}
    assert ruled("rollbacks", "SRE lead", facts=incident, standing=standing).verdict is Verdict.EXECUTE
    for actor in ("agent for the SRE lead", "agent by itself", "clock"):
        for approved in (False, True):
            ruling = ruled(
                "rollbacks", actor, facts=incident, standing=standing, approved=approved, in_flight=True
            )
            assert ruling.rule == "halt"
    assert "amanda" in ruled("rollbacks", "clock", standing=standing).why


def test_no_agent_redoes_what_was_overruled_and_a_person_may():
    standing = Standing(pins=(PIN,))
    staging = {"environment": "staging"}
    assert ruled("deployments", facts=staging, standing=standing).rule == "pin"
    assert ruled("deployments", facts=staging, standing=standing, approved=True).rule == "pin"
    assert ruled("deployments", "product owner", facts=staging, standing=standing).verdict is Verdict.EXECUTE
    assert ruled("story_creation", standing=standing).verdict is Verdict.EXECUTE
    other = Subject("deployments", decides="orders 2.3.2")
    assert ruled("deployments", facts=staging, standing=standing, subject=other).verdict is Verdict.EXECUTE


FREEZES = [
    (freeze(FreezeKind.EVERYTHING), "story_creation", Subject("planning"), True),
    (freeze(), "deployments", Subject("deployments"), True),
    (freeze(), "rollbacks", Subject("operations"), True),
    (freeze(), "resource_scaling", Subject("operations"), False),
    (freeze(FreezeKind.SERVICE, "orders"), "code_changes", Subject("coding", service="orders"), True),
    (freeze(FreezeKind.SERVICE, "orders"), "code_changes", Subject("coding", service="carts"), False),
    (freeze(FreezeKind.SERVICE, "orders"), "code_changes", Subject("orders"), False),
    (freeze(FreezeKind.PLAN, "P-1"), "story_creation", Subject("planning", plan="P-1"), True),
    (freeze(FreezeKind.PLAN, "P-1"), "story_creation", Subject("planning"), False),
    (freeze(FreezeKind.PROCESS, "planning"), "story_creation", Subject("planning"), True),
    (freeze(FreezeKind.PROCESS, "story_creation"), "story_creation", Subject("planning"), True),
    (freeze(FreezeKind.PROCESS, "planning"), "story_creation", Subject("backlog", plan="planning"), False),
]


@pytest.mark.parametrize(("stands", "decision", "subject", "frozen"), FREEZES)
def test_how_far_a_freeze_reaches(stands, decision, subject, frozen):
    for actor in ("director", "agent by itself"):
        ruling = ruled(decision, actor, subject=subject, standing=Standing(freezes=(stands,)))
        assert (ruling.rule == "freeze") is frozen


def test_of_several_freezes_any_one_suffices():
    standing = Standing(freezes=(freeze(FreezeKind.SERVICE, "carts"), freeze(FreezeKind.SERVICE, "orders")))
    assert ruled("story_creation", standing=standing).rule == "freeze"


def test_only_a_permitted_person_overrides():
    def verdict(actor, facts):
        return ruled("override", actor, facts=facts).verdict

    assert verdict("director", {"permitted": True}) is Verdict.EXECUTE
    assert verdict("director", {"permitted": False}) is Verdict.REFUSE
    assert verdict("director", {}) is Verdict.REFUSE
    assert verdict("product owner", {"permitted": True}) is Verdict.PEOPLE_ONLY
    why = ruled("override", "director", facts={"permitted": False}).why
    assert why == "Overrides: refused unless the table of overrides lets this person do exactly this."
    assert verdict("agent for the SRE lead", {"permitted": True}) is Verdict.PEOPLE_ONLY


UNFIT = [
    ({"audit_writable": False}, "audit_unwritable"),
    ({"known_types": {}}, "unknown_action"),
    ({"known_types": {"test.internal_message": "deployments"}}, "unknown_action"),
    ({"decision_type": "coffee", "known_types": {"test.internal_message": "coffee"}}, "no_row"),
    ({"actor": Actor("person", "unknown"), "requester_roles": frozenset()}, "unknown_person"),
    ({"actor": Actor("agent", "pm", on_behalf_of="left"), "requester_roles": frozenset()}, "unknown_person"),
]


@pytest.mark.parametrize(("changes", "name"), UNFIT)
def test_what_cannot_be_recorded_or_is_unknown_is_refused(changes, name):
    assert ruled("internal_message", "director").verdict is Verdict.EXECUTE
    ruling = ruled("internal_message", "director", **changes)
    assert (ruling.verdict, ruling.rule) == (Verdict.REFUSE, name)


def test_an_unreadable_policy_refuses_everything():
    error = PolicyError(7, "there is no role `boss`", "Name a role")
    ruling = rule(error, request("internal_message", "director"))
    assert (ruling.verdict, ruling.rule) == (Verdict.REFUSE, "policy_unreadable")
    assert "line 7" in ruling.why


def test_an_approved_action_executes_and_says_by_which_rule():
    ruling = ruled("deployments", facts=PRODUCTION, approved=True)
    assert (ruling.verdict, ruling.rule) == (Verdict.EXECUTE, "deployments.approval")
