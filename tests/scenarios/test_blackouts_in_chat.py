"""In a blackout nothing new reaches production by itself: it is put off, or goes past it in an emergency; what
goes back goes back. Real processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from agents.work import runs
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins
from tests.scenarios.operations import ORDERS, Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
RULES = """
releases:
  production: all at once
  blackouts: [{from: 2020-01-01, to: 2099-12-30, services: [orders], why: the long sale}]
"""


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    department = with_stand_ins(tmp_path)
    file = department / "department.yaml"
    written = file.read_text() + RULES
    file.unlink()  # a link to the sample's
    file.write_text(written)
    async with operations(server, tmp_path, department) as opened:
        await opened.port.status(ORDERS)  # what runs is started now, and not while somebody waits
        yield opened


async def test_it_is_put_off_and_asked_for_once_it_is_over(place: Operations) -> None:
    refused = await place.say("nathan", "/deploy orders 4.18.0 to production")
    assert "A blackout of releases is on: the long sale, until" in refused.as_text()
    assert "Deploy then" in str(refused.cards)
    assert "Emergency deploy" in str(refused.cards)
    assert not refused.approvals
    assert "Emergency deploy" not in str(
        (await place.say("amanda", "/deploy orders 4.18.0 to production")).cards
    )
    when = await place.say("nathan", "/service when can we deploy orders?")
    assert "Not now: the long sale" in when.as_text()
    put_off = await place.say("nathan", "/deploy orders 4.18.0 to production after the blackout")
    assert "orders 4.18.0 waits until" in put_off.as_text()
    assert not put_off.approvals
    assert "waits for" in (await place.say("nathan", "/deploy orders 4.18.0 to production then")).as_text()
    async with place.installation.database.transaction(place.tenant) as tx:
        await tx.execute(text("UPDATE departments SET body = body #- '{releases,blackouts}', digest = 'free'"))
        waits = "args = jsonb_set(args, '{at}', '\"2026-01-01T00:00:00+00:00\"'), wake = now()"
        await tx.execute(text(f"UPDATE run_steps SET {waits} WHERE kind = 'release_time'"))
        (run,) = (await tx.execute(text("SELECT id FROM runs WHERE kind = 'deployment'"))).one()
        await runs.go_on(tx, await runs.run_for_update(tx, run))
    (row,) = await place.until("SELECT id FROM approvals WHERE status = 'open'", lambda rows: rows)
    await place.until(f"SELECT 1 FROM outbox WHERE reply::text LIKE '%{row[0]}%' AND posted IS NOT NULL", bool)
    await place.chat.decide("amanda", row[0], "approve", {})
    await place.runs("4.18.0")


async def test_an_emergency_goes_past_it_and_the_way_back_is_free(place: Operations) -> None:
    staged = await place.say("nathan", "/deploy orders 4.18.1 to staging")
    assert "runs in staging" in staged.as_text()
    allowed = await place.say("nathan", "/emergency_deploy orders 4.18.0, reason: checkout is down")
    assert "Deploy orders 4.18.0 now" in str(allowed.cards)
    await place.say("nathan", "/deploy orders 4.18.0 to production")
    await place.runs("4.18.0")
    back = await place.say("nathan", "/rollback roll back orders")
    await place.chat.decide("amanda", back.approvals[0]["id"], "approve", {})
    await place.runs("4.17.2")
    what = await place.say("nathan", "/service what was deployed this week?")
    assert "orders 4.18.0: deployed" in what.as_text()
    assert "orders 4.17.2: rolled back" in what.as_text()


async def test_what_was_approved_before_waits_when_one_begins_before_its_effect(place: Operations) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        await tx.execute(text("UPDATE departments SET body = body #- '{releases,blackouts}', digest = 'free'"))
    asked = await place.say("nathan", "/deploy orders 4.18.0 to production")
    async with place.installation.database.transaction(place.tenant) as tx:
        sale = '[{"since": "2020-01-01", "until": "2099-12-30", "why": "the sale"}]'
        begins = f"body = jsonb_set(body, '{{releases,blackouts}}', '{sale}'), digest = 'held'"
        await tx.execute(text(f"UPDATE departments SET {begins}".replace(": ", r"\: ")))
    await place.chat.decide("amanda", asked.approvals[0]["id"], "approve", {})
    (row,) = await place.until("SELECT state, held FROM effects WHERE held IS NOT NULL", lambda rows: rows)
    assert row[0] == "held"
    assert "the sale" in row[1]
