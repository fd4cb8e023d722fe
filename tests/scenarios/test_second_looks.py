"""Second looks at a change in chat: a concern of security makes the merge ask a person; all is said on the pull
request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integrations.code_host import UnderQuery
from integrations.pages import Part
from simulators.model import call, serving
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import operations
from tests.scenarios.test_story_written_in_chat import MOVES, story

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


def worried(body: dict[str, Any], _number: int) -> Any:
    """Writes the story; as security it is worried, and as the architect content."""
    offered = {one["function"]["name"] for one in body["tools"]}
    if "SecurityReviewed" in offered:
        seen = {
            "kind": "personal data",
            "where": "orders/book.py:59",
            "why": "Whoever reads an order learns more",
        }
        return call("SecurityReviewed", concerns=[seen], not_looked_at="how callers store it")
    if "Reviewed" in offered:
        return call("Reviewed", verdict="approved", says="It does what the story asks.")
    return MOVES[sum(one["role"] == "tool" for one in body["messages"])]


async def test_a_concern_of_security_asks_a_person(server: EmbeddedServer, tmp_path: Path) -> None:
    async with serving(worried) as model:
        access = {"openai_api_key": "k", "openai_base_url": model.base_url}
        async with operations(server, tmp_path, ACME, **access) as place:
            host = place.installation.ports(place.tenant).code_host
            await host.repositories(Part())  # made at first use
            id = await story(place)
            await place.say("amanda", f"/allocate_agents put an agent on {id} in orders")
            await place.until("SELECT id FROM approvals WHERE status = 'open'", lambda rows: rows)
            (work,) = await place.rows("SELECT merged, pull_request, head, verdict FROM story_works")
            assert work.merged is None
            found = [one for one in work.verdict["findings"] if one["rule"] == "security"]
            assert [one["what"] for one in found] == ["security: personal data"]
            assert work.verdict["decision"] == "ask"
            reviews = (await host.reviews(UnderQuery("orders", work.pull_request))).items
            said = {one.body.partition(".")[0]: one for one in reviews}
            assert {"Security", "Documentation", "Tests of the criteria"} <= set(said)
            assert "Not looked at: how callers store it." in said["Security"].body
            assert all(one.sha == work.head for one in reviews)
            by = "SELECT DISTINCT kind, actor FROM run_steps WHERE kind LIKE 'look_at_%' OR kind LIKE 'write_%'"
            actors = {row.kind: row.actor for row in await place.rows(by)}
            assert actors["write_backend"] not in {a for kind, a in actors.items() if kind.startswith("look")}
