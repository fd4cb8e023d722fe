"""Whatever is done to a log is found: in its database, and in an export by the file that an auditor runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from governance.audit import verification
from governance.audit.checkpoint import sign_checkpoint
from governance.audit.keys import signer_for
from governance.audit.log import record
from governance.audit.merkle import leaf_hash
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from governance.audit.tree import Frontier
from governance.audit.verification import verify
from storage.database import Database
from tests.governance.audit.audit_entries import PRIVATE, said
from tests.governance.audit.conftest import SIZE, Export, Tamper, keep, publish, run_verifier, swap


async def test_an_untouched_log_verifies_everywhere(
    database: Database,
    tenant: str,
    key: VerifierKey,
    ids: list[str],
    export_to: Export,
    checkpoint_file: Path,
) -> None:
    await publish(database, checkpoint_file)
    report = await verify(database, tenant, key, checkpoint_file)
    assert (report.holds, report.findings, report.size) == (True, (), SIZE)
    assert (report.checkpoints, report.kept_outside) == (8, 1)
    path = await export_to()
    code, words = run_verifier(path, "--key", key, "--checkpoint", checkpoint_file)
    assert (code, words.split(",")[0]) == (0, f"VERIFIED: {SIZE} entries of countersign/{tenant}")
    assert "8 checkpoints" in words
    assert "1 checkpoints kept outside" in words
    key_file = path.with_name("key")
    key_file.write_text(f"{key}\n")
    assert run_verifier(path, "--key", key_file)[0] == 0
    code, words = run_verifier(path)
    assert code == 0
    assert "give --key" in words


async def test_the_tree_verifies_across_chunks_and_strides(
    database: Database, tenant: str, key: VerifierKey, sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        async with database.transaction(tenant) as tx:
            for n in range(111):
                await record(tx, said(str(n)))
        await sequencer.sequence(tenant)
    monkeypatch.setattr(verification, "_CHUNK", 50)
    report = await verify(database, tenant, key)
    assert (report.holds, report.size, report.checkpoints) == (True, 333, 3)


TAMPERINGS = {
    "words of an entry": (
        "audit_entries",
        "UPDATE audit_entries SET data = replace(data, 'turn.said', 'turn.sent') WHERE tenant = %s AND id = %s",
    ),
    "what an entry is found by": (
        "audit_entries",
        "UPDATE audit_entries SET actor = 'nathan' WHERE tenant = %s AND id = %s",
    ),
    "the time of an entry": (
        "audit_entries",
        "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE tenant = %s AND id = %s",
    ),
    "an entry removed": ("audit_entries", "DELETE FROM audit_entries WHERE tenant = %s AND id = %s"),
    "a leaf removed": ("audit_leaves", "DELETE FROM audit_leaves WHERE tenant = %s AND entry = %s"),
    "a leaf's hash": (
        "audit_leaves",
        "UPDATE audit_leaves SET hash = sha256('x') WHERE tenant = %s AND entry = %s",
    ),
    "a node": (
        "audit_nodes",
        "UPDATE audit_nodes SET hash = sha256('x') WHERE tenant = %s AND %s <> '' AND index = 0",
    ),
    "a node removed": ("audit_nodes", "DELETE FROM audit_nodes WHERE tenant = %s AND %s <> '' AND index = 1"),
    "a node too many": (
        "audit_nodes",
        "INSERT INTO audit_nodes (tenant, level, index, hash) VALUES (%s, length(%s) - 31, 0, sha256('x'))",
    ),
    "a checkpoint's root": (
        "audit_checkpoints",
        "UPDATE audit_checkpoints SET root = sha256('x') WHERE tenant = %s AND %s <> '' AND size = 20",
    ),
    "a checkpoint's note": (
        "audit_checkpoints",
        "UPDATE audit_checkpoints SET note = replace(note, '20', '21')"
        " WHERE tenant = %s AND %s <> '' AND size = 20",
    ),
    "the newest checkpoint removed": (
        "audit_checkpoints",
        "DELETE FROM audit_checkpoints WHERE tenant = %s AND %s <> '' AND size = 40",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_a_changed_row_is_found(
    database: Database, tenant: str, key: VerifierKey, ids: list[str], tamper: Tamper, name: str
) -> None:
    assert (await verify(database, tenant, key)).holds
    table, statement = TAMPERINGS[name]
    assert await tamper(table, statement, tenant, ids[17]) >= 1
    report = await verify(database, tenant, key)
    assert not report.holds
    if table in ("audit_entries", "audit_leaves"):
        assert (report.findings[0].number, report.findings[0].kind) in ((17, "tampered"), (17, "missing"))


@pytest.mark.parametrize("name", list(TAMPERINGS)[:1] + list(TAMPERINGS)[3:5] + ["a checkpoint's note"])
async def test_a_changed_row_is_found_in_the_export(
    database: Database,
    key: VerifierKey,
    tenant: str,
    ids: list[str],
    tamper: Tamper,
    name: str,
    export_to: Export,
) -> None:
    await tamper(TAMPERINGS[name][0], TAMPERINGS[name][1], tenant, ids[17])
    code, words = run_verifier(await export_to(), "--key", key)
    assert (code, "NOT VERIFIED" in words) == (1, True)


async def test_a_change_with_the_tree_grown_anew_is_found_by_the_signatures(
    database: Database, tenant: str, key: VerifierKey, ids: list[str], tamper: Tamper, export_to: Export
) -> None:
    """The thorough forger: entry, leaf and all nodes fit one another, but nobody signed them."""
    forged = TAMPERINGS["words of an entry"][1].replace("WHERE", ", type = 'turn.sent' WHERE")
    assert await tamper("audit_entries", forged, tenant, ids[17]) == 1
    async with database.transaction(tenant) as tx:
        rows = await tx.execute(
            text("SELECT number, data FROM audit_leaves JOIN audit_entries ON id = entry ORDER BY number")
        )
        leaves = [leaf_hash(data.encode()) for _, data in rows]
    await tamper(
        "audit_leaves",
        "UPDATE audit_leaves SET hash = %s WHERE tenant = %s AND number = 17",
        leaves[17],
        tenant,
    )
    frontier = Frontier()
    for leaf in leaves:
        for level, index, value in frontier.append(leaf):
            await tamper(
                "audit_nodes",
                "UPDATE audit_nodes SET hash = %s WHERE tenant = %s AND level = %s AND index = %s",
                *(value, tenant, level, index),
            )
    report = await verify(database, tenant, key)
    assert {finding.kind for finding in report.findings} == {"checkpoint"}
    assert [finding.number for finding in report.findings] == [19, 24, 29, 34, 39]
    code, words = run_verifier(await export_to(), "--key", key)
    assert (code, "the first 20 entries are not those" in words) == (1, True)


async def test_a_reordered_log_is_found(
    database: Database, tenant: str, key: VerifierKey, ids: list[str], tamper: Tamper, export_to: Export
) -> None:
    swap = """
        WITH pair AS (DELETE FROM audit_leaves WHERE tenant = %s AND number IN (3, 4) RETURNING *)
        INSERT INTO audit_leaves (tenant, number, entry, hash)
        SELECT tenant, 107 - number, entry, hash FROM pair
    """
    await tamper("audit_leaves", swap, tenant)
    await tamper(
        "audit_leaves",
        "UPDATE audit_leaves SET number = number - 100 WHERE tenant = %s AND number > 99",
        tenant,
    )
    report = await verify(database, tenant, key)
    assert {finding.kind for finding in report.findings} == {"checkpoint", "reordered"}
    assert report.findings[0].number == 4
    code, words = run_verifier(await export_to(), "--key", key)
    assert (code, "NOT VERIFIED" in words) == (1, True)


async def test_a_cut_tail_shows_only_by_what_was_kept_outside(
    database: Database,
    tenant: str,
    key: VerifierKey,
    ids: list[str],
    tamper: Tamper,
    export_to: Export,
    checkpoint_file: Path,
    owner: psycopg.AsyncConnection,
) -> None:
    await publish(database, checkpoint_file)
    await tamper(
        "audit_entries", "DELETE FROM audit_entries WHERE tenant = %s AND id = ANY(%s)", tenant, ids[30:]
    )
    await tamper("audit_leaves", "DELETE FROM audit_leaves WHERE tenant = %s AND number >= 30", tenant)
    await tamper(
        "audit_nodes", "DELETE FROM audit_nodes WHERE tenant = %s AND (index + 1) << level > 30", tenant
    )
    await tamper("audit_checkpoints", "DELETE FROM audit_checkpoints WHERE tenant = %s AND size > 30", tenant)
    assert (await verify(database, tenant, key)).holds
    report = await verify(database, tenant, key, checkpoint_file)
    assert [(finding.kind, finding.number) for finding in report.findings] == [("cut_tail", 30)]
    path = await export_to()
    assert run_verifier(path, "--key", key)[0] == 0
    code, words = run_verifier(path, "--key", key, "--checkpoint", checkpoint_file)
    assert (code, "40 entries; 30 are here" in words) == (1, True)


async def test_another_history_under_the_same_key_is_found_by_what_was_kept_outside(
    database: Database,
    tenant: str,
    key: VerifierKey,
    ids: list[str],
    export_to: Export,
    checkpoint_file: Path,
) -> None:
    keep(checkpoint_file, "\n\n" + sign_checkpoint(signer_for(PRIVATE, tenant), 20, b"x" * 32))
    report = await verify(database, tenant, key, checkpoint_file)
    assert [finding.kind for finding in report.findings] == ["kept_checkpoint"]
    assert run_verifier(await export_to(), "--key", key, "--checkpoint", checkpoint_file)[0] == 1


async def test_a_kept_checkpoint_that_was_forged_is_found(
    database: Database,
    tenant: str,
    key: VerifierKey,
    ids: list[str],
    export_to: Export,
    checkpoint_file: Path,
) -> None:
    await publish(database, checkpoint_file)
    swap(checkpoint_file, "\n40\n", "\n30\n")
    report = await verify(database, tenant, key, checkpoint_file)
    assert [finding.kind for finding in report.findings] == ["kept_checkpoint"]
    assert run_verifier(await export_to(), "--key", key, "--checkpoint", checkpoint_file)[0] == 1


async def test_what_waits_too_long_or_was_lost_is_found(
    database: Database, tenant: str, key: VerifierKey, ids: list[str], owner: psycopg.AsyncConnection
) -> None:
    async with database.transaction(tenant) as tx:
        waiting, lost = await record(tx, said()), await record(tx, said())
    assert (await verify(database, tenant, key)).holds
    late = verification.UNNUMBERED_AFTER + timedelta(seconds=1)
    await owner.execute("UPDATE audit_pending SET since = since - %s WHERE tenant = %s", (late, tenant))
    await owner.execute("DELETE FROM audit_pending WHERE entry = %s", (lost,))
    report = await verify(database, tenant, key)
    assert [finding.kind for finding in report.findings] == ["unnumbered", "lost"]
    assert waiting in report.findings[0].sentence
    assert lost in report.findings[1].sentence


async def test_another_key_does_not_verify(
    database: Database, tenant: str, key: VerifierKey, ids: list[str], export_to: Export
) -> None:
    stranger = VerifierKey(key.name, bytes([key.public[0] ^ 1]) + key.public[1:])
    report = await verify(database, tenant, stranger)
    assert {finding.kind for finding in report.findings} == {"checkpoint"}
    path = await export_to()
    assert run_verifier(path, "--key", stranger)[0] in (1, 2)
    other = VerifierKey("countersign/somebody-else", key.public)
    assert run_verifier(path, "--key", other)[0] == 2


async def test_an_empty_log_verifies(
    database: Database, tenant: str, key: VerifierKey, export_to: Export
) -> None:
    assert (await verify(database, tenant, key)).holds
    assert run_verifier(await export_to(), "--key", key)[0] == 0
