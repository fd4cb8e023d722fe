"""Reading words: one spelling for matching, numbers as digits, nothing invisible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_TENS = {"thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
         "ninety": 90}  # fmt: skip
_VALUES = {word: value for value, word in enumerate(_UNITS)} | _TENS
_SCALES = {"couple": 2, "pair": 2, "dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000}

_ONE = "|".join(sorted((*_VALUES, *_SCALES), key=len, reverse=True))
_SCALE = "|".join(_SCALES)
_NUMBER = re.compile(
    rf"(?<![\w'.-])(?P<half>half an? (?=(?:{_SCALE})\b))?"
    rf"(?:(?P<lead>\d+(?:\.\d+)?|an?|the) (?=(?:{_SCALE})\b))?"
    rf"(?P<words>(?:{_ONE})(?:(?:[ -]| and )(?:{_ONE}))*)(?P<of> of(?! the\b))?"
    r"(?![\w']|-(?!minutes?\b|hours?\b|days?\b|weeks?\b|months?\b))"
)
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


def in_digits(text: str) -> str:
    """`text` as `plain` has it, whole numbers that are written in words as digits: `twenty five pods` reads
    `25 pods`, `a couple of hours` reads `2 hours`, `half a dozen` reads `6`, `two hundred and six` `206`."""
    return _NUMBER.sub(_digits, plain(text))


def _digits(found: re.Match[str]) -> str:
    words = re.split(r"[ -]", found["words"])
    numbers = [Decimal(number) for number in _numbers([word for word in words if word != "and"])]
    if (found["lead"] or "")[:1].isdigit():
        numbers[0] *= Decimal(found["lead"])
    if found["half"]:
        numbers[0] /= 2
    told = (" and " if "and" in words else " ").join(f"{number.normalize():f}" for number in numbers)
    counts_things = found["of"] and words[-1] in _SCALES
    return told if counts_things or not found["of"] else f"{told}{found['of']}"


def _numbers(words: Sequence[str]) -> Iterator[int]:
    """The numbers that a row of number words comes to; "two three" are two."""
    whole, part = 0, -1
    for word in words:
        if (scale := _SCALES.get(word)) is not None:
            part = max(part, 1) * scale if part != 0 else 0
            if scale >= 1_000:
                whole, part = whole + part, -1
            continue
        value = _VALUES[word]
        joins = part >= 0 and (
            (part % 100 == 0 and part) or (part % 10 == 0 and part % 100 >= 20 and value < 10)
        )
        if part >= 0 and not joins:
            yield whole + part
            whole, part = 0, -1
        part = max(part, 0) + value
    yield whole + max(part, 0)
