"""A roadmap by chat: worked out, supposed otherwise, made the plan of record, and held against what came."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"
NEWEST = "SELECT id, draft, state FROM roadmaps WHERE draft IS NOT NULL ORDER BY created DESC LIMIT 1"


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    async with operations(server, tmp_path, ACME) as opened:
        yield opened


async def _newest(place: Operations) -> tuple[str, dict[str, Any]]:
    (row,) = await place.rows(NEWEST)
    return row.id, json.loads(row.draft)


async def _change(place: Operations, statement: str) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        await tx.execute(text(statement))


async def _file(place: Operations, id: str) -> bytes:
    (row,) = await place.rows(f"SELECT content FROM files WHERE id = '{id}'")
    return bytes(row.content)


async def test_a_roadmap_from_the_asking_to_its_drift(place: Operations) -> None:
    refused = await place.say("mei.tanemori", "/roadmap Generate the roadmap for next quarter")
    assert "roles" in refused.as_text()
    asked = await place.say(
        "david", "/roadmap Generate the roadmap for next quarter based on backlog and capacity"
    )
    assert "Working out the roadmap" in asked.as_text()
    card = await place.shows("items fit into")
    first, drawn = await _newest(place)
    assert "Approve as plan of record" in card
    assert "500000" not in card
    assert "610000" not in card, "no revenue in a channel"
    chosen = {one["id"] for one in drawn["chosen"]}
    assert "EPIC-36" in chosen, "four enterprise customers wait for it"

    rows = list(csv.DictReader(io.StringIO((await _file(place, f"fi_{first}_csv")).decode())))
    assert {row["id"] for row in rows if row["in_or_out"] == "in"} == chosen
    assert all(row["why"] for row in rows)
    document = (await _file(place, f"fi_{first}_md")).decode()
    assert "## Capacity" in document
    assert (await _file(place, f"fi_{first}_png")).startswith(b"\x89PNG")

    supposed = await place.say("david", "without the single sign-on groundwork", asked.thread)
    assert "Working out" in supposed.as_text(), supposed.as_text()
    card = await place.shows("left out, as asked")
    assert "Goes out: Single sign-on groundwork (EPIC-36)" in card
    await place.say("david", "two more engineers in Gamma", asked.thread)
    card = await place.shows("2 more in Team Gamma")
    assert "22 of backend agent-hours a week" in card
    second, both = await _newest(place)
    assert both["wishes"]["without"] == ["single sign-on groundwork"], "one supposition adds to the other"
    had, has = (
        next(t for t in one["teams"] if t["hours"]["team"] == "gamma")["hours"] for one in (drawn, both)
    )
    assert has["free"]["backend"] > had["free"]["backend"] + 2 * 22 * 11
    assert has["free"]["security"] == pytest.approx(had["free"]["security"])

    await place.press("david", "adopt_roadmap", first)
    (row,) = await place.until("SELECT id FROM roadmaps WHERE state = 'of_record'", len)
    assert row.id == first
    (vote,) = await place.rows("SELECT status FROM approvals")
    assert vote.status == "approved"
    done = "SELECT body->>'type' FROM effects WHERE state = 'done'"
    assert [one[0] for one in await place.rows(done)] == ["roadmap.adopt"]

    await place.say("amanda", "/roadmap show the roadmap")
    card = await place.shows("where it stands")
    assert "Nothing drifted" in card

    await _change(place, "UPDATE tracker_stories SET status = 'done', finished = now() WHERE epic = 'EPIC-30'")
    await _change(
        place, "UPDATE tracker_stories SET estimate_hours = estimate_hours * 40 WHERE epic = 'EPIC-26'"
    )
    await place.say("amanda", "/roadmap show the roadmap")
    card = await place.shows("No longer in it: EPIC-26")
    assert "1 of 22 items done" in card or "items done" in card
    assert "EPIC-26: it needs" in card

    await place.press("amanda", "adopt_roadmap", second)
    await place.until(f"SELECT 1 FROM roadmaps WHERE id = '{second}' AND state = 'of_record'", len)
    (was,) = await place.rows(f"SELECT state, superseded_by FROM roadmaps WHERE id = '{first}'")
    assert (was.state, was.superseded_by) == ("superseded", second)
