"""The console keeps messages like a chat platform does: once, in order, editable."""

from __future__ import annotations

import json

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.adapter import NEWS, ConsoleAdapter
from bot.platforms.adapter import PostFailed
from bot.tables import ConsoleMessageRow
from bot.wire import reply_from_json
from governance.people import Person, Role
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.bot.console.sample_cards import approved_reply, plan_reply

PLACE = Place("console", "product", "cm_1", Audience.DEPARTMENT)
DAVID = Person("t", "david", "David", frozenset({Role.PRODUCT_OWNER}))


async def _post(tx: AsyncSession, reply: Reply, *, edits: str | None = None, key: str) -> str:
    return await ConsoleAdapter().post(tx, PLACE, reply, edits=edits, key=key, again=False)


async def test_a_reply_is_kept_whole(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        message = await _post(tx, plan_reply(), key="ou_1")
    async with database.transaction(tenant) as tx:
        row = (await tx.execute(select(ConsoleMessageRow))).scalar_one()
    assert row.id == message
    assert (row.channel, row.thread, row.author) == ("product", "cm_1", "countersign")
    assert row.reply is not None
    kept = reply_from_json(row.reply)
    assert kept.cards == plan_reply().cards
    assert [fact.name for fact in kept.facts] == [fact.name for fact in plan_reply().facts]


async def test_the_same_key_posts_once(database: Database, tenant: str) -> None:
    posted = []
    for _ in range(2):
        async with database.transaction(tenant) as tx:
            posted.append(await _post(tx, Reply("Done"), key="ou_1"))
    async with database.transaction(tenant) as tx:
        count = (await tx.execute(select(func.count()).select_from(ConsoleMessageRow))).scalar_one()
    assert posted[0] == posted[1]
    assert count == 1


async def test_an_edit_takes_the_message_s_place(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        message = await _post(tx, plan_reply(), key="ou_1")
    async with database.transaction(tenant) as tx:
        edited = await _post(tx, approved_reply("David"), edits=message, key="ou_2")
    async with database.transaction(tenant) as tx:
        row = (await tx.execute(select(ConsoleMessageRow))).scalar_one()
    assert edited == message
    assert row.text_ == "David approved the plan."
    assert row.edited is not None
    assert row.edited >= row.created


async def test_what_is_not_there_cannot_be_edited_ever(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        with pytest.raises(PostFailed) as failed:
            await _post(tx, Reply("Done"), edits="cm_gone", key="ou_1")
    assert failed.value.retry_after is None


async def test_committing_announces_the_message_and_nothing_of_what_it_says(
    database: Database, tenant: str, server: EmbeddedServer
) -> None:
    async with await psycopg.AsyncConnection.connect(server.app_url, autocommit=True) as hearing:
        await hearing.execute(f"LISTEN {NEWS}")
        async with database.transaction(tenant) as tx:
            message = await _post(tx, Reply("A secret"), key="ou_1")
        heard = [news.payload async for news in hearing.notifies(timeout=5, stop_after=1)]
    expected = {"tenant": tenant, "channel": "product", "thread": "cm_1", "message": message}
    assert [json.loads(payload) for payload in heard] == [expected]


async def test_direct_messages_open_a_thread_each(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        first = await ConsoleAdapter().direct(tx, DAVID)
        second = await ConsoleAdapter().direct(tx, DAVID)
        left = Person("t", "eve", "Eve", frozenset(), active=False)
        nobody = await ConsoleAdapter().direct(tx, left)
    assert first is not None
    assert second is not None
    assert (first.channel, first.audience) == ("dm-david", Audience.DIRECT)
    assert first.thread != second.thread
    assert nobody is None


async def test_another_company_sees_none_of_it(database: Database, tenant: str, company: str) -> None:
    async with database.transaction(tenant) as tx:
        message = await _post(tx, Reply("Ours"), key="ou_1")
    async with database.untenanted() as tx:
        assert (await tx.execute(select(ConsoleMessageRow))).first() is None
    async with database.transaction(f"{tenant}x") as tx:
        with pytest.raises(PostFailed):
            await _post(tx, Reply("Theirs"), edits=message, key="ou_2")
