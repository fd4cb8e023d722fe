"""What belongs to which request: the rows that carrying it out changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bench.conversations.changes import Change, values_of

READS = frozenset(
    {
        "help", "whoami", "status", "approvals", "blockers", "velocity", "risks", "customer",
        "architecture_review", "optimisation_report", "test_coverage", "compliance_report", "pii_changes",
        "missing_reviews", "audit", "authority", "service", "capacity_plan", "costs", "explain_incident",
        "metrics", "roadmap",
    }
)  # fmt: skip
"""Requests that only show something."""

DANGEROUS = frozenset(
    {
        "halt_agents", "resume_agents", "freeze", "unfreeze", "emergency_deploy", "rollback", "deploy", "scale",
        "window", "overrule_agent", "access",
    }
)  # fmt: skip
"""Requests that stop people's work, open production or give power."""

ON_SERVICES = frozenset({"freeze", "unfreeze", "emergency_deploy", "rollback", "deploy", "scale"})
"""Requests about a service, where one is named."""

_BESIDE = frozenset(
    {
        "fences", "runs", "run_steps", "tracker_counters", "tracker_receipts", "tracker_story_events",
        "tracker_dependencies",
    }
)  # fmt: skip
"""Tables that change along with what is really done."""

_DECIDED: Mapping[str, frozenset[str]] = {
    "access": frozenset({"role_change", "identity_link"}),
    "add_to_backlog": frozenset({"story_creation", "story_priority", "story_changes", "priority_change"}),
    "allocate_agents": frozenset({"agent_allocation"}),
    "authority": frozenset({"policy_change"}),
    "build_feature": frozenset({"plan_execution"}),
    "compliance_report": frozenset({"compliance_reports"}),
    "configure_agent": frozenset({"agent_configuration"}),
    "delegate": frozenset({"delegation"}),
    "deploy": frozenset({"deployments"}),
    "emergency_deploy": frozenset({"deployments"}),
    "feature_request": frozenset({"story_creation", "story_priority"}),
    "notify_customer": frozenset({"customer_communications"}),
    "plan": frozenset({"plan_change"}),
    "prioritise": frozenset({"priority_change", "story_priority"}),
    "rollback": frozenset({"rollbacks", "rollback_outside_incident"}),
    "scale": frozenset({"resource_scaling"}),
    "schedule_meeting": frozenset({"meeting"}),
    "simulate_load": frozenset({"load_test"}),
    "standards": frozenset({"standards_change"}),
    "vulnerabilities": frozenset({"security_patches"}),
    "window": frozenset({"window"}),
}
"""The rows of the matrix that a request is decided under."""

_OVERRIDES: Mapping[str, tuple[str, bool]] = {
    "halt_agents": ("halt", False),
    "resume_agents": ("halt", True),
    "freeze": ("freeze", False),
    "unfreeze": ("freeze", True),
    "emergency_deploy": ("emergency", False),
    "overrule_agent": ("pin", False),
}
"""The kind of override that a request lays, or (True) ends."""

_ACTIONS: Mapping[str, str] = {
    "governance.halt_agents": "halt_agents",
    "governance.resume_agents": "resume_agents",
    "governance.lay_freeze": "freeze",
    "governance.lift_freeze": "unfreeze",
    "governance.allow_emergency_deployment": "emergency_deploy",
    "governance.overrule_agent": "overrule_agent",
}

_TABLES: Mapping[str, frozenset[str]] = {
    "access": frozenset({"person_roles", "identities", "people"}),
    "add_to_backlog": frozenset({"tracker_stories"}),
    "build_feature": frozenset({"plans"}),
    "delegate": frozenset({"delegations"}),
    "digest": frozenset({"digest_settings", "digest_changes", "quiet_hours"}),
    "feature_request": frozenset({"tracker_stories"}),
    "feedback": frozenset({"feedback"}),
    "plan": frozenset({"plans", "tracker_epics", "tracker_stories"}),
    "prioritise": frozenset({"tracker_stories"}),
    "subscribe": frozenset({"subscriptions", "digest_settings"}),
    "window": frozenset({"windows"}),
}

_KNOWN_TABLES = frozenset({"effects", "approvals", "overrides"}).union(*_TABLES.values())
_WITH_BOTH = frozenset({"freeze", "window", "delegate", "overrule_agent"})
"""Requests that may end what stands to put something else in its place."""


def principal(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that say what was done, without what changes along with them."""
    return tuple(change for change in changes if change.table not in _BESIDE)


def fits(name: str, change: Change) -> bool:
    """Whether a principal change is one that carrying out `name` makes. Rows of tables that nobody here knows
    fit every request: what is built later is not called wrong for that."""
    if change.table not in _KNOWN_TABLES:
        return True
    row = change.row
    match change.table:
        case "overrides":
            kind, ends = _OVERRIDES.get(name, ("", False))
            return row.get("kind") == kind and (ends is change.became("ended") or name in _WITH_BOTH)
        case "effects" | "approvals":
            return _is_decided(name, change)
        case table:
            return table in _TABLES.get(name, frozenset())


def _is_decided(name: str, change: Change) -> bool:
    row = change.row
    if name == "subscribe":
        return change.table == "approvals" and change.became("notifications")
    if name == "approvals":
        return not change.is_new or row.get("supersedes") is not None
    if name == "overrule_agent":
        return True  # taking back what the agent did is decided under that decision's own row
    if row.get("decision_type") == "override":
        action = _ACTIONS.get(str(row.get("action_type")))
        return action == name or (action == "unfreeze" and name == "freeze")
    known = name in _DECIDED or name in _OVERRIDES or name in _TABLES
    return row.get("decision_type") in _DECIDED.get(name, frozenset()) if known else True


def names_service(changes: Sequence[Change], services: Sequence[str]) -> bool:
    """Whether one of these services is what a change is about."""
    return any(value in services for change in changes for value in _ids(change))


def _ids(change: Change) -> set[str]:
    """Values that are one word, and the words of what an override is about; nobody's own words."""
    single = {value for value in values_of(change.row) if isinstance(value, str) and " " not in value}
    return single | set(str(change.row.get("subject") or "").split())


def services_in(text: str, services: Sequence[str]) -> tuple[str, ...]:
    """The services whose whole names stand in `text`, the longest first: `checkout-web` is not `checkout`."""
    found, rest = [], text.casefold()
    for service in sorted(services, key=len, reverse=True):
        words = r"[\s_-]".join(map(re.escape, re.split(r"[-_]", service.casefold())))
        rest, times = re.subn(rf"(?<![\w-]){words}(?![\w-])", " ", rest)
        found += [service] if times else []
    return tuple(found)
