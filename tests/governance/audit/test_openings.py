"""What opens an entry is compared with what the entry commits to; what is missing needs an entry's word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from governance.audit import export as exporting
from governance.audit import verification
from governance.audit.commitments import OpeningMismatch
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable, Part
from governance.audit.erasure import erase
from governance.audit.export import everything, export
from governance.audit.search import EntryUnreadable, Query, entry, entry_numbered, find
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from governance.audit.verification import Report, verify
from storage.database import Database
from tests.governance.audit.audit_entries import DAVID, said
from tests.governance.audit.conftest import Export, Tamper, Write, keep, publish, run_verifier

NONE = NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED)

CHANGES: dict[str, tuple[Callable[[str], str | None], str]] = {
    "another value": (
        lambda o: o.replace("message 17", "message 71"),
        "its details is not what was committed to",
    ),
    "another salt": (lambda o: o.replace('"salt":"', '"salt":"00', 1), "is not what was committed to"),
    "a salt that is none": (lambda o: o.replace('"salt":"', '"salt":"0', 1), "cannot be read"),
    "a part more": (lambda o: o[:-1] + ',"impact":{"salt":"00","value":"1"}}', "for its impact is not what"),
    "half a character": (
        lambda o: o.replace("message", r"\\ud83d"),
        "its details is not what was committed to",
    ),
    "no text": (
        lambda o: json.dumps({**json.loads(o), "details": {"salt": "00" * 32, "value": 7}}),
        "its details",
    ),
    "a part missing": (
        lambda o: json.dumps({"details": json.loads(o)["details"]}),
        "nothing opens its identity, and no entry says that this was erased",
    ),
    "all missing": (lambda o: "{}", "nothing opens its details and identity"),
    "the row missing": (lambda o: None, "nothing opens its details and identity"),
    "no JSON": (lambda o: "{", "what is stored beside the log cannot be read"),
    "a list": (lambda o: "[1]", "what is stored beside the log cannot be read"),
    "nothing": (lambda o: "", "what is stored beside the log cannot be read"),
    "depth": (lambda o: "[" * 100_000, "what is stored beside the log cannot be read"),
}


async def _change(database: Database, tenant: str, entry_id: str, change: Callable[[str], str | None]) -> None:
    """Change what opens an entry as the application could: no trigger guards what may be erased."""
    named = {"entry": entry_id}
    async with database.transaction(tenant) as tx:
        stored = (
            await tx.execute(text("SELECT openings FROM audit_openings WHERE entry = :entry"), named)
        ).scalar_one()
        changed = change(stored)
        assert changed != stored
        if changed is None:
            await tx.execute(text("DELETE FROM audit_openings WHERE entry = :entry"), named)
        else:
            statement = text("UPDATE audit_openings SET openings = :openings WHERE entry = :entry")
            await tx.execute(statement, {**named, "openings": changed})


def _sentences(report: Report) -> list[str]:
    return [finding.sentence for finding in report.findings]


@pytest.mark.parametrize("name", CHANGES)
async def test_what_opens_an_entry_and_was_changed_is_found_and_read_as_such(
    database: Database, tenant: str, key: VerifierKey, ids: list[str], export_to: Export, name: str
) -> None:
    change, why = CHANGES[name]
    await _change(database, tenant, ids[17], change)
    report = await verify(database, tenant, key)
    assert (report.count, report.findings[0].kind, report.findings[0].number) == (1, "opening", 17)
    assert why in report.findings[0].sentence
    assert ids[17] in report.findings[0].sentence
    code, words = run_verifier(await export_to(), "--key", key)
    assert (code, words.count("- entry 17: "), words.count("NOT VERIFIED: 1 ")) == (1, 1, 1)
    async with database.transaction(tenant) as tx:
        found = await entry(tx, ids[17], opened=True)
        assert found is not None
        if name != "a part more":
            with pytest.raises(OpeningMismatch):
                for part in Part:
                    found.part(part)
        assert len(await find(tx, Query(), limit=100, opened=True)) == len(ids)


async def test_what_was_erased_is_accepted_and_nothing_else(
    database: Database,
    tenant: str,
    key: VerifierKey,
    ids: list[str],
    export_to: Export,
    sequencer: Sequencer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verification, "_CHUNK", 7)
    async with database.transaction(tenant) as tx:
        await erase(tx, ids[3], [Part.DETAILS, Part.IMPACT], DAVID, "They asked for it.")
    assert (await verify(database, tenant, key)).holds, "while the erasure waits for its number"
    await sequencer.sequence(tenant)
    report = await verify(database, tenant, key)
    assert (report.holds, report.erased) == (True, 2)
    code, words = run_verifier(await export_to(), "--key", key)
    assert (code, "2 erased by an entry's word" in words) == (0, True)

    await _change(database, tenant, ids[3], lambda stored: "{}")
    report = await verify(database, tenant, key)
    assert _sentences(report) == [
        f"entry {ids[3]}, number 3: nothing opens its artifacts and rationale and rollback_plan, and no entry"
        " says that this was erased"
    ]
    assert run_verifier(await export_to(), "--key", key)[0] == 1


async def test_an_erasure_that_says_so_in_advance_is_not_believed(
    database: Database, tenant: str, key: VerifierKey, write: Write, export_to: Export
) -> None:
    ahead = "0" * 32
    erasure = Entry(
        kind=EntryKind.SYSTEM, type="audit.erased", actor=DAVID, erases={ahead: tuple(Part)}, rationale="x",
        approvals=NONE, impact=NONE, rollback_plan=NONE, artifacts=NONE,
    )  # fmt: skip
    _, entry_id = await write(erasure, said("later"))
    async with database.transaction(tenant) as tx:
        found = await entry(tx, entry_id)
    assert found is not None
    run = verification.Recomputation(key)
    for number, content in enumerate(({"erases": {entry_id: ["details", "identity"]}}, dict(found.content))):
        assert (run.openings.take(number, entry_id, content, None) is None) == bool(number)
    run.finish()
    assert [finding.number for finding in run.findings] == [1]


async def test_an_erasure_while_an_export_is_written_stands_in_it(
    database: Database,
    tenant: str,
    key: VerifierKey,
    ids: list[str],
    sequencer: Sequencer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporting, "_CHUNK", 10)
    lines = []
    async for line in export(database, tenant, key, everything):
        lines.append(line)
        if len(lines) == 5:
            async with database.transaction(tenant) as tx:
                await erase(tx, ids[30], [Part.DETAILS], DAVID, "They asked for it.")
            await sequencer.sequence(tenant)
    path = tmp_path / "export.jsonl"
    path.write_text("".join(lines))
    code, words = run_verifier(path, "--key", key)
    assert (code, words.split(",")[0]) == (0, f"VERIFIED: 41 entries of countersign/{tenant}")


async def test_an_export_that_opens_some_entries_says_how_many_were_not_compared(
    ids: list[str], key: VerifierKey, export_to: Export, tmp_path: Path
) -> None:
    path = await export_to(lambda content: content["kind"] == "turn")
    code, words = run_verifier(path, "--key", key)
    assert (code, "14 entries came without their values, which were not compared." in words) == (0, True)
    lines = path.read_text().splitlines()
    closed = json.loads(lines[2])
    del closed["openings"]
    path.write_text("\n".join([*lines[:2], json.dumps(closed), *lines[3:]]) + "\n")
    code, words = run_verifier(path, "--key", key)
    assert (code, "the counts at the end are not those" in words) == (1, True)


async def test_a_file_of_kept_checkpoints_that_is_gone_is_warned_of(
    database: Database, tenant: str, key: VerifierKey, write: Write, checkpoint_file: Path
) -> None:
    assert (await verify(database, tenant, key, checkpoint_file)).warnings == (), "nothing was kept yet"
    await write(said())
    gone = await verify(database, tenant, key, checkpoint_file)
    assert (gone.holds, gone.kept_outside) == (True, 0)
    assert [str(checkpoint_file) in warning and "is gone" in warning for warning in gone.warnings] == [True]
    (unreadable,) = (await verify(database, tenant, key, checkpoint_file.parent)).warnings
    assert "cannot be read" in unreadable
    keep(checkpoint_file, "\N{REPLACEMENT CHARACTER}\n\n")
    (other,) = (await verify(database, tenant, key, checkpoint_file)).warnings
    assert "holds no checkpoint of" in other
    await publish(database, checkpoint_file)
    assert (await verify(database, tenant, key, checkpoint_file)).warnings == ()


@pytest.mark.parametrize("data", ["{", "[]", "{}", '{"kind":"x"}'])
async def test_an_entry_that_is_none_any_more_is_named(
    database: Database,
    tenant: str,
    key: VerifierKey,
    ids: list[str],
    tamper: Tamper,
    export_to: Export,
    owner: psycopg.AsyncConnection,
    data: str,
) -> None:
    statement = "UPDATE audit_entries SET data = %s WHERE tenant = %s AND id = %s"
    assert await tamper("audit_entries", statement, data, tenant, ids[17]) == 1
    assert not (await verify(database, tenant, key)).holds
    assert run_verifier(await export_to(), "--key", key)[0] == 1
    async with database.transaction(tenant) as tx:
        with pytest.raises(EntryUnreadable, match="Entry 17 of the log was changed"):
            await entry_numbered(tx, 17)
