"""The effects of mail: what people of the department are sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from governance.action import Action
from integrations.calendar.actions import MeetingAction
from integrations.tracker.lines import Id, Line, Text

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


class SendToCustomer(Action):
    """Send a customer a mail: exactly this wording, to exactly this address. `answers_to` is who hears what the
    customer answers."""

    type = "mail.send_to_customer"
    decision_type = "customer_communications"

    mail: Id
    version: Annotated[int, Field(ge=1)]
    account: Id
    customer: Line
    to_name: Line
    to_address: Annotated[str, StringConstraints(max_length=320)]
    subject: Line
    paragraphs: Annotated[tuple[Text, ...], Field(min_length=1, max_length=40)]
    answers_name: Line
    answers_to: Annotated[str, StringConstraints(max_length=320)]
    thread: Annotated[tuple[str, ...], Field(max_length=MOST_IN_THREAD)] = ()

    def summary(self) -> str:
        return f"Mail “{self.subject}” to {self.to_name} ({self.customer})"
