"""Sequencers that compete, and sequencers that are killed: nothing lost, nothing numbered twice."""

from __future__ import annotations

import asyncio
import random
import sys
import uuid

from sqlalchemy import text

from governance.audit.keys import signer_for
from governance.audit.log import numbered, record
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from governance.audit.verification import verify
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.governance.audit.audit_entries import PRIVATE, said


async def write_steadily(database: Database, tenant: str, stop: asyncio.Event) -> list[str]:
    ids = []
    while not stop.is_set():
        async with database.transaction(tenant) as tx:
            ids += [await record(tx, said(str(n))) for n in range(3)]
    return ids


async def start(server: EmbeddedServer) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.governance.audit.sequencer_process", server.app_url)
    )


async def size_of(database: Database, tenant: str) -> int:
    async with database.transaction(tenant) as tx:
        return int((await tx.execute(text("SELECT count(*) FROM audit_leaves"))).scalar_one())


async def grown(database: Database, tenant: str, beyond: int) -> None:
    async with asyncio.timeout(60):
        while await size_of(database, tenant) <= beyond:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.005)


async def check(database: Database, tenant: str, key: VerifierKey, ids: list[str]) -> None:
    report = await verify(database, tenant, key)
    assert (report.findings, report.size) == ((), len(ids))
    async with database.transaction(tenant) as tx:
        pending = (await tx.execute(text("SELECT count(*) FROM audit_pending"))).scalar_one()
        numbers = [await numbered(tx, entry_id) for entry_id in ids]
    assert pending == 0
    assert sorted(number for number in numbers if number is not None) == list(range(len(ids)))


async def test_killed_and_competing_sequencers_lose_and_double_nothing(
    database: Database, tenant: str, key: VerifierKey, sequencer: Sequencer, server: EmbeddedServer
) -> None:
    processes = [await start(server) for _ in range(2)]
    async with database.transaction(tenant) as tx:
        first = await record(tx, said("first"))
    stop = asyncio.Event()
    writers = []
    try:
        await grown(database, tenant, 0)
        writers = [asyncio.create_task(write_steadily(database, tenant, stop)) for _ in range(2)]
        await grown(database, tenant, 1)  # they are at it
        for process in processes:
            await asyncio.sleep(random.uniform(0.05, 0.3))
            process.kill()
            assert await process.wait() == -9
    finally:
        stop.set()
        for process in processes:
            if process.returncode is None:
                process.kill()
    ids = [first] + [entry_id for written in await asyncio.gather(*writers) for entry_id in written]
    numbered_before = await size_of(database, tenant)
    assert 1 < numbered_before <= len(ids)
    while await sequencer.sequence(tenant):
        pass
    await check(database, tenant, key, ids)


async def test_a_transaction_cut_off_in_the_middle_of_sequencing_leaves_the_queue_as_it_was(
    database: Database, tenant: str, key: VerifierKey, sequencer: Sequencer, server: EmbeddedServer
) -> None:
    async with database.transaction(tenant) as tx:
        ids = [await record(tx, said(str(n))) for n in range(20)]
    cut = Database.open(server.app_url)
    dying = Sequencer(cut, sequencer._signer_for)
    grow = dying._grow

    def plug_pulled(*arguments: object) -> object:
        grow(*arguments)  # type: ignore[arg-type]
        raise ConnectionError("killed between taking the queue and writing the tree")

    dying._grow = plug_pulled  # type: ignore[assignment, method-assign]
    try:
        await dying.sequence(tenant)
    except ConnectionError:
        pass
    else:
        raise AssertionError("it was to die")
    await cut.close()
    assert await size_of(database, tenant) == 0
    assert await sequencer.sequence(tenant) == 20
    await check(database, tenant, key, ids)


async def test_two_sequencers_on_one_loop_share_the_work(
    database: Database, tenant: str, key: VerifierKey
) -> None:
    stop = asyncio.Event()
    working = [
        asyncio.create_task(Sequencer(database, lambda name: signer_for(PRIVATE, name)).run()) for _ in range(2)
    ]
    writers = [asyncio.create_task(write_steadily(database, tenant, stop)) for _ in range(2)]
    await grown(database, tenant, 300)
    stop.set()
    ids = [entry_id for written in await asyncio.gather(*writers) for entry_id in written]
    await grown(database, tenant, len(ids) - 1)
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    await check(database, tenant, key, ids)


async def test_many_tenants_are_served_in_one_round(database: Database, sequencer: Sequencer) -> None:
    tenants = [f"t{uuid.uuid4().hex[:12]}" for _ in range(5)]
    for tenant in tenants:
        async with database.transaction(tenant) as tx:
            await record(tx, said())
    assert await sequencer.round() >= 5
    assert [await size_of(database, tenant) for tenant in tenants] == [1] * 5
    assert await sequencer.round() == 0
