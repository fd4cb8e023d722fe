"""The outbox: in order per thread, tried again when the platform says so, never doubled, edited by key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.console.adapter import ConsoleAdapter
from bot.platforms.adapter import PostFailed
from bot.tables import ConsoleMessageRow, OutboxRow
from governance.people import Person
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from storage.database import Database

PLACE = Place("fake", "engineering", "t1", Audience.DEPARTMENT)
CONSOLE = replace(PLACE, platform="console")


class Platform:
    """A chat platform that keeps what it is sent, and fails as it is told for a text."""

    name = "fake"
    posts_with_commit = False
    asks_for_ratings = False

    def __init__(self, **failures: list[PostFailed | KeyboardInterrupt]) -> None:
        self.failures = failures
        self.again: list[bool] = []
        self.posted: list[tuple[str, str | None]] = []

    async def post(
        self, tx: AsyncSession, place: Place, reply: Reply, *, edits: str | None, key: str, again: bool
    ) -> str:
        self.again.append(again)
        if self.failures.get(reply.text):
            raise self.failures[reply.text].pop(0)
        await asyncio.sleep(0)
        self.posted.append((reply.text, edits))
        return f"m{len(self.posted)}"

    async def direct(self, tx: AsyncSession, person: Person) -> Place | None:
        return None

    async def channel(self, tx: AsyncSession, name: str) -> Place | None:
        return None

    async def introduced(self, tx: AsyncSession, identity: str, place: Place) -> Place | None:
        return place

    async def introduce(self, tx: AsyncSession, identity: str, place: Place) -> Place:
        return place


class Killed(ConsoleAdapter):
    """The console, with a worker that dies after posting and before recording, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def post(
        self, tx: AsyncSession, place: Place, reply: Reply, *, edits: str | None, key: str, again: bool
    ) -> str:
        message = await super().post(tx, place, reply, edits=edits, key=key, again=again)
        if self.times:
            self.times -= 1
            raise KeyboardInterrupt
        return message


async def _put(
    database: Database, tenant: str, *texts: str, place: Place = PLACE, key: str | None = None
) -> None:
    for each in texts:
        async with database.transaction(tenant) as tx:
            await outbox.put(tx, place, Reply(text=each, key=key), turn=None)


async def _states(database: Database, tenant: str) -> Sequence[tuple[str, str]]:
    async with database.transaction(tenant) as tx:
        rows = (await tx.execute(select(OutboxRow).order_by(OutboxRow.number))).scalars().all()
    return [(row.reply["text"], row.state) for row in rows]


async def _post_jobs(database: Database, tenant: str) -> list[bool]:
    """The queued posting jobs: whether each is for later."""
    query = (
        "SELECT scheduled_at > now() + interval '20 seconds' FROM procrastinate_jobs"
        " WHERE task_name = 'post' AND args->>'tenant' = :t ORDER BY id"
    )
    async with database.untenanted() as tx:
        return [bool(later) for later in (await tx.execute(text(query), {"t": tenant})).scalars()]


async def test_messages_go_out_in_order_and_once(database: Database, tenant: str) -> None:
    platform = Platform()
    await _put(database, tenant, *(str(n) for n in range(10)))
    for _ in range(2):
        await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert [said for said, _ in platform.posted] == [str(n) for n in range(10)]


async def test_posters_at_once_double_nothing(database: Database, tenant: str) -> None:
    platform = Platform()
    await _put(database, tenant, *(str(n) for n in range(10)))
    await asyncio.gather(
        *(outbox.post_thread(database, tenant, PLACE.key, {"fake": platform}) for _ in range(5))
    )
    await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert sorted(said for said, _ in platform.posted) == [str(n) for n in range(10)]
    assert {state for _, state in await _states(database, tenant)} == {"posted"}


async def test_what_the_platform_takes_later_is_tried_then_and_nothing_overtakes_it(
    database: Database, tenant: str
) -> None:
    platform = Platform(two=[PostFailed("slow down", 30.0)])
    await _put(database, tenant, "one", "two", "three")
    before = await _post_jobs(database, tenant)
    await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert [said for said, _ in platform.posted] == ["one"]
    assert await _states(database, tenant) == [("one", "posted"), ("two", "waiting"), ("three", "waiting")]
    assert await _post_jobs(database, tenant) == [*before, True], "one more job, for later"
    await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert [said for said, _ in platform.posted] == ["one", "two", "three"]


async def test_what_the_platform_never_takes_does_not_hold_up_the_next(database: Database, tenant: str) -> None:
    platform = Platform(two=[PostFailed("too long", None)])
    await _put(database, tenant, "one", "two", "three")
    await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert [said for said, _ in platform.posted] == ["one", "three"]
    assert await _states(database, tenant) == [("one", "posted"), ("two", "failed"), ("three", "posted")]


async def test_another_thread_is_not_held_up(database: Database, tenant: str) -> None:
    platform = Platform(stuck=[PostFailed("slow down", 30.0)])
    elsewhere = replace(PLACE, thread="t2")
    await _put(database, tenant, "stuck")
    await _put(database, tenant, "free", place=elsewhere)
    for place in (PLACE, elsewhere):
        await outbox.post_thread(database, tenant, place.key, {"fake": platform})
    assert [said for said, _ in platform.posted] == ["free"]


