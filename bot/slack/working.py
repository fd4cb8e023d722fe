"""The facts behind an answer: a few are listed below it, more are opened with "Show working"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.platforms.fact_words import fact_value
from bot.slack.card_blocks import small_blocks
from bot.slack.limits import Json
from bot.slack.rich_text import elements, lists
from bot.slack.texts import in_utc, plain
from governance.facts import Fact, names_of_facts
from handlers.conversation.cards import Bold, Inline, Moment

SHOW_WORKING = "working"
"""The `action_id` of the button that opens `working_modal` for the message it stands in."""

_FEW = 5
_TITLE = "How this was worked out"


def working_blocks(facts: Sequence[Fact]) -> list[Json]:
    """What stands below an answer for the facts behind it; nothing if there are none."""
    if len(facts) > _FEW:
        label = plain(f"Show working ({len(facts)} facts)")
        return [{"type": "actions", "elements": [{"type": "button", "text": label, "action_id": SHOW_WORKING}]}]
    if not facts:
        return []
    together = _time_of_all(facts)
    heading: tuple[Inline, ...] = (f"{_TITLE}, as of ", Moment(together)) if together else (_TITLE,)
    named = zip(names_of_facts(facts), facts, strict=True)
    lines = [f"{_said(name, fact)} ({_source(fact)}{'' if together else _as_of(fact)})" for name, fact in named]
    return [*small_blocks(heading, None), *small_blocks(("\n".join(lines),), None)]


def working_modal(facts: Sequence[Fact]) -> Json:
    """All facts behind an answer, each with its source and time; without any, it says so."""
    items = [
        elements((Bold(_said(name, fact)), f"\n{_source(fact)}, as of ", Moment(fact.as_of)), None)
        for name, fact in zip(names_of_facts(facts), facts, strict=True)
    ]
    return {
        "type": "modal",
        "title": plain(_TITLE),
        "close": plain("Close"),
        "blocks": lists(items, numbered=False) or small_blocks(("No facts are kept for this answer.",), None),
    }


def _time_of_all(facts: Sequence[Fact]) -> datetime | None:
    times = {fact.as_of for fact in facts}
    return times.pop() if len(times) == 1 else None


def _as_of(fact: Fact) -> str:
    return f", as of {in_utc(fact.as_of)}"


def _said(name: str, fact: Fact) -> str:
    return f"{name}: {fact_value(fact.value)} {fact.unit}".rstrip()


def _source(fact: Fact) -> str:
    inputs = f", from {', '.join(fact.source.inputs)}" if fact.source.inputs else ""
    return f"{fact.source.kind}: {fact.source.detail}{inputs}"
