"""What is to be done with an incident, read from words. No word is an order by itself: the router says whether
anything was ordered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from agents.operations.incident_command import Part

LONGEST = 500
"""Characters of somebody's words that are kept."""


class Kind(Enum):
    """What is to be done."""

    DECLARE = auto()
    PART = auto()
    UPDATE = auto()
    SEVERITY = auto()
    MITIGATED = auto()
    RESOLVE = auto()
    REOPEN = auto()
    REVIEW = auto()
    APPROVE_REVIEW = auto()


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done. `words` are those to be kept, `head` what stands before them; `severity` is empty
    where none is said."""

    kind: Kind
    head: str
    words: str = ""
    part: Part | None = None
    severity: str = ""


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


_UPDATE = _pattern(
    r"^\W*(?:please\s+)?(?:(?:post|add|log|write|give|send)\s+(?:an?\s+|the\s+)?(?:status\s+|incident\s+)?update"
    r"|(?:incident|status)\s+update|update\b|note\b|add to the timeline)"
)
_REVIEW = _pattern(r"\b(?:review|post-?mortem|retrospective)\b")
_APPROVES = _pattern(r"\b(?:approve|approved|sign(?:ed)?[ -]?off|accept(?:ed)?)\b")
_SEVERITY = _pattern(
    r"\b(?:raise|lower|downgrade|upgrade|escalate|set|change)\b.{0,40}(?:\bseverity\b|\bto (?:a )?sev[ -]?\d)"
)
_DECLARE = _pattern(
    r"\bdeclare\b|^\W*(?:a\s+)?(?:new|major)\s+incident\b"
    r"|\b(?:declair|open|start|create|raise|log|call)\s+(?:an?\s+|the\s+)?(?:new\s+|major\s+)?"
    r"(?:incident\b|outage\b|sev[ -]?[1-4])"
)
_NUMBERED = _pattern(r"\b(?:inc|incident)[\s#-]*\d")
_PARTS = (
    (Part.COMMANDER, _pattern(r"\b(?:command(?:er)?|in charge)\b")),
    (Part.COMMUNICATIONS, _pattern(r"\b(?:comms?|communications?)\b")),
    (Part.SCRIBE, _pattern(r"\b(?:scribe|minutes|(?:takes?|keeps?) notes|note-?taker)\b")),
)
_GIVES = _pattern(
    r"\b(?:takes?|taking|have|has|had|assign|make|makes|give|gives|hand|hands|is|am|be|becomes?|do|does|doing|keeps?)\b"
    r"|\bI['’](?:m|ll)\b"
)
_TAKES = _pattern(
    r"\b(?:acknowledge|ack|take over|i(?:['’]ll| will)? take (?:it|this|that|over|inc|the incident))\b"
)
_MITIGATED = _pattern(r"(?<!not )\bmitigated\b")
_RESOLVE = _pattern(
    r"\b(?:resolve|close|cancel|end)\b(?:\s+(?:the\s+|this\s+)?(?:inc|it\b)|\W*$)"
    r"|\b(?:mark|set) .{0,30}\b(?:resolved|over|closed)\b|\ball clear\b"
    r"|\b(?:incident|inc[\s#-]*\d+) (?:is )?(?:over|resolved|closed)\b"
)
_REOPEN = _pattern(r"\bre-?open\b")
_NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4"}
_SEVERITIES = {"1": "critical", "2": "high", "3": "medium", "4": "low"}
_LEVEL = _pattern(
    r"\bsev(?:erity)?[ -]?(?:level |to )?(?:sev[ -]?)?"
    r"(?P<level>[1-4]|one|two|three|four|critical|high|medium|low)\b"
)
_BREAK = re.compile(r":\s|,\s|\s[–—-]\s|\bbecause\b|\bthat\b")
_COLON = re.compile(r":\s*|\s[–—-]\s|\bthat\b")


def read_order(text: str) -> Order | None:
    """What is to be done by these words; None where they do not say."""
    if _UPDATE.search(text):
        head, words = _split(text, _COLON)
        if words and not re.fullmatch(r"\W*mitigated\W*", words, re.IGNORECASE):
            return Order(Kind.UPDATE, head, words)
        return Order(Kind.MITIGATED if _MITIGATED.search(text) else Kind.UPDATE, head)
    if _REVIEW.search(text) and "schedule" not in text.casefold():
        return Order(Kind.APPROVE_REVIEW if _APPROVES.search(text) else Kind.REVIEW, text)
    if _REOPEN.search(text):
        return Order(Kind.REOPEN, text)
    severity = _severity(text)
    if severity and _SEVERITY.search(text):
        return Order(Kind.SEVERITY, text, severity=severity)
    if _DECLARE.search(text) and not _NUMBERED.search(text):
        head, words = _split(text, _BREAK)
        return Order(Kind.DECLARE, head, words or text.strip()[:LONGEST], severity=severity)
    if (part := _part(text)) is not None:
        return Order(Kind.PART, text, part=part)
    if _MITIGATED.search(text):
        return Order(Kind.MITIGATED, text)
    return Order(Kind.RESOLVE, text) if _RESOLVE.search(text) else None


def _split(text: str, at: re.Pattern[str]) -> tuple[str, str]:
    """What stands before and after the first break."""
    found = at.search(text)
    if found is None:
        return text, ""
    return text[: found.start()], text[found.end() :].strip()[:LONGEST]


def _part(text: str) -> Part | None:
    if _GIVES.search(text):
        for part, words in _PARTS:
            if words.search(text):
                return part
    return Part.COMMANDER if _TAKES.search(text) else None


def _severity(text: str) -> str:
    found = _LEVEL.search(text)
    if found is None:
        return "critical" if re.search(r"\bmajor\b", text, re.IGNORECASE) else ""
    level = found["level"].casefold()
    return _SEVERITIES.get(_NUMBERS.get(level, level), level)
