"""A small electorate for the tests of approvals: who holds what, ballots, terms and an open approval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from governance.action import ApprovalTerms, Slot
from governance.approvals.decision import (
    AlreadyDecided,
    ApprovalState,
    Approved,
    Denied,
    Expired,
    Recorded,
    Refused,
    Superseded,
    Vote,
)
from governance.approvals.slots import Ballot, Hat
from governance.approvals.working_time import Deadlines
from governance.people import Role

OPENED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OWNER, DIRECTOR, COMPLIANCE, SRE = (
    Role.PRODUCT_OWNER,
    Role.ENGINEERING_DIRECTOR,
    Role.COMPLIANCE_OFFICER,
    Role.SRE_LEAD,
)
ROLES = {
    "david": {OWNER},
    "amanda": {DIRECTOR},
    "maya": {DIRECTOR},
    "carlos": {COMPLIANCE},
    "nathan": {SRE},
    "rachel": {Role.CUSTOMER_SUCCESS},
    "eve": {Role.ENGINEER},
    "both": {DIRECTOR, COMPLIANCE},
    "gone": set(),
}
OPERATORS = frozenset({SRE, DIRECTOR})
RELEASE = ApprovalTerms((Slot(frozenset({SRE, DIRECTOR, OWNER})),), then=(DIRECTOR, OWNER))
ARCHITECTURE = ApprovalTerms((Slot(frozenset({DIRECTOR})),))
SCALING = ApprovalTerms((Slot(OPERATORS), Slot(OPERATORS)), requester_may_vote=True)
STRICT_SCALING = ApprovalTerms((Slot(OPERATORS), Slot(OPERATORS)))
ROLE_CHANGE = ApprovalTerms(
    (Slot(frozenset({DIRECTOR})), Slot(frozenset({COMPLIANCE}))), requester_may_vote=True
)
PLAN = ApprovalTerms((Slot(frozenset({OWNER, DIRECTOR})),), requester_may_vote=True, then=(DIRECTOR,))
DEADLINES = Deadlines(OPENED + 6 * HOUR, (OPENED + 7 * HOUR, OPENED + 7.5 * HOUR), OPENED + 8 * HOUR)


def ballot(voter: str) -> Ballot:
    """`amanda` with her own roles; `eve>amanda` is Eve, to whom Amanda delegated as well."""
    name, *principals = voter.split(">")
    return Ballot(name, tuple(Hat(who, frozenset(ROLES[who])) for who in (name, *principals)))


def opened(terms: ApprovalTerms, requester: str | None = None) -> ApprovalState:
    """An approval that was asked for at OPENED and stands for eight hours."""
    steps = Deadlines(DEADLINES.remind, DEADLINES.ask_next[: len(terms.then)], DEADLINES.expires)
    return ApprovalState("ap_1", requester, terms, OPENED, steps)


def said(answer: Any) -> str:
    """An answer in the words of the table."""
    match answer:
        case Recorded(missing):
            return f"recorded {len(missing)}"
        case Approved(by):
            return f"approved {','.join(by)}"
        case Denied(by):
            return f"denied {by}"
        case Refused(reason):
            return f"refused {reason}"
        case AlreadyDecided(status, by):
            return f"already {status} {by}"
        case Expired():
            return "expired"
        case Superseded(by):
            return f"superseded {by}"
    raise AssertionError(answer)


def vote(who: str, choice: str, hours: float) -> Vote:
    """A yes (+) or no (-) by somebody, so many hours after the opening."""
    return Vote(ballot(who), "approve" if choice == "+" else "deny", OPENED + timedelta(hours=hours))
