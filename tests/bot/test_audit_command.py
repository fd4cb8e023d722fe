"""`countersign audit`: what an operator is told of the log, and what forgetting somebody takes and leaves."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.command_line import Stop, arguments, audit
from bot.foundation import Foundation, foundation
from bot.settings import Settings
from governance.audit.entries import EntryKind
from governance.audit.log import record
from governance.audit.publication import Publisher
from governance.audit.sequencer import Sequencer
from governance.audit.tables import OpeningsRow
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.people import Actor
from storage.embedded import EmbeddedServer
from tests.books import TAMPERED
from tests.governance.audit.audit_entries import DAVID, said
from tests.workplace import settings_of

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme" / "department.yaml"
ELENA = Actor("person", "elena", identity="console:elena")

WHO = {"said": "/whoami", "place": "console:dm-elena:main", "answer": ["You are Elena Fischer."]}


@pytest.fixture
async def installed(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Foundation]:
    """An installation with the sample department, and a log of what Elena and David said."""
    settings = settings_of(server, tmp_path)
    async with foundation(settings) as installation:
        async with installation.database.transaction(settings.tenant) as tx:
            await open_department(tx, read_department(ACME))
            for entry in (
                said(actor=ELENA, details=WHO),
                said(actor=ELENA, type="sign_in.done", kind=EntryKind.ACCESS, details={}),
                said(actor=DAVID, details={"said": "ask Elena", "answer": ["Asked."]}),
                said(actor=DAVID, details={"said": "thanks", "answer": ["Elenas like it."]}),
            ):
                await record(tx, entry)
        await _number(installation)
        yield installation


async def _number(installation: Foundation) -> None:
    publisher = Publisher(installation.checkpoint_file)
    await Sequencer(installation.database, installation.signer, publisher).sequence(
        installation.settings.tenant
    )
    await publisher.publish()


async def _run(settings: Settings, *words: str) -> int:
    parser = argparse.ArgumentParser()
    arguments.audit(parser)
    return await audit.run(settings, parser.parse_args(words))


async def test_forgetting_takes_what_tells_who_it_was_and_says_what_stays(
    installed: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = installed.settings
    async with installed.database.transaction(settings.tenant) as tx:
        await tx.execute(text("DELETE FROM person_roles WHERE person = 'elena'"))
    assert await _run(settings, "forget", "elena", "--reason", "left, and asked for it") == 0
    told = capsys.readouterr().out
    assert "the name that 2 entries of the log are under leads to nobody" in told
    assert "What stays: what they did and how they voted" in told
    assert "Entries whose texts may still name them (1): 2." in told
    await _number(installed)
    assert await _run(settings, "verify") == 0
    told = capsys.readouterr().out
    assert "Texts that were erased, as entries of the log say: 3." in told
    assert "Warning" not in told

    assert await _run(settings, "erase", "2", "--part", "details", "--reason", "it names her") == 0
    async with installed.database.transaction(settings.tenant) as tx:
        openings = "".join((await tx.execute(select(OpeningsRow.openings))).scalars())
    assert "Elenas" in openings, "a word that only begins alike is nobody's name"
    assert "elena" not in openings.replace("Elenas", "").casefold()
    await _number(installed)
    assert await _run(settings, "verify") == 0
    for number, why in (("2", "Nothing of that is left"), ("999", "has no entry 999")):
        with pytest.raises(Stop, match=why):
            await _run(settings, "erase", number, "--part", "details", "--reason", "again")


async def test_what_does_not_hold_is_said_in_sentences(
    installed: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = installed.settings
    TAMPERED.add(settings.tenant)
    assert await _run(settings, "verify") == 0
    assert capsys.readouterr().out.endswith("The log holds.\n")
    async with installed.database.transaction(settings.tenant) as tx:
        await tx.execute(text("UPDATE audit_openings SET openings = replace(openings, 'ask Elena', 'ask Tom')"))
    installed.checkpoint_file.unlink()
    assert await _run(settings, "verify") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "The log does NOT hold. Findings: 1."
    assert told[-2].startswith("- entry ")
    assert told[-2].endswith("number 2: what is stored for its details is not what was committed to")
    assert told[-3].startswith(f"Warning: {installed.checkpoint_file}, where checkpoints are kept")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["prove", "99999999999999999999"], "is no number of an entry"),
        (["prove", "x"], "is no number of an entry"),
        (["erase", "²", "--reason", "x"], "is no number of an entry"),
        (["forget", "\udcff", "--reason", "x"], "nobody's and nothing's name"),
        (["forget", "elena", "--reason", " "], "say why"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    arguments.audit(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(words)
    assert why in capsys.readouterr().err
