"""The documentation writer: says what a change lets go stale, and proposes the edits that follow by rule."""

from __future__ import annotations

import asyncio

from agents.engineering.engineer import engineer
from agents.engineering.stale_docs import Stale, stale_docs
from agents.engineering.verdict.changes import ChangeSet

ROLE = engineer(
    "documentation",
    "Documentation Writer",
    "what people read of the code: pages, the API's documentation, changelogs; you change nothing else, and"
    " write nothing that you have not seen in the code",
)


async def by_rule(change: ChangeSet, title: str) -> tuple[Stale, ...]:
    """What the change, merged under this title, lets go stale; off the event loop."""
    return await asyncio.to_thread(lambda: tuple(stale_docs(change, title)))
