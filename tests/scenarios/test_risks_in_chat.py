"""What could go wrong, asked in chat: of one feature, of all, and how well it was told before."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from bot.turn_result import Answered
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


def fact(answer: Answered, name: str) -> object:
    (found,) = [one["value"] for one in answer.facts if one["name"] == name]
    return found


async def put(place: Operations, statement: str) -> None:
    async with place.installation.database.transaction(place.tenant) as tx:
        await tx.execute(text(statement))


async def test_risks_of_a_feature_then_of_all_then_scored(server: EmbeddedServer, tmp_path: Path) -> None:
    async with operations(server, tmp_path, ACME, look_seconds=60) as place:
        asked = await place.say("david", "/risks what could go wrong with SSO?")
        assert asked.as_text().startswith("Single sign-on groundwork misses "), asked.as_text()
        card = str(asked.cards)
        assert "Waits for stable session tokens of auth service v2" in card
        assert "waits for CARD-1255" in card.replace("Waits", "waits")
        assert "acme-corp" not in card, "a channel may not read which customer was promised it"
        assert 0 <= float(str(fact(asked, "CARD-1119 late"))) <= 1
        kept = await place.rows("SELECT item, likelihood, came_true FROM told_risks ORDER BY item")
        assert {row.item for row in kept} >= {"EPIC-36", "CARD-1119"}
        assert all(row.came_true is None for row in kept)

        again = await place.say("david", "and for the one-page checkout?", asked.thread)
        assert again.as_text().startswith("One-page checkout misses ")
        everything = await place.say("david", "/risks what could go wrong?")
        assert "features under way will more likely than not miss their day" in everything.as_text()
        unknown = await place.say("david", "/risks what are the risks of zebra")
        assert unknown.as_text().startswith("I find no feature, plan or story called “zebra”.")
        of_story = await place.say("david", "/risks any risks for CARD-1119?")
        assert of_story.as_text().startswith("Single sign-on groundwork misses ")
        refused = await place.say("nathan", "/risks what could go wrong?")
        assert "Your roles here do not include this" in refused.as_text()

        # As the suite of auth-service stands after its newest run, and after an older one that failed.
        await put(
            place,
            "INSERT INTO suite_runs (repository, tree, passed, failed, skipped, at) VALUES"
            " ('auth-service', 't1', 9, 3, 0, now()), ('orders', 't2', 9, 4, 0, now()),"
            " ('accounts', 't3', 9, 5, 0, now() - interval '2 days'),"
            " ('accounts', 't4', 14, 0, 0, now())",
        )
        failing = str((await place.say("david", "/risks what could go wrong with SSO?")).cards)
        assert "3 tests of" in failing, failing
        assert "4 tests of" not in failing, "another team's"
        assert "5 tests of" not in failing, "mended since"

        # As if it had been told in October of a day in November: CARD-1119 is still open, so it came true.
        await put(
            place,
            "INSERT INTO told_risks (item, due, told, epic, likelihood) VALUES"
            " ('CARD-1119', '2026-11-10', '2026-10-01', 'EPIC-36', 0.8),"
            " ('CARD-20', '2026-11-10', '2026-10-01', 'EPIC-36', 0.3),"
            " ('CARD-0', '2026-11-10', '2026-10-01', 'EPIC-36', 0.3)",
        )
        scored = await place.say("david", "/risks what could go wrong with SSO?")
        assert "2 earlier statements judged so far, too few to say how well I tell." in str(scored.cards)
        judged = await place.rows(
            "SELECT item, came_true FROM told_risks WHERE due < '2026-11-20' ORDER BY item"
        )
        assert [(row.item, row.came_true) for row in judged] == [("CARD-1119", True), ("CARD-20", False)]
        assert fact(scored, "Brier score of them") == pytest.approx(((0.8 - 1) ** 2 + 0.3**2) / 2, abs=1e-3)
