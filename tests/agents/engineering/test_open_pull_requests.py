"""Pull requests of agents: whose they are, what they say, and how many are open at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.engineering.person_step import is_for
from agents.engineering.story_run import MERGE, OPEN, REVIEW, ROOM
from integrations.code_host.pull_requests import PullRequest, PullRequestState
from simulators.model import call
from tests.agents.engineering.stories import ASKS, DONE, Stories, Town, town, writer
from tests.integrations.code_host.effects_contract import merge

__all__ = ["town"]

pytestmark = pytest.mark.timeout(120)

PULL = PullRequest(
    "orders",
    3,
    "CARD-7: pieces",
    "",
    "kofi.mensahl",
    PullRequestState.OPEN,
    False,
    "pieces",
    "a" * 40,
    True,
    "main",
    "b" * 40,
    None,
    (),
    datetime(2026, 11, 30, tzinfo=UTC),
    datetime(2026, 11, 30, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("other", "is_meant"),
    [
        ({}, True),
        ({"title": "Pieces", "head": "kofi/card-7"}, True),
        ({"title": "Pieces", "body": "Like CARD-7."}, False),
        ({"title": "CARD-77: pieces"}, False),
        ({"is_draft": True}, False),
        ({"base": "release"}, False),
        ({"fork": "somebody/orders"}, False),
    ],
)
def test_which_pull_request_is_a_storys(other: dict[str, Any], is_meant: bool) -> None:
    assert is_for(replace(PULL, **other), "CARD-7", "main") is is_meant


async def test_what_others_wrote_calls_nobody_and_closes_nothing(town: Town) -> None:
    async with town.at_work(writer()) as stories:
        run = await stories.begin(await stories.story("Tell @everyone, closes #1"))
        assert (await stories.over(run)).state == "done"
        work = await stories.work(run)
        pull = await town.host.pull_request("orders", work.pull_request or 0)
        commit = town.clone.git("ls-remote", "origin", "refs/heads/main")
        said = f"{pull.title}\n{pull.body}\n{commit}"
        assert not any(one in said for one in ("@everyone", "#1", "#7", "@kofi"))
        assert "Kofi Mensahl answers for it" in pull.body


async def test_only_so_many_are_open_at_once_and_the_smaller_is_first(town: Town) -> None:
    def script(body: dict[str, Any], _number: int) -> Any:
        if "Reviewed" in {one["function"]["name"] for one in body["tools"]}:
            return call("Reviewed", verdict="approved", says="Good.")
        asked = body["messages"][1]["content"]
        name = next(one for one in ("first", "large", "small") if one in asked)
        if sum(one["role"] == "tool" for one in body["messages"]) == 0:
            return call("write_file", path=f"{name}.py", text="x = 1\n" * (90 if name == "large" else 2))
        return call("finish", **DONE)

    async with town.at_work(script) as stories:
        stories.executor = replace(stories.executor, open_pull_requests=1)
        stories.judged = lambda _head: ASKS
        runs = [await stories.begin(await stories.story(f"The {name}")) for name in ("first", "large", "small")]
        first, large, small = runs
        await stories.until(first, MERGE, "submitted")
        for one in (large, small):
            await stories.until(one, ROOM, "asleep")
            assert "1 pull requests of agents are open" in ((await stories.until(one, ROOM)).detail or "")
        await _merged_by_hand(town, stories, first)
        await stories.round(large)
        assert (await stories.until(large, ROOM)).detail == "A smaller change is opened before it."
        await stories.until(small, OPEN, "done")
        await stories.round(large)
        assert (await stories.until(large, ROOM)).state == "asleep"


async def _merged_by_hand(town: Town, stories: Stories, run: str) -> None:
    """Its run ends, with its pull request merged by somebody."""
    await merge(town.host, await town.host.pull_request("orders", 1))
    await stories.asked("UPDATE story_works SET merged = 'x', pull_request = 1 WHERE run = :run", run=run)


async def test_two_that_touch_the_same_lines_do_not_collide(town: Town) -> None:
    moves = iter(("line_4 = 5", "line_4 = 6"))
    chosen: dict[str, str] = {}

    def script(body: dict[str, Any], _number: int) -> Any:
        if "Reviewed" in {one["function"]["name"] for one in body["tools"]}:
            return call("Reviewed", verdict="approved", says="Good.")
        if sum(one["role"] == "tool" for one in body["messages"]) == 0:
            new = chosen.setdefault(body["messages"][1]["content"], next(moves))
            return call("replace_text", path="book.py", old="line_4 = 4", new=new)
        return call("finish", **DONE)

    async with town.at_work(script) as stories:
        stories.judged = lambda _head: ASKS
        first = await stories.begin(await stories.story("The first"))
        await stories.until(first, REVIEW)
        second = await stories.begin(await stories.story("The second"))
        room = await stories.until(second, ROOM, "asleep")
        story = (await stories.work(first)).story
        assert f"It changes the same lines as {story} (orders#1) in book.py" in (room.detail or "")
        assert len(await stories.told()) == 1
        await stories.round(second)
        assert len(await stories.told()) == 1, "it is said once"
