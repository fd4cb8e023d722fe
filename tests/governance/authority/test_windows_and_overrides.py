"""What stands × decision × who asks × {new, in flight}: every cell against a table typed by hand.

Each column has seven letters, one for each who asks, in the order of ACTORS: the SRE lead, the director,
the product owner, an agent for the SRE lead, an agent for the product owner, an agent by itself, the clock.
E executes, A needs approval, P is for people only, . is refused.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from governance.action import Verdict
from governance.people import Role
from governance.standing import Freeze, FreezeKind, Halt, Standing, WindowMode
from tests.governance.authority.asking import ACTORS, MONEY, NOW, POLICY, during, ruled

STAGING, PRODUCTION = {"environment": "staging"}, {"environment": "production"}
INCIDENT, CALM = {"in_incident": True}, {"in_incident": False}
OLD_IN_CALM = {"in_incident": False, "previously_approved": True}
NEW_IN_CALM = {"in_incident": False, "previously_approved": False}
CHEAP, DEAR = {**MONEY, "cost": Decimal(10)}, {**MONEY, "cost": Decimal(5000)}
PERMITTED = {"permitted": True}
OF_AGENTS = {"opened_by_agents": True}

IN_IT = {"among_colleagues": True, "in_meeting": True}
NOT_IN_IT = {"among_colleagues": True, "in_meeting": False}
OURS, NOT_OURS = {"speaks_for_customer": True}, {"speaks_for_customer": False}
TABLE = [
    # decision, facts, nothing or audit, planning, incident, demo new, demo in flight, halt, all frozen
    ("story_creation", {}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("code_changes", {"breaking": False}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("code_changes", {"breaking": True}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("deployments", STAGING, "EEEEEEE EEE.... E..E... EEEEE.. EEEEEEE EEE.... ......."),
    ("deployments", {**STAGING, **INCIDENT}, "EEEEEEE EEE.... E..E... EEEEE.. EEEEEEE EEE.... ......."),
    ("deployments", PRODUCTION, "AAAAAAA AAA.... A..A... AAAAA.. AAAAAAA AAA.... ......."),
    ("rollbacks", INCIDENT, "EEEEEEE EEEEEEE E..E.EE EEEEEEE EEEEEEE EEE.... ......."),
    ("rollbacks", CALM, "AAAAAAA AAA.... A..A... AAAAA.. AAAAAAA AAA.... ......."),
    ("rollbacks", NEW_IN_CALM, "AAAAAAA AAA.... A..A... AAAAA.. AAAAAAA AAA.... ......."),
    ("rollbacks", OLD_IN_CALM, "AAAAAAA AAA.... A..A... AAAAA.. AAAAAAA AAA.... AAAAAAA"),
    ("architecture_changes", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("security_patches", {"severity": "critical"}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("security_patches", {"severity": "low"}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("resource_scaling", {**CHEAP, **CALM}, "EEEEEEE EEE.... E..E... EEEEE.. EEEEEEE EEE.... ......."),
    ("resource_scaling", {**CHEAP, **INCIDENT}, "EEEEEEE EEE.... E..E.EE EEEEE.. EEEEEEE EEE.... ......."),
    ("resource_scaling", {**DEAR, **CALM}, "AAAAAAA AAA.... A..A... AAAAA.. AAAAAAA AAA.... ......."),
    ("resource_scaling", {**DEAR, **INCIDENT}, "AAAAAAA AAA.... A..A.AA AAAAA.. AAAAAAA AAA.... ......."),
    ("customer_communications", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("compliance_reports", {"step": "generate"}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("compliance_reports", {"step": "submit"}, "PPPPPPP PPPPPPP PPPPPPP PPPPPPP PPPPPPP PPP.... ......."),
    ("team_assignments", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("plan_execution", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA ....... ......."),
    ("plan_change", {}, "AEEAAAA AEE.... AEEAAAA AEEAA.. AEEAAAA AEE.... ......."),
    ("roadmap", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("scheduling", {"within_plan": True}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("scheduling", {"within_plan": False}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("story_changes", {"within_plan": True}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("story_changes", {"within_plan": False}, "AEEAAAA AEE.... AEEAAAA AEEAA.. AEEAAAA AEE.... ......."),
    ("story_priority", {"new_priority": "P3"}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("story_priority", {"new_priority": "P0"}, "AAEAAAA AAE.... AAEAAAA AAEAA.. AAEAAAA AAE.... ......."),
    ("priority_change", {}, "AAEAAAA AAE.... AAEAAAA AAEAA.. AAEAAAA AAE.... ......."),
    ("role_change", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("identity_link", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("delegation", {}, "EEEPPPP EEEPPPP EEEPPPP EEEPPPP EEEPPPP EEE.... ......."),
    ("policy_change", {}, "AAAAAAA AAA.... AAAAAAA ....... ....... AAA.... ......."),
    ("standards_change", {}, "AEAAAAA AEA.... AEAAAAA AEAAA.. AEAAAAA AEA.... ......."),
    ("agent_configuration", {}, "AEAAAAA AEA.... AEAAAAA AEAAA.. AEAAAAA AEA.... ......."),
    ("agent_allocation", {}, "AEEAAAA AEE.... AEEAAAA AEEAA.. AEEAAAA AEE.... ......."),
    ("team_change", {}, "AEAAAAA AEA.... AEAAAAA AEAAA.. AEAAAAA AEA.... ......."),
    ("product_change", {}, "AEEAAAA AEE.... AEEAAAA AEEAA.. AEEAAAA AEE.... ......."),
    ("window", PERMITTED, "EEPPPPP EEPPPPP EEPPPPP EEPPPPP EEPPPPP EEP.... EEPPPPP"),
    ("window", {"permitted": False}, "....... ....... ....... ....... ....... ....... ......."),
    ("override", PERMITTED, "EEPPPPP EEPPPPP EEPPPPP EEPPPPP EEPPPPP EEP.... EEPPPPP"),
    ("override", {}, "....... ....... ....... ....... ....... ....... ......."),
    ("meeting", {"among_colleagues": True}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("meeting_change", IN_IT, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("meeting_change", NOT_IN_IT, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("customer_request", OURS, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("customer_request", NOT_OURS, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("internal_message", {}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("load_test", STAGING, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("load_test", PRODUCTION, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("service_protection", CALM, "EAAAAAA EAA.... E..A... EAAAA.. EAAAAAA EAA.... ......."),
    ("service_protection", INCIDENT, "EEEEEEE EEE.... E..E.EE EEEEE.. EEEEEEE EEE.... ......."),
    ("canary_steps", {"within_canary": True}, "EEEEEEE EEE.... E..E... EEEEE.. EEEEEEE EEE.... ......."),
    ("canary_steps", {"within_canary": False}, "AAAAAAA AAA.... A..A... AAAAA.. AAAAAAA AAA.... ......."),
    ("canary_abort", {}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... EEEEEEE"),
    ("code_work", {}, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("pull_request_changes", {}, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
    ("pull_request_changes", OF_AGENTS, "EEEEEEE EEE.... EEEEEEE EEEEE.. EEEEEEE EEE.... ......."),
    ("person_review", {"in_own_name": True}, "EEPPPPP EEPPPPP EEPPPPP EEPPPPP EEPPPPP EEP.... ......."),
    ("person_review", {}, "....... ....... ....... ....... ....... ....... ......."),
    ("person_comment", {"in_own_name": True}, "EEEPPPP EEEPPPP EEEPPPP EEEPPPP EEEPPPP EEE.... ......."),
    ("person_comment", {}, "....... ....... ....... ....... ....... ....... ......."),
    ("reservation", CHEAP, "AAAAAAA AAA.... AAAAAAA AAAAA.. AAAAAAA AAA.... ......."),
]
LETTERS = {
    Verdict.EXECUTE: "E",
    Verdict.APPROVE_FIRST: "A",
    Verdict.PEOPLE_ONLY: "P",
    Verdict.REFUSE: ".",
}
HALT = Halt("amanda", "agents repeat themselves", NOW)
ALL_FROZEN = Freeze(FreezeKind.EVERYTHING, "", "carlos", Role.COMPLIANCE_OFFICER, "breach", NOW)
NEW, IN_FLIGHT = (False,), (True,)
BOTH = (False, True)
COLUMNS = [
    (0, Standing(), BOTH),
    (0, during(WindowMode.AUDIT), BOTH),
    (1, during(WindowMode.PLANNING), BOTH),
    (2, during(WindowMode.INCIDENT), BOTH),
    (3, during(WindowMode.DEMO), NEW),
    (4, during(WindowMode.DEMO), IN_FLIGHT),
    (5, Standing(halt=HALT), BOTH),
    (6, Standing(freezes=(ALL_FROZEN,)), BOTH),
]


def test_every_row_of_the_policy_stands_in_the_table():
    assert {row for row, *_ in TABLE} | {"rollback_outside_incident"} == set(POLICY.rows)


@pytest.mark.parametrize(("decision", "facts", "typed"), TABLE)
def test_every_cell(decision, facts, typed):
    for column, standing, stages in COLUMNS:
        for in_flight in stages:
            letters = "".join(
                LETTERS[ruled(decision, actor, facts=facts, standing=standing, in_flight=in_flight).verdict]
                for actor in ACTORS
            )
            assert letters == typed.split()[column], (column, in_flight)


P, I, D = WindowMode.PLANNING, WindowMode.INCIDENT, WindowMode.DEMO  # noqa: E741
OVERLAPS = [
    # decision, facts, planning and incident, demo and incident, planning and demo (new)
    ("story_creation", {}, "EEE.... EEEEE.. EEE...."),
    ("deployments", STAGING, "E..E... E..E... EEE...."),
    ("rollbacks", INCIDENT, "E..E.EE E..E.EE EEEEEEE"),
    ("rollbacks", CALM, "A..A... A..A... AAA...."),
    ("resource_scaling", {**CHEAP, **INCIDENT}, "E..E.EE E..E.EE EEE...."),
    ("service_protection", INCIDENT, "E..E.EE E..E.EE EEE...."),
    ("policy_change", {}, "AAA.... ....... ......."),
]


@pytest.mark.parametrize(("decision", "facts", "typed"), OVERLAPS)
def test_where_windows_overlap_the_incident_wins_on_what_it_governs(decision, facts, typed):
    for modes, letters in zip(((P, I), (D, I), (P, D)), typed.split(), strict=True):
        for standing in (during(*modes), during(*reversed(modes))):
            got = "".join(
                LETTERS[ruled(decision, actor, facts=facts, standing=standing).verdict] for actor in ACTORS
            )
            assert got == letters, modes


def test_what_waits_for_a_window_is_told_when_it_ends():
    ruling = ruled("deployments", "product owner", facts=STAGING, standing=during(I))
    assert ruling.rule == "window.incident"
    assert ruling.until == during(I).windows[0].ends
    assert "Mon 23 Nov 2026, 11:00 UTC" in ruling.why
    assert "SRE lead" in ruling.why


def test_an_unknown_incident_is_no_incident():
    for mode in (P, D):
        assert ruled("rollbacks", "agent by itself", standing=during(mode)).rule == f"window.{mode}"
    assert ruled("rollbacks", "agent by itself", standing=during(I)).rule == "window.incident"
