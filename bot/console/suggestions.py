"""What each role is likely to want first: example sentences for an empty channel.

Each is for somebody who may ask for it, works on a department in which nothing has happened yet, and is put
through the router by a test.
"""

from __future__ import annotations

from governance.people import Person, Role

_BY_ROLE: dict[Role, tuple[str, ...]] = {
    Role.PRODUCT_OWNER: (
        "Build the customer dashboard feature from PRD-2025-Q1-Dashboard",
        "What waits for my approval?",
        "Add query optimization to the backlog as P1",
        "Who may approve a plan?",
    ),
    Role.ENGINEERING_DIRECTOR: (
        "What is going on right now?",
        "What waits for my approval?",
        "Who can approve production deployments?",
        "Priya decides for me until Friday",
        "Stop all agents now",
    ),
    Role.COMPLIANCE_OFFICER: (
        "Show me the last audit entries",
        "Verify the audit log",
        "Freeze all deployments",
        "Show me the authority matrix",
    ),
    Role.CUSTOMER_SUCCESS: (
        "What's the status of the SSO integration?",
        "What can you do for me?",
        "Can we prioritize the performance improvements?",
        "Send me a daily summary at 9",
    ),
    Role.SRE_LEAD: (
        "What is going on right now?",
        "Who can approve production deployments?",
        "Freeze deployments of the orders service",
        "Open an incident window for two hours",
    ),
}

_EVERYBODY = ("What can you do for me?", "Who am I here?", "What is going on right now?")


def suggestions_for(person: Person) -> tuple[str, ...]:
    """Example sentences for this person, for the first of their roles that has any."""
    for role, sentences in _BY_ROLE.items():
        if person.holds(role):
            return sentences
    return _EVERYBODY
