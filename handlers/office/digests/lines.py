"""Lists of stories and plans in digests: a few of them, the rest counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from governance.facts import Fact, FactValue, Source
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Code, Inline, Moment, Small, Text
from handlers.conversation.desk import Desk
from handlers.delivery.plans.words import team_name
from handlers.delivery.whereabouts.words import reason_text
from integrations.tracker import Story

MOST = 5
"""Of a longer list this many are named."""

Line = tuple[Inline, ...]


def section(title: str, lines: Sequence[Line], count: int | None = None) -> list[Block]:
    """A heading and its list; nothing for an empty one. `count` is how many there are in all."""
    if not lines:
        return []
    more = (len(lines) if count is None else count) - len(lines[:MOST])
    shown = [*lines[:MOST], *([(f"and {more} more",)] if more > 0 else [])]
    return [Text((Bold(title),)), Bullets(tuple(shown))]


def story_section(title: str, stories: Sequence[Story], line: Callable[[Story], Line]) -> list[Block]:
    """The first stories of a list."""
    return section(title, [line(story) for story in stories[:MOST]], len(stories))


def story_line(desk: Desk, story: Story) -> Line:
    """`ABC-3 Refund ledger (Team Alpha)`."""
    return (Code(story.id), f" {story.title} ({team_name(desk.department, story.team)})")


def blocked_line(desk: Desk, story: Story, *, new: bool) -> Line:
    """A blocked story with why."""
    since = " New." if new else ""
    return (*story_line(desk, story), f": {reason_text(story.blocked_reason)}{since}")


def blocked_text(called: str, story: Story) -> str:
    """`ABC-3 (the bank has not answered)`, for plain text."""
    return f"{called} ({reason_text(story.blocked_reason).rstrip('.')})"


def facts(
    desk: Desk, kind: str, source: Source, values: Sequence[tuple[str, str, FactValue, str]]
) -> tuple[Fact, ...]:
    """A digest's figures, from (id, name, value, unit)."""
    return tuple(Fact(f"{kind}.{id}", name, value, unit, desk.now, source) for id, name, value, unit in values)


def ending(since: datetime, *, waits: bool, personal: bool) -> list[Block]:
    """The buttons at the end, and how it was worked out."""
    buttons = [Button("What runs now?", "ask", "status what runs now?")]
    if waits:
        buttons.insert(0, Button("What waits for my approval?", "ask", "approvals what waits for me?"))
    if personal:
        buttons.append(Button("Change my summaries", "ask", "digest settings"))
    how = ("Since ", Moment(since), ", from the tracker and the record; worked out without a model.")
    return [Buttons(tuple(buttons)), Small(how)]
