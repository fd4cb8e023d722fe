"""Figures in a sentence: value, unit, and whether it is a floor, a ceiling or exact."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Bound = Literal["max", "min", "exact"]

_COUNTED_OUT = (
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
)
_NUMBER_WORDS = {word: value for value, word in enumerate(_COUNTED_OUT)} | {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "hundred": 100,
}
_SECONDS = {
    "ms": 0.001, "millisecond": 0.001, "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600,
    "hr": 3600, "hour": 3600, "day": 86400, "week": 604800, "month": 2_629_746, "quarter": 7_889_238,
    "year": 31_556_952,
}  # fmt: skip
_BYTES = {
    "b": 1,
    "byte": 1,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "tb": 1e12,
    "kib": 1024,
    "mib": 2**20,
    "gib": 2**30,
}
_EVERY = {
    "hourly": 3600,
    "daily": 86400,
    "nightly": 86400,
    "weekly": 604800,
    "monthly": 2_629_746,
    "yearly": 31_556_952,
}
_SCALE = {"k": 1e3, "m": 1e6, "thousand": 1e3, "million": 1e6, "billion": 1e9, "": 1}
_NUMBER = rf"\d+(?:[.,]\d+)*|\b(?:{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))})\b"
_FIGURE = re.compile(
    rf"(?P<money>[$€£]|\bUSD |\bEUR )?(?P<number>{_NUMBER})\s?(?P<scale>k|M|thousand|million|billion)?\b"
    rf"\s?-?(?P<unit>%|percent\b|per cent\b|[A-Za-z]+)?(?P<next>\s[a-z]+)?",
    re.IGNORECASE,
)
_FLOOR = re.compile(
    r"(at least|minimum(?: of)?|no (?:fewer|less) than|more than|over|above|min\.?|>=?|≥)\s*$", re.IGNORECASE
)
_CEILING = re.compile(
    r"(at most|maximum(?: of)?|no (?:more|longer) than|less than|fewer than|under|below|within|up to|max\.?|"
    r"<=?|≤|limited to|limit of|not exceed(?:ing)?|in)\s*$",
    re.IGNORECASE,
)
_BASELINE = re.compile(r"\bfrom\s+$", re.IGNORECASE)
_LIST = re.compile(r"(?<!\d)(?P<numbers>\d+(?:, \d+)*),? (?:and|or) \d+ (?P<unit>[A-Za-z]+)")
_SKIPPED_NOUNS = frozenset(
    [
        "of",
        "the",
        "a",
        "an",
        "and",
        "or",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "per",
        "is",
        "are",
        "was",
        "will",
        "must",
        "should",
        "times",
        "other",
        "more",
    ]
)
_LABEL_BEFORE = re.compile(
    r"(?:[A-Za-z]+[-_#.]|\b(?:section|phase|version|v|step|sprint|stage|tier|level|figure|table|appendix|priority|q|p|"
    r"option|type|part|chapter|milestone|soc|iso|article|wcag|tls|http|oauth)\s?)$",
    re.IGNORECASE,
)  # fmt: skip
_BESIDE = 60
"""Characters before a figure in which the words that belong to it stand."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` in the base unit of `dimension`: seconds for `time` and `interval`, bytes for `size`.

    Counts have the stem of what is counted as dimension (`count:user`). `text` is as written.
    """

    value: float
    dimension: str
    bound: Bound
    text: str
    start: int
    end: int


@lru_cache(maxsize=1_024)
def quantities(text: str) -> tuple[Quantity, ...]:
    """All figures that carry a unit or count something; ids, versions and section numbers are none."""
    found = [q for match in _FIGURE.finditer(text) if (q := _quantity(text, match)) is not None]
    for match in re.finditer(rf"\b(?:{'|'.join(_EVERY)})\b", text, re.IGNORECASE):
        found.append(
            Quantity(_EVERY[match[0].lower()], "interval", "exact", match[0], match.start(), match.end())
        )
    return tuple(sorted((*found, *_listed(text)), key=lambda q: q.start))


def measured(text: str) -> bool:
    """Whether the sentence gives a figure by which it can be checked."""
    return bool(quantities(text)) or bool(re.search(r"\bp\d{2}\b|\d\s?%|\bWCAG\b|\bISO\b|\bRFC\b", text))


def _quantity(text: str, match: re.Match[str]) -> Quantity | None:
    before = text[max(0, match.start() - _BESIDE) : match.start()]
    if _BASELINE.search(before) and re.match(r"[^,;.]{0,12}\bto\b", text[match.end() :]):
        return None
    if _LABEL_BEFORE.search(before) or re.search(r"[A-Za-z]$", before):
        return None
    number = match["number"].lower()
    value = float(_NUMBER_WORDS.get(number, 0)) or _plain_number(number)
    if value is None:
        return None
    value *= _SCALE[(match["scale"] or "").lower()]
    unit = (match["unit"] or "").lower()
    dimension, factor, end = _dimension(match, unit, before)
    if dimension is None:
        return None
    return Quantity(
        value * factor,
        dimension,
        _bound(before, text[end:]),
        text[match.start() : end].strip(),
        match.start(),
        end,
    )


def _listed(text: str) -> list[Quantity]:
    """The earlier figures of `1, 5 and 25 minutes`, which share the last one's unit."""
    found = []
    for match in _LIST.finditer(text):
        unit = match["unit"].lower()
        singular = unit.removesuffix("s") if len(unit) > 2 else unit
        for number in re.finditer(r"\d+", match["numbers"]) if singular in _SECONDS else ():
            start = match.start() + number.start()
            found.append(
                Quantity(
                    float(number[0]) * _SECONDS[singular], "time", "exact", f"{number[0]} {unit}", start, start
                )
            )
    return found


