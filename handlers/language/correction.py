"""Corrections: what somebody says of what they have just asked for.

A correction says that something was meant otherwise ("actually just Friday"), that something else is meant as
well ("and checkout too"), or that nothing of it was meant ("leave it as it was").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from handlers.language.mood import Mood
from handlers.language.words import plain, tokens

_LEAD = (
    r"(?:(?:no|nope|nah|ah|oh|hm+|argh|ugh|er|um|uh|ok|okay|well|hey|so|oops|sorry|pardon|wait|hang on|hold on"
    r"|actually|on second thought|correction|scratch that|my mistake|my bad|i mean|ach|nein|doch|moment|perdón"
    r"|désolée?)\b[\s,.!:;–-]*)*"
)
_THAT = (
    r"(?:it|that|this|them|those|the last one|my last (?:message|request)"
    r"|what i (?:just )?(?:said|asked|wrote)(?: (?:about|for) .*)?)"
)
_TAKES_BACK = re.compile(
    rf"{_LEAD}(?:please |pls |can you |could you |just )*"
    rf"(?:undo(?: {_THAT})?|(?:revert|take back) {_THAT}|take {_THAT} back"
    rf"|(?:scrap|scratch|cancel|forget|ignore|disregard|drop|withdraw) {_THAT}"
    rf"|put {_THAT} back(?: (?:the way|as|to what) it was)?"
    r"|leave (?:it|that|them|everything|things) (?:as|the way|like) (?:it|they|things) (?:was|were|is|are)"
    rf"|(?:back to|as it was|like before|the way it was)(?: before)?|never ?mind(?: {_THAT})?|nvm)"
    r"(?: (?:please|pls|thanks|then|after all|again))*"
)
_ASKING = r"(?:who|what|why|when|where|how|is|are|was|did|does|do|can)"
_AS_WELL = re.compile(
    rf"(?:and|also|plus|same (?:for|with|goes for)|und auch|y también|et aussi)\b(?! {_ASKING}\b).*"
    rf"|(?!{_ASKING}\b).+\b(?:too|as well|also|auch|también|aussi)"
)
_OTHERWISE = re.compile(
    r"(?:no|nope|nah|hm+|oops|sorry|pardon|wait|hang on|actually|on second thought|correction|scratch that"
    r"|my mistake|my bad|ach nein|nein|perdón|désolée?|argh|ah no)\b.*"
    r"|.*\b(?:i|we) meant?\b.*|(?:make|let) (?:it|that|them|this)\b.*|(?:better|rather|instead)\b.*"
    r"|.+ (?:instead|rather|i meant?)|(?:just|only) .+|.+,? (?:not|nicht|pas|no) .+|that'?s .+ not .+"
    r"|(?:should|must) (?:be|have been) .+"
)
_MISDIRECTED = re.compile(r"\b(?:wrong|other) (?:channel|thread|chat|window|tab|bot|room|conversation)\b")
_DENIED = re.compile(
    r",?\s*\b(?:not|and not|instead of|rather than|nicht|pas|statt|no)\s+(?!only\b|just\b)[^,;.]*?"
    r"(?=$|[,;.]|\bbut\b|\bsondern\b|\bsino\b)"
)
_AS_IT_WAS = re.compile(
    r"(?:please |pls |can you |could you |just )*"
    r"(?:undo|revert|put .+ back|leave .+|back to|as it was|like before|the way it was)\b"
)
_WEAK = re.compile(r"never ?mind|nvm")
_LONGEST = 25
"""Words; who says more than that asks for something anew."""


NO_CORRECTION = frozenset({Mood.QUESTION, Mood.CONDITION, Mood.REPORT, Mood.QUOTATION})
"""Moods in which what looks like a correction is none ("is staging shut as well")."""


class Change(StrEnum):
    """What a correction does to what was asked for."""

    REPLACE = "replace"
    ADD = "add"
    TAKE_BACK = "take back"


@dataclass(frozen=True, slots=True)
class Correction:
    """`text` is what is meant now: what is denied ("not the 9th") is no longer in it. Without `plain` it is
    told among other things, so that it is asked about and not done. What is taken back `as_it_was` ("undo")
    is the last change alone: what stood before that stands again."""

    change: Change
    text: str
    plain: bool = True
    as_it_was: bool = False


_AROUND_WHAT_IS_ADDED = re.compile(
    r"^(?:and|also|plus|und|y|et)\b[\s,]*|[\s,]*\b(?:too|as well|also|auch|también|aussi)[\s.!]*$",
    re.IGNORECASE,
)


def what_is_added(text: str) -> str:
    """What "and checkout too" adds, without the words around it: "checkout"."""
    return _AROUND_WHAT_IS_ADDED.sub("", text).strip()


def read_correction(text: str, *, surely: bool = False) -> Correction | None:
    """The correction that `text` is by its form; `surely` if its mood was read as one. None if it is none."""
    said = plain(text).strip(" .!…")
    if not said or text.rstrip().endswith("?") or len(tokens(said)) > _LONGEST:
        return None
    parts = [part for part in (re.sub(rf"^{_LEAD}", "", cut) for cut in re.split(r"[,.;:!–]\s*", said)) if part]
    taken_back = [part for part in parts if _TAKES_BACK.fullmatch(part)]
    if taken_back or _MISDIRECTED.search(said):
        whole = len(taken_back) == len(parts) and not all(map(_WEAK.fullmatch, taken_back))
        back = bool(taken_back) and all(map(_AS_IT_WAS.match, taken_back))
        return Correction(Change.TAKE_BACK, "", plain=whole, as_it_was=back)
    if _AS_WELL.fullmatch(said):
        return Correction(Change.ADD, said)
    if surely or _OTHERWISE.fullmatch(said):
        return Correction(Change.REPLACE, _affirmed(said))
    return None


def _affirmed(said: str) -> str:
    """The words without what they deny; all of them if nothing else is left."""
    meant = re.sub(rf"^{_LEAD}", "", said) or said
    left = " ".join(_DENIED.sub(" ", meant).split())
    return left if tokens(left) else meant
