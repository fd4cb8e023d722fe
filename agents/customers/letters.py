"""What customers are written: drafts that say what is decided, and nothing that is not.

A draft names no other customer and no figure that is not the customer's own; whoever answers for it edits it as
they like, and what goes out is checked once more (`integrations/customers/own_data.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from governance.moments import day_text

Paragraphs = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addressed:
    """To whom, about what, from whom: names as people read them."""

    contact: str
    customer: str
    what: str
    sender: str


@dataclass(frozen=True, slots=True)
class Started:
    """What is decided when work has been started: when it begins, and the day that the schedule can hold."""

    begins: date | None
    by: date | None


def timeline_subject(what: str) -> str:
    """What stands over a mail about when something can be there."""
    return f"{what}: where it stands"


def recorded(to: Addressed, needed_by: date | None) -> Paragraphs:
    """Before anybody has started it: that it is on record. A day is not decided, so none is named."""
    by = f", which you need by {day_text(needed_by)}" if needed_by else ""
    return (
        f"Dear {to.contact},",
        f"Your request for {to.what}{by} is on record with our engineering department.",
        "We write to you again as soon as it is decided when work on it starts.",
        f"Kind regards,\n{to.sender}",
    )


def started(to: Addressed, at: Started, needed_by: date | None) -> Paragraphs:
    """Once it is started: when it begins, and by when it is expected."""
    begins = f" It begins in the sprint of {day_text(at.begins)}." if at.begins else ""
    if at.by is None:
        expected = "By when it is there cannot be told yet; we write to you as soon as it can."
    else:
        expected = f"We expect it by {day_text(at.by)}.{_beside(at.by, needed_by)}"
    return (
        f"Dear {to.contact},",
        f"Work on {to.what} for {to.customer} is decided.{begins}",
        expected,
        f"Kind regards,\n{to.sender}",
    )


def slipped(to: Addressed, promised: date, now: date | None) -> Paragraphs:
    """A day that was promised cannot be held any more."""
    expected = (
        f"By what we know today we expect it by {day_text(now)}."
        if now
        else ("By when it is there cannot be told at the moment.")
    )
    return (
        f"Dear {to.contact},",
        f"We told you to expect {to.what} by {day_text(promised)}. That day does not hold.",
        f"{expected} I am sorry for the delay, and would like to talk with you about what helps you meanwhile.",
        f"Kind regards,\n{to.sender}",
    )


def progress(to: Addressed, done: int, left: int, promised: date, expected: date | None) -> Paragraphs:
    """The week's news of something that was promised."""
    pieces = done + left
    stands = f"{done} of {pieces} pieces of work on {to.what} {'is' if done == 1 else 'are'} finished."
    if expected is None or expected <= promised:
        day = f"The day that we told you, {day_text(promised)}, stands."
    else:
        day = f"We now expect it by {day_text(expected)}, and not by {day_text(promised)} as we told you."
    return (f"Dear {to.contact},", stands, day, f"Kind regards,\n{to.sender}")


def _beside(by: date, needed_by: date | None) -> str:
    if needed_by is None:
        return ""
    days = (needed_by - by).days
    if days >= 7:
        weeks = days // 7
        before = f"{weeks} {'week' if weeks == 1 else 'weeks'}"
        return f" That is {before} before {day_text(needed_by)}, which you named."
    if days >= 0:
        return f" That is in time for {day_text(needed_by)}, which you named."
    return (
        f" That is later than {day_text(needed_by)}, which you named; I would like to talk with you about it."
    )


def in_own_words(to: Addressed, text: str) -> Paragraphs:
    """What the sender wrote, with how one begins and ends a mail."""
    said = f"{text[:1].upper()}{text[1:]}"
    return (
        f"Dear {to.contact},",
        said if said.endswith((".", "!", "?")) else f"{said}.",
        f"Kind regards,\n{to.sender}",
    )
