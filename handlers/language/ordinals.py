"""Which items of a numbered list are chosen: "1 and 2", "the first two", "all but 3"."""

from __future__ import annotations

import re

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNT = rf"(?:{'|'.join(_COUNTS)}|\d+)"
_ONE = rf"(?:#?\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join((*_ORDINALS, *_COUNTS))}|last)(?![\w.%:])(?! ?x\b)"
_AND = r"(?: ?, ?(?:and |& ?)?| ?& ?| ?\+ ?| and (?:also )?| or )"
_KIND = r"(?:items?|numbers?|options?|points?|steps?|actions?|nos?\.?)"
_NOUN = r"(?: (?:ones?|only|please|items?|numbers?|options?|points?|steps?|actions?))*"
_LIST = rf"(?:the )?(?:{_KIND} ?)?{_ONE}(?:{_AND}(?:the )?{_ONE})*{_NOUN}"
_RANGE = r"(?:items? |numbers? )?#?(?P<low>\d{1,2}) ?(?:-|–|to|through) ?#?(?P<high>\d{1,2})(?![\w.%:])"
_WHOLE = r"(?:all|everything|them all|all of (?:it|them|these|those)|the (?:whole|entire) (?:lot|list)|the lot)"
_BUT = r"(?:but|except(?: for)?|apart from|without|minus|other than|bar)"

CHOICE = re.compile(
    rf"(?:only |just )?(?:(?P<except>{_WHOLE} ?,? ?{_BUT} (?:not )?(?P<without>{_LIST}))"
    rf"|(?P<all>{_WHOLE}(?: (?P<all_count>{_COUNT}))?)"
    rf"|(?P<both>both(?: of (?:them|these))?)|(?P<range>{_RANGE})"
    rf"|(?:the )?first (?P<leading>{_COUNT}){_NOUN}|(?P<list>{_LIST}))(?: only)?"
)
"""A choice of items as a whole phrase, in plain text; use `fullmatch` and then `chosen`."""


def chosen(found: re.Match[str], count: int) -> tuple[int, ...] | None:
    """The numbers that CHOICE matched out of `count` items; () for all. None if the list has no such items."""
    if found["except"]:
        dropped = _numbers(found["without"], count)
        kept = tuple(number for number in range(1, count + 1) if number not in dropped)
        return kept if kept and _there(dropped, count) else None
    if found["all"]:
        said = found["all_count"]
        return () if said is None or _value(said, count) == count else None
    if found["both"]:
        return () if count == 2 else None
    if found["range"]:
        numbers = tuple(range(int(found["low"]), int(found["high"]) + 1))
    elif found["leading"]:
        numbers = tuple(range(1, _value(found["leading"], count) + 1))
    else:
        numbers = _numbers(found["list"], count)
    return tuple(sorted(set(numbers))) if numbers and _there(numbers, count) else None


def _there(numbers: tuple[int, ...], count: int) -> bool:
    return all(1 <= number <= count for number in numbers)


def _numbers(said: str, count: int) -> tuple[int, ...]:
    words = re.findall(_ONE, re.sub(r"\bones?\b(?! ?(?:,|and|&|$))", "", re.sub(rf"{_NOUN}$", "", said)))
    return tuple(_value(word, count) for word in words)


def _value(word: str, count: int) -> int:
    word = word.lstrip("#")
    if word == "last":
        return count
    if word in _ORDINALS:
        return _ORDINALS.index(word) + 1
    if word in _COUNTS:
        return _COUNTS.index(word) + 1
    return int(re.sub(r"\D", "", word))
