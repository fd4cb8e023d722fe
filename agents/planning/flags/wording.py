"""Vague and untestable wording, in sentences that ask for something and give no figure for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.planning.draft import Flag
from agents.planning.lexicon import WeakWords, lexicon
from agents.planning.quantities import quantities
from agents.planning.reading.outline import Outline
from agents.planning.requirements import ID_ANYWHERE
from agents.planning.statements import Statement

_QUOTED = re.compile(r"[\"“”][^\"“”]{1,60}[\"“”]")
_COMPARED = re.compile(
    r"\b(?:how|as|so|too) (?:many|few|often|fast|much|quickly|long|large|frequently|recently|"
    r"soon(?! as possible))\b",
    re.IGNORECASE,
)
_PURPOSE = re.compile(r",? (?:so that|in order to|because)\b[^.;]*", re.IGNORECASE)


def wording(outline: Outline, statements: tuple[Statement, ...]) -> Iterator[Flag]:
    """One flag a sentence, for the worst of its weak words, naming all. Purposes (so that …) may be vague."""
    for statement in statements:
        if not statement.binding:
            continue
        beside = {q.dimension.partition(":")[0] for q in quantities(_with_details(outline, statement))}
        found = [
            (group, match[0])
            for group in lexicon().weak
            for match in group.pattern.finditer(_plain(statement.text))
            if not group.excused_by & beside and not _defined_elsewhere(statement.text, match[0])
        ]
        if found:
            yield _flag(statement, found)


def _plain(text: str) -> str:
    """Without purposes, quoted names, and words that compare or ask (`how many`, `as soon as`)."""
    return _COMPARED.sub("", _QUOTED.sub("", _PURPOSE.sub("", text)))


def _flag(statement: Statement, found: list[tuple[WeakWords, str]]) -> Flag:
    worst = next((f for f in found if f[0].kind == "untestable"), found[0])[0]
    words = ", ".join(dict.fromkeys(f"“{word}”" for _, word in found))
    return Flag(worst.kind, statement.text[:300], statement.line, f"{words} {worst.why}", worst.suggestion)


def _with_details(outline: Outline, statement: Statement) -> str:
    """The sentence with the rest of its passage and the items under it, where its figures may stand."""
    below = (p.text for p in outline.passages[statement.passage + 1 :][:12] if p.parent == statement.passage)
    here = outline.passages[statement.passage]
    rest = here.text if here.kind == "item" else statement.text
    return ". ".join((rest, *below))


def _defined_elsewhere(text: str, word: str) -> bool:
    """`fast (see NFR-1)`: another requirement says how fast."""
    after = text[text.find(word) + len(word) :]
    return bool(ID_ANYWHERE.search(after[:60])) and bool("see" in after[:40].lower() or "(" in after[:5])
