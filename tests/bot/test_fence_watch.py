"""A halt reaches every process: work ends, and only then is it acknowledged. Blindness stops work as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from time import monotonic

import psycopg
import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from bot import fence_watch
from bot.fence_watch import FenceWatch
from bot.listener import Listener
from governance.fence import CHANNEL, FenceUnreadable, Halted
from governance.overrides.halt_report import read_report, wait_for_report
from governance.overrides.halting import halt, resume
from governance.people import Role
from governance.tables import FenceAcknowledgementRow
from storage.embedded import EmbeddedServer
from tests.bot.fence_watch_process import run
from tests.databases import OwnDatabase, database_of_its_own
from tests.processes import FORKS, processes

PROCESSES, PIECES = 8, 2


@pytest.fixture(scope="module")
async def own(server: EmbeddedServer) -> AsyncIterator[OwnDatabase]:
    async with database_of_its_own(server, "halts") as opened:
        yield opened


async def _halt(own: OwnDatabase, by: str = "amanda") -> str:
    async with own.database.transaction(own.tenant) as tx:
        roles = frozenset({Role.ENGINEERING_DIRECTOR})
        halted = await halt(tx, by=by, identity=by, roles=roles, reason="a test", at=datetime.now(UTC))
    return halted.override


async def _resume(own: OwnDatabase) -> None:
    async with own.database.transaction(own.tenant) as tx:
        await resume(tx, by="carlos", identity="carlos", at=datetime.now(UTC))


async def _acknowledgements(own: OwnDatabase, worker: str) -> list[FenceAcknowledgementRow]:
    async with own.database.transaction(own.tenant) as tx:
        query = select(FenceAcknowledgementRow).where(FenceAcknowledgementRow.worker == worker)
        return list((await tx.execute(query.order_by(FenceAcknowledgementRow.epoch))).scalars())


@asynccontextmanager
async def _watching(own: OwnDatabase, worker: str) -> AsyncIterator[FenceWatch]:
    listener = Listener(own.url)
    watch = FenceWatch(own.database, listener, worker)
    tasks = [asyncio.create_task(listener.run((CHANNEL,))), asyncio.create_task(watch.run())]
    try:
        yield watch
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_begins_reads_the_fence_anew_though_the_news_was_lost(
    own: OwnDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence_watch, "IDLE_POLL_SECONDS", 60.0)
    watch = FenceWatch(own.database, Listener(own.url), "idle")  # nobody listens: it hears of nothing
    watching = asyncio.create_task(watch.run())
    try:
        await watch.check(own.tenant)
        await _halt(own)
        await asyncio.sleep(3 * fence_watch.POLL_SECONDS)
        with pytest.raises(Halted):
            await watch.check(own.tenant)
        await _resume(own)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_an_idle_process_acknowledges_within_a_second_though_the_news_was_lost(own: OwnDatabase) -> None:
    watching = asyncio.create_task(FenceWatch(own.database, Listener(own.url), "deaf").run())
    try:
        await asyncio.sleep(0.5)
        began = monotonic()
        report = await wait_for_report(own.database, own.tenant, await _halt(own))
        assert "deaf" in report.acknowledged
        assert monotonic() - began < 1.0
        await _resume(own)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_every_process_ends_its_work_and_acknowledges(own: OwnDatabase) -> None:
    with processes() as start:
        pipes = [FORKS.Pipe() for _ in range(PROCESSES)]
        for number, (_, there) in enumerate(pipes):
            start(run, own.url, f"w{number}", own.tenant, PIECES, there)
        for here, _ in pipes:
            assert await asyncio.to_thread(here.recv) == "working"
        report = await wait_for_report(own.database, own.tenant, await _halt(own))
        assert report.acknowledged == tuple(f"w{number}" for number in range(PROCESSES))
        assert report.silent == ()
        assert report.cancelled == PROCESSES * PIECES
        for here, _ in pipes:
            assert [here.recv() for _ in range(PIECES) if here.poll(5)] == ["halted"] * PIECES
        await _resume(own)
    async with own.database.untenanted() as tx:
        await tx.execute(text("DELETE FROM workers"))


async def test_a_dead_worker_is_named_as_silent(own: OwnDatabase) -> None:
    with processes() as start:
        here, there = FORKS.Pipe()
        start(run, own.url, "dead", own.tenant, 1, there)
        assert await asyncio.to_thread(here.recv) == "working"
    override = await _halt(own)
    async with own.database.transaction(own.tenant) as tx:
        report = await read_report(tx, override)
    assert report.silent == ("dead",)
    await _resume(own)
    async with own.database.untenanted() as tx:
        await tx.execute(text("DELETE FROM workers"))


async def test_nothing_is_acknowledged_before_the_work_has_ended(own: OwnDatabase) -> None:
    ended: list[str] = []
    winding_down, at_it = asyncio.Event(), asyncio.Event()

    async def slow_to_end(watch: FenceWatch) -> None:
        async with watch.agent_work(own.tenant):
            try:
                at_it.set()
                await asyncio.Event().wait()
            finally:
                await winding_down.wait()
                ended.append("ended")

    async with _watching(own, "slow") as watch:
        work = asyncio.create_task(slow_to_end(watch))
        await at_it.wait()
        with suppress(TimeoutError):  # of a fence that has moved before, its first look is acknowledged too
            async with asyncio.timeout(2):
                while not await _acknowledgements(own, "slow"):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        before = len(await _acknowledgements(own, "slow"))
        await _halt(own)
        await asyncio.sleep(0.3)
        assert (len(await _acknowledgements(own, "slow")), ended) == (before, [])
        winding_down.set()
        with pytest.raises(Halted):
            await work
        while len(await _acknowledgements(own, "slow")) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert ((await _acknowledgements(own, "slow"))[-1].cancelled, ended) == (1, ["ended"])
        with pytest.raises(Halted):
            await watch.check(own.tenant)
        await _resume(own)
        while (await _acknowledgements(own, "slow"))[-1].cancelled:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await watch.check(own.tenant)


async def test_work_that_somebody_else_cancels_is_cancelled_and_not_halted(own: OwnDatabase) -> None:
    async with _watching(own, "cancelled") as watch:
        at_it = asyncio.Event()

        async def work() -> None:
            async with watch.agent_work(own.tenant):
                at_it.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await at_it.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_fence_that_cannot_be_read_stops_work_until_it_can(own: OwnDatabase) -> None:
    with capture_logs() as logs:
        await _goes_blind_and_sees_again(own)
    assert [line["event"] for line in logs if line["part"] == "fence"] == ["outage_began", "outage_ended"]


async def _goes_blind_and_sees_again(own: OwnDatabase) -> None:
    async with _watching(own, "blind") as watch:
        at_it = asyncio.Event()

        async def work() -> None:
            async with watch.agent_work(own.tenant):
                at_it.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await at_it.wait()
        async with await psycopg.AsyncConnection.connect(own.owner_url, autocommit=True) as owner:
            await owner.execute("ALTER TABLE fences RENAME TO hidden_fences")
            try:
                with pytest.raises(FenceUnreadable):
                    await asyncio.wait_for(task, 10)
                with pytest.raises(FenceUnreadable):
                    await watch.check(own.tenant)
            finally:
                await owner.execute("ALTER TABLE hidden_fences RENAME TO fences")

        async def sees_again() -> bool:
            try:
                await watch.check(own.tenant)
            except FenceUnreadable:
                return False
            return True

        while not await sees_again():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_no_work_begins_before_the_fence_was_read(own: OwnDatabase) -> None:
    watch = FenceWatch(own.database, Listener(own.url), "never started")
    with pytest.raises(FenceUnreadable):
        await watch.check(own.tenant)
