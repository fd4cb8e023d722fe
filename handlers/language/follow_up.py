"""Follow-ups: what a written reply decides about what is open in its thread.

A decision is taken only from a clause that says it as a whole; every other clause of the message must be a
condition, a reason, a notification, a new request or a courtesy. Anything else in the message (a question, a
doubt, somebody else's words) leaves the decision unsure, and the card's buttons ask once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from handlers.language import decision_words as words
from handlers.language.clauses import Clause, clauses
from handlers.language.decisions import Decision, OpenProposal, Verdict, decision_of, item_named, verdict_on
from handlers.language.words import plain

_MOST_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a reply says about what is open.

    `items` are the chosen numbers, () for the whole; `denied` and `waiting` those that it denies or leaves for
    later by name. `conditions`, `notifications` ("blockers"), `changes` and the `reason` are in the writer's
    words; `remaining` are new requests, each to be handled as a turn of its own. A vote may be counted only if
    `unmistakable`: it is not where a judgement decides which are meant (`vague`: `items` are then to be asked
    about), or where one word means several proposals (`everything`).
    """

    decision: Decision
    items: tuple[int, ...] = ()
    denied: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    conditions: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    reason: str | None = None
    remaining: tuple[str, ...] = ()
    unmistakable: bool = True
    vague: bool = False
    everything: bool = False


@dataclass(slots=True)
class _Reading:
    """The reply as read so far: the decisions found, what surrounds them, and whether anything is in doubt."""

    decided: list[Verdict] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    notifications: list[str] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    named: tuple[int, ...] = ()
    polite: bool = False
    affirmed: bool = False
    affirmed_in: int | None = None
    condition_in: int | None = None
    conditional: set[int] = field(default_factory=set)
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
    reading.doubtful |= bool(reading.named)
    reading.doubtful |= bool(words.SARCASM.search(said))
    for condition in reading.conditions:
        said = said.replace(condition, "")  # what somebody has to say first is no quotation
    reading.doubtful |= bool(words.REPORTED.search(said))
    return _settle(reading)


def _settle(reading: _Reading) -> FollowUp:
    decided = reading.decided
    strongest = next((one for one in decided if one.unmistakable), decided[0])
    kinds = {one.decision for one in decided if not one.items}
    approved, denied, waiting = (
        _items(decided, kind) for kind in (Decision.APPROVE, Decision.DENY, Decision.DEFER)
    )
    by_item = bool(approved or denied)
    if by_item and strongest.decision not in (Decision.APPROVE, Decision.DENY):
        strongest = next(one for one in decided if one.decision in (Decision.APPROVE, Decision.DENY))
    agree = not kinds if by_item else len(kinds) <= 1
    apart = len({*approved, *denied, *waiting}) == len(approved) + len(denied) + len(waiting)
    decision = Decision.APPROVE if approved else strongest.decision
    # A condition under one of several votes is not known to be meant for the others; a no waits for none.
    bound = not reading.conditions or (
        decision is Decision.APPROVE and not denied and len(reading.conditional) == 1
    )
    return FollowUp(
        decision,
        items=approved if decision is Decision.APPROVE else (),
        denied=denied,
        waiting=waiting,
        conditions=tuple(reading.conditions),
        notifications=tuple(reading.notifications),
        changes=tuple(change for one in decided for change in one.changes),
        reason="; ".join(reading.reasons) or None,
        remaining=tuple(reading.remaining),
        unmistakable=strongest.unmistakable and agree and apart and bound and not reading.doubtful,
        vague=any(one.vague for one in decided),
        everything=any(one.everything for one in decided),
    )


def _items(decided: list[Verdict], kind: Decision) -> tuple[int, ...]:
    return tuple(sorted({item for one in decided if one.decision is kind for item in one.items}))


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
    elif _excluded(said, proposal, reading) or _is_bound(clause, reading):
        return
    elif (verdict := _decision(clause, proposal, reading)) is not None:
        reading.decided.append(verdict)
        reading.polite = bool(words.APPROVE_WEAK.fullmatch(said))
        reading.affirmed = bool(words.AFFIRMATION.fullmatch(said))
        reading.affirmed_in = clause.sentence if reading.affirmed else None
    elif _beside(clause, reading) or _goes_on(clause, reading):
        return
    elif not reading.named and (named := item_named(said, proposal)):
        reading.named = named
    elif not _reason(clause, reading):
        reading.doubtful = True


def _is_bound(clause: Clause, reading: _Reading) -> bool:
    """“approve, but not before Monday”: what would put off a decision by itself is a condition of one that was
    just made."""
    if not clause.joint or not reading.decided or reading.decided[-1].decision is not Decision.APPROVE:
        return False
    return bool(words.DEFER.fullmatch(clause.plain) and words.CONDITION.fullmatch(clause.plain)) and _beside(
        clause, reading
    )


