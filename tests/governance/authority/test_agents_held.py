"""What the matrix rules of agents that are paused, that only suggest, and that ask before everything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.action import Verdict
from governance.people import Role
from governance.standing import Autonomy, EmergencyDeployment, Narrowed, Pause, Standing, WindowMode
from tests.governance.authority.asking import HOUR, NOW, during, ruled

SRE = "agent for the SRE lead"
STAGING, PRODUCTION = {"environment": "staging"}, {"environment": "production"}


def paused(agent="sre", until=None):
    return Standing(pauses=(Pause(agent, "amanda", "it loops", NOW, "Amanda Chen", until),))


def narrowed(autonomy, agent="sre"):
    return Standing(narrowed=(Narrowed(agent, autonomy, "amanda", "it is new", "Amanda Chen"),))


SUGGESTS, ASKS = narrowed(Autonomy.SUGGEST), narrowed(Autonomy.ASK)


def test_a_paused_agent_waits_and_says_until_when_and_why():
    ruling = ruled("deployments", SRE, facts=STAGING, standing=paused(until=NOW + HOUR))
    assert (ruling.verdict, ruling.rule, ruling.until) == (Verdict.REFUSE, "pause", NOW + HOUR)
    assert ruling.why == (
        "The SRE agent is paused by Amanda Chen (it loops): this waits until Mon 23 Nov 2026, 11:00 UTC."
    )
    assert ruled("deployments", SRE, facts=PRODUCTION, standing=paused(), approved=True).rule == "pause"


def test_an_agent_that_only_suggests_does_nothing_approved_or_not():
    for facts in (STAGING, PRODUCTION):
        for approved in (False, True):
            ruling = ruled("deployments", SRE, facts=facts, standing=SUGGESTS, approved=approved)
            assert (ruling.verdict, ruling.rule) == (Verdict.REFUSE, "suggest")
    assert ruling.why.startswith("The SRE agent only suggests, as Amanda Chen set it (it is new)")


def test_an_agent_that_asks_has_everything_approved_that_the_matrix_lets_it_do():
    ruling = ruled("deployments", SRE, facts=STAGING, standing=ASKS)
    assert (ruling.verdict, ruling.rule) == (Verdict.APPROVE_FIRST, "deployments.ask")
    assert "asks before everything, as Amanda Chen set it (it is new)" in ruling.why
    assert ruled("deployments", SRE, facts=STAGING, standing=ASKS, approved=True).verdict is Verdict.EXECUTE


def test_who_is_asked_is_the_rows_own_voter_else_whoever_may_set_the_agent():
    own = ruled("rollbacks", SRE, facts={"in_incident": True}, standing=ASKS)
    assert own.rule == "rollbacks.ask"
    none = ruled("code_work", SRE, standing=ASKS)
    assert none.terms is not None
    assert none.terms.slots[0].roles == {Role.ENGINEERING_DIRECTOR}
    patches = ruled("deployments", SRE, facts=STAGING, standing=ASKS)
    assert patches.terms is not None
    assert Role.PRODUCT_OWNER in patches.terms.slots[0].roles


def test_an_emergency_and_a_blackout_stay_what_they_are():
    emergency = EmergencyDeployment("nathan", "orders 2.3.1", "orders are lost", NOW + HOUR)
    asks = replace(ASKS, emergencies=(emergency,))
    assert ruled("deployments", SRE, facts=PRODUCTION, standing=asks).rule == "deployments.ask"
    blackout = {**PRODUCTION, "outside_blackout": False}
    assert ruled("deployments", SRE, facts=blackout, standing=ASKS).rule == "blackout"


@pytest.mark.parametrize("standing", [paused(), SUGGESTS, ASKS])
def test_people_other_agents_and_the_end_of_a_canary_are_not_held(standing):
    for actor in ("SRE lead", "clock", "agent for the product owner"):
        assert ruled("deployments", actor, facts=STAGING, standing=standing).verdict is Verdict.EXECUTE
    assert ruled("canary_abort", SRE, standing=standing).verdict is Verdict.EXECUTE


@pytest.mark.parametrize("standing", [paused("pm"), narrowed(Autonomy.SUGGEST, "pm")])
def test_a_plan_is_put_to_people_all_the_same(standing):
    assert ruled("plan_execution", standing=standing).verdict is Verdict.APPROVE_FIRST
    assert ruled("plan_change", standing=standing).verdict is Verdict.APPROVE_FIRST
    assert ruled("story_creation", standing=standing).verdict is Verdict.REFUSE


def test_a_pause_is_said_before_a_window_and_after_a_freeze():
    standing = replace(during(WindowMode.PLANNING), pauses=paused().pauses)
    assert ruled("story_creation", SRE, standing=standing).rule == "pause"
