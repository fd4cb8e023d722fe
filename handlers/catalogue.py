"""The closed list of what people can ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing people can ask for: its name, what it is for in people's words, and one example."""

    name: str
    purpose: str
    example: str


CATALOGUE: tuple[Entry, ...] = (
    Entry("help", "What you can ask, as the person you are", "what can you do?"),
    Entry("whoami", "Who you are here, your roles, and who decides for you", "who am I?"),
    Entry(
        "status",
        "Where a feature, plan, story or request is, and what runs now",
        "What's the status of the SSO integration?",
    ),
    Entry("approvals", "What waits for your decision", "what's waiting for me?"),
    Entry("delegate", "Let somebody decide for you for a while", "Amanda decides for me until Friday"),
    Entry("access", "Give and take roles, link identities", "make Sarah an architect"),
    Entry(
        "build_feature",
        "Turn a PRD into a plan and take it to production",
        "Build the customer dashboard feature from PRD-2025-Q1-Dashboard",
    ),
    Entry("plan", "Pause, resume, cancel or replan work under way", "pause the dashboard plan"),
    Entry(
        "roadmap",
        "A roadmap for a quarter from backlog, capacity, priorities and return",
        "Generate the Q2 roadmap based on backlog and capacity",
    ),
    Entry(
        "blockers",
        "What blocks or delays something, across teams, and what to do about it",
        "What's blocking the payment feature across all teams?",
    ),
    Entry(
        "velocity",
        "How fast we deliver, the trend and a forecast",
        "Show me our velocity trends and predictions",
    ),
    Entry("risks", "What may go wrong, how likely, on what evidence", "what could go wrong with SSO?"),
    Entry("prioritise", "What comes first", "Can we prioritize the performance improvements?"),
    Entry(
        "feature_request", "Record what a customer needs", "Customer X needs the export feature by next quarter"
    ),
    Entry("customer", "One account: tier, renewal, health, requests, commitments", "tell me about Acme Corp"),
    Entry("notify_customer", "Draft, edit and send a message to a customer", "notify Acme Corp of timeline"),
    Entry("add_to_backlog", "Make one story", "Add query optimization to the backlog as P0"),
    Entry(
        "allocate_agents",
        "Put agents on work, and see what that displaces",
        "Allocate engineering agents to critical path items",
    ),
    Entry(
        "configure_agent",
        "One agent's tools, model, budget and autonomy; pause it",
        "Give the QA agent a budget of 40 hours a week",
    ),
    Entry(
        "standards",
        "The engineering standards that reviews check against",
        "what are our engineering standards?",
    ),
    Entry(
        "architecture_review",
        "Review services or a design against the standards",
        "Run architecture review on the new services",
    ),
    Entry(
        "optimisation_report",
        "The weekly architecture optimisation report, now",
        "run the architecture optimisation report",
    ),
    Entry("test_coverage", "Test coverage for each service", "What's our test coverage across microservices?"),
    Entry(
        "schedule_meeting",
        "Find a time, invite, attach a pre-read",
        "schedule review for Monday with senior architects",
    ),
    Entry(
        "compliance_report",
        "Evidence for a framework and period, and its gaps",
        "Generate SOC2 compliance report for Q3",
    ),
    Entry("pii_changes", "Changes that touch personal data", "Show me all PII-handling code changes"),
    Entry("missing_reviews", "Work without its security review", "Which stories lack security review?"),
    Entry("require_review", "Make a security review mandatory", "require a security review for payments"),
    Entry("vulnerabilities", "Open security findings, and patching them", "show open vulnerabilities"),
    Entry("audit", "What was done and by whom, with proof", "Who approved the last production deployment?"),
    Entry(
        "authority", "Who may decide what, and changing those rules", "Who can approve production deployments?"
    ),
    Entry(
        "service",
        "One service: versions, health, load, owner, dependencies",
        "which version of orders is in production?",
    ),
    Entry(
        "deploy",
        "Put a version somewhere; promote or abort its canary",
        "Deploy the hotfix to production with canary rollout",
    ),
    Entry(
        "emergency_deploy",
        "Deploy past a rule in an emergency, with reason and review",
        "emergency deploy of payments 2.1.1, checkout is down",
    ),
    Entry("rollback", "Take a version back", "roll back payments"),
    Entry("scale", "More or fewer replicas of a service", "give orders four more pods"),
    Entry(
        "capacity_plan",
        "Forecast the load of an event and plan for it",
        "Analyze Black Friday capacity requirements based on current trends",
    ),
    Entry("simulate_load", "A load test against staging", "simulate 10x load on staging"),
    Entry("costs", "What agents and infrastructure cost, and where to save", "what do the agents cost us?"),
    Entry("explain_incident", "What happened in production, and why", "What caused the latency spike at 3 AM?"),
    Entry(
        "incident",
        "Declare, command, update, resolve or review an incident",
        "declare an incident, checkout is down",
    ),
    Entry("halt_agents", "Stop every agent now", "stop all agents now"),
    Entry("resume_agents", "Let the agents go on after a halt", "resume all agents"),
    Entry("freeze", "Stop one process: deployments, a service, a plan", "Freeze all deployments"),
    Entry("unfreeze", "Lift a freeze", "lift the deployment freeze"),
    Entry(
        "overrule_agent",
        "Reverse an agent's decision, and keep it reversed",
        "overrule the architect agent on that",
    ),
    Entry(
        "window",
        "Planning, audit, incident or demo mode, with an end",
        "demo mode for the board meeting tomorrow from 2 to 4 pm",
    ),
    Entry(
        "metrics",
        "The department's ratios: delivery, operations, satisfaction",
        "what's our change failure rate?",
    ),
    Entry("digest", "Your summaries: which, where, when, off", "send me a daily summary at 9"),
    Entry("subscribe", "Be told when something happens", "tell me when SSO is done"),
    Entry("feedback", "Say whether something was useful", "that last answer was really useful"),
)

NAMES: frozenset[str] = frozenset(entry.name for entry in CATALOGUE)


def entry_of(name: str) -> Entry:
    """The entry called `name`. Raises KeyError if the catalogue has none."""
    return _BY_NAME[name]


_BY_NAME = {entry.name: entry for entry in CATALOGUE}
