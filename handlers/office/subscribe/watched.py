"""What can be watched, for which event, and whether it has happened: pure functions of how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a subscription is about: a thing, or something that stands or comes up in the department."""

    EPIC = "epic"
    STORY = "story"
    PLAN = "plan"
    REQUEST = "request"
    ACCOUNT = "account"
    INCIDENTS = "incidents"
    HALTS = "halts"
    FREEZES = "freezes"
    EMERGENCIES = "emergencies"
    PRIORITY = "priority"


STANDING: Mapping[Kind, tuple[str, str]] = {
    Kind.INCIDENTS: ("an incident begins", "an incident is over"),
    Kind.HALTS: ("the agents are halted", "the agents go on"),
    Kind.FREEZES: ("something is frozen", "a freeze is lifted"),
    Kind.EMERGENCIES: ("somebody deploys past a rule", "an emergency deployment ends"),
}
"""What stands in the department for a while, in words: that it begins, and that it ends."""


class Event(StrEnum):
    """What somebody wants to hear of."""

    DONE = "done"
    BLOCKED = "blocked"
    APPROVED = "approved"
    CHANGES = "changes"
    BEGINS = "begins"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Watch:
    """A thing (by its kind and id, and as it was called) and an event; once, or each time."""

    kind: Kind
    subject: str
    name: str
    event: Event
    each_time: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """How a thing looks: `marks` are its parts with their state, or what stands now.

    `is_over`: it was cancelled or given up, so what is waited for will not come.
    """

    marks: frozenset[str]
    is_done: bool = False
    is_approved: bool = False
    is_over: bool = False


def happened(event: Event, seen: frozenset[str], sight: Sight) -> frozenset[str] | None:
    """What of the marks makes the event, compared with those `seen` last; None if it did not happen.

    Blockers are found by their own events (`blockers.py`), and never here.
    """
    match event:
        case Event.DONE:
            return sight.marks if sight.is_done or sight.is_over else None
        case Event.APPROVED:
            return sight.marks if sight.is_approved or sight.is_over else None
        case Event.CHANGES:
            return sight.marks - seen or None
        case Event.BEGINS:
            return sight.marks - seen or None
        case Event.ENDS:
            return seen - sight.marks or None
        case Event.BLOCKED:
            return None


def watch_text(watch: Watch) -> str:
    """The event in words, as the end of "I tell you …": `when Refunds (ABC-1) is done`."""
    how = "each time" if watch.each_time else "when"
    if watch.kind in STANDING:
        begins, ends = STANDING[watch.kind]
        return f"{how} {begins if watch.event is Event.BEGINS else ends}"
    if watch.kind is Kind.PRIORITY:
        return f"{how} a story becomes {watch.subject}"
    return f"{how} {_EVENTS[watch.event].format(called(watch))}"


def called(watch: Watch) -> str:
    """The thing by its name and id."""
    return f"{watch.name} ({watch.subject})"


_EVENTS = {
    Event.DONE: "{} is done",
    Event.BLOCKED: "{} or anything of it gets blocked",
    Event.APPROVED: "{} is approved",
    Event.CHANGES: "something of {} changes",
}
