"""What the response to an incident did, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.operations.incident.people_words import PEOPLE

RESPONSE = PEOPLE | {"seen", "not seen", "cause", "no cause", "remedy", "healthy", "no effect", "for a person"}
"""Kinds of events that say what was done about an incident."""


def response_event(kind: str, detail: Mapping[str, Any]) -> str:
    """What happened, in a sentence."""
    match kind:
        case "seen":
            return f"I see it myself: {_level(detail)}."
        case "not seen" if detail["state"] == "unknown":
            return "I cannot see how it is: nothing is measured of it, or too little. A person has to look."
        case "not seen":
            return f"I see nothing wrong: {_level(detail)}. I change nothing."
        case "cause":
            explains = f"explains {detail['share']:.0%} of {detail['of']}"
            return f"{_capital(detail['subject'])} {explains}{_change(detail)}."
        case "no cause":
            return f"I do not know the cause. I looked at {_named(detail['measured'])}{_blind(detail)}."
        case "remedy":
            return f"{detail['what']}: {detail['why']}"
        case "healthy":
            return f"it is as it usually is again: {_level(detail)}."
        case "no effect":
            return f"that had no effect that I can see: {_level(detail)}."
        case "for a person":
            return f"this is for a person. {detail['why']}"
        case other:
            return f"{other}."


def _level(detail: Mapping[str, Any]) -> str:
    """`4.1 % of 127 requests failed (usually 0.2 %), 95 of 100 took less than 840 ms (usually 120 ms)`."""
    parts = []
    if detail.get("failed") is not None:
        usual = "" if detail.get("usual_failed") is None else f" (usually {detail['usual_failed']:.1%})"
        parts.append(f"{detail['failed']:.1%} of {detail['requests']:.0f} requests failed{usual}")
    if detail.get("p95") is not None:
        usual = "" if detail.get("usual_p95") is None else f" (usually {1000 * detail['usual_p95']:,.0f} ms)"
        parts.append(f"95 of 100 took less than {1000 * detail['p95']:,.0f} ms{usual}")
    return ", ".join(parts) or "nothing is measured"


def _change(detail: Mapping[str, Any]) -> str:
    if detail.get("version") is None:
        return ""
    known = (
        detail.get("commit") and f"commit {detail['commit']}",
        detail.get("author") and f"by {detail['author']}",
        detail.get("story") and f"for {detail['story']}",
    )
    comes = ", ".join(filter(None, known))
    said = f"; {detail['version']} was {detail['change']} there {detail['seconds_before']} s before it began"
    return f"{said} ({comes})" if comes else said


def _blind(detail: Mapping[str, Any]) -> str:
    return f"; nothing is measured of {_named(detail['unmeasured'])}" if detail["unmeasured"] else ""


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "no service"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
