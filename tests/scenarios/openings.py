"""What people open with, and what must come, whatever they talk in: taken up, refused, or not there yet.

The seven use cases come first.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Opening:
    """`who` says `words`; the answer has `answer` in it."""

    who: str
    words: str
    answer: str

    def __str__(self) -> str:
        return f"{self.who} {self.words.partition(' ')[0]}"


NOT_YET = "not there yet"
REFUSED = "I did nothing"

OPENINGS = (
    Opening(
        "david", "build_feature Build the customer dashboard feature from PRD-2025-Q1-Dashboard", "Planning"
    ),
    Opening("amanda", "blockers Why is the checkout feature delayed across teams?", "hold it up"),
    Opening("carlos", "compliance_report Generate SOC2 Type II evidence for Q3 2025", NOT_YET),
    Opening(
        "nathan",
        "capacity_plan Analyze Black Friday capacity requirements",
        "capacity of production for black friday",
    ),
    Opening("nathan", "incident payment is slow", NOT_YET),
    Opening(
        "rachel", "feature_request Acme Corp needs SAML SSO integration by Q2 for renewal", "needs SAML SSO"
    ),
    Opening("amanda", "optimisation_report what can be optimised?", NOT_YET),
    Opening("rachel", "build_feature Build the customer dashboard from PRD-2025-Q1-Dashboard", REFUSED),
    Opening("rachel", "halt_agents stop all agents now", REFUSED),
    Opening("david", "freeze Freeze all deployments", REFUSED),
)


@dataclass(frozen=True)
class Decision:
    """`asks` says `words`, which wants leave; then each of `pressing` presses `button` on their own card about
    `subject`. Every card says `answer` in the end, and `whose` roles are `roles`."""

    asks: str
    words: str
    subject: str
    pressing: tuple[str, ...]
    button: str
    answer: str
    whose: str
    roles: tuple[str, ...]

    def __str__(self) -> str:
        return self.button


APPROVAL = Decision(
    asks="amanda",
    words="access make Nathan an architect because we lack one",
    subject="Give Nathan Adebayor",
    pressing=("amanda", "carlos"),
    button="Approve",
    answer="Approved",
    whose="nathan",
    roles=("architect", "sre_lead"),
)
REFUSAL = Decision(
    asks="amanda",
    words="access make Priya an architect because we lack one",
    subject="Give Priya Ramaswell",
    pressing=("carlos",),
    button="Deny",
    answer="Denied by Carlos",
    whose="priya",
    roles=("product_owner",),
)

ROLES = "SELECT role FROM person_roles WHERE person = :whose ORDER BY role"
