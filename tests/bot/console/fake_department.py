"""A department with a script instead of agents: it answers whatever the inbox stores, through the outbox."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.adapter import ConsoleAdapter
from bot.outbox import post_thread, put
from bot.tables import ButtonRow, InboxRow
from bot.wire import place_from_json
from governance.department import Department
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.tables import ApprovalRow
from handlers.conversation.cards import Card, Reply, Text
from storage.database import Database
from tests.bot.console.sample_cards import approved_reply, plan_reply, refused_reply
from tests.bot.console.sample_rows import add_approval

ACME = Path("examples/acme/department.yaml")


def acme() -> Department:
    """The sample department."""
    return read_department(ACME)


async def move_in(database: Database, tenant: str, department: Department) -> None:
    """Store the department."""
    async with database.transaction(tenant) as tx:
        await open_department(tx, department)


class FakeDepartment:
    """Answers stored turns one after the other; `pressed` keeps what buttons brought."""

    def __init__(
        self, database: Database, tenant: str, *, seconds: float = 0.0, chart: str | None = None
    ) -> None:
        self._database, self._tenant, self._seconds, self._chart = database, tenant, seconds, chart
        self.pressed: list[tuple[str, dict[str, object]]] = []

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            if not await self.answer_next():
                await asyncio.sleep(0.05)

    async def answer_next(self) -> bool:
        """Answer the oldest stored turn. False if there is none."""
        async with self._database.transaction(self._tenant) as tx:
            waiting = select(InboxRow).where(InboxRow.state == "stored").order_by(InboxRow.received).limit(1)
            turn = (await tx.execute(waiting)).scalar()
        if turn is None:
            return False
        await asyncio.sleep(self._seconds)
        async with self._database.transaction(self._tenant) as tx:
            row = (await tx.execute(select(InboxRow).where(InboxRow.id == turn.id))).scalar_one()
            place = place_from_json(row.place)
            await put(tx, place, await self._reply(tx, row), turn=row.id)
            row.state, row.finished = "done", datetime.now(UTC)
        await post_thread(self._database, self._tenant, place.key, {"console": ConsoleAdapter()})
        return True

    async def _open_approval(self, tx: AsyncSession) -> None:
        """What the plan's buttons are about, once."""
        known = await tx.execute(select(ApprovalRow.id).where(ApprovalRow.id == "ap_1"))
        if known.scalar() is None:
            ask: dict[str, Any] = {"asked": ("david",), "roles": ("product_owner",)}
            add_approval(tx, "ap_1", "Carry out the plan", requester="amanda", **ask)

    async def _reply(self, tx, row: InboxRow) -> Reply:  # type: ignore[no-untyped-def]
        who = row.identity.removeprefix("console:")
        if row.what["kind"] == "clicked":
            button = (
                await tx.execute(select(ButtonRow).where(ButtonRow.token == row.what["token"]))
            ).scalar_one()
            self.pressed.append((button.verb, row.what["values"]))
            if button.verb == "modify":
                return plan_reply(self._chart)
            return approved_reply(who.title())
        if "build" in row.what["text"].lower():
            if who != "david":
                return refused_reply(who.title())
            await self._open_approval(tx)
            return plan_reply(self._chart)
        return Reply("I heard you.", (Card("Heard", (Text((row.what["text"],)),)),))
