"""Follow-ups: what a written reply decides about the proposal that is open in its thread.

A decision is taken only from a clause that says it as a whole; every other clause of the message must be a
condition, a notification, a new request or a courtesy. Anything else in the message (a question, a doubt,
somebody else's words) leaves the decision unsure, and the card's buttons ask once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from handlers.language import decision_words as words
from handlers.language.clause_decision import decision_of
from handlers.language.ordinals import CHOICE, chosen
from handlers.language.reply import Decision, FollowUp, OpenProposal
from handlers.language.reply_clauses import Clause, clauses
from handlers.language.words import plain

__all__ = ["Decision", "FollowUp", "OpenProposal", "read_reply"]

_MOST_CHARACTERS = 500


@dataclass(slots=True)
class _Reading:
    """The reply as read so far: the decisions found, what surrounds them, and whether anything is in doubt."""

    decided: list[FollowUp] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    notifications: list[str] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)
    affirmed: bool = False
    affirmed_in: int | None = None
    doubtful: bool = False


def read_reply(text: str, proposal: OpenProposal) -> FollowUp | None:
    """What `text` decides about `proposal`, or None if it is not a reply to it at all."""
    said = plain(text)
    if not said or len(said) > _MOST_CHARACTERS:
        return None
    reading = _Reading()
    for clause in clauses(text):
        _take(clause, proposal, reading)
    if not reading.decided:
        return None
    reading.doubtful |= bool(words.SARCASM.search(said) or words.REPORTED.search(said))
    return _settle(reading)


def _settle(reading: _Reading) -> FollowUp:
    decided = reading.decided
    strongest = next((one for one in decided if one.unmistakable), decided[0])
    agree = all(one.decision is strongest.decision for one in decided)
    chosen_items = {one.items for one in decided if one.items}
    items = chosen_items.pop() if len(chosen_items) == 1 else ()
    return replace(
        strongest,
        items=items,
        conditions=tuple(reading.conditions),
        notifications=tuple(reading.notifications),
        changes=tuple(change for one in decided for change in one.changes),
        remaining=tuple(reading.remaining),
        unmistakable=strongest.unmistakable and agree and not chosen_items and not reading.doubtful,
    )


def _take(clause: Clause, proposal: OpenProposal, reading: _Reading) -> None:
    """Add what one clause says. A clause of no foreseen kind makes the whole reply doubtful."""
    said = clause.plain
    if clause.quoted or said.startswith(">"):
        reading.doubtful = True
    elif clause.question:
        if reading.decided and words.QUESTION.fullmatch(said + "?"):
            reading.remaining.append(clause.text + "?")
        else:
            reading.doubtful = True
    elif _excluded(said, proposal, reading):
        return
    elif (decided := _decision(said, proposal, reading)) is not None:
        reading.decided.append(decided)
        reading.affirmed = bool(words.AFFIRMATION.fullmatch(said))
        reading.affirmed_in = clause.sentence if reading.affirmed else None
    elif _beside(clause, reading):
        return
    elif not _reason(said, reading):
        reading.doubtful = True


def _excluded(said: str, proposal: OpenProposal, reading: _Reading) -> bool:
    """Whether a clause leaves out items that were not chosen anyway: "approve 1, but not 2"."""
    kept = reading.decided[-1].items if reading.decided else ()
    found = words.EXCLUSION.fullmatch(said) if kept else None
    if kept and words.THE_REST.fullmatch(said):
        return True
    choice = CHOICE.fullmatch(found["no"] or found["choice"]) if found else None
    left = chosen(choice, len(proposal.items)) if choice else None
    return bool(left) and set(left or ()).isdisjoint(kept)


def _reason(said: str, reading: _Reading) -> bool:
    """Whether a clause says why something is denied. After a mere "no" it must be clearly a reason."""
    if not reading.decided or reading.decided[-1].decision is not Decision.DENY:
        return False
    return bool(words.REASON.match(said)) or not (reading.affirmed or words.TAKES_BACK.search(said))


def _beside(clause: Clause, reading: _Reading) -> bool:
    """Take a clause that stands beside a decision. False if it is of none of the kinds that may."""
    said = clause.plain
    if condition := words.CONDITION.fullmatch(said):
        reading.conditions.append(_condition(condition))
        reading.doubtful |= bool(words.MANNER_OF_SPEAKING.search(said))
    elif notice := words.NOTIFY.fullmatch(said):
        reading.doubtful |= reading.affirmed_in == clause.sentence and "me" in said.split()[:2]
        reading.notifications.append(next((part for part in notice.groups() if part), "progress"))
    elif request := words.REQUEST.fullmatch(said):
        first = request["request"].endswith(" first")
        start = len(clause.text) - len(request["request"])
        wish = clause.text[start:].removesuffix(" first").strip()
        reading.remaining.append(wish)
        reading.doubtful |= reading.affirmed_in == clause.sentence
        if first:
            reading.conditions.append(f"after: {wish}")
    else:
        return bool(words.COURTESY.fullmatch(said))
    return True


def _condition(found: re.Match[str]) -> str:
    if word := found["word"] or found["word2"]:
        return f"{word} {found['what'] or found['what2']}"
    return found["only"] or found["limit"] or found["never"]


def _decision(said: str, proposal: OpenProposal, reading: _Reading) -> FollowUp | None:
    """The decision that a clause is, conditions and notifications in it already put aside."""
    if found := decision_of(said, proposal):
        return found
    for head, tail in _splits(said):
        beside = _Reading()
        found = decision_of(head, proposal)
        if found is not None and _beside(Clause(tail, tail), beside):
            reading.conditions += beside.conditions
            reading.notifications += beside.notifications
            reading.remaining += beside.remaining
            reading.doubtful |= beside.doubtful
            return found
    return None


_JOINT = re.compile(
    r" (?=(?:but |and )?(?:only |just )?(?:if|once|provided|as long as|so long as|on condition|assuming|when"
    r"|after|as soon as|subject to|conditional on|unless|pending|only|just)\b"
    r"|with (?:a )?notification|(?:on |to |for )?(?:staging|prod(?:uction)?) only)"
)
"""Where a condition or a notification may begin within a clause."""


def _splits(said: str) -> Iterator[tuple[str, str]]:
    for joint in _JOINT.finditer(said):
        yield said[: joint.start()].rstrip(" ,"), said[joint.end() :]
