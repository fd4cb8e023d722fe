"""Nothing is waited for in a transaction: it is looked up before, once, and the act begins again."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database, atomically, holds_transaction
from storage.look import Away, Look, NotLooked, act, look_of
from storage.savepoints import is_refused_write

MAKE = text("INSERT INTO threads (key, intent, topic) VALUES (:key, NULL, '{}')")
KEYS = text("SELECT key FROM threads ORDER BY key")


class World:
    """Somebody outside, who counts how often they are asked and notices whether a transaction is open."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.held: list[bool] = []

    async def answer(self, what: str) -> str:
        await asyncio.sleep(0)
        self.asked.append(what)
        self.held.append(holds_transaction())
        if what == "nothing":
            raise LookupError("there is no such thing")
        return what.upper()

    async def ask(self, tx: AsyncSession, what: str) -> str:
        return await look_of(tx).at(("world", what), "The world", lambda: self.answer(what))


async def _keys(database: Database, tenant: str) -> list[str]:
    async with database.transaction(tenant) as tx:
        return list((await tx.execute(KEYS)).scalars())


async def test_what_an_act_wants_is_looked_up_once_each_and_never_in_a_transaction(
    database: Database, tenant: str
) -> None:
    world = World()
    begun = 0

    async def doing(tx: AsyncSession) -> list[str]:
        nonlocal begun
        begun += 1
        seen = [await world.ask(tx, what) for what in ("one", "two", "one", "three")]
        await tx.execute(MAKE, {"key": "t"})
        return [*seen, await world.ask(tx, "four")]

    assert await act(database, tenant, Look(), doing) == ["ONE", "TWO", "ONE", "THREE", "FOUR"]
    assert world.asked == ["one", "two", "three", "four"]
    assert world.held == [False] * 4
    assert await _keys(database, tenant) == ["t"], "what was changed before it began again is changed once"
    assert begun == 4, (
        "at first, the rehearsal, then once for what was wanted after the first change, and in earnest"
    )


async def test_an_act_that_asks_nobody_is_done_at_once(database: Database, tenant: str) -> None:
    begun = 0

    async def doing(tx: AsyncSession) -> None:
        nonlocal begun
        begun += 1
        await tx.execute(MAKE, {"key": "t"})

    await act(database, tenant, Look(), doing)
    assert begun == 1


async def test_who_answers_too_late_is_away_and_nothing_is_changed(database: Database, tenant: str) -> None:
    async def for_ever() -> None:
        await asyncio.sleep(3600)

    async def doing(tx: AsyncSession) -> None:
        await tx.execute(MAKE, {"key": "t"})
        await look_of(tx).at("jira", "Jira", for_ever)

    with pytest.raises(Away, match=r"Jira did not answer within 0\.05 seconds"):
        await act(database, tenant, Look(seconds=0.05), doing)
    assert await _keys(database, tenant) == []


async def test_a_refusal_is_met_within_the_act(database: Database, tenant: str) -> None:
    world = World()

    async def doing(tx: AsyncSession) -> str:
        try:
            return await world.ask(tx, "nothing")
        except LookupError as missing:
            return str(missing)

    assert await act(database, tenant, Look(), doing) == "there is no such thing"
    assert world.asked == ["nothing"]


async def test_asking_in_a_transaction_that_looked_nothing_up_is_refused(
    database: Database, tenant: str
) -> None:
    async with database.transaction(tenant) as tx:
        with pytest.raises(NotLooked):
            await World().ask(tx, "one")


async def test_statements_hold_nothing_belong_to_their_tenant_and_stand_by_themselves(
    database: Database, tenant: str
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.statements(tenant) as session:
            await session.execute(MAKE, {"key": "stays"})
            assert not holds_transaction()
            with pytest.raises(LookupError):
                async with atomically(session):
                    assert holds_transaction()
                    await session.execute(MAKE, {"key": "goes"})
                    raise LookupError
            async with atomically(session):
                await session.execute(MAKE, {"key": "together"})
            raise ZeroDivisionError
    assert await _keys(database, tenant) == ["stays", "together"]
    for _ in range(20):  # whichever connection of the pool it was, it belongs to nobody now
        async with database.untenanted() as tx:
            assert (await tx.execute(KEYS)).scalars().all() == []


async def test_read_only_statements_write_nothing_and_the_next_transaction_does(
    database: Database, tenant: str
) -> None:
    with pytest.raises(DBAPIError) as refused:
        async with database.statements(tenant, read_only=True) as session:
            await session.execute(MAKE, {"key": "t"})
    assert is_refused_write(refused.value)
    for number in range(20):
        async with database.transaction(tenant) as tx:
            await tx.execute(MAKE, {"key": f"t{number:02}"})
    assert len(await _keys(database, tenant)) == 20


async def test_one_at_a_time_without_a_transaction(database: Database, tenant: str) -> None:
    inside = most = 0

    async def enter() -> None:
        nonlocal inside, most
        async with database.statements(tenant, alone="thread"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(8)))
    assert most == 1


async def test_what_goes_on_after_its_end_holds_no_transaction(database: Database, tenant: str) -> None:
    ended = asyncio.Event()

    async def later() -> bool:
        await ended.wait()
        return holds_transaction()

    async with database.transaction(tenant):
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
        assert holds_transaction()
    ended.set()
    assert await task is False


async def test_what_is_looked_at_side_by_side_takes_its_time_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr("storage.look.monotonic", lambda: clock)
    look, answered = Look(8), asyncio.Event()

    async def some_time() -> str:
        await asyncio.sleep(0.01)
        return "seen"

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(look.at(number, "The world", answered.wait))
        await asyncio.sleep(0)
        clock = 6.0
        answered.set()
    assert await look.at("next", "The world", some_time) == "seen"
    clock = 20.0
    assert await look.at("later", "The world", some_time) == "seen", "only what is waited for is counted"
