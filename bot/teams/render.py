"""From replies to Teams messages: Adaptive Cards 1.5, each within the size that Teams takes, with their facts.

What does not fit goes on in the next message; nothing is left out. A card that is refreshed for the people
looking at it has room for that on top of the budget kept here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.platforms.fact_words import fact_value
from bot.teams.cards import elements
from bot.teams.packing import BUDGET, ELEMENT, cut, grouped, shortened, wire_size
from bot.teams.rich_text import SMALL, Element, Run, inert, inert_line, paragraphs, runs_of
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


_TITLE = 120
"""Characters of a heading; a longer title stands in full below its heading."""

_SUMMARY = 200
"""Characters of a notification; the whole text is in the message."""

_PART = 40
"""Characters that tell which part of how many a message is."""

_TONES = {
    "good": ("good", "Done"),
    "warning": ("warning", "Attention"),
    "bad": ("attention", "Problem"),
    "waiting": ("accent", "Waiting"),
}


@dataclass(frozen=True, slots=True)
class TeamsMessage:
    """One message to post. `summary` is what its notification says.

    `text` is plain (`textFormat`: `plain`) and empty where `card` says it, in its `fallbackText` too.
    """

    text: str
    card: dict[str, Any] | None
    summary: str


@dataclass(frozen=True, slots=True)
class _Section:
    """What a card of ours shows, under its heading."""

    title: str
    tone: str
    elements: Sequence[Element]

    def heading(self, *, goes_on: bool) -> list[Element]:
        if not self.title:
            return []
        return [_heading(self.title + (" (continued)" if goes_on else ""), self.tone)]

    def first(self) -> list[Element]:
        """What stays together at the top: the heading and the first of what it is the heading of."""
        return [*self.heading(goes_on=False), *self.elements[:1]]


def render(reply: Reply, *, public_url: str | None, kept: str = "") -> tuple[TeamsMessage, ...]:
    """The messages that say a reply, in order.

    Links to our own pages lead to `public_url`; without it their words stand alone, and charts and
    files are described. `kept` is the id under which the reply is kept: its facts are asked for by it.
    """
    if not reply.cards and not reply.facts:
        return _texts(reply.text)
    sections = [_section(card, public_url) for card in reply.cards]
    if not sections:
        sections.append(_Section("", "plain", paragraphs((Run(reply.text),))))
    facts = working(reply.facts, kept)
    if facts:
        last = sections.pop()
        sections.append(_Section(last.title, last.tone, (*last.elements, *facts)))
    said = reply.text.strip() or "; ".join(card.title for card in reply.cards)
    # A text with no room behind a card goes before it, whole.
    before = _texts(said) if wire_size(said) > ELEMENT else ()
    behind = shortened(said, _SUMMARY) if before else said
    bodies = _packed(sections, BUDGET - wire_size(_card(behind, [])) - _PART)
    return (*before, *_messages(behind, bodies)) if bodies else _texts(said)


def _texts(text: str) -> tuple[TeamsMessage, ...]:
    pieces = filter(str.strip, cut(text, BUDGET - 2))
    return tuple(TeamsMessage(piece, None, shortened(piece, _SUMMARY)) for piece in pieces)


def _section(card: Card, public_url: str | None) -> _Section:
    title = shortened(card.title, _TITLE)
    in_full = paragraphs((Run(card.title, bold=True),)) if title != " ".join(card.title.split()) else []
    shown = [element for block in card.blocks for element in elements(block, public_url)]
    return _Section(title, card.tone, (*in_full, *shown))


def _heading(title: str, tone: str) -> Element:
    """A heading that screen readers find as such. Its tone stands above it in words."""
    heading: Element = {
        "type": "TextBlock",
        "style": "heading",
        "size": "Large",
        "weight": "Bolder",
        "text": inert_line(inert(title)),
        "wrap": True,
    }
    if tone not in _TONES:
        return heading
    style, words = _TONES[tone]
    said: Element = {"type": "TextBlock", "size": "Small", "weight": "Bolder", "text": words, "wrap": True}
    items = [said, heading | {"spacing": "None"}]
    return {"type": "Container", "style": style, "bleed": True, "items": items}


def _packed(sections: Iterable[_Section], room: int) -> list[list[Element]]:
    """The sections as the bodies of as few cards as hold them, each whole in one card if it can be."""
    bodies: list[list[Element]] = []
    left = 0
    for section in filter(_Section.first, sections):
        first, others = section.first(), section.elements[1:]
        apart = [first[0] | {"separator": True, "spacing": "Large"}, *first[1:]]
        whole = _size(apart) + _size(others)
        if bodies and (whole <= left or (whole > room and _size(apart) <= left)):
            first = apart
        else:
            bodies.append([])
            left = room
        bodies[-1] += first
        left -= _size(first)
        for element in others:
            if _size([element]) > left:
                bodies.append(section.heading(goes_on=True))
                left = room - _size(bodies[-1])
            bodies[-1].append(element)
            left -= _size([element])
    return bodies


def _size(body: Iterable[Element]) -> int:
    return sum(wire_size(element) + 2 for element in body)


def _messages(said: str, bodies: Sequence[list[Element]]) -> tuple[TeamsMessage, ...]:
    made = []
    for number, body in enumerate(bodies, 1):
        part = f"Part {number} of {len(bodies)}: {shortened(said, _SUMMARY)}" if number > 1 else said
        made.append(TeamsMessage("", _card(part, body), shortened(part, _SUMMARY)))
    return tuple(made)


def _card(said: str, body: list[Element]) -> dict[str, Any]:
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "fallbackText": said,
        "msteams": {"width": "full"},
        "body": body,
    }
