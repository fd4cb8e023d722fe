"""A tiny evaluator for comparison: the matrix as a chain of ifs, typed anew from its table and its defaults."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from governance.action import Verdict
from governance.authority.vocabulary import FACTS
from governance.people import Role

E, A, P, N = Verdict.EXECUTE, Verdict.APPROVE_FIRST, Verdict.PEOPLE_ONLY, Verdict.REFUSE
STRICTNESS = [E, A, P, N]
DOMAIN = {
    **{name: (True, False) for name, kind in FACTS.items() if kind.kind == "yes_no"},
    **{name: kind.values for name, kind in FACTS.items() if kind.kind == "one_of"},
    **dict.fromkeys(
        ("cost", "spend_requester", "spend_service", "spend_department"), (Decimal(0), Decimal(10**6))
    ),
}
OWNER, DIRECTOR, COMPLIANCE, SRE = (
    Role.PRODUCT_OWNER,
    Role.ENGINEERING_DIRECTOR,
    Role.COMPLIANCE_OFFICER,
    Role.SRE_LEAD,
)
VOTERS = {OWNER, DIRECTOR, COMPLIANCE, SRE, Role.CUSTOMER_SUCCESS}


def reference(decision, fact, person):
    """(verdict, votes) when every fact is known. `person` are the roles of a person who asks themself."""
    total = fact["cost"] + max(fact["spend_requester"], fact["spend_service"], fact["spend_department"])
    dear = 2 if total >= 10_000 else 1
    match decision:
        case "story_creation" | "internal_message" | "code_work":
            return E, 0
        case "code_changes":
            return (A, 1) if fact["breaking"] else (E, 0)
        case "deployments" if not fact["outside_blackout"]:
            return N, 0
        case "canary_steps" if not fact["outside_blackout"]:
            return N, 0
        case "deployments" | "load_test":
            return (A, 1) if fact["environment"] == "production" else (E, 0)
        case "rollbacks":
            return (E, 0) if fact["in_incident"] else (A, 1)
        case "security_patches":
            return (E, 0) if fact["severity"] == "critical" else (A, 1)
        case "resource_scaling":
            return (A, dear) if total >= 1000 else (E, 0)
        case "reservation":
            return A, dear
        case "compliance_reports":
            return (E, 0) if fact["step"] == "generate" or COMPLIANCE in person else (P, 1)
        case "delegation":
            return (E, 0) if person & VOTERS else (P, 1)
        case "override" | "window":
            may = {DIRECTOR, COMPLIANCE, SRE} | ({Role.EXECUTIVE} if decision == "override" else set())
            return (N, 0) if not fact["permitted"] else (E, 0) if person & may else (P, 1)
        case "meeting":
            return (E, 0) if fact["among_colleagues"] else (N, 0)
        case "meeting_change":
            if not fact["among_colleagues"]:
                return N, 0
            return (E, 0) if fact["in_meeting"] else (A, 1)
        case "customer_request":
            return (E, 0) if fact["speaks_for_customer"] else (A, 1)
        case "person_review":
            may = {DIRECTOR, COMPLIANCE, SRE, Role.ENGINEER, Role.ARCHITECT}
            return (N, 0) if not fact["in_own_name"] else (E, 0) if person & may else (P, 1)
        case "person_comment":
            may = {DIRECTOR, COMPLIANCE, SRE, Role.ENGINEER, Role.ARCHITECT, OWNER}
            return (N, 0) if not fact["in_own_name"] else (E, 0) if person & may else (P, 1)
        case "pull_request_changes":
            return (E, 0) if fact["opened_by_agents"] else (A, 1)
        case "plan_change" | "agent_allocation" | "product_change":
            return (E, 0) if person & {OWNER, DIRECTOR} else (A, 1)
        case "standards_change" | "agent_configuration" | "team_change":
            return (E, 0) if DIRECTOR in person else (A, 1)
        case "priority_change":
            return (E, 0) if OWNER in person else (A, 1)
        case "story_priority":
            ordinary = fact["new_priority"] in ("P2", "P3")
            urgent_for_a_reason = OWNER in person or fact["linked_by_sre"] or fact["within_plan"]
            return (E, 0) if ordinary or urgent_for_a_reason else (A, 1)
        case "story_changes":
            return (
                (E, 0) if fact["within_plan"] or fact["follows_work"] or person & {OWNER, DIRECTOR} else (A, 1)
            )
        case "scheduling":
            return (E, 0) if fact["within_plan"] else (A, 1)
        case "service_protection":
            return (E, 0) if fact["in_incident"] or SRE in person else (A, 1)
        case "role_change" | "identity_link" | "policy_change":
            return A, 2
        case (
            "architecture_changes"
            | "customer_communications"
            | "team_assignments"
            | "plan_execution"
            | "roadmap"
        ):
            return A, 1
        case "canary_steps":
            return (E, 0) if fact["within_canary"] else (A, 1)
        case "canary_abort":
            return E, 0
        case "rollback_outside_incident":
            return A, 1
    raise AssertionError(decision)


LOOKED_AT = {
    "code_changes": ("breaking",),
    "deployments": ("environment", "outside_blackout"),
    "load_test": ("environment",),
    "rollbacks": ("in_incident",),
    "service_protection": ("in_incident",),
    "security_patches": ("severity",),
    "resource_scaling": ("cost", "spend_requester", "spend_service", "spend_department"),
    "reservation": ("cost", "spend_requester", "spend_service", "spend_department"),
    "compliance_reports": ("step",),
    "override": ("permitted",),
    "window": ("permitted",),
    "person_review": ("in_own_name",),
    "person_comment": ("in_own_name",),
    "meeting": ("among_colleagues",),
    "meeting_change": ("among_colleagues", "in_meeting"),
    "customer_request": ("speaks_for_customer",),
    "pull_request_changes": ("opened_by_agents",),
    "story_priority": ("new_priority", "linked_by_sre", "within_plan"),
    "scheduling": ("within_plan",),
    "canary_steps": ("within_canary", "outside_blackout"),
    "story_changes": ("within_plan", "follows_work"),
}


def strictest(decision, facts, person):
    """The reference where facts may be missing: the strictest of all that they could be."""
    looked_at = LOOKED_AT.get(decision, ())
    possible = [[facts[name]] if name in facts else DOMAIN[name] for name in looked_at]
    anything = {name: values[0] for name, values in DOMAIN.items()}
    outcomes = [
        reference(decision, {**anything, **dict(zip(looked_at, values, strict=True))}, person)
        for values in product(*possible)
    ]
    return max(outcomes, key=lambda outcome: (STRICTNESS.index(outcome[0]), outcome[1]))
