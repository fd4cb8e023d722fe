"""A meeting from the order to the mail, whatever people talk in."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

BOOK = "/schedule_meeting book 45 minutes with Sarah and Mike about the export"
BOOKED = "Booked: Meeting: export"
CANCELLED = "Cancelled: Meeting: export"
EFFECTS = "SELECT body->>'type' FROM effects WHERE state = 'done' AND action_type LIKE :like ORDER BY created"


def outbox(folder: Path, tenant: str) -> list[EmailMessage]:
    """What went out, oldest first."""
    files = sorted((folder / "mail" / tenant).glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    mails = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
    return [mail for mail in mails if isinstance(mail, EmailMessage)]


def is_as_told(mails: list[EmailMessage]) -> None:
    """The invitation and its cancellation, in one thread, to everybody."""
    invited, cancelled = mails
    assert [each.display_name for each in invited["To"].addresses] == [
        "Amanda Reyes-Holt",
        "Sarah Lindholt",
        "Mike Castellaro",
    ]
    assert invited["Subject"] == "Meeting: export"
    assert cancelled["Subject"] == "Cancelled: Meeting: export"
    assert cancelled["In-Reply-To"] == invited["Message-ID"]
    for mail, method in ((invited, "REQUEST"), (cancelled, "CANCEL")):
        (calendar,) = (part for part in mail.walk() if part.get_content_type() == "text/calendar")
        assert calendar.get_param("method") == method
        assert f"METHOD:{method}" in calendar.get_content()
