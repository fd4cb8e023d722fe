"""A department with the embedded platform, talked to as people do: what scenarios of operations share."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select, text

from bot import inbox
from bot.bootstrap import open_installation
from bot.conversation import Conversation
from bot.department import Installation
from bot.tables import ButtonRow, OutboxRow
from bot.turn_result import Answered, read_answer
from bot.wire import place_from_json
from integrations.deployments import Deployments, Stage, Status, Target
from storage.embedded import EmbeddedServer
from tests.integrations.local_platform import gone, keepers
from tests.workplace import Deaf, settings_of

ORDERS = Target("orders", Stage.PRODUCTION)
PATIENCE_SECONDS = 220


@dataclass(frozen=True)
class Operations:
    """A conversation with a department at work, its rows and its platform."""

    installation: Installation
    chat: Conversation

    @property
    def tenant(self) -> str:
        return self.installation.settings.tenant

    @property
    def port(self) -> Deployments:
        return self.installation.ports(self.tenant).deployments

    async def say(self, who: str, words: str, thread: str | None = None) -> Answered:
        return await self.chat.say(who, words, None, thread)

    async def press(self, who: str, verb: str, subject: str) -> Answered:
        """Press the button of this verb about this subject that was shown last."""
        async with self.installation.database.transaction(self.tenant) as tx:
            query = select(ButtonRow, OutboxRow).join(OutboxRow, OutboxRow.id == ButtonRow.outbox)
            shown = query.where(ButtonRow.verb == verb, ButtonRow.subject == subject)
            button, card = (await tx.execute(shown.order_by(OutboxRow.number.desc()).limit(1))).one()
            turn = await inbox.store_click(
                tx,
                platform="console",
                key=str(uuid4()),
                identity=f"console:{who}",
                place=place_from_json(card.place),
                token=button.token,
                values={},
            )
        assert turn is not None
        await self.until(f"SELECT state FROM inbox WHERE id = '{turn}'", lambda rows: rows[0].state != "stored")
        async with self.installation.database.transaction(self.tenant) as tx:
            return await read_answer(tx, turn)

    async def rows(self, query: str) -> list[Any]:
        async with self.installation.database.transaction(self.tenant) as tx:
            return list(await tx.execute(text(query)))

    async def until(self, query: str, wanted: Callable[[list[Any]], Any]) -> list[Any]:
        """What a query finds once it is what is wanted."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not wanted(found := await self.rows(query)):  # noqa: ASYNC110 — the rows tell nobody
                await asyncio.sleep(0.1)
            return found

    async def until_status(
        self, wanted: Callable[[Status], Any], target: Target = ORDERS, seconds: float | None = None
    ) -> Status:
        """What runs at a target once it is what is wanted."""
        async with asyncio.timeout(PATIENCE_SECONDS if seconds is None else seconds):
            while not wanted(status := await self.port.status(target)):  # noqa: ASYNC110 — nobody tells
                await asyncio.sleep(0.2)
            return status

    async def runs(self, version: str) -> Status:
        """Once this version of orders runs in production."""
        return await self.until_status(
            lambda found: found.stable is not None and found.stable.version == version
        )

    async def shows(self, words: str) -> str:
        """The newest card of a run, once it has these words."""
        query = "SELECT reply FROM outbox WHERE key LIKE 'run:%' ORDER BY number DESC LIMIT 1"
        (row,) = await self.until(query, lambda rows: rows and words in str(rows[0][0]))
        return str(row[0])

    async def asked_and_approved(self, words: str) -> str:
        """Nathan asks, and Amanda approves. Returns the card that asked her."""
        asked = await self.say("nathan", words)
        assert asked.approvals, asked.as_text()
        await self.chat.decide("amanda", asked.approvals[0]["id"], "approve", {})
        return str(asked.cards)


@asynccontextmanager
async def operations(
    server: EmbeddedServer,
    folder: Path,
    department: Path,
    prepare: Callable[[Installation], None] = lambda _installation: None,
    **settings: Any,
) -> AsyncIterator[Operations]:
    """A department of this folder, with its keeper ended at the end; `prepare` changes what it opened."""
    installation = await open_installation(settings_of(server, folder, department=department, **settings))
    installation.__dict__["recogniser"] = Deaf()
    prepare(installation)
    async with Conversation(installation) as chat:
        yield Operations(installation, chat)
    for pid in keepers(folder):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)
