"""Recording and numbering: with the transaction or not at all, in order, once, and for one tenant's eyes."""

from __future__ import annotations

import asyncio
import random
import uuid
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from governance.audit.canonical import NotCanonical
from governance.audit.checkpoint import open_checkpoint
from governance.audit.entries import EntryKind, Part
from governance.audit.erasure import NothingToErase, erase
from governance.audit.log import SequencerSilent, numbered, record, sequencer_alive, wait_until_numbered
from governance.audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from governance.audit.nodes import prove_consistency, prove_inclusion
from governance.audit.search import Query, count, entry, entry_numbered, find
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from governance.audit.verification import verify
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.governance.audit.audit_entries import AGENT, DAVID, at, intent, outcome, said
from tests.governance.audit.conftest import Tamper, Write


async def test_an_entry_comes_and_goes_with_its_transaction(
    database: Database, tenant: str, sequencer: Sequencer
) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction(tenant) as tx:
            await record(tx, said())
            raise RuntimeError("the business failed")
    async with database.transaction(tenant) as tx:
        kept = await record(tx, said())
    assert await sequencer.sequence(tenant) == 1
    async with database.transaction(tenant) as tx:
        assert [found.id for found in await find(tx, Query())] == [kept]
        assert await numbered(tx, kept) == 0


async def test_numbers_follow_the_order_of_recording(
    database: Database, tenant: str, sequencer: Sequencer
) -> None:
    async with database.transaction(tenant) as tx:
        ids = [await record(tx, entry) for entry in (said(), intent(), outcome())]
        assert await numbered(tx, ids[0]) is None
    async with database.transaction(tenant) as tx:
        ids.append(await record(tx, said(at=at(0) - timedelta(days=400))))
    await sequencer.round()
    async with database.transaction(tenant) as tx:
        assert [await numbered(tx, entry_id) for entry_id in ids] == [0, 1, 2, 3]


async def test_one_statement_records_and_every_entry_can_be_proved(
    database: Database, tenant: str, write: Write, key: VerifierKey
) -> None:
    await write(*(said(f"message {n}") for n in range(37)), apart=5)
    async with database.transaction(tenant) as tx:
        notes = (await tx.execute(text("SELECT note FROM audit_checkpoints ORDER BY size"))).scalars()
        checkpoints = [open_checkpoint(note, key) for note in notes]
        assert [checkpoint.size for checkpoint in checkpoints] == [5, 10, 15, 20, 25, 30, 35, 37]
        for checkpoint in checkpoints:
            for number in range(checkpoint.size):
                found = await entry_numbered(tx, number)
                assert found is not None
                proof = await prove_inclusion(tx, number, checkpoint.size)
                leaf = leaf_hash(found.data.encode())
                verify_inclusion(leaf, number, checkpoint.size, proof, checkpoint.root)
        for older in checkpoints:
            proof = await prove_consistency(tx, older.size, 37)
            verify_consistency(older.size, 37, proof, older.root, checkpoints[-1].root)


