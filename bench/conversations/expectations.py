"""Whether what a turn changed is what had to change: named things are looked for in the rows' values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bench.conversations.acts import Clause
from bench.conversations.changes import Change, Row, values_of
from bench.conversations.given import Scene
from bench.conversations.kinds import ON_SERVICES, READS, fits, names_service, principal, services_in
from bench.conversations.proposals import Proposal
from bench.conversations.when import times_in

_NAMES_PEOPLE = frozenset({"delegate", "access", "resume_agents", "subscribe"})
_HAS_PRIORITY = frozenset({"add_to_backlog", "prioritise"})
_HAS_VERSION = frozenset({"deploy", "emergency_deploy", "rollback"})
_HAS_TIMES = frozenset({"freeze", "window", "delegate"})
_ENDS = frozenset({"unfreeze"})
_NO_SUBJECT = frozenset(
    {
        "the", "and", "are", "was", "for", "its", "one", "not", "has", "with", "this", "that", "from", "open",
        "role", "request", "proposal", "vote", "stays", "stay", "approved", "denied", "counted", "becomes",
    }
)  # fmt: skip
_ALIKE = {"deployment": "deploy", "deployed": "deploy", "mail": "message"}


def is_fulfilled(clause: Clause, intent: str, changes: Sequence[Change], scene: Scene, speaker: str) -> bool:
    """Whether the changes of a turn are what a clause demands."""
    if clause.kind == "approvals" or clause.kind in READS:
        return _is_decided(clause, changes, scene.standing.proposals, speaker)
    fitting = [change for change in principal(changes) if fits(clause.kind, change) or fits(intent, change)]
    rows = [change for change in fitting if _stands(change, clause)]
    return bool(rows) and all(_missing_free(clause, rows, scene))


def _stands(change: Change, clause: Clause) -> bool:
    if re.search(
        r"\b(?:cancelled|ends)\b(?!.*\d)|\bscrapped\b|\bgone\b|\bno longer\b|\bany more\b", clause.text
    ):
        return True
    if change.after is None:
        return False
    return clause.kind in _ENDS or change.table == "effects" or change.after.get("ended") is None


def _missing_free(clause: Clause, rows: Sequence[Change], scene: Scene) -> Iterator[bool]:
    """For each kind of thing that a clause may name, whether all that it names is there."""
    values = [value for change in rows for value in values_of(change.row)]
    words = {value for value in values if isinstance(value, str)}
    kind, text = clause.kind, clause.text
    if kind in ON_SERVICES:
        yield all(names_service(rows, [service]) for service in services_in(text, scene.services))
    if kind in _HAS_TIMES:
        moments = list(_moments(words))
        wanted = times_in(text, scene.talk.now)
        yield all(any(when.fits(moment) for moment in moments) for when in wanted)
    if kind in _NAMES_PEOPLE:
        yield all(any(person in value for value in words) for person in scene.people_in(text))
    if kind in _HAS_PRIORITY:
        yield set(re.findall(r"\bP[0-3]\b", text)) <= words
        yield all(team.casefold() in words for team in re.findall(r"\bTeam (\w+)", text))
    if kind in _HAS_VERSION:
        yield all(
            any(version in value for value in words) for version in re.findall(r"\b\d+\.\d+(?:\.\d+)?\b", text)
        )
    yield all(any(card in value for value in words) for card in re.findall(r"\bCARD-\d+\b", text))


def _moments(words: set[str]) -> Iterator[datetime]:
    for word in words:
        if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", word):
            try:
                moment = datetime.fromisoformat(word)
            except ValueError:
                continue
            if moment.tzinfo is not None:
                yield moment


# Votes.


def votes_changed(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The approvals on which somebody voted, or which ended."""
    return tuple(change for change in changes if change.table == "approvals" and _is_voted_on(change))


def _is_voted_on(change: Change) -> bool:
    if change.is_new:
        return bool(_votes(change.row))
    before, after = change.before or {}, change.after or {}
    return _votes(before) != _votes(after) or before.get("status") != after.get("status")


def _votes(row: Row) -> list[Mapping[str, Any]]:
    votes: list[Mapping[str, Any]] = row.get("body", {}).get("votes", [])
    return votes


def referred_to(text: str, proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """The proposals that a text means: by their numbers, else by what they are about, else the only one."""
    bare = re.sub(r"\d+[.,]\d[\d.,]*|\b[A-Z]+-\d+", " ", text)
    numbers = [int(each) for each in re.findall(r"(?<![\w-])\d(?![\w-])", bare)]
    by_number = {one.number: one for one in proposals if one.number}
    if numbers and by_number.keys() >= set(numbers):
        return tuple(by_number[number] for number in numbers)
    found = {one for word in _subject_words(text) for one in _with(word, proposals)}
    return tuple(one for one in proposals if one in found) or (tuple(proposals) if len(proposals) == 1 else ())


def _with(word: str, proposals: Sequence[Proposal]) -> list[Proposal]:
    """The proposals with a word in them; those alone that begin with it, where any does: "the plan" is not
    the message about a plan."""
    words = {one: _subject_words(one.text) for one in proposals}
    first = [one for one in proposals if words[one][:1] == [word]]
    return first or [one for one in proposals if word in words[one]]


def _subject_words(text: str) -> list[str]:
    words = [word.strip(".") for word in re.findall(r"[\w.-]+", text.casefold().replace("'s", " "))]
    return [_ALIKE.get(word, word) for word in words if len(word) > 2 and word not in _NO_SUBJECT]


def _is_decided(clause: Clause, changes: Sequence[Change], proposals: Sequence[Proposal], speaker: str) -> bool:
    meant = [one for one in referred_to(clause.text, proposals) if one.approval is not None]
    voted = votes_changed(changes)
    if not meant:
        return bool(voted)
    return all(
        any(_is_about(change, one) and _says(change, clause, speaker) for change in voted) for one in meant
    )


def _is_about(change: Change, proposal: Proposal) -> bool:
    return proposal.approval in (change.row.get("id"), change.row.get("supersedes"))


def _says(change: Change, clause: Clause, speaker: str) -> bool:
    row, text = change.row, clause.text
    if re.search(r"\b(?:denied|declined|rejected)\b", text):
        return row.get("status") == "denied"
    if re.search(r"\btaken back\b|\bwithdrawn\b", text):
        return row.get("status") == "withdrawn"
    own = [vote for vote in _votes(row) if vote.get("ballot", {}).get("voter") == speaker]
    conditional = bool(re.search(r"\bcondition\b|\bonly if\b", text))
    narrowed = re.search(r"\bnarrowed\b", text) is not None
    return any(_has_condition(vote) is conditional or narrowed for vote in own)


def _has_condition(vote: Mapping[str, Any]) -> bool:
    return bool(vote.get("conditions") or vote.get("condition"))
