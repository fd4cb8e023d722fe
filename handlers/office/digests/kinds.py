"""The kinds of digest, and who and which channels may have them."""

from __future__ import annotations

from enum import StrEnum

from governance.people import Person
from governance.places import Audience
from governance.visibility import scope_of


class DigestKind(StrEnum):
    """What somebody can get without asking for it each time."""

    DAILY = "daily"
    WEEKLY = "weekly"
    APPROVALS = "approvals"
    BLOCKERS = "blockers"

    @property
    def label(self) -> str:
        """The kind as people say it, in the middle of a sentence."""
        return _LABELS[self]


_LABELS = {
    DigestKind.DAILY: "daily summary",
    DigestKind.WEEKLY: "weekly executive dashboard",
    DigestKind.APPROVALS: "approvals that wait for you",
    DigestKind.BLOCKERS: "blocker alerts",
}

SCHEDULED = (DigestKind.DAILY, DigestKind.WEEKLY, DigestKind.APPROVALS)
"""Those that come at a time; blocker alerts come when something gets blocked."""


def why_not(kind: DigestKind, person: Person) -> str | None:
    """Why this person cannot have this kind, with what they can have instead; None if they can."""
    if kind is DigestKind.WEEKLY and not scope_of(person).everything:
        return (
            "The weekly executive dashboard shows the whole department's work, and you see your customers'."
            " I can send you the daily summary of your customers' items, on one day of the week too:"
            " “send me the daily summary on Fridays at 9”."
        )
    return None


def why_not_there(kind: DigestKind, audience: Audience) -> str | None:
    """Why this kind does not go to a channel with these readers, as a sentence; None if it may."""
    if kind is DigestKind.APPROVALS:
        return "What waits for a decision differs from person to person, so it goes to each directly."
    if audience is Audience.PUBLIC:
        return "People from outside the department may read along there, so nothing of its work is posted."
    if kind is DigestKind.WEEKLY and audience is not Audience.RESTRICTED:
        return (
            "The weekly executive dashboard is for those who lead the department, so it goes to a restricted"
            " channel or to each of them directly."
        )
    return None
