"""The facts behind an answer: folded away in its card, or in a dialog of several pages where they are many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.platforms.fact_words import fact_value
from bot.teams.runs import SMALL, Element, Run, paragraphs, runs_of
from bot.teams.sizes import ELEMENT, grouped, wire_size
from governance.facts import Fact, names_of_facts
from handlers.conversation.cards import Bold, Bullets, Card, Inline, Moment, Reply

WORKING = "working"
"""What holds the id of the message whose facts are asked for, in the data of a button."""

TITLE = "How this was worked out"

_FOLDED = 2 * ELEMENT
"""Characters of JSON of facts that a card has room for; more would take messages of their own."""

_PAGE = 12_000
"""Characters of JSON of the facts on one page of the dialog."""


def working(facts: Sequence[Fact], message: str) -> list[Element]:
    """What stands below an answer for the facts behind it. `message` is the id under which that is kept."""
    lines = _lines(facts)
    if not lines:
        return []
    title = f"Show working ({len(facts)} {'fact' if len(facts) == 1 else 'facts'})"
    if wire_size(lines) <= _FOLDED:
        return [_fold(title, lines)]
    asks = {"msteams": {"type": "task/fetch"}, WORKING: message, "page": 1}
    return [{"type": "ActionSet", "actions": [_submit(title, asks)]}]


def working_page(facts: Sequence[Fact], message: str, page: int) -> dict[str, Any]:
    """What answers `task/fetch`, and then each press of Next and Back: a page of the facts (from 1)."""
    pages = grouped(_lines(facts), _PAGE) or [paragraphs((Run("No facts are kept for this answer."),))]
    shown = min(max(page, 1), len(pages))
    where = paragraphs((Run(f"Page {shown} of {len(pages)}"),), SMALL) if len(pages) > 1 else []
    turns = [("Back", shown - 1)] * (shown > 1) + [("Next", shown + 1)] * (shown < len(pages))
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "fallbackText": f"{TITLE}: this needs a newer Teams client.",
        "body": [*where, *pages[shown - 1]],
        "actions": [_submit(label, {WORKING: message, "page": to}) for label, to in turns],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"title": TITLE, "height": "large", "width": "large", "card": content}


def working_reply(facts: Sequence[Fact]) -> Reply:
    """The same in messages, for a client that opens no dialogs."""
    named = zip(names_of_facts(facts), facts, strict=True)
    items = tuple((*_said(name, fact), ", as of ", Moment(fact.as_of)) for name, fact in named)
    return Reply(text=TITLE, cards=(Card(TITLE, (Bullets(items),)),))


def _submit(title: str, data: dict[str, Any]) -> Element:
    return {"type": "Action.Submit", "title": title, "data": data}


def _fold(title: str, lines: list[Element]) -> Element:
    hidden = "working"
    unfold = {"type": "Action.ToggleVisibility", "title": title, "targetElements": [hidden]}
    return {
        "type": "Container",
        "items": [
            {"type": "ActionSet", "actions": [unfold]},
            {"type": "Container", "id": hidden, "isVisible": False, "items": lines},
        ],
    }


def _lines(facts: Sequence[Fact]) -> list[Element]:
    """One line a fact; a time that all share is said once, above them."""
    shared = _shared_time(facts)
    above: tuple[Inline, ...] = ("As of ", Moment(shared), ":") if shared else ()
    lines = paragraphs(runs_of(above, None), SMALL)
    for name, fact in zip(names_of_facts(facts), facts, strict=True):
        at: tuple[Inline, ...] = () if shared else (", as of ", Moment(fact.as_of))
        lines += paragraphs(runs_of((*_said(name, fact), *at), None), SMALL, "Small")
    return lines


def _shared_time(facts: Sequence[Fact]) -> datetime | None:
    times = {fact.as_of for fact in facts}
    return times.pop() if len(times) == 1 and len(facts) > 1 else None


def _said(name: str, fact: Fact) -> tuple[Inline, ...]:
    value = f"{fact_value(fact.value)} {fact.unit}".rstrip()
    inputs = f", from {', '.join(fact.source.inputs)}" if fact.source.inputs else ""
    return (Bold(name), f": {value}. Where from: {fact.source.kind}, {fact.source.detail}{inputs}")
