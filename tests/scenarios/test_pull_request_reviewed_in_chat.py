"""A person's review in chat: what a story waits for that needs one, said from the card of its pull request."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.code_host import UnderQuery
from integrations.code_host.pull_requests import ReviewVerdict
from integrations.pages import Part
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import operations

ACME = Path(__file__).parents[2] / "examples" / "acme"
KOFI = "kofi.mensahl"
WORKS = "SELECT run, merged, pull_request, head, blocked FROM story_works"
SHOW = "/eng pull_requests show PR 1 of orders"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


async def test_a_story_that_waits_for_a_review_is_merged_once_somebody_approves(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """The branch demands a review of somebody else than the agents: it is given from the card."""
    async with operations(server, tmp_path, ACME) as place:
        host = place.installation.ports(place.tenant).code_host
        await host.repositories(Part())
        await place.until(
            "UPDATE code_protections SET required_reviews = 1 WHERE repository = 'orders' RETURNING branch",
            lambda rows: rows,
        )
        await place.say("amanda", "/routine_change write the API docs of orders")
        (work,) = await place.until(WORKS, lambda rows: rows and rows[0].blocked)
        assert "approving review" in work.blocked
        assert "pull_requests show pull request 1 of orders" in await place.shows("approving review")
        card = await place.say(KOFI, SHOW)
        assert "Nothing speaks against merging it" in str(card.cards), "the verdict on this head and base"
        assert "answers for it" in str(card.cards)
        subject = f"orders#{work.pull_request}@{work.head}"
        refused = await place.press("david", "approve_change", subject)
        assert "Reviewing a change takes the" in refused.as_text()
        assert (await place.rows(WORKS))[0].merged is None
        await place.press(KOFI, "approve_change", subject)
        (work,) = await place.until(WORKS, lambda rows: rows[0].merged)
        assert (await host.branch("orders", "main")).sha == work.merged
        reviews = (await host.reviews(UnderQuery("orders", work.pull_request))).items
        (theirs,) = [one for one in reviews if one.author == KOFI]
        assert (theirs.verdict, theirs.sha) == (ReviewVerdict.APPROVED, work.head)
        again = await place.press(KOFI, "approve_change", subject)
        assert "is merged already. Nothing was said." in again.as_text()
        staged = "SELECT staged, says FROM story_releases"
        await place.until(staged, lambda rows: rows and (rows[0].staged or rows[0].says))
