"""The inbox: stored once, cleaned, queued one at a time per thread, except for clicks and halting words."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from bot.inbox import CLICK_PRIORITY, HALT_PRIORITY, LONGEST_TEXT, clean, store_click, store_words
from bot.tables import InboxRow
from governance.places import Audience, Place
from storage.database import Database

PLACE = Place("console", "engineering", "cm_1", Audience.DEPARTMENT)


async def _say(
    database: Database, tenant: str, key: str, words: str = "hello", place: Place = PLACE
) -> str | None:
    async with database.transaction(tenant) as tx:
        return await store_words(
            tx, platform="console", key=key, identity="console:david", place=place, text=words
        )


async def _jobs(database: Database, tenant: str) -> list[Mapping[str, Any]]:
    query = "SELECT lock, priority, args FROM procrastinate_jobs WHERE args->>'tenant' = :t ORDER BY id"
    async with database.untenanted() as tx:
        return [dict(row) for row in (await tx.execute(text(query), {"t": tenant})).mappings()]


async def test_a_repeated_event_does_nothing(database: Database, tenant: str) -> None:
    first = await _say(database, tenant, "ev1", "the first words")
    assert first is not None
    assert await _say(database, tenant, "ev1", "other words") is None
    async with database.transaction(tenant) as tx:
        (row,) = (await tx.execute(select(InboxRow))).scalars().all()
    assert (row.id, row.what["text"]) == (first, "the first words")
    assert len(await _jobs(database, tenant)) == 1


async def test_twenty_deliveries_at_once_are_one(database: Database, tenant: str) -> None:
    turns = await asyncio.gather(*(_say(database, tenant, "ev1") for _ in range(20)))
    assert len([turn for turn in turns if turn is not None]) == 1
    assert len(await _jobs(database, tenant)) == 1


async def test_the_same_key_of_another_platform_or_tenant_is_another_event(
    database: Database, tenant: str
) -> None:
    assert await _say(database, tenant, "ev1")
    async with database.transaction(tenant) as tx:
        assert await store_words(tx, platform="slack", key="ev1", identity="slack:u", place=PLACE, text="hello")
    other = f"{tenant}-other"
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:t, :t)"), {"t": other})
    assert await _say(database, other, "ev1")


async def test_what_is_rolled_back_is_neither_stored_nor_queued(database: Database, tenant: str) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction(tenant) as tx:
            await store_words(tx, platform="console", key="ev1", identity="i", place=PLACE, text="hello")
            raise RuntimeError("the plug is pulled")
    assert await _jobs(database, tenant) == []
    assert await _say(database, tenant, "ev1")


async def test_turns_of_a_thread_wait_for_each_other_and_clicks_and_halts_for_nobody(
    database: Database, tenant: str
) -> None:
    other = Place("console", "engineering", "cm_2", Audience.DEPARTMENT)
    await _say(database, tenant, "1", "status")
    await _say(database, tenant, "2", "plan")
    await _say(database, tenant, "3", "status", other)
    await _say(database, tenant, "4", "Please STOP everything")
    await _say(database, tenant, "5", "emergency: halt all agents")
    await _say(database, tenant, "6", "ha\u200blt all agents\u202e")
    async with database.transaction(tenant) as tx:
        await store_click(
            tx, platform="console", key="7", identity="console:david", place=PLACE, token="b_1", values={}
        )
    jobs = await _jobs(database, tenant)
    here, there = f"{tenant}/turn:{PLACE.key}", f"{tenant}/turn:{other.key}"
    assert [job["lock"] for job in jobs] == [here, here, there, None, None, None, None]
    assert [job["priority"] for job in jobs] == [0, 0, 0, *[HALT_PRIORITY] * 3, CLICK_PRIORITY]


async def test_what_one_person_says_directly_is_answered_in_order_whatever_the_thread(
    database: Database, tenant: str
) -> None:
    first, second = (Place("slack", "T0/D1", ts, Audience.DIRECT) for ts in ("1.1", "1.2"))
    for number, place in enumerate((first, second, replace(first, channel="T0/D2"))):
        await _say(database, tenant, str(number), "status", place)
    locks = [job["lock"] for job in await _jobs(database, tenant)]
    assert locks == [f"{tenant}/turn:slack:T0/D{number}" for number in (1, 1, 2)]


HOSTILE = {
    "control characters": ("a\x00b\x07c\x1b[31md", "abc[31md"),
    "direction overrides": ("pay \u202e0001$\u202c now \u2066x\u2069", "pay 0001$ now x"),
    "zero width": ("a\u200bp\u200dp\ufeffrove", "approve"),
    "lone surrogates": ("a\ud800b", "ab"),
    "tag characters": ("hi\U000e0041\U000e0042", "hi"),
    "line breaks stay": ("one\n\ttwo\r\n", "one\n\ttwo"),
    "letters of all scripts stay": ("日本語 العربية 🦊 é", "日本語 العربية 🦊 é"),
    "SQL is text": ("'; DROP TABLE inbox; --", "'; DROP TABLE inbox; --"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_text_is_stored_clean(database: Database, tenant: str, name: str) -> None:
    said, expected = HOSTILE[name]
    assert clean(said) == expected
    turn = await _say(database, tenant, "ev1", said)
    async with database.transaction(tenant) as tx:
        row = (await tx.execute(select(InboxRow).where(InboxRow.id == turn))).scalar_one()
    assert row.what["text"] == expected
    assert not any(unicodedata.category(c) in ("Cf", "Cs", "Co") for c in row.what["text"])


async def test_a_megabyte_is_bounded(database: Database, tenant: str) -> None:
    assert await _say(database, tenant, "ev1", "word " * 200_000)
    assert await _say(database, tenant, "ev2", "\u202e" * 1_000_000)
    async with database.transaction(tenant) as tx:
        longest = (await tx.execute(select(func.max(func.length(InboxRow.what["text"].astext))))).scalar_one()
        cut = (
            await tx.execute(select(InboxRow.what["cut_from"].as_integer()).order_by(InboxRow.key))
        ).scalars()
        assert list(cut) == [1_000_000, 1_000_000], "whoever answers it knows that it was not read whole"
    assert LONGEST_TEXT - 10 < longest <= LONGEST_TEXT
