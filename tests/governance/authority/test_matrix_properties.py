"""The evaluator beside a tiny reference, and the properties that it must keep, on generated requests."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.action import Verdict
from governance.authority.evaluate import rule
from governance.authority.vocabulary import SPENDS, Unestablished
from governance.people import Actor, Role
from tests.governance.authority.asking import POLICY, request
from tests.governance.authority.generated import (
    EDGES,
    MISSING,
    SUMS,
    agents,
    decisions,
    emergencies,
    freezes,
    halts,
    junk,
    narrowings,
    pauses,
    pins,
    requests,
    standings,
    subjects,
    windows,
)
from tests.governance.authority.reference import (
    COMPLIANCE,
    DIRECTOR,
    DOMAIN,
    LOOKED_AT,
    OWNER,
    SRE,
    STRICTNESS,
    A,
    E,
    N,
    strictest,
)

ASKERS = [
    *((Actor("person", "p"), frozenset((role,))) for role in Role),
    (Actor("person", "p"), frozenset((OWNER, SRE))),
    *(
        (Actor("agent", "a", on_behalf_of="p"), frozenset((role,)))
        for role in (OWNER, DIRECTOR, COMPLIANCE, SRE)
    ),
    (Actor("agent", "a"), frozenset()),
]


@pytest.mark.parametrize("decision", sorted(POLICY.rows))
def test_every_cell_and_condition_rules_as_the_reference_does(decision):
    looked_at = LOOKED_AT.get(decision, ())
    possible = [
        (MISSING, *(EDGES if name == "cost" else SUMS if name in SPENDS else DOMAIN[name]))
        for name in looked_at
    ]
    for values in product(*possible):
        given_facts = {
            name: value for name, value in zip(looked_at, values, strict=True) if value is not MISSING
        }
        asked = request(decision, facts=given_facts)
        for actor, held in ASKERS:
            agree(replace(asked, actor=actor, requester_roles=held))


def agree(asked):
    """The evaluator and the reference say the same of this request."""
    ruling = rule(POLICY, asked)
    person = asked.requester_roles if asked.actor.kind == "person" else frozenset()
    verdict, votes = strictest(asked.decision_type, asked.facts, person)
    assert ruling.verdict is verdict
    assert len(ruling.terms.slots if ruling.terms else ()) == votes
    assert ruling.policy_version == POLICY.version
    assert ruling.why


@settings(max_examples=200, deadline=None)
@given(requests())
def test_the_evaluator_rules_as_the_reference_does(asked):
    agree(replace(asked, approved=False))


@settings(max_examples=150, deadline=None)
@given(requests(), st.sampled_from(sorted(DOMAIN)), st.booleans())
def test_an_unknown_fact_never_loosens_a_ruling(asked, name, failed):
    unknown = {fact: value for fact, value in asked.facts.items() if fact != name}
    if failed:
        unknown[name] = Unestablished("the pipeline did not answer")
    known, less = rule(POLICY, asked), rule(POLICY, replace(asked, facts=unknown))
    assert not_looser(less, known)
    if less.verdict is known.verdict and known.terms and less.terms:
        assert len(less.terms.slots) >= len(known.terms.slots)


def not_looser(ruling, than):
    return STRICTNESS.index(ruling.verdict) >= STRICTNESS.index(than.verdict)


@settings(max_examples=150, deadline=None)
@given(requests(), standings, halts, freezes, pins)
def test_adding_a_halt_freeze_or_pin_never_loosens_a_ruling(asked, standing, halt, freeze, pin):
    before = rule(POLICY, replace(asked, standing=standing))
    for more in (
        replace(standing, halt=halt),
        replace(standing, freezes=(*standing.freezes, freeze)),
        replace(standing, pins=(*standing.pins, pin)),
    ):
        assert not_looser(rule(POLICY, replace(asked, standing=more)), before)


@settings(max_examples=300, deadline=None)
@given(requests(), standings, pauses, narrowings)
def test_no_setting_of_an_agent_loosens_a_ruling_nor_binds_anybody_else(asked, standing, pause, narrowing):
    free = replace(standing, pauses=(), narrowed=())
    before = rule(POLICY, replace(asked, standing=free))
    for less in (replace(free, pauses=(pause,)), replace(free, narrowed=(narrowing,))):
        after = rule(POLICY, replace(asked, standing=less))
        assert not_looser(after, before)
        if asked.actor.kind != "agent" or "else" in (pause.agent, narrowing.agent):
            held = (asked.actor.kind, asked.actor.id) == ("agent", (*less.pauses, *less.narrowed)[0].agent)
            assert held or after == before


@settings(max_examples=150, deadline=None)
@given(requests(), standings, windows)
def test_a_window_never_loosens_what_is_ruled_without_windows(asked, standing, window):
    without = replace(standing, windows=())
    before = rule(POLICY, replace(asked, standing=without))
    assert not_looser(rule(POLICY, replace(asked, standing=replace(without, windows=(window,)))), before)
    assert not_looser(rule(POLICY, replace(asked, standing=standing)), before)


@settings(max_examples=150, deadline=None)
@given(requests(), standings, emergencies)
def test_an_emergency_deployment_does_nothing_but_stand_in_for_an_approval(asked, standing, emergency):
    before = rule(POLICY, replace(asked, standing=standing))
    after = rule(
        POLICY, replace(asked, standing=replace(standing, emergencies=(*standing.emergencies, emergency)))
    )
    if after.verdict is not before.verdict:
        assert (before.verdict, after.verdict) == (A, E)
        assert asked.decision_type == "deployments"
        assert after.rule == "deployments.emergency"


@settings(max_examples=150, deadline=None)
@given(requests(), standings)
def test_an_approval_does_nothing_but_turn_approve_first_into_execute(asked, standing):
    waiting = rule(POLICY, replace(asked, standing=standing, approved=False))
    approved = rule(POLICY, replace(asked, standing=standing, approved=True))
    assert approved.verdict is (E if waiting.verdict is A else waiting.verdict)


@settings(max_examples=150, deadline=None)
@given(
    requests(facts=st.dictionaries(st.sampled_from([*DOMAIN, "asked_by", "nonsense"]), junk)),
    standings,
    subjects,
    st.text(max_size=4) | decisions,
    st.booleans(),
)
def test_whatever_is_asked_gets_a_ruling(asked, standing, subject, decision, writable):
    asked = replace(asked, standing=standing, subject=subject, decision_type=decision, audit_writable=writable)
    ruling = rule(POLICY, asked)
    assert ruling.verdict in Verdict
    if not writable or decision not in POLICY.rows:
        assert ruling.verdict is N


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["product_owner", ["product_owner"], True]), agents)
def test_nobody_says_of_themselves_that_they_ask_in_person(claim, who):
    actor, held = who
    asked = replace(request("priority_change", facts={"asked_by": claim}), actor=actor, requester_roles=held)
    assert rule(POLICY, asked).verdict is A