async def test_a_key_edits_its_message_in_its_thread_alone(database: Database, tenant: str) -> None:
    platform = Platform()
    await _put(database, tenant, "first", "second", key="k")
    await _put(database, tenant, "another", key="k2")
    await _put(database, tenant, "third", key="k")
    await _put(database, tenant, "elsewhere", key="k", place=replace(PLACE, thread="t2"))
    for thread in ("t1", "t2"):
        await outbox.post_thread(database, tenant, replace(PLACE, thread=thread).key, {"fake": platform})
    assert platform.posted == [("first", None), ("another", None), ("third", "m1"), ("elsewhere", None)]
    assert ("second", "superseded") in await _states(database, tenant)


async def test_an_edit_that_takes_other_messages_is_edited_as_those(database: Database, tenant: str) -> None:
    platform = Platform()
    for words in ("one", "two", "three"):
        await _put(database, tenant, words, key="k")
        await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert platform.posted == [("one", None), ("two", "m1"), ("three", "m2")]


async def test_the_next_attempt_knows_whether_the_last_may_have_gone_through(
    database: Database, tenant: str
) -> None:
    platform = Platform(one=[PostFailed("slow down", 0.0), PostFailed("no answer", 0.0, is_certain=False)])
    await _put(database, tenant, "one")
    for _ in range(3):
        await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert platform.again == [False, False, True]


async def test_an_attempt_that_may_have_gone_through_is_not_forgotten_for_one_that_did_not(
    database: Database, tenant: str
) -> None:
    away = PostFailed("cannot be reached", 0.0)
    platform = Platform(one=[PostFailed("no answer", 0.0, is_certain=False), away])
    await _put(database, tenant, "one")
    for _ in range(3):
        await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert platform.again == [False, True, True]


async def test_a_worker_killed_while_it_posts_leaves_the_attempt_on_record(
    database: Database, tenant: str
) -> None:
    platform = Platform(one=[KeyboardInterrupt()])
    await _put(database, tenant, "one")
    with pytest.raises(KeyboardInterrupt):
        await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert platform.again == [False, True]


async def test_a_worker_killed_between_post_and_record_does_not_double_on_the_console(
    database: Database, tenant: str
) -> None:
    dying = Killed(times=2)
    await _put(database, tenant, "one", "two", place=CONSOLE)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            await outbox.post_thread(database, tenant, CONSOLE.key, {"console": dying})
    await outbox.post_thread(database, tenant, CONSOLE.key, {"console": dying})
    async with database.transaction(tenant) as tx:
        query = select(ConsoleMessageRow.text_).order_by(ConsoleMessageRow.number)
        assert (await tx.execute(query)).scalars().all() == ["one", "two"]


async def test_the_console_takes_a_key_once_whatever_became_of_the_record(
    database: Database, tenant: str
) -> None:
    console = ConsoleAdapter()
    messages = set()
    for _ in range(3):
        async with database.transaction(tenant) as tx:
            messages.add(
                await console.post(tx, CONSOLE, Reply(text="once"), edits=None, key="ou_1", again=False)
            )
    assert len(messages) == 1
    async with database.transaction(tenant) as tx:
        assert len((await tx.execute(select(ConsoleMessageRow.id))).all()) == 1


async def test_an_edit_of_a_message_that_is_gone_does_not_hold_up_the_next(
    database: Database, tenant: str
) -> None:
    await _put(database, tenant, "first", place=CONSOLE, key="k")
    await outbox.post_thread(database, tenant, CONSOLE.key, {"console": ConsoleAdapter()})
    async with database.transaction(tenant) as tx:
        await tx.execute(text("DELETE FROM console_messages"))
    await _put(database, tenant, "edited", place=CONSOLE, key="k")
    await _put(database, tenant, "next", place=CONSOLE)
    await outbox.post_thread(database, tenant, CONSOLE.key, {"console": ConsoleAdapter()})
    assert await _states(database, tenant) == [("first", "posted"), ("edited", "failed"), ("next", "posted")]


async def test_however_often_a_thread_has_to_wait_one_try_is_to_come(database: Database, tenant: str) -> None:
    platform = Platform(one=[PostFailed("slow down", 30.0) for _ in range(4)])
    await _put(database, tenant, "one", "two")
    before = await _post_jobs(database, tenant)
    for _ in range(4):
        await outbox.post_thread(database, tenant, PLACE.key, {"fake": platform})
    assert await _post_jobs(database, tenant) == [*before, True]


async def test_what_waits_without_a_job_gets_one_and_no_more(database: Database, tenant: str) -> None:
    """As after a job that was given up. The sweep posts nothing itself: a broken thread holds up no other."""
    await _put(database, tenant, "one")
    async with database.untenanted() as tx:
        mine = text("DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :t")
        await tx.execute(mine, {"t": tenant})
    for minutes in (0, 2, 4):
        async with database.transaction(tenant) as tx:
            await outbox.queue_stuck(tx, datetime.now(UTC) + timedelta(minutes=minutes))
        assert await _post_jobs(database, tenant) == ([False] if minutes else [])
