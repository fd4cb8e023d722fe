"""What is to be done with a breaker, read from words. Opening one is nothing to guess: what says neither, or
both, is asked back."""

from __future__ import annotations

import re
from enum import Enum


class Order(Enum):
    """What is meant."""

    OPEN = "refuse everything"
    SHED = "refuse what is less urgent"
    CLOSE = "let everything through"


_ONLY = re.compile(
    r"\b(?:only let|let only)\b|\bonly (?:the )?(?:\w+ )?(?:urgent|important|critical)\b", re.IGNORECASE
)
_CLOSES = re.compile(
    r"\bclos(?:e[sd]?|ing)\b|\breset\b|\b(?:deactivate|disable|remove|lift|end)\b"
    r"|\b(?:turn|switch|take)(?:ed|s|ing)?\b.{0,60}?\boff\b(?: load shedding)?"
    r"|\blet\b.{0,60}?\b(?:through|in)\b|\b(?:restore|resume)\b"
    r"|\b(?:stop|no need to|no more|quit|end)\s+(?:shed+|refus|reject|dropp?|block)\w*",
    re.IGNORECASE,
)
_OPENS = re.compile(
    r"\bopen(?:s|ed|ing)?\b|\btrip(?:s|ped)?\b|\bshed+(?:s|ing)?\b|\b(?:refus|reject|dropp?)(?:e|es|ing)?\b"
    r"|\bfail(?:s|ing)? fast\b|\bcut\b.{0,40}?\boff\b|\b(?:break|short)[- ](?:the )?circuit\b|\bprotect\b"
    r"|\b(?:activate|enable)\b|\b(?:turn|switch)\b.{0,20}?\bon\b|\bturn\b.{0,40}?\baway\b"
    r"|\bput\b.{0,20}?\bbreaker\b.{0,20}?\bon\b",
    re.IGNORECASE,
)
_LESS_URGENT = re.compile(
    r"\b(?:less|un|non[- ]?|not so )(?:urgent|important|critical)\b|\blow(?:est|er)?[- ](?:priority|urgency)\b"
    r"|\bbackground\b|\bshed",
    re.IGNORECASE,
)


def order_of(words: str) -> Order | None:
    """What is meant, where the words say one thing."""
    if _ONLY.search(words):
        return Order.SHED
    rest, closes = _CLOSES.subn(" ", words)
    opens = _OPENS.search(rest) is not None
    if bool(closes) == opens:
        return None
    if closes:
        return Order.CLOSE
    return Order.SHED if _LESS_URGENT.search(words) else Order.OPEN
