"""The whole plan as a file, where no link can lead to it: without an address nobody reaches the dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans.rows import NoSuchPlan, draft_of, plan_by_id
from bot.tables import FileRow
from governance.department_rows import read_department
from governance.visibility import EVERYTHING, Scope
from handlers.conversation.cards import Bullets, Card, File, Inline, Link, Small, Text
from handlers.delivery.plans.document import plan_document
from handlers.delivery.plans.formats import dashboard

_SCOPE: TypeAdapter[Scope] = TypeAdapter(Scope)
_PLAN = re.compile(re.escape(dashboard("")) + r"(?P<id>\w+)")
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+")


async def plan_files(tx: AsyncSession, cards: Iterable[Card]) -> tuple[File, ...]:
    """The plans that these cards link to, each as a stored file: one for each version, whoever links to it."""
    plans = dict.fromkeys(found["id"] for link in _links(cards) if (found := _PLAN.fullmatch(link.target)))
    made = [await _plan_file(tx, plan) for plan in plans]
    return tuple(file for file in made if file is not None)


async def _plan_file(tx: AsyncSession, plan_id: str) -> File | None:
    try:
        plan = await plan_by_id(tx, plan_id)
    except NoSuchPlan:
        return None
    draft = draft_of(plan)
    if draft is None:
        return None
    file = f"fi_{plan.id}_{plan.version}"
    name = _NOT_IN_A_NAME.sub("-", f"{plan.document}-plan-{plan.version}.md")
    row = insert(FileRow).values(
        id=file,
        name=name,
        media_type="text/markdown",
        content=plan_document(draft, await read_department(tx)).encode(),
        scope=_SCOPE.dump_python(EVERYTHING, mode="json"),
    )
    await tx.execute(row.on_conflict_do_nothing())
    return File(file, name, f"The whole plan “{plan.title}”")


def _links(cards: Iterable[Card]) -> Iterator[Link]:
    for card in cards:
        for block in card.blocks:
            lines: tuple[tuple[Inline, ...], ...] = ()
            if isinstance(block, Text | Small):
                lines = (block.parts,)
            elif isinstance(block, Bullets):
                lines = block.items
            yield from (part for line in lines for part in line if isinstance(part, Link))
