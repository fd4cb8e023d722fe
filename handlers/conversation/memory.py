"""A thread's memory: what was asked there last, and what "it" means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.conversation.tables import ThreadRow


@dataclass(slots=True)
class Memory:
    """One thread's memory during a turn. `topic` holds ids by kind: `plan`, `approval`, `story`, ….

    Whatever a handler leaves in it is stored with the turn.
    """

    key: str
    intent: str | None = None
    topic: dict[str, str] = field(default_factory=dict)

    def about(self, **ids: str) -> None:
        """From now on, "it" in this thread means these."""
        self.topic.update(ids)


async def recall(tx: AsyncSession, key: str) -> Memory:
    """The memory of a thread; empty for a new one."""
    query = select(ThreadRow.intent, ThreadRow.topic).where(ThreadRow.key == key)
    row = (await tx.execute(query)).one_or_none()
    return Memory(key) if row is None else Memory(key, row.intent, dict(row.topic))


async def keep(tx: AsyncSession, memory: Memory) -> None:
    """Store a thread's memory."""
    await put_topic(tx, memory.key, memory.topic, intent=memory.intent)


async def put_topic(tx: AsyncSession, key: str, topic: Mapping[str, str], *, intent: str | None = None) -> None:
    """Add to what a thread is about, from outside a turn (a notice that was posted there)."""
    row = insert(ThreadRow).values(key=key, intent=intent, topic=dict(topic))
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["tenant", "key"],
            set_={
                "topic": ThreadRow.topic.op("||")(row.excluded.topic),
                "intent": func.coalesce(row.excluded.intent, ThreadRow.intent),
                "changed": func.now(),
            },
        )
    )
