"""A requirement cut along its clauses: each part a sentence that stands on its own, with its own *not*."""

from __future__ import annotations

import re

_MODAL = r"(?:must|shall|should|will|can(?:not)?|may|needs? to|ha(?:s|ve) to|(?:is|are) able to)\b"
_JOINED = re.compile(
    rf"\s*(?:;\s*(?:and\s+|but\s+)?|,?\s+(?:and|but)\s+)"
    rf"(?P<part>(?:(?:also\s+|then\s+)?{_MODAL}|(?:(?:the|an?|each|every)\s+)"
    rf"(?:[\w'’-]+\s+){{0,4}}?{_MODAL}).+)$",
    re.IGNORECASE | re.DOTALL,
)
"""Where another clause begins that asks by itself: with its own subject, or with the one that stood before."""
_BEFORE = re.compile(rf"^(?P<subject>.+?)\s+{_MODAL}\s+\w", re.IGNORECASE | re.DOTALL)
_STARTS_MODAL = re.compile(rf"^(?:also\s+|then\s+)?{_MODAL}", re.IGNORECASE)
_BESIDE = re.compile(r"\b(?:that|which|who|whose|where|so|because|until|unless)\b", re.IGNORECASE)
_FEWEST_WORDS = 4


def clauses(text: str) -> tuple[str, ...]:
    """The clauses of one statement that each ask for something, in their order; itself where there is one.

    A clause without a subject gets the one that stood before it, with the condition that stood before that:
    *When a sync fails, the gateway must try again and must tell the host* is two, both *When a sync fails*.
    A `must` in a clause beside the main one (*so that they can …*) cuts nothing, and neither does a clause
    about *it* or *they*, for it may be of either thing.
    """
    first = _BEFORE.match(text)
    joined = _JOINED.search(text, first.end()) if first else None
    if first is None or joined is None:
        return (text,)
    head, part = text[: joined.start()], joined["part"]
    if _BESIDE.search(head) or _few(head) or _few(part):
        return (text,)
    subject = first["subject"]
    if _STARTS_MODAL.match(part):
        part = f"{subject} {re.sub(r'^(?:also|then) ', '', part)}"
    return (head.strip(), *clauses(part[:1].upper() + part[1:]))


def _few(part: str) -> bool:
    return len(part.split()) < _FEWEST_WORDS
