"""The effects of mail: what people of the department are sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from integrations.calendar.actions import MeetingAction

MOST_IN_THREAD = 20


class SendInvitation(MeetingAction):
    """Send everybody in a meeting its invitation (`REQUEST`), a later one being its update, or say that it is
    cancelled. `thread` are the Message-IDs of what they were sent of it before."""

    type = "mail.send_invitation"
    decision_type = "meeting"

    method: Literal["REQUEST", "CANCEL"]
    thread: Annotated[tuple[str, ...], Field(max_length=MOST_IN_THREAD)] = ()
    says: Annotated[str, StringConstraints(max_length=500)] = ""

    @property
    def subject(self) -> str:
        """What stands over it."""
        if self.method == "CANCEL":
            return f"Cancelled: {self.title}"
        return f"Updated: {self.title}" if self.sequence else self.title

    def summary(self) -> str:
        others = len(self.people)
        return f"Mail “{self.subject}” ({self.when}) to {others} {'person' if others == 1 else 'people'}"
