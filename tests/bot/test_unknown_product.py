"""A document of a product that nobody knows, from the request to its epic: asked for, proposed, carried out."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.inbox import store_words
from storage.embedded import EmbeddedServer
from tests.bot.one_company import DAVID, shown
from tests.workplace import Workplace, at_work

DESK = "# Parcel desk\n\n## Requirements\n\n- The desk must list the parcels of a house.\n"


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Workplace]:
    department = Path(shutil.copytree("examples/acme", tmp_path / "acme"))
    (department / "documents" / "PRD-Parcels.md").write_text(DESK, encoding="utf-8")
    async with at_work(server, tmp_path, department=department, openai_api_key=None) as opened:
        yield opened


async def _say(place: Workplace, text: str, until: str) -> str:
    """What is shown by the time that the plan is in this state."""
    async with place.installation.database.transaction(place.tenant) as tx:
        await store_words(tx, platform="console", key=text, identity="console:david", place=DAVID, text=text)
    async with asyncio.timeout(60):
        while await place.rows("SELECT state FROM plans") != [(until,)]:  # noqa: ASYNC110 — the rows are the truth
            await asyncio.sleep(0.05)
    await place.settled()
    return await shown(place.installation)


async def test_a_plan_of_an_unknown_product_is_asked_about_and_then_carried_out(place: Workplace) -> None:
    text = await _say(place, "/build_feature build from PRD-Parcels", "asking")
    assert "does not say which of the department's products it is for. Which one is it for?" in text
    assert await place.rows("SELECT count(*) FROM approvals") == [(0,)]
    text = await _say(place, "it's for Checkout", "proposed")
    assert "Plan for “Parcel desk” from PRD-Parcels: 1 story" in text
    await _say(place, "approve", "created")
    epics = await place.rows("SELECT product FROM tracker_epics WHERE title = 'Parcel desk'")
    assert epics == [("checkout",)]
    assert await place.rows("SELECT count(*) FROM run_steps WHERE state = 'failed'") == [(0,)]
    failed = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed' AND args->>'tenant' = :t"
    assert await place.rows(failed, t=place.tenant) == [(0,)]
