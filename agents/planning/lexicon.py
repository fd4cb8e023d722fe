"""The words that planning looks for, read once from `lexicon.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml


@dataclass(frozen=True, slots=True)
class WeakWords:
    """Words of one kind; a figure of a dimension in `excused_by` beside them makes them precise."""

    kind: Literal["vague", "untestable"]
    pattern: re.Pattern[str]
    excused_by: frozenset[str]
    why: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`synonyms` maps a word to the one that stands for it; `open_points` are TBD and its relatives;
    `instructions` the ways in which a document speaks to the bot; words of one group of `qualifiers`
    tell two statements apart; `opposites` cannot hold together; `disciplines` say what work is asked
    for; `nobodys_work` is work of people in the passive.
    """

    stop: frozenset[str]
    synonyms: Mapping[str, str]
    weak: tuple[WeakWords, ...]
    open_points: re.Pattern[str]
    instructions: re.Pattern[str]
    qualifiers: tuple[frozenset[str], ...]
    opposites: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    imperatives: frozenset[str]
    nobodys_work: re.Pattern[str]
    disciplines: Mapping[str, re.Pattern[str]]


@cache
def lexicon() -> Lexicon:
    """The lexicon that comes with planning."""
    raw = yaml.safe_load((Path(__file__).parent / "lexicon.yaml").read_text(encoding="utf-8"))
    weak = tuple(
        WeakWords(g["kind"], _any_of(g["words"]), frozenset(g["excused_by"]), g["why"], g["suggestion"])
        for g in raw["weak"]
    )
    synonyms = {word: joined for joined, words in raw["synonyms"].items() for word in words}
    signs = (s.replace("{BOT}", raw["bot"]).replace("{ORDER}", raw["order"]) for s in raw["instructions"])
    return Lexicon(
        stop=frozenset(raw["stop"].split()),
        synonyms=synonyms,
        weak=weak,
        open_points=_any_of(raw["open_points"]),
        instructions=re.compile("|".join(f"(?:{sign})" for sign in signs), re.IGNORECASE),
        qualifiers=tuple(frozenset(group.split()) for group in raw["qualifiers"]),
        opposites=tuple(
            (re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE))
            for one, other in raw["opposites"]
        ),
        nobodys_work=_any_of([raw["nobodys_work"]]),
        imperatives=frozenset(raw["imperatives"].split()),
        disciplines={name: _any_of(words) for name, words in raw["disciplines"].items()},
    )


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    """Longest first, so that the longer phrase is the one reported."""
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(ordered)})(?![\w-])", re.IGNORECASE)
