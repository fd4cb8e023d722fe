"""How the state of work is said: to the department, and in plain words to those who speak with customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from governance.moments import moment_words
from handlers.conversation.cards import Inline, Moment
from handlers.conversation.wording import counted
from handlers.delivery.plans.words import day_text
from handlers.delivery.whereabouts.expected import Expected
from integrations.tracker import StoryStatus

STATUS: Mapping[StoryStatus, str] = {
    StoryStatus.BACKLOG: "in the backlog",
    StoryStatus.SCHEDULED: "scheduled",
    StoryStatus.IN_PROGRESS: "in progress",
    StoryStatus.BLOCKED: "blocked",
    StoryStatus.DONE: "done",
    StoryStatus.CANCELLED: "cancelled",
}

PLAIN: Mapping[StoryStatus, str] = {
    StoryStatus.BACKLOG: "noted, not planned yet",
    StoryStatus.SCHEDULED: "planned",
    StoryStatus.IN_PROGRESS: "being worked on",
    StoryStatus.BLOCKED: "held up",
    StoryStatus.DONE: "finished",
    StoryStatus.CANCELLED: "not pursued any more",
}


def expected_text(found: Expected) -> str:
    """`28 Feb 2027, by the schedule`, or why there is no day."""
    return f"no date yet, because {found.why}" if found.day is None else f"{day_text(found.day)}, {found.why}"


def others_text(count: int) -> str:
    """What lies outside one's own accounts, as a count."""
    return f"{counted(count, 'other item')} of this {'is' if count == 1 else 'are'} not your customers'."


def plain_text(line: Iterable[Inline]) -> str:
    """A line of a card as plain text; moments in UTC."""
    return "".join(
        part if isinstance(part, str) else moment_words(part.at) if isinstance(part, Moment) else part.text
        for part in line
    )


def reason_text(reason: str | None) -> str:
    """Why something is held up, as a sentence."""
    if not reason:
        return "The reason is not noted."
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."
