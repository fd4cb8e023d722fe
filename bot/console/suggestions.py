"""What each role is likely to want first: example sentences for an empty channel."""

from __future__ import annotations

from governance.people import Person, Role

_BY_ROLE: dict[Role, tuple[str, ...]] = {
    Role.PRODUCT_OWNER: (
        "Build the customer dashboard feature from PRD-2025-Q1-Dashboard",
        "What waits for my approval?",
        "Add query optimization to the backlog as P1",
        "Who may change the schedule of a plan?",
    ),
    Role.ENGINEERING_DIRECTOR: (
        "What is everybody working on?",
        "What waits for my approval?",
        "Who can approve production deployments?",
        "Priya decides for me until Friday",
        "Stop all agents now",
    ),
    Role.COMPLIANCE_OFFICER: (
        "Who approved the last plan?",
        "Verify the audit log",
        "Freeze all deployments",
        "Show me the authority matrix",
    ),
    Role.CUSTOMER_SUCCESS: (
        "What's the status of the SSO integration?",
        "What can you do for me?",
        "Build the customer dashboard feature from PRD-2025-Q1-Dashboard",
        "Who decides about priorities?",
    ),
    Role.SRE_LEAD: (
        "What is the status of the department?",
        "Who can approve production deployments?",
        "Freeze deployments of the orders service",
        "Open an incident window for two hours",
    ),
}

_EVERYBODY = ("What can you do for me?", "Who am I here?", "What is the status of the department?")


def suggestions_for(person: Person) -> tuple[str, ...]:
    """Example sentences for this person, for the first of their roles that has any."""
    for role, sentences in _BY_ROLE.items():
        if person.holds(role):
            return sentences
    return _EVERYBODY
