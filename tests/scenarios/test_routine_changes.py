"""Routine changes that people ask for in chat: made by rule, and brought to their merge the whole same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.code_host.pull_requests import PullRequestState
from integrations.pages import Part
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


async def ready(place: Operations) -> None:
    """The repositories are made at first use, which takes a while."""
    await place.installation.ports(place.tenant).code_host.repositories(Part())


WORKS = "SELECT story, run, merged, pull_request, blocked, brief FROM story_works ORDER BY created"


async def test_api_docs_are_written_and_merged(server: EmbeddedServer, tmp_path: Path) -> None:
    """Without a model at all; then the same asked for again has nothing to do, and says so."""
    async with operations(server, tmp_path, ACME) as place:
        await ready(place)
        asked = await place.say("amanda", "/routine_change write the API docs of orders")
        assert "Write the API docs of orders" in str(asked.cards), asked.as_text()
        (work,) = await place.until(WORKS, lambda rows: rows and (rows[0].merged or rows[0].blocked))
        assert work.blocked is None
        host = place.installation.ports(place.tenant).code_host
        merged = await host.pull_request("orders", work.pull_request)
        assert merged.state is PullRequestState.MERGED
        assert "It was written by rule, without a model" in merged.body
        page = (await host.file("orders", work.merged, "docs/api.md")).text or ""
        assert "### `POST /orders`" in page
        status = f"SELECT status FROM tracker_stories WHERE id = '{work.story}'"
        await place.until(status, lambda rows: rows[0][0] == "done")
        assert "By rule: API docs" in await place.shows("Merged: ")
        await place.say("amanda", "/routine_change write the API docs of orders")
        found = await place.until(WORKS, lambda rows: len(rows) == 2 and rows[1].blocked)
        assert found[1].blocked == "By rule it cannot be done: docs/api.md says what openapi.yaml says already."


async def test_a_rename_that_others_may_notice_is_asked_about(server: EmbeddedServer, tmp_path: Path) -> None:
    async with operations(server, tmp_path, ACME) as place:
        await ready(place)
        await place.say("amanda", "/routine_change rename the class Item to OrderItem in orders")
        asked = "SELECT id FROM approvals WHERE status = 'open'"
        (approval,) = await place.until(asked, lambda rows: rows)
        (work,) = await place.rows(WORKS)
        assert work.brief["by_rule"] == {"kind": "rename", "old": "Item", "new": "OrderItem"}
        host = place.installation.ports(place.tenant).code_host
        open_one = await host.pull_request("orders", work.pull_request)
        text = (await host.file("orders", open_one.head_sha, "orders/app.py")).text or ""
        assert "from orders.book import Book, OrderItem, NoSuchOrder" in text
        assert "Item(" not in text.replace("OrderItem(", "")
        assert approval


async def refused(place: Operations, words: str) -> str:
    return (await place.say("amanda", f"/routine_change {words}")).as_text()


async def test_what_is_not_clear_is_asked_back(server: EmbeddedServer, tmp_path: Path) -> None:
    async with operations(server, tmp_path, ACME) as place:
        await ready(place)
        assert "To which version of requests?" in await refused(place, "bump requests in payments")
        assert "Is Item a name in the code?" in await refused(place, "rename Item to Thing in orders")
        assert "One work in one repository at a time" in await refused(
            place, "fix the lint in orders and add retries"
        )
        assert "By rule I do these" in await refused(place, "make the orders page faster")
        assert "No repository is called payments" in await refused(place, "fix the lint in payments")
        assert "In which repository?" in await refused(place, "scaffold a service called refunds")
        assert await place.rows(WORKS) == []
        assert await place.rows("SELECT id FROM runs") == []
