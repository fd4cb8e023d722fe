"""What agents cost, asked in chat after an agent was at work: of a model with a price, and of one without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulators.model import call, serving
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


def gives_up(_body: dict[str, Any], _number: int) -> Any:
    return call("give_up", why="A person has to say which currency it is.")


async def worked(place: Operations) -> str:
    """A story that an agent gave up, after one call to its model; its id."""
    await place.say("david", "/add_to_backlog Orders say how many pieces they have; P2, team Beta")
    query = "SELECT id FROM tracker_stories WHERE title LIKE 'Orders say%'"
    (row,) = await place.until(query, lambda rows: rows)
    await place.say("amanda", f"/allocate_agents put an agent on {row.id} in orders")
    await place.until("SELECT blocked FROM story_works", lambda rows: rows and rows[0].blocked)
    return str(row.id)


@pytest.mark.parametrize("priced", [True, False])
async def test_costs_of_a_story_and_of_teams(server: EmbeddedServer, tmp_path: Path, priced: bool) -> None:
    prices = {"openai_input_price": "200000", "openai_output_price": "400000"} if priced else {}
    async with serving(gives_up) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url, **prices}
        async with operations(server, tmp_path, ACME, look_seconds=60, **access) as place:
            id = await worked(place)
            (use,) = await place.rows("SELECT run, role, model, input_tokens, cost FROM model_uses")
            assert (use.run is not None, use.role) == (True, "backend_engineer")
            assert use.input_tokens > 0
            assert (use.cost is not None) is priced
            of_story = await place.say("david", f"/costs what did {id} cost?")
            by_team = await place.say("david", "/costs what did the agents cost this month by team?")
            if priced:
                assert f"cost {use.cost:,.2f} USD of models so far" in of_story.as_text()
                assert f"Agents cost {use.cost:,.2f} USD" in by_team.as_text()
                assert "Team Beta" in str(by_team.cards)
            else:
                unknown = "cost an unknown amount: the price of gpt-5-mini is not known"
                assert unknown in of_story.as_text()
                assert unknown in by_team.as_text()
                assert " USD" not in of_story.as_text() + by_team.as_text()
            refused = await place.say("rachel", f"/costs what did {id} cost?")
            assert "models so far" not in refused.as_text()