def _plain_number(written: str) -> float | None:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", written):
        return float(written.replace(",", ""))
    return (
        float(written.replace(",", "."))
        if re.fullmatch(r"\d+(?:[.,]\d+)?", written)
        else (0.0 if written == "zero" else None)
    )


def _dimension(match: re.Match[str], unit: str, before: str) -> tuple[str | None, float, int]:
    """The figure's dimension, the factor to its base unit, and where the figure with its unit ends."""
    singular = unit.removesuffix("s") if len(unit) > 2 else unit
    if match["money"] or unit in ("usd", "eur", "dollar", "dollars", "euro", "euros"):
        return "money", 1, match.end("scale") if match["scale"] else match.end("number")
    if (match["next"] or "").strip().lower() == "confidence":
        return None, 1, match.end()
    if unit in ("%", "percent") or unit.startswith("per cent"):
        return "percent", 1, match.end("unit")
    if singular in _SECONDS:
        every = re.search(r"\b(?:every|each|once per|once an?|interval of)\s+$", before, re.IGNORECASE)
        return ("interval" if every else "time"), _SECONDS[singular], match.end("unit")
    if singular in _BYTES:
        return "size", _BYTES[singular], match.end("unit")
    nouns = [
        word for word in (unit, (match["next"] or "").strip().lower()) if word and word not in _SKIPPED_NOUNS
    ]
    if not unit or unit in _SKIPPED_NOUNS:
        return None, 1, match.end()
    if _is_article(match["number"], before):
        return None, 1, match.end()
    if unit.endswith("s") or len(nouns) == 1:
        return f"count:{unit.removesuffix('s')}", 1, match.end("unit")
    return f"count:{nouns[-1].removesuffix('s')}", 1, match.end("next")


def _is_article(number: str, before: str) -> bool:
    """`from one team to another` counts nothing; `exactly one team` does."""
    stressed = re.search(
        r"\b(?:exactly|only|just|at most|at least|up to|maximum of|than|single)\s+$", before, re.IGNORECASE
    )
    return number.lower() == "one" and not stressed


def _bound(before: str, after: str) -> Bound:
    if _FLOOR.search(before) or re.match(r"\s*(?:or (?:more|above)|and (?:up|above)|\+)", after):
        return "min"
    if _CEILING.search(before) or re.match(r"\s*(?:or (?:less|fewer|under|below|faster)|at most)", after):
        return "max"
    return "exact"
