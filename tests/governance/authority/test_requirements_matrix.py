"""The ten rows, against the table of the decision-authority matrix, typed anew for this test."""

from __future__ import annotations

from decimal import Decimal

import pytest

from governance.action import Verdict
from governance.people import Role
from tests.governance.authority.asking import MONEY, POLICY, ruled

REQUIREMENTS = """
| Story creation          | ✅                | -                 | -           |
| Code changes            | ✅ (non-breaking) | ✅ (breaking)     | -           |
| Deployments             | ✅ (staging)      | ✅ (production)   | -           |
| Rollbacks               | ✅ (incidents)    | -                 | -           |
| Architecture changes    | -                 | ✅                | -           |
| Security patches        | ✅ (critical)     | ✅ (others)       | -           |
| Resource scaling        | ✅ (<$1000)       | ✅ (>$1000)       | -           |
| Customer communications | -                 | ✅                | -           |
| Compliance reports      | ✅ (generate)     | -                 | ✅ (submit) |
| Team assignments        | -                 | ✅                | -           |
"""


def test_the_matrix_is_the_requirements_table_cell_for_cell():
    typed = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in REQUIREMENTS.split("\n") if line
    ]
    assert [(row.decision, row.auto, row.approval, row.people_only) for row in POLICY.render()] == typed


EXECUTE, APPROVE, PEOPLE = Verdict.EXECUTE, Verdict.APPROVE_FIRST, Verdict.PEOPLE_ONLY
CELLS = [
    ("story_creation", {}, EXECUTE),
    ("code_changes", {"breaking": False}, EXECUTE),
    ("code_changes", {"breaking": True}, APPROVE),
    ("deployments", {"environment": "staging"}, EXECUTE),
    ("deployments", {"environment": "production"}, APPROVE),
    ("rollbacks", {"in_incident": True}, EXECUTE),
    ("rollbacks", {"in_incident": False}, APPROVE),
    ("architecture_changes", {}, APPROVE),
    ("security_patches", {"severity": "critical"}, EXECUTE),
    ("security_patches", {"severity": "high"}, APPROVE),
    ("security_patches", {"severity": "medium"}, APPROVE),
    ("security_patches", {"severity": "low"}, APPROVE),
    ("resource_scaling", {"cost": Decimal("999.99"), **MONEY}, EXECUTE),
    ("resource_scaling", {"cost": Decimal("1000"), **MONEY}, APPROVE),
    ("resource_scaling", {"cost": Decimal("1000.01"), **MONEY}, APPROVE),
    ("customer_communications", {}, APPROVE),
    ("compliance_reports", {"step": "generate"}, EXECUTE),
    ("compliance_reports", {"step": "submit"}, PEOPLE),
    ("team_assignments", {}, APPROVE),
]


@pytest.mark.parametrize(("decision", "facts", "verdict"), CELLS)
def test_each_cell_rules_an_agents_action(decision, facts, verdict):
    assert ruled(decision, facts=facts).verdict is verdict


def test_what_does_not_matter_is_not_held_against_a_ruling():
    facts = {"new_priority": "P3"}
    assert ruled("story_priority", facts=facts).why == "Priority of a new story goes without approval here."


UNKNOWN = [
    ("code_changes", APPROVE, "breaking"),
    ("deployments", APPROVE, "environment"),
    ("rollbacks", APPROVE, "in_incident"),
    ("security_patches", APPROVE, "severity"),
    ("resource_scaling", APPROVE, "cost"),
    ("compliance_reports", PEOPLE, "step"),
]


@pytest.mark.parametrize(("decision", "verdict", "fact"), UNKNOWN)
def test_without_its_fact_a_row_rules_by_the_stricter_column_and_says_so(decision, verdict, fact):
    ruling = ruled(decision)
    assert ruling.verdict is verdict
    assert "as strictly as it can be" in ruling.why
    assert fact in ruling.why


