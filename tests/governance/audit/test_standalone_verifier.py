"""Exports: what they open for whom, and how an auditor's file answers to edited and broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from governance.audit import verifier
from governance.audit.entries import Part
from governance.audit.erasure import erase
from governance.audit.export import everything, nothing
from governance.audit.sequencer import Sequencer
from governance.audit.signed_note import VerifierKey
from storage.database import Database
from tests.governance.audit.audit_entries import DAVID, outcome, said
from tests.governance.audit.conftest import Export, Write, run_verifier


async def test_exports_open_what_the_reader_may_see(
    database: Database, tenant: str, key: VerifierKey, write: Write, export_to: Export, sequencer: Sequencer
) -> None:
    secret, story = await write(said("Revenue is 12 million"), outcome())
    path = await export_to(nothing)
    assert "Revenue" not in path.read_text()
    assert "0 opened values" in run_verifier(path)[1]
    path = await export_to(lambda content: content["kind"] == "outcome")
    assert "Revenue" not in path.read_text()
    assert "Created DASH-7" in path.read_text()
    path = await export_to(everything)
    assert "Revenue is 12 million" in path.read_text()
    assert "7 opened values" in run_verifier(path)[1]

    path.write_text(path.read_text().replace("Revenue is 12 million", "Revenue is 13 million"))
    code, words = run_verifier(path)
    assert (code, "entry 0: its 'details' is not the one" in words) == (1, True)

    async with database.transaction(tenant) as tx:
        await erase(tx, secret, [Part.DETAILS], DAVID, "They asked for it.")
    await sequencer.sequence(tenant)
    path = await export_to(everything)
    assert "Revenue" not in path.read_text()
    assert run_verifier(path)[0] == 0
    assert story in path.read_text()


def edited(lines: list[str], name: str) -> list[str]:
    """An export after something was done to the file."""
    entry = json.loads(lines[3])
    match name:
        case "an entry twice":
            return [*lines[:4], lines[3], *lines[4:]]
        case "an entry left out":
            return lines[:3] + lines[4:]
        case "two entries swapped":
            return [*lines[:2], lines[3], lines[2], *lines[4:]]
        case "two entries swapped and renumbered":
            first, second = json.loads(lines[2]), json.loads(lines[3])
            first["data"], second["data"] = second["data"], first["data"]
            del first["openings"], second["openings"]
            return [*lines[:2], json.dumps(first), json.dumps(second), *lines[4:]]
        case "one letter":
            entry["data"] = entry["data"].replace("said", "seid", 1).replace("tracker", "trucker", 1)
            return [*lines[:3], json.dumps(entry), *lines[4:]]
        case "the end cut off":
            return lines[:-1]
        case "the tail cut off, with an end":
            return [*lines[:8], '{"end":{"entries":6,"checkpoints":1,"opened":6}}']
        case "something after the end":
            return [*lines, lines[3]]
        case "no checkpoint":
            kept = [line for line in lines[:-1] if "checkpoint" not in json.loads(line)]
            return [*kept, '{"end":{"entries":40,"checkpoints":0,"opened":40}}']
        case "a checkpoint moved":
            at = next(n for n, line in enumerate(lines) if "checkpoint" in json.loads(line))
            return [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]]
        case "an opening without its salt":
            entry["openings"]["details"]["salt"] = "00"
        case "an opening that is none":
            entry["openings"]["details"] = ["x"]
        case "an opening of another part":
            entry["openings"]["measures"] = entry["openings"]["details"]
        case "data that is no text":
            entry["data"] = {"id": 1}
        case "data that is no JSON":
            entry["data"] = "{"
        case "a number that is none":
            entry["entry"] = True
        case "a lone surrogate":
            entry["data"] = "\ud800"
    return [*lines[:3], json.dumps(entry), *lines[4:]]


EDITS = [
    "an entry twice",
    "an entry left out",
    "two entries swapped",
    "two entries swapped and renumbered",
    "one letter",
    "the end cut off",
    "the tail cut off, with an end",
    "something after the end",
    "no checkpoint",
    "a checkpoint moved",
    "an opening without its salt",
    "an opening that is none",
    "an opening of another part",
    "data that is no text",
    "data that is no JSON",
    "a number that is none",
    "a lone surrogate",
]


async def test_an_edited_export_is_found(
    ids: list[str], key: VerifierKey, export_to: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (await export_to()).read_text().splitlines()
    path = tmp_path / "edited.jsonl"
    for name in EDITS:
        path.write_text("\n".join(edited(lines, name)) + "\n")
        code = verifier.main([str(path), "--key", str(key)])
        words = capsys.readouterr().out
        assert (name, code, words.count("NOT VERIFIED")) == (name, 1, 1)


RUBBISH = {
    "nothing": b"",
    "a newline": b"\n",
    "bytes": bytes(range(256)) * 40,
    "another JSON": b'{"format": "something else"}\n',
    "a list": b"[1, 2]\n",
    "a number": b"9" * 10_000,
    "depth": b"[" * 200_000,
    "no key": b'{"format": "countersign-audit-export/1", "origin": "x"}\n',
    "a key that is none": b'{"format": "countersign-audit-export/1", "origin": "x", "key": "x+1+2"}\n',
    "half a character": b'{"format": "countersign-audit-export/1", "origin": "x", "key": "\\ud800+1+A"}\n',
    "a key of another type": b'{"format": "countersign-audit-export/1", "origin": "x", "key": 7}\n',
    "a zip": b"PK\x03\x04rubbish",
}


@pytest.mark.parametrize("content", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_is_answered_in_a_sentence(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rubbish"
    path.write_bytes(content)
    assert verifier.main([str(path)]) == 2
    assert capsys.readouterr().out.startswith("COULD NOT BE READ: ")


@pytest.mark.parametrize(
    "line", [*(c.split(b"\n")[0] for c in RUBBISH.values()), b'{"entry": 0}', b'{"end": 7}']
)
def test_rubbish_after_a_good_beginning_is_not_verified(
    line: bytes, key: VerifierKey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rubbish"
    header = json.dumps({"format": verifier.FORMAT, "origin": key.name, "key": str(key)})
    path.write_bytes(header.encode() + b"\n" + line + b"\n")
    assert verifier.main([str(path)]) == 1
    assert "NOT VERIFIED" in capsys.readouterr().out


async def test_options_that_cannot_be_used_are_said_so(
    ids: list[str], key: VerifierKey, export_to: Export, tmp_path: Path
) -> None:
    path = await export_to()
    empty = tmp_path / "empty"
    empty.write_text("")
    for arguments in (
        [tmp_path / "missing"],
        [tmp_path],
        [path, "--key", "rubbish"],
        [path, "--key", empty],
        [path, "--key", f"{key.name}+00000000+AAAA"],
        [path, "--checkpoint", tmp_path / "missing"],
        [path, "--checkpoint", empty],
        [path, "--checkpoint", path],
    ):
        code, words = run_verifier(*arguments)
        assert (arguments, code, words.startswith("COULD NOT BE READ: ")) == (arguments, 2, True)
    assert run_verifier()[0] == 2
    assert run_verifier("--help")[0] == 0
