"""Bare values: "then friday noon", "n p3", "30 min extra". After something was done they say it otherwise."""

from __future__ import annotations

import re

from handlers.language.calendar_words import in_calendar_words
from handlers.language.words import plain

_LONGEST = 12
"""Words; more say more than a value."""
_VALUE = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|tonight|tomorrow|noon|midnight|morning|afternoon"
    r"|evening|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|p[0-4]|\d+(?:st|nd|rd|th)?(?:[:.h]\d{2})?(?: ?[ap]\.?m)?|(?:half|quarter|an?) (?:an? )?(?:hour|day|week)"
    r"|week|month|hours?|days?|weeks?|minutes?|mins?)\b"
)
_AROUND = re.compile(
    r"\b(?:n|and|then|so|ok|okay|hm+|oh|ah|no|sorry|please|pls|better|rather|make|give|let|lets|it|its|s|that"
    r"|be|is|at|on|by|to|til|till|until|from|for|in|of|the|this|next|last|after|before|end|ends|ending|start"
    r"|starts|starting|begin|begins|around|about|early|late|later|earlier|sooner|longer|shorter|more|extra|less"
    r"|another|only|just|already|first|priority|prio|end|beginning|close|business|eod|cob|instead|i|mean|say"
    r"|am|pm|utc|time|half|past|quarter)\b"
)
_LEFT = re.compile(r"[^\s,.;:!–-]")


def is_bare_value(text: str) -> bool:
    """Whether `text` says when, how long or how urgent, and nothing else: no thing, nobody and no verb."""
    said = in_calendar_words(plain(text))
    if not said or len(said.split()) > _LONGEST or text.rstrip().endswith("?"):
        return False
    left, values = _VALUE.subn(" ", said)
    return values > 0 and _LEFT.search(_AROUND.sub(" ", left)) is None