async def test_details_that_json_cannot_carry_are_refused(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        with pytest.raises(NotCanonical):
            await record(tx, said(details={"huge": 2**60}))


@pytest.mark.parametrize(
    "words", ["\x00", "\u202e\u2028", "😀" * 1000, "'; DROP TABLE audit_entries; --", "x" * 10**6]
)
async def test_any_words_can_be_recorded(database: Database, tenant: str, write: Write, words: str) -> None:
    [entry_id] = await write(said(words))
    async with database.transaction(tenant) as tx:
        found = await entry(tx, entry_id, opened=True)
    assert found is not None
    assert found.part(Part.DETAILS) == {"text": words}


async def test_a_log_that_cannot_be_written_stops_the_business(
    database: Database, tenant: str, owner: psycopg.AsyncConnection
) -> None:
    with pytest.raises(DBAPIError):
        async with database.transaction(tenant) as tx:
            pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await owner.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            with pytest.raises(OperationalError) as away:
                await record(tx, said())
            assert away.value.connection_invalidated
            raise away.value
    await owner.execute("REVOKE INSERT ON audit_entries FROM countersign_app")
    try:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.transaction(tenant) as tx:
                await record(tx, said())
    finally:
        await owner.execute("GRANT INSERT ON audit_entries TO countersign_app")
    async with database.transaction(tenant) as tx:
        await record(tx, said())
        assert len(await find(tx, Query())) == 1


async def test_search_finds_newest_first_and_pages(database: Database, tenant: str, write: Write) -> None:
    ids = await write(
        said("a", turn="t1", at=at(1)),
        intent("e1", subject="DASH-1", turn="t1", at=at(2)),
        outcome("e1", subject="DASH-1", at=at(3)),
        said("b", actor=AGENT, at=at(4)),
        intent("e2", at=at(5)),
    )

    async def search(**query: object) -> list[int]:
        async with database.transaction(tenant) as tx:
            return [ids.index(found.id) for found in await find(tx, Query(**query))]

    assert await search() == [4, 3, 2, 1, 0]
    assert await search(kinds=(EntryKind.INTENT,)) == [4, 1]
    assert await search(kinds=(EntryKind.INTENT, EntryKind.TURN)) == [4, 3, 1, 0]
    assert await search(but_not=(EntryKind.TURN, EntryKind.OUTCOME)) == [4, 1]
    assert await search(actor="david") == [0]
    assert await search(actor="product_owner", kinds=(EntryKind.TURN,)) == [3]
    assert await search(subject="DASH-1") == [2, 1]
    assert await search(turn="t1") == [1, 0]
    assert await search(effect="e1") == [2, 1]
    assert await search(type="tracker.create_story", since=at(3)) == [4, 2]
    assert await search(type_parts=("create_", "nothing")) == [4, 2, 1]
    assert await search(type_parts=("%",)) == []
    assert await search(since=at(2), until=at(4)) == [2, 1]
    assert await search(before=ids[2]) == [1, 0]
    async with database.transaction(tenant) as tx:
        assert [await count(tx, Query(**q)) for q in ({}, {"before": ids[2]}, {"turn": "t1"})] == [5, 2, 2]
        page = await find(tx, Query(), limit=2)
        assert [found.number for found in page] == [4, 3]
        assert page[0].part(Part.RATIONALE) is None
        [opened] = await find(tx, Query(actor="david"), opened=True)
        assert (opened.part(Part.IDENTITY), opened.part(Part.IMPACT)) == ("console:david", None)


async def test_indexes_carry_every_search(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await tx.execute(text("SET LOCAL enable_seqscan = off"))
        for column in ("kind", "type", "actor", "subject", "turn", "effect"):
            plan = await tx.execute(
                text(
                    f"EXPLAIN SELECT id FROM audit_entries WHERE {column} = 'x' AND id < 'f'"
                    " ORDER BY id DESC LIMIT 20"
                )
            )
            lines = "\n".join(plan.scalars())
            assert f"ix_audit_entries_tenant_{column}_id" in lines
            assert "Sort" not in lines
            assert "Filter" not in lines


async def test_tenants_do_not_see_each_other(
    database: Database, tenant: str, write: Write, owner: psycopg.AsyncConnection
) -> None:
    [mine] = await write(said("ours"))
    other = f"t{uuid.uuid4().hex[:12]}"
    async with database.transaction(other) as tx:
        theirs = await record(tx, said("theirs"))
        assert await entry(tx, mine) is None
        assert await numbered(tx, mine) is None
        for table in ("entries", "openings", "pending", "leaves", "nodes", "checkpoints"):
            rows = (await tx.execute(text(f"SELECT count(*) FROM audit_{table}"))).scalar_one()
            assert rows == (1 if table in ("entries", "openings", "pending") else 0)
        with pytest.raises(DBAPIError, match="row-level security"):
            async with tx.begin_nested():
                await tx.execute(
                    text("INSERT INTO audit_pending (tenant, entry, leaf) VALUES (:other, 'x', 'x')"),
                    {"other": tenant},
                )
    async with database.untenanted() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM audit_entries"))).scalar_one() == 0
    async with database.transaction(tenant) as tx:
        assert await entry(tx, theirs) is None


async def test_an_erased_value_is_gone_and_the_log_still_verifies(
    database: Database, tenant: str, write: Write, sequencer: Sequencer, key: VerifierKey
) -> None:
    [entry_id] = await write(said("My card number is 4000 1234"))
    async with database.transaction(tenant) as tx:
        erasure = await erase(tx, entry_id, [Part.DETAILS, Part.RATIONALE], DAVID, "They asked for it.")
    await sequencer.sequence(tenant)
    async with database.transaction(tenant) as tx:
        found = await entry(tx, entry_id, opened=True)
        assert found is not None
        assert found.part(Part.DETAILS) is None
        assert found.part(Part.IDENTITY) == "console:david"
        stored = (await tx.execute(text("SELECT string_agg(o::text, '') FROM audit_openings o"))).scalar_one()
        assert "4000" not in stored
        said_so = await entry(tx, erasure, opened=True)
        assert said_so is not None
        assert (said_so.content["subject"], said_so.content["erases"]) == (entry_id, {entry_id: ["details"]})
        for again in (entry_id, "unknown"):
            with pytest.raises(NothingToErase):
                await erase(tx, again, [Part.DETAILS], DAVID, "Again.")
    report = await verify(database, tenant, key)
    assert (report.holds, report.erased) == (True, 1)


async def beaten(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        while not await sequencer_alive(tx):  # noqa: ASYNC110 - the event is in another process, as a rule
            await asyncio.sleep(0.01)


async def test_an_effect_waits_for_its_number_and_stops_without_a_sequencer(
    database: Database, tenant: str, sequencer: Sequencer, owner: psycopg.AsyncConnection
) -> None:
    await owner.execute("DELETE FROM audit_sequencer")
    async with database.transaction(tenant) as tx:
        entry_id = await record(tx, intent())
        assert not await sequencer_alive(tx)
    with pytest.raises(SequencerSilent):
        await wait_until_numbered(database, tenant, entry_id)

    working = asyncio.create_task(sequencer.run())
    try:
        async with asyncio.timeout(60):
            await beaten(database, tenant)
            assert await wait_until_numbered(database, tenant, entry_id) == 0
    finally:
        working.cancel()
    await owner.execute("UPDATE audit_sequencer SET beat = beat - interval '1.1 seconds'")
    async with database.transaction(tenant) as tx:
        assert not await sequencer_alive(tx)
        late = await record(tx, said())
    with pytest.raises(SequencerSilent):
        await wait_until_numbered(database, tenant, late)


DAMAGES = [
    ("audit_leaves", "DELETE FROM audit_leaves WHERE tenant = %s AND number = 19"),
    ("audit_checkpoints", "DELETE FROM audit_checkpoints WHERE tenant = %s AND size = 20"),
]


@pytest.mark.parametrize(("table", "damage"), DAMAGES)
async def test_a_tenant_whose_log_is_damaged_does_not_hold_up_the_others(
    database: Database,
    tenant: str,
    write: Write,
    sequencer: Sequencer,
    tamper: Tamper,
    owner: psycopg.AsyncConnection,
    table: str,
    damage: str,
) -> None:
    await write(*(said() for _ in range(20)), apart=10)
    assert await tamper(table, damage, tenant) == 1
    healthy = f"t{uuid.uuid4().hex[:12]}"
    ids = {}
    for name in (tenant, healthy):
        async with database.transaction(name) as tx:
            ids[name] = await record(tx, said())
    fresh = Sequencer(database, sequencer._signer_for)
    await fresh.round()
    async with database.transaction(healthy) as tx:
        assert await numbered(tx, ids[healthy]) == 0
    async with database.transaction(tenant) as tx:
        assert await numbered(tx, ids[tenant]) is None
    waiting = await owner.execute("DELETE FROM audit_pending WHERE entry = %s", (ids[tenant],))
    assert waiting.rowcount == 1


async def test_a_sequencer_that_is_stopped_finishes_its_round_and_gives_its_connection_back(
    server: EmbeddedServer, tenant: str, sequencer: Sequencer
) -> None:
    small = Database.open(server.app_url, pool_size=1)
    for _ in range(30):
        async with small.transaction(tenant) as tx:
            await record(tx, said())
        working = asyncio.create_task(Sequencer(small, sequencer._signer_for).run())
        await asyncio.sleep(random.uniform(0, 0.01))
        working.cancel()
        async with asyncio.timeout(1):
            await asyncio.gather(working, return_exceptions=True)
    async with asyncio.timeout(1), small.transaction(tenant) as tx:
        assert len(await find(tx, Query(), limit=100)) == 30
    await small.close()
