"""The log calls people by names that say nothing; who they are stands beside it, and can be forgotten."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from governance.audit import verifier
from governance.audit.entries import Part
from governance.audit.erasure import StillAtWork, forget
from governance.audit.export import Reveal, everything, export, nothing
from governance.audit.keys import signer_for
from governance.audit.log_names import log_names
from governance.audit.search import Found, Query, find
from governance.audit.tables import EntryRow
from governance.audit.verification import verify
from governance.overrides.halting_by_driver import halt as halt_by_driver
from governance.people import Actor
from storage.embedded import EmbeddedServer
from tests.governance.edge_actions import deploy
from tests.governance.house import KEY, House

OPERATOR = Actor("person", "operator", identity="os:root")


async def _released(house: House) -> str:
    """David asks for a release, Nathan approves it, an agent of Nathan's does another thing."""
    asked = await house.submit(deploy(environment="production"), by="david")
    await house.vote(asked.approval, "nathan")
    await house.perform(asked.effect)
    await house.submit(deploy())
    await house.number()
    return asked.effect


async def _find(house: House, **query: Any) -> list[Found]:
    async with house.database.transaction(house.tenant) as tx:
        return await find(tx, Query(**query), limit=100, opened=True)


async def _export(house: House, reveal: Reveal, to: Path) -> list[dict[str, Any]]:
    key = signer_for(KEY, house.tenant).verifier
    lines = [line async for line in export(house.database, house.tenant, key, reveal)]
    await asyncio.to_thread(to.write_text, "".join(lines), encoding="utf-8")
    assert verifier.main([str(to), "--key", str(key)]) == 0
    return [json.loads(line) for line in lines]


async def test_no_id_name_address_or_chat_identity_stands_in_the_log(
    house: House, server: EmbeddedServer
) -> None:
    await _released(house)
    with psycopg.connect(server.app_url, autocommit=True) as connection:
        halt_by_driver(connection, house.tenant, user="os:wilhelmina", reason="a test", at=house.now)
    async with house.database.transaction(house.tenant) as tx:
        written = "".join((await tx.execute(select(EntryRow.data))).scalars())
        columns = set((await tx.execute(select(EntryRow.actor))).scalars())
    people = (await house.sql("SELECT id, name, email, log_name FROM people")).all()
    identities = set((await house.sql("SELECT identity FROM identities")).scalars())
    told = {f'"{row.id}"' for row in people} | {told for row in people for told in (row.name, row.email)}
    assert [each for each in told if each in written] == []
    assert not any(identity in written for identity in identities)
    assert "wilhelmina" not in written
    assert columns <= {row.log_name for row in people} | {"sre", "operator"}


async def test_who_it_was_is_told_to_whoever_may_know(house: House) -> None:
    effect = await _released(house)
    names = await house.names()
    (intent, *_) = await house.entries("intent", effect=effect)
    assert names[intent["actor"]["id"]] == names["david"]
    assert [names[vote["person"]] for vote in intent["approvals"]["votes"]] == [names["nathan"]]
    assert len(await _find(house, actor="nathan")) == 1
    assert len(await _find(house, actor="david")) == 3
    assert await _find(house, actor="rachel") == []


async def test_an_export_says_who_it_was_only_where_it_is_opened(house: House, tmp_path: Path) -> None:
    await _released(house)
    names = await house.names()
    closed = await _export(house, nothing, tmp_path / "closed")
    assert names["david"] not in str(closed)
    opened = await _export(house, everything, tmp_path / "opened")
    told = [line["people"] for line in opened if "people" in line]
    assert {name for people in told for name in people.values()} == {names["david"], names["nathan"]}


async def test_whoever_still_works_here_is_not_forgotten(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        with pytest.raises(StillAtWork, match="take the roles away first"):
            await forget(tx, "david", OPERATOR, "they asked for it")


async def test_whoever_has_left_can_be_forgotten_and_the_log_holds(house: House) -> None:
    await _released(house)
    called = (await house.sql("SELECT log_name FROM people WHERE id = 'david'")).scalar_one()
    await house.sql("DELETE FROM person_roles WHERE person = 'david'")
    async with house.database.transaction(house.tenant) as tx:
        assert await forget(tx, "david", OPERATOR, "they asked for it") == 3
    await house.number()
    names = await house.names()
    assert names[called] == called, "nobody can tell any more who that was"
    theirs = await _find(house, actor=called)
    assert len(theirs) == 3
    assert {entry.part(Part.IDENTITY) for entry in theirs} == {None}
    assert await _find(house, actor="david") == []
    (said_so,) = await _find(house, type="audit.forgotten")
    assert (said_so.content["subject"], said_so.part(Part.IDENTITY)) == (called, "os:root")
    report = await verify(house.database, house.tenant, signer_for(KEY, house.tenant).verifier)
    assert report.holds, report.findings


async def test_a_name_that_another_process_took_away_is_not_used_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.database.transaction(house.tenant) as tx:
        before = await log_names(tx, ["david"])
        await tx.execute(text("UPDATE people SET log_name = 'pn_another' WHERE id = 'david'"))
        assert await log_names(tx, ["david"]) == before
        later = monotonic() + 31
        monkeypatch.setattr("governance.audit.log_names.monotonic", lambda: later)
        assert await log_names(tx, ["david"]) == {"david": "pn_another"}
