"""How fast teams are, asked in chat by those who plan with it: all of them, one, in hours, as a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from bot.turn_result import Answered
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


def blocks(answer: Answered, kind: str) -> list[dict[str, object]]:
    return [block for card in answer.cards for block in card["blocks"] if block["kind"] == kind]


def fact(answer: Answered, name: str) -> object:
    (found,) = [one["value"] for one in answer.facts if one["name"] == name]
    return found


async def written(place: Operations, name: str) -> bytes:
    rows = await place.rows(f"SELECT content FROM files WHERE name = '{name}' ORDER BY created DESC LIMIT 1")
    return bytes(rows[0].content)


async def test_trends_and_predictions_then_one_team_then_another_then_a_file(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    async with operations(server, tmp_path, ACME, look_seconds=60) as place:
        asked = await place.say("david", "/velocity Show me our velocity trends and predictions")
        assert asked.as_text().startswith("All teams: "), asked.as_text()
        (table,) = blocks(asked, "table")
        assert len(table["rows"]) == 8  # type: ignore[arg-type]
        (chart,) = blocks(asked, "chart")
        assert "Foretold: " in str(chart["alt"])
        assert (await written(place, "velocity.png")).startswith(b"\x89PNG")
        assert "sprints foretold anew" in str(asked.cards)
        low, middle, high = (fact(asked, f"All teams, together, {part}") for part in ("P10", "P50", "P90"))
        assert 0 < low < middle < high  # type: ignore[operator]

        gamma = await place.say("david", "/velocity how fast is Team Gamma?", asked.thread)
        assert gamma.as_text().startswith("Team Gamma: ")
        rows = await place.rows(
            "SELECT count(*) AS n FROM tracker_stories t JOIN tracker_sprints s ON s.team = t.team"
            " WHERE s.id = 'gamma-s48' AND (t.finished AT TIME ZONE 'America/New_York')::date >= s.starts"
            " AND (t.finished AT TIME ZONE 'America/New_York')::date < s.ends"
        )
        assert fact(gamma, "Team Gamma, Team Gamma, sprint 48") == rows[0].n > 0

        delta = await place.say("david", "and delta?", asked.thread)
        assert delta.as_text().startswith("Team Delta: ")
        assert " stories a sprint" in delta.as_text()
        hours = await place.say("david", "in hours please", asked.thread)
        assert hours.as_text().startswith("Team Delta: ")
        assert " agent-hours a sprint" in hours.as_text()
        stories = await place.press("david", "ask", "velocity in stories")
        assert stories.as_text().startswith("Team Delta: ")
        assert " stories a sprint" in stories.as_text()
        await place.say("david", "in hours please", asked.thread)
        await place.say("david", "as csv", asked.thread)
        lines = list(csv.DictReader(io.StringIO((await written(place, "velocity.csv")).decode("utf-8-sig"))))
        assert {line["team"] for line in lines} == {"Team Delta"}
        assert {line["unit"] for line in lines} == {"agent-hours"}
        assert [line["p50"] != "" for line in lines].count(True) == 3


async def test_products_periods_and_who_may_not_ask(server: EmbeddedServer, tmp_path: Path) -> None:
    async with operations(server, tmp_path, ACME, look_seconds=60) as place:
        payments = await place.say("amanda", "/velocity how fast is Payments?")
        assert payments.as_text().startswith("Payments (its teams together): ")
        assert {row[0] for row in blocks(payments, "table")[0]["rows"]} == {"Performance Squad", "Team Alpha"}  # type: ignore[attr-defined,index]

        both = await place.say("amanda", "/velocity compare Alpha and Beta in points over the last 6 months")
        assert "Team Alpha" in both.as_text()
        assert "The tracker keeps no points, so hours stand for them." in str(both.cards)
        assert "Lines of agent-hours" in str(both.cards)

        unknown = await place.say("amanda", "/velocity velocity of zebra")
        assert unknown.as_text().startswith("There is no team and no product “zebra”.")
        long_ago = await place.say("amanda", "/velocity velocity in 2019")
        assert "No sprint that I know lies in that time" in long_ago.as_text()
        refused = await place.say("rachel", "/velocity how fast is Team Alpha?")
        assert "a sprint" not in refused.as_text()
