"""Asking the log: who approved what, an entry with its proof, searches, whether it holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from governance.actions.access import give_role
from governance.audit.keys import signer_for
from governance.audit.proof_file import ProofFile
from governance.audit.search import Query, find
from governance.audit.sequencer import Sequencer
from governance.audit.verification_notice import verify_log
from governance.people import Role
from handlers.conversation.cards import File, Reply, Table
from storage.embedded import EmbeddedServer
from storage.notices import NoticeRow
from tests.governance.audit.audit_entries import PRIVATE
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy


async def _number(talk: Talk) -> None:
    await Sequencer(talk.database, lambda tenant: signer_for(PRIVATE, tenant)).sequence(talk.tenant)


async def _approved(talk: Talk, service: str, by: str, thread: str = "t1") -> str:
    submitted = await talk.submit(deploy(service, "2.3.1"), "leila", thread)
    await talk.press(by, "approve", submitted.approval or "", thread=thread)
    return submitted.effect


@pytest.mark.parametrize(
    ("question", "who"),
    [
        ("who approved the last production deployment?", "Nathan"),
        ("Did anyone approve the orders deployment", "Nathan"),
        ("which person signed off the release of payments", "Amanda"),
    ],
)
async def test_who_approved_something_named(talk: Talk, question: str, who: str) -> None:
    await _approved(talk, "payments", "amanda", "a")
    talk.now += timedelta(minutes=1)
    await _approved(talk, "orders", "nathan", "b")
    (reply,) = (await talk.say("david", f"/audit {question}", thread="elsewhere")).replies
    assert f"Approved by {who}" in reply.text
    assert reply.restricted


async def test_who_approved_that_is_what_was_decided_in_this_thread(talk: Talk) -> None:
    await _approved(talk, "orders", "nathan", "b")
    await _approved(talk, "payments", "amanda", "a")
    (reply,) = (await talk.say("david", "/audit who approved that?", thread="b")).replies
    assert "Approved by Nathan" in reply.text
    (nothing,) = (await talk.say("david", "/audit who approved that?", thread="empty")).replies
    assert "Nothing of that kind is in the record yet" in nothing.text


async def test_what_nobody_had_to_approve_says_by_which_rule(talk: Talk) -> None:
    await talk.submit(deploy("orders", "2.3.1", "staging"), "nathan")
    (reply,) = (await talk.say("david", "/audit who approved the last staging deployment?")).replies
    assert "Nobody approved" in reply.text
    assert "deployments.auto" in repr(reply)


async def test_an_entry_is_shown_with_all_its_parts_and_a_proof_that_verifies(talk: Talk) -> None:
    await _approved(talk, "orders", "nathan")
    await _number(talk)
    (chain,) = (await talk.say("david", "/audit who approved that?")).replies
    pressed = buttons(chain)["show_entry"]
    (reply,) = (await talk.press("david", pressed.verb, pressed.subject)).replies
    for part in (
        "Rationale",
        "Approval chain",
        "Impact",
        "Rollback plan",
        "Related artifacts",
        "fixes the export",
    ):
        assert part in repr(reply)
    proof = await _file(talk, reply, ".tlog-proof")
    async with talk.desk() as desk:
        row = await desk.tx.execute(
            text("SELECT hash FROM audit_leaves WHERE number = :number"), {"number": proof.index}
        )
        leaf = bytes(row.scalar_one())
    checkpoint = proof.verify(leaf, signer_for(PRIVATE, talk.tenant).verifier)
    assert checkpoint.size > proof.index
    (same,) = (await talk.say("carlos", f"/audit show me entry {proof.index} with its proof")).replies
    assert same.cards[0].title == reply.cards[0].title


@pytest.mark.parametrize(
    ("table", "change", "told"),
    [
        (
            "openings",
            "openings = '{'",
            "the log does not hold here: what is stored beside the log cannot be read",
        ),
        ("openings", "openings = replace(openings, 'fixes', 'ruins')", "is not what was committed to"),
        ("openings", "openings = '{}'", "no entry of the log says that it was erased"),
        ("entries", "data = replace(data, '\"cost\":', '\"c0st\":')", "It is not what was recorded"),
        ("entries", "data = '{'", "was changed and cannot be read: verify the log"),
    ],
)
async def test_what_was_changed_is_an_answer(
    talk: Talk, server: EmbeddedServer, table: str, change: str, told: str
) -> None:
    effect = await _approved(talk, "orders", "nathan")
    await _number(talk)
    async with talk.desk() as desk:
        found = await find(desk.tx, Query(effect=effect), limit=1)
    key = "id" if table == "entries" else "entry"
    changed = f"UPDATE audit_{table} SET {change} WHERE tenant = %s AND {key} = %s"
    with psycopg.connect(server.owner_url) as owner:
        owner.execute("ALTER TABLE audit_entries DISABLE TRIGGER only_grows")
        assert owner.execute(changed.encode(), (talk.tenant, found[0].id)).rowcount == 1
        owner.execute("ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER only_grows")
    (reply,) = (await talk.say("carlos", f"/audit show me entry {found[0].number}")).replies
    assert told in repr(reply)


async def _file(talk: Talk, reply: Reply, ending: str) -> ProofFile:
    (file,) = [
        block.file
        for card in reply.cards
        for block in card.blocks
        if isinstance(block, File) and block.name.endswith(ending)
    ]
    async with talk.desk() as desk:
        row = await desk.tx.execute(text("SELECT content FROM files WHERE id = :id"), {"id": file})
        return ProofFile.parse(bytes(row.scalar_one()).decode())


async def test_searches_by_person_kind_and_period(talk: Talk) -> None:
    await talk.submit(give_role("nathan", Role.ARCHITECT, "designs"), "carlos")
    await talk.say("amanda", "/halt_agents reason: odd commits")
    talk.now += timedelta(minutes=1)
    for question, expected, absent in (
        ("who halted the agents last 2 days", "Halt of all agents: done", "Approval asked for"),
        ("everything that Carlos did", "Approval asked for", "Halt of all agents: done"),
        ("list all overrides", "Halt of all agents: done", "Approval asked for"),
        ("search the log for role changes", "nothing", "Halt of all agents: done"),
        ("show the audit log", "Halt of all agents: intended", "nothing"),
    ):
        (reply,) = (await talk.say("carlos", f"/audit {question}", thread="s")).replies
        listed = {
            row[3]
            for card in reply.cards
            for block in card.blocks
            if isinstance(block, Table)
            for row in block.rows
        }
        assert expected == "nothing" or expected in listed, question
        assert absent not in listed, question
        assert reply.restricted


async def test_who_denied_my_request(talk: Talk) -> None:
    (none,) = (await talk.say("david", "/audit who denied my request", thread="x")).replies
    assert "No such request" in none.text
    submitted = await talk.submit(deploy("orders", "2.3.1"), "david")
    await talk.press("nathan", "deny", submitted.approval or "", {"reason": "red tests"})
    (reply,) = (await talk.say("david", "/audit who denied my request", thread="y")).replies
    assert "Denied by Nathan" in reply.text


async def test_refused_requests_are_found(talk: Talk) -> None:
    await talk.say("amanda", "/halt_agents")
    await talk.submit(deploy("orders", "1"), "nobody-known")
    (reply,) = (await talk.say("carlos", "/audit show all refused requests")).replies
    assert "probe.deploy" in repr(reply)


async def test_older_entries_are_a_button_away(talk: Talk) -> None:
    for number in range(25):
        talk.now += timedelta(minutes=1)
        await talk.submit(deploy("orders", str(number), "staging"), "nathan")
    (first,) = (await talk.say("carlos", "/audit show the audit log")).replies
    older = buttons(first)["ask"]
    (second,) = (await talk.press("carlos", older.verb, older.subject)).replies
    pages = [
        [row for card in reply.cards for block in card.blocks if isinstance(block, Table) for row in block.rows]
        for reply in (first, second)
    ]
    assert [len(page) for page in pages] == [20, 5]
    assert not set(pages[0]) & set(pages[1])


async def test_verification_is_worked_out_apart_and_told_to_the_asker(talk: Talk, tmp_path: Path) -> None:
    await _approved(talk, "orders", "nathan")
    await _number(talk)
    (asked,) = (await talk.say("david", "/audit is the log intact")).replies
    assert "directly" in asked.text
    key = signer_for(PRIVATE, talk.tenant).verifier
    async with talk.desk() as desk:
        row = (await desk.tx.execute(select(NoticeRow).where(NoticeRow.kind == "log_verified"))).scalar_one()
        assert row.people == ["david"]
    await verify_log(talk.database, talk.tenant, key, None, row.id)
    ((reply, _),) = await talk.notices("log_verified")
    assert reply is not None
    assert "The audit log holds" in reply.text


@pytest.mark.parametrize("who", ["rachel", "helena", "stranger"])
async def test_the_log_is_not_for_everybody(talk: Talk, who: str) -> None:
    assert (await talk.say(who, "/audit show the audit log")).refused
