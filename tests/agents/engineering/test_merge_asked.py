"""While people are asked about a merge: what becomes of it on the host itself ends the question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.engineering.story_run import MERGE
from governance.visibility import EVERYTHING
from integrations.code_host.contents import MergeWay
from integrations.tracker import StoryStatus
from tests.agents.engineering.stories import ASKS, Town, town, writer
from tests.integrations.tracker_drafts import grant

__all__ = ["town"]

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("closed", [False, True])
async def test_what_a_person_merges_or_closes_meanwhile_is_not_asked_about_any_more(
    town: Town, closed: bool
) -> None:
    async with town.at_work(writer()) as stories:
        stories.judged = lambda _head: ASKS
        run = await stories.begin(await stories.story())
        merge = await stories.until(run, MERGE, "submitted")
        for _ in range(3):
            await stories.round(run)
        assert merge.effect is not None
        leave = replace(grant(), tenant=town.tenant)
        head, base = merge.args["head"], merge.args["base"]
        if closed:
            await town.host.close_pull_request(leave, "orders", 1, head=head)
        else:
            await town.host.merge_pull_request(leave, "orders", 1, head=head, base=base, way=MergeWay.MERGE)
        assert (await stories.over(run)).state == "done", "nobody voted"
        (effect,) = await stories.asked("SELECT state FROM effects WHERE id = :id", id=merge.effect)
        (approval,) = await stories.asked("SELECT status FROM approvals")
        assert (effect[0], approval[0]) == ("withdrawn", "withdrawn")
        work = await stories.work(run)
        story = await stories.tracker.story(EVERYTHING, work.story)
        if closed:
            assert (work.merged, work.blocked) == (None, "Its pull request was closed.")
            assert "orders#1 was closed on the code host" in (await stories.told())[-1][1]
            assert story.status is not StoryStatus.DONE
        else:
            assert (await town.host.branch("orders", "main")).sha == work.merged
            assert story.status is StoryStatus.DONE
