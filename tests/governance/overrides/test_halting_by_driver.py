"""Halting by the driver alone lays down what chat lays down, is on record as the log demands, and gives way to
nobody who hangs on to the fence."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from governance import fence
from governance.audit.canonical import canonical
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.openings import promised, read_openings
from governance.audit.sealing import seal
from governance.overrides import halting, halting_by_driver
from governance.overrides.halt_report import read_report
from governance.overrides.halted import IMPACT, ROLLBACK_PLAN
from governance.people import Actor, Role
from governance.tables import FenceAcknowledgementRow, WorkerRow
from storage.database import Database
from storage.embedded import EmbeddedServer

AT = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def driver(server: EmbeddedServer) -> Any:
    with psycopg.connect(server.app_url, autocommit=True) as connection:
        yield connection


async def _rows(database: Database, tenant: str, table: str) -> list[dict[str, Any]]:
    """A table's rows, without what is drawn at random or is the clock's."""
    async with database.transaction(tenant) as tx:
        found = (await tx.execute(text(f"SELECT * FROM {table}"))).mappings()
        return [{k: v for k, v in row.items() if k not in ("id", "tenant", "changed")} for row in found]


async def test_the_rows_are_those_that_chat_lays_down(
    database: Database, tenant: str, driver: psycopg.Connection[Any]
) -> None:
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": f"{tenant}-chat"})
    async with database.transaction(f"{tenant}-chat") as tx:
        roles = frozenset({Role.EXECUTIVE})
        chat = await halting.halt(tx, by="os:me", identity="os:me", roles=roles, reason="odd", at=AT)
    ours = halting_by_driver.halt(driver, tenant, user="os:me", reason="odd", at=AT)
    assert (ours.epoch, ours.by, ours.before) == (chat.epoch, chat.by, chat.before) == (1, "os:me", False)
    for table in ("overrides", "fences"):
        assert await _rows(database, tenant, table) == await _rows(database, f"{tenant}-chat", table)
    for halted, of in ((ours, tenant), (chat, f"{tenant}-chat")):
        (stepped_in,) = await _rows(database, of, "interventions")
        assert stepped_in.pop("subject") == halted.override
        assert stepped_in == {"kind": "halted", "person": "os:me", "reason": "odd", "at": AT}


async def test_its_entry_is_the_one_that_the_log_would_seal(
    database: Database, tenant: str, driver: psycopg.Connection[Any]
) -> None:
    halted = halting_by_driver.halt(driver, tenant, user="os:me", reason=" \0", at=AT)
    row = driver.execute("SELECT * FROM audit_entries").fetchone()
    columns = [column.name for column in driver.execute("SELECT * FROM audit_entries").description or ()]
    stored = dict(zip(columns, row or (), strict=True))
    sealed = seal(
        Entry(
            kind=EntryKind.OVERRIDE,
            type="override.halt_agents",
            actor=Actor("person", "operator", identity="os:me"),
            at=AT,
            subject=halted.override,
            details={"override": halted.override, "from": "command line"},
            rationale="No reason was given.",
            approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
            impact=IMPACT,
            rollback_plan=ROLLBACK_PLAN,
            artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
        )
    )
    ours, theirs = json.loads(stored["data"]), json.loads(sealed.data)
    openings = read_openings(driver.execute("SELECT openings FROM audit_openings").fetchone()[0])  # type: ignore[index]
    assert {part: held.value for part, held in openings.items()} == {
        part: held.value for part, held in sealed.openings.items()
    }
    assert all(openings[part].opens(commitment) for part, commitment in promised(ours).items())
    assert canonical(ours).decode() == stored["data"]
    assert _blank(ours) == _blank(theirs)
    for column, value in ("kind", "override"), ("type", "override.halt_agents"), ("actor", "operator"):
        assert stored[column] == value
    assert (stored["subject"], stored["at"], stored["id"]) == (halted.override, AT, ours["id"])


def _blank(data: dict[str, Any]) -> dict[str, Any]:
    for held in (*data.values(), data["actor"]["identity"]):
        if isinstance(held, dict) and "commitment" in held:
            held["commitment"] = ""
    return data | {"id": ""}


async def test_a_halt_that_stands_is_kept_and_both_are_on_record(
    database: Database, tenant: str, driver: psycopg.Connection[Any]
) -> None:
    first = halting_by_driver.halt(driver, tenant, user="os:me", reason="odd", at=AT)
    again = halting_by_driver.halt(driver, tenant, user="os:you", reason="odd too", at=AT)
    assert (again.override, again.epoch, again.by, again.before) == (first.override, 1, "os:me", True)
    assert driver.execute("SELECT count(*) FROM audit_entries").fetchone() == (2,)
    async with database.transaction(tenant) as tx:
        with pytest.raises(halting.SamePerson):
            await halting.resume_from_command_line(tx, user="os:me", reason="fine", at=AT)
    async with database.transaction(tenant) as tx:
        await halting.resume_from_command_line(tx, user="os:you", reason="fine", at=AT)
    assert halting_by_driver.halt(driver, tenant, user="os:me", reason="odd", at=AT).epoch == 3


async def test_whoever_hangs_on_to_the_fence_is_ended(
    database: Database, tenant: str, driver: psycopg.Connection[Any]
) -> None:
    holds, ended = asyncio.Event(), asyncio.Event()

    async def hanging() -> None:
        async with database.transaction(tenant) as tx:
            await fence.hold(tx)
            holds.set()
            await ended.wait()

    claim = asyncio.create_task(hanging())
    await holds.wait()
    halted = await asyncio.wait_for(
        asyncio.to_thread(halting_by_driver.halt, driver, tenant, user="os:me", reason="odd", at=AT), 10
    )
    ended.set()
    assert not halted.before
    with pytest.raises(Exception, match="terminat"):
        await claim


async def test_the_report_is_the_one_that_chat_reads(
    database: Database, tenant: str, driver: psycopg.Connection[Any]
) -> None:
    now = datetime.now(UTC)
    async with database.transaction(tenant) as tx:
        for name, seen in (("heard", now), ("silent", now), ("dead", now - timedelta(minutes=1))):
            tx.add(WorkerRow(id=f"{tenant}-{name}", started=now - timedelta(minutes=2), seen=seen))
    halted = halting_by_driver.halt(driver, tenant, user="os:me", reason="odd", at=now)
    async with database.transaction(tenant) as tx:
        worker = f"{tenant}-heard"
        tx.add(FenceAcknowledgementRow(epoch=1, worker=worker, cancelled=3, already_sent=["ef_1"]))
    halting_by_driver.WAIT_SECONDS = 0.1  # type: ignore[assignment, misc]
    try:
        ours = halting_by_driver.wait_for_report(driver, tenant, halted.override)
    finally:
        halting_by_driver.WAIT_SECONDS = 10.0
    async with database.transaction(tenant) as tx:
        theirs = await read_report(tx, halted.override)
        await tx.execute(text("DELETE FROM workers WHERE id LIKE :own"), {"own": f"{tenant}-%"})
    assert ours == theirs
    assert ours.acknowledged == (f"{tenant}-heard",)
    assert f"{tenant}-silent" in ours.silent
    assert f"{tenant}-dead" not in ours.silent
    assert (ours.cancelled, ours.already_sent) == (3, ("ef_1",))
