"""Reading words: one spelling for matching, number words, nothing invisible."""

from __future__ import annotations

import re
import unicodedata

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
NUMBER_WORDS = {word: value for value, word in enumerate(_UNITS)} | {
    "a": 1, "an": 1, "couple": 2, "dozen": 12, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "ninety": 90, "hundred": 100,
}  # fmt: skip

NUMBER = r"(?:\d+|" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True)) + r")"
"""A whole number in digits or words, for use inside other patterns."""

_SEPARATORS = re.compile(r"[^\w$€£%&+.'-]+")


def visible(text: str) -> str:
    """`text` in one Unicode form (NFKC), without control, format (right-to-left) and surrogate characters."""
    spelt = unicodedata.normalize("NFKC", text)
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
        for character in spelt
        if unicodedata.category(character) not in ("Cf", "Cs", "Co")
    )


def plain(text: str) -> str:
    """`text` as it is matched: visible, case folded, single spaces, straight apostrophes."""
    return " ".join(visible(text).replace("’", "'").casefold().split())


def tokens(text: str) -> list[str]:
    """The words of a name or message for matching: hyphens and underscores separate, possessives go."""
    spelt = re.sub(r"'s\b", "", plain(text))
    return [
        part.strip(".'")
        for part in _SEPARATORS.sub(" ", re.sub(r"[-_/]", " ", spelt)).split()
        if part.strip(".'")
    ]


def number_of(word: str) -> int:
    """The value of what NUMBER matched. Raises KeyError for anything else."""
    return int(word) if word.isdigit() else NUMBER_WORDS[word]