O, D, C, R, S = (  # noqa: E741
    Role.PRODUCT_OWNER,
    Role.ENGINEERING_DIRECTOR,
    Role.COMPLIANCE_OFFICER,
    Role.CUSTOMER_SUCCESS,
    Role.SRE_LEAD,
)
VOTES = [
    ("deployments", {"environment": "production"}, [{S, D, O}], False),
    ("code_changes", {"breaking": True}, [{D}], False),
    ("architecture_changes", {}, [{D}], False),
    ("security_patches", {"severity": "high"}, [{C, D}], False),
    ("resource_scaling", {"cost": Decimal("1000"), **MONEY}, [{S, D}], True),
    ("resource_scaling", {"cost": Decimal("9999.99"), **MONEY}, [{S, D}], True),
    ("resource_scaling", {"cost": Decimal("10000"), **MONEY}, [{S, D}, {S, D}], True),
    ("resource_scaling", {}, [{S, D}, {S, D}], True),
    ("customer_communications", {}, [{R, O}], True),
    ("team_assignments", {}, [{D}], False),
    ("rollbacks", {"in_incident": False}, [{S, D}], True),
    ("plan_execution", {}, [{O, D}], True),
    ("story_priority", {"new_priority": "P0", "linked_by_sre": False, "within_plan": False}, [{O}], True),
    ("priority_change", {}, [{O}], True),
    ("customer_request", {"speaks_for_customer": False}, [{O}], True),
    ("plan_change", {}, [{O, D}], True),
    ("roadmap", {}, [{O, D}], True),
    ("scheduling", {"within_plan": False}, [{O, D}], True),
    ("story_changes", {"within_plan": False}, [{O, D}], True),
    ("role_change", {}, [{D}, {C}], True),
    ("identity_link", {}, [{D}, {C}], True),
    ("policy_change", {}, [{D}, {C}], True),
    ("standards_change", {}, [{D}], True),
    ("agent_configuration", {}, [{D}], True),
    ("agent_allocation", {}, [{O, D}], True),
    ("team_change", {}, [{D}], True),
    ("product_change", {}, [{O, D}], True),
    ("load_test", {"environment": "production"}, [{S, D}], False),
    ("service_protection", {"in_incident": False}, [{S, D}], True),
    ("pull_request_changes", {"opened_by_agents": False}, [{D}], True),
    ("canary_steps", {"within_canary": False}, [{S, D}], False),
    ("meeting_change", {"among_colleagues": True, "in_meeting": False}, [{D}], True),
    ("reservation", {"cost": Decimal("9999.99"), **MONEY}, [{S, D}], True),
    ("reservation", {"cost": Decimal("10000"), **MONEY}, [{S, D}, {S, D}], True),
]


@pytest.mark.parametrize(("decision", "facts", "slots", "requester_may"), VOTES)
def test_who_approves_what(decision, facts, slots, requester_may):
    ruling = ruled(decision, facts=facts)
    assert ruling.verdict is APPROVE
    assert [set(slot.roles) for slot in ruling.terms.slots] == slots
    assert ruling.terms.requester_may_vote is requester_may


def test_every_row_with_votes_is_in_that_table():
    assert {row.name for row in POLICY.rows.values() if row.votes} - {"rollback_outside_incident"} == {
        decision for decision, *_ in VOTES
    } - {"rollbacks"}


def test_several_releases_alone_may_be_approved_as_one_list():
    assert [row.name for row in POLICY.rows.values() if row.as_list] == ["deployments", "canary_steps"]


def test_a_report_is_submitted_by_the_compliance_officer_in_person():
    facts = {"step": "submit"}
    officer = frozenset({C})
    assert ruled("compliance_reports", "director", facts=facts).verdict is PEOPLE
    assert ruled("compliance_reports", "director", facts=facts, requester_roles=officer).verdict is EXECUTE
    agent = ruled("compliance_reports", facts=facts, requester_roles=officer, approved=True)
    assert agent.verdict is PEOPLE
    assert [set(slot.roles) for slot in agent.terms.slots] == [{C}]


def test_p0_and_p1_wait_for_the_product_owner_unless_an_sre_linked_the_story_to_an_incident():
    def verdict(priority, actor, linked):
        return ruled("story_priority", actor, facts={"new_priority": priority, "linked_by_sre": linked}).verdict

    for urgent in ("P0", "P1"):
        assert verdict(urgent, "SRE lead", False) is APPROVE
        assert verdict(urgent, "SRE lead", True) is EXECUTE
        assert verdict(urgent, "product owner", False) is EXECUTE
        assert verdict(urgent, "agent for the product owner", False) is APPROVE
    for ordinary in ("P2", "P3"):
        assert verdict(ordinary, "director", False) is EXECUTE


@pytest.mark.parametrize("sum_", ["spend_requester", "spend_service", "spend_department"])
def test_a_limit_holds_for_each_days_spending_together(sum_):
    below = {**MONEY, "cost": Decimal("400"), sum_: Decimal("599.99")}
    assert ruled("resource_scaling", facts=below).verdict is EXECUTE
    at = {**below, sum_: Decimal("600.00")}
    assert ruled("resource_scaling", facts=at).verdict is APPROVE
    assert len(ruled("resource_scaling", facts=at).terms.slots) == 1
    two = {**below, sum_: Decimal("9600")}
    assert len(ruled("resource_scaling", facts=two).terms.slots) == 2


@pytest.mark.parametrize("missing", ["spend_requester", "spend_service", "spend_department"])
def test_a_day_whose_spending_is_unknown_does_not_count_as_cheap(missing):
    facts = {name: value for name, value in {**MONEY, "cost": Decimal("1")}.items() if name != missing}
    ruling = ruled("resource_scaling", facts=facts)
    assert ruling.verdict is APPROVE
    assert len(ruling.terms.slots) == 2
    assert "spending" in ruling.why


@pytest.mark.parametrize(
    "cost", [999, 12.5, "12", True, Decimal("NaN"), Decimal("Infinity"), Decimal(-1), None]
)
def test_what_is_no_exact_amount_of_money_is_no_cost(cost):
    assert ruled("resource_scaling", facts={**MONEY, "cost": cost}).verdict is APPROVE