def _excluded(said: str, proposal: OpenProposal, reading: _Reading) -> bool:
    """Whether a clause leaves out items that were not chosen anyway: "approve 1, but not 2"."""
    kept = reading.decided[-1].items if reading.decided else ()
    if not kept:
        return False
    if words.THE_REST.fullmatch(said):
        return True
    found = words.EXCLUSION.fullmatch(said)
    if found is None:
        return False
    phrase = found["no"] or found["choice"] or found["denied"]
    left = decision_of(f"approve {words.AN_OBJECT.sub('', phrase)}", proposal)
    if left is None or not left.items or not left.unmistakable or not set(left.items).isdisjoint(kept):
        return False
    denies = bool(found["denied"]) or bool(found["no"] and said.endswith((" no", " not")))
    reading.decided.append(Verdict(Decision.DENY if denies else Decision.DEFER, left.items))
    return True


def _reason(clause: Clause, reading: _Reading) -> bool:
    """Take a clause that says why something is denied. After a mere "no" it must be clearly a reason."""
    if not reading.decided or reading.decided[-1].decision is not Decision.DENY:
        return False
    said = clause.plain
    if not (words.REASON.match(said) or not (reading.affirmed or words.TAKES_BACK.search(said))):
        return False
    reading.reasons.append(re.sub(r"^(?:because|since|as|reason:?|due to)\s+", "", clause.text, flags=re.I))
    return True


def _beside(clause: Clause, reading: _Reading) -> bool:
    """Take a clause that stands beside a decision. False if it is of none of the kinds that may."""
    said = clause.plain
    if notice := words.NOTIFY.fullmatch(said):
        reading.doubtful |= reading.affirmed_in == clause.sentence and "me" in said.split()[:2]
        reading.notifications.append(next((part for part in notice.groups() if part), "progress"))
    elif words.CONDITION.fullmatch(said):
        reading.conditions.append(said)
        if reading.polite and clause.joint:
            # “ok” alone may be mere politeness; under a condition it is an answer.
            reading.decided[-1] = replace(reading.decided[-1], unmistakable=True)
        reading.condition_in = clause.sentence
        reading.conditional.add(len(reading.decided))
        reading.doubtful |= bool(words.MANNER_OF_SPEAKING.search(said))
        return True
    elif request := words.REQUEST.fullmatch(said):
        first = request["request"].endswith(" first")
        start = len(clause.text) - len(request["request"])
        wish = clause.text[start:].removesuffix(" first").strip()
        reading.remaining.append(wish)
        reading.doubtful |= reading.affirmed_in == clause.sentence
        if first:
            reading.conditions.append(f"after: {wish}")
    elif not words.COURTESY.fullmatch(said):
        return False
    reading.condition_in = None
    return True


def _goes_on(clause: Clause, reading: _Reading) -> bool:
    """Whether a clause belongs to the condition before it: “if the tests pass, and it is not a Friday”."""
    if reading.condition_in != clause.sentence or not clause.joint:
        return False
    reading.conditions[-1] += f"{'' if clause.joint.startswith(',') else ' '}{clause.joint} {clause.plain}"
    return True


def _decision(clause: Clause, proposal: OpenProposal, reading: _Reading) -> Verdict | None:
    """The decision that a clause is, conditions, reasons and notifications in it already put aside."""
    said = clause.plain
    if reading.named and (found := decision_of(said, proposal)) is not None and not found.items:
        named, reading.named = reading.named, ()
        return Verdict(found.decision, named)  # “the replan: no”
    if found := decision_of(said, proposal) or verdict_on(said, proposal):
        return found
    for head, tail in _splits(said):
        found = decision_of(head, proposal) or verdict_on(head, proposal)
        if found is None:
            continue
        beside = _Reading(decided=[found])
        rest = Clause(tail, tail, sentence=clause.sentence)
        if _beside(rest, beside) or (found.decision is Decision.DENY and _reason(rest, beside)):
            reading.conditions += beside.conditions
            reading.conditional |= {len(reading.decided) + 1} if beside.conditions else set()
            reading.condition_in = beside.condition_in
            reading.notifications += beside.notifications
            reading.remaining += beside.remaining
            reading.reasons += beside.reasons
            reading.doubtful |= beside.doubtful
            bound = found.decision is Decision.APPROVE and bool(beside.conditions) and not found.vague
            return replace(found, unmistakable=True) if bound and words.APPROVE_WEAK.fullmatch(head) else found
    return _said_last(said, proposal, reading, clause.sentence)


def _said_last(said: str, proposal: OpenProposal, reading: _Reading, sentence: int) -> Verdict | None:
    """“if the tests are green approve it”: the decision at the end of a clause that is a condition."""
    parts = said.split()
    for count in range(1, min(5, len(parts))):
        found = decision_of(" ".join(parts[-count:]), proposal)
        condition = " ".join(parts[:-count])
        ends = words.APPROVING_END.fullmatch(" ".join(parts[-count:]))
        if found is not None and ends and words.CONDITION_FIRST.fullmatch(condition):
            _beside(Clause(condition, condition, sentence=sentence), reading)
            return found
    return None


def _splits(said: str) -> Iterator[tuple[str, str]]:
    for joint in words.CONDITION_BEGINS.finditer(said):
        yield said[: joint.start()].rstrip(" ,"), said[joint.end() :]
