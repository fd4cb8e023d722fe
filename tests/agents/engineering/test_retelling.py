"""What a pull request says of itself after a round that a review asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents.engineering.story_run import OPEN, RETELL
from integrations.code_host.pull_requests import PullRequestChange
from simulators.model import Script, call
from tests.agents.engineering.stories import Stories, Town, town, writer
from tests.integrations.tracker_drafts import grant

__all__ = ["town"]

pytestmark = pytest.mark.timeout(120)

FIRST, SECOND = "Pieces are counted.", "Pieces are counted, and none is left out."


def in_rounds(*reviews: str) -> Script:
    """As `writer`, with words and tests of its own for each round."""
    first = writer(*reviews)

    def script(body: dict[str, Any], number: int) -> Any:
        answer = first(body, number)
        again = "The reviewer asks" in str(body["messages"])
        test = "tests/test_b.py" if again else "tests/test_a.py"
        done = {"summary": SECOND if again else FIRST, "tests": {"1": test}}
        return call("finish", **done) if "thanks @kofi" in str(answer) else answer

    return script


def updates(stories: Stories) -> Any:
    """What was done, or not, of a pull request's text."""
    return stories.asked(
        "SELECT state, actor->>'id', body->>'was' FROM effects WHERE body->>'type' = 'code.update_pull_request'"
    )


async def test_the_text_of_a_pull_request_tells_of_the_round_that_was_judged(town: Town) -> None:
    async with town.at_work(in_rounds("changes requested")) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, OPEN, "done")
        before = (await town.host.pull_request("orders", 1)).body
        assert FIRST in before
        assert (await stories.over(run)).state == "done"
        merged = await town.host.pull_request("orders", 1)
        assert SECOND in merged.body
        assert "tests/test_b.py" in merged.body
        assert "tests/test_a.py" not in merged.body
        assert [tuple(one) for one in await updates(stories)] == [("done", "backend_engineer", before)]


async def test_a_text_that_somebody_else_changed_is_left(town: Town) -> None:
    async with town.at_work(in_rounds("changes requested")) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, OPEN, "done")
        theirs = PullRequestChange(body="As I would say it.")
        await town.host.update_pull_request(replace(grant(), tenant=town.tenant), "orders", 1, theirs)
        assert (await stories.over(run)).state == "done"
        assert (await town.host.pull_request("orders", 1)).body == theirs.body
        assert await updates(stories) == []


async def test_a_text_that_somebody_changes_just_then_is_left_and_the_story_goes_on(town: Town) -> None:
    async with town.at_work(in_rounds("changes requested")) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, RETELL, "submitted")
        theirs = PullRequestChange(body="As I would say it.")
        await town.host.update_pull_request(replace(grant(), tenant=town.tenant), "orders", 1, theirs)
        assert (await stories.over(run)).state == "done"
        assert (await town.host.pull_request("orders", 1)).body == theirs.body
        assert [one.state for one in await updates(stories)] == ["failed"]
