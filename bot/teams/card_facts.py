"""The facts behind an answer, folded away until somebody wants to see the working."""

from __future__ import annotations

from collections.abc import Sequence

from bot.platforms.fact_words import fact_value
from bot.teams.runs import SMALL, Element, paragraphs, runs_of
from bot.teams.sizes import ELEMENT, grouped
from governance.facts import Fact
from handlers.conversation.cards import Bold, Moment


def working(facts: Sequence[Fact]) -> list[Element]:
    """Elements that unfold the facts, several where one would be too large for a card."""
    folds = grouped([line for fact in facts for line in _lines(fact)], 2 * ELEMENT)
    counted = f"{len(facts)} {'fact' if len(facts) == 1 else 'facts'}"
    parts = [
        f", part {number} of {len(folds)}" if len(folds) > 1 else "" for number in range(1, len(folds) + 1)
    ]
    return [
        _fold(f"working{number}", f"Show working ({counted}{part})", fold)
        for number, (part, fold) in enumerate(zip(parts, folds, strict=True), 1)
    ]


def _fold(id: str, title: str, lines: list[Element]) -> Element:
    unfold = {"type": "Action.ToggleVisibility", "title": title, "targetElements": [id]}
    return {
        "type": "Container",
        "items": [
            {"type": "ActionSet", "actions": [unfold]},
            {"type": "Container", "id": id, "isVisible": False, "items": lines},
        ],
    }


def _lines(fact: Fact) -> list[Element]:
    value = f"{fact_value(fact.value)} {fact.unit}".rstrip()
    inputs = f", from {', '.join(fact.source.inputs)}" if fact.source.inputs else ""
    where = f". Where from: {fact.source.kind}, {fact.source.detail}{inputs}"
    parts = (Bold(fact.name), f": {value}, as of ", Moment(fact.as_of), where)
    return paragraphs(runs_of(parts, None), SMALL, "Small")
