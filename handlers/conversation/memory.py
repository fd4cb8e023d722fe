"""A thread's memory: what was asked there last, and what "it" means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.conversation.cards import Reply
from storage import direct

_LONGEST_ANSWER = 1500
"""Characters of an answer that are kept."""

_RECALL = "SELECT intent, topic FROM threads WHERE key = %(key)s"

_KEEP = """
    INSERT INTO threads (key, intent, topic) VALUES (%(key)s, %(intent)s, %(topic)s)
    ON CONFLICT (tenant, key) DO UPDATE SET
        topic = threads.topic || excluded.topic, intent = coalesce(excluded.intent, threads.intent),
        changed = now()
"""


@dataclass(slots=True)
class Memory:
    """One thread's memory during a turn. `topic` holds ids by kind: `plan`, `approval`, `story`, ….

    Whatever a handler leaves in it is stored with the turn.
    """

    key: str
    intent: str | None = None
    topic: dict[str, str] = field(default_factory=dict)

    def answered(self, replies: Sequence[Reply]) -> None:
        """Remember the last answer in its words, for whoever asks what was meant. What not everybody in the
        thread may read is not kept."""
        if replies and not any(reply.personal or reply.restricted or reply.aside for reply in replies):
            self.topic["answer"] = replies[-1].text[:_LONGEST_ANSWER]
        else:
            self.topic.pop("answer", None)

    def about(self, **ids: str) -> None:
        """From now on, "it" in this thread means these."""
        self.topic.update(ids)


async def recall(tx: AsyncSession, key: str) -> Memory:
    """The memory of a thread; empty for a new one."""
    return await direct.answer(tx, recalled(key))


def recalled(key: str) -> direct.Query[Memory]:
    """The query of `recall`."""
    return direct.Query(_RECALL, {"key": key}, lambda rows: Memory(key, *rows[0]) if rows else Memory(key))


async def keep(tx: AsyncSession, memory: Memory) -> None:
    """Store a thread's memory."""
    await put_topic(tx, memory.key, memory.topic, intent=memory.intent)


async def put_topic(tx: AsyncSession, key: str, topic: Mapping[str, str], *, intent: str | None = None) -> None:
    """Add to what a thread is about, from outside a turn (a notice that was posted there)."""
    await direct.run(tx, _KEEP, {"key": key, "intent": intent, "topic": direct.Jsonb(dict(topic))})
