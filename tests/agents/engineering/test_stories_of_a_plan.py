"""What is done with a plan reaches every story of it that agents write; what is merged stays."""

from __future__ import annotations

from typing import Any

import pytest

from agents.engineering.delivery_rows import hours_of, is_under_way, written
from agents.engineering.delivery_step import begin_delivery
from agents.engineering.story_run import MERGE, MERGED, OPEN, RUN, START
from agents.engineering.tables import StoryWorkRow
from agents.planning.draft import DraftStory, NotEnoughHistory
from agents.plans import steps
from agents.plans.rows import plan_by_id
from agents.plans.tables import PlanRow
from agents.work import runs
from agents.work.kinds import find_kinds
from governance.action import Verdict
from governance.actions.freezing import lay_freeze
from governance.effects import Origin
from governance.people import Actor
from governance.standing import FreezeKind
from integrations.tracker import Priority
from simulators.model import call
from tests.agents.engineering.stories import Stories, Town, town

__all__ = ["town"]

pytestmark = pytest.mark.timeout(120)

PLAN = "pl_0000000001"
DAVID = Actor("person", "david", identity="console:david")
OFFICER = Actor("person", "carlos", identity="console:carlos")


def script(body: dict[str, Any], _number: int) -> Any:
    if "Reviewed" in {one["function"]["name"] for one in body["tools"]}:
        return call("Reviewed", verdict="approved", says="Good.")
    name = "first" if "The first" in body["messages"][1]["content"] else "second"
    if sum(one["role"] == "tool" for one in body["messages"]) == 0:
        return call("write_file", path=f"{name}.py", text="x = 1\n")
    return call("finish", summary="Done.", tests={"1": "tests/test_a.py"})


async def delivered(stories: Stories) -> tuple[str, dict[str, str]]:
    """A plan that is set up, whose two stories agents write: its delivery, and the stories by their keys."""
    made = {
        "S1": await stories.story("The first, in orders"),
        "S2": await stories.story("The second, in orders"),
    }
    async with stories.database.transaction(stories.tenant) as tx:
        own = await runs.begin(tx, find_kinds(), "plan", "Orders", (), requester="david", plan=PLAN)
        own.state = "done"
        plan = PlanRow(
            id=PLAN, document="PRD-1", title="Orders", requester="david", state="created", notifications=[]
        )
        plan.run = own.id
        tx.add(plan)
        await tx.flush()
    return await begun(stories, made), made


async def begun(stories: Stories, made: dict[str, str]) -> str:
    """Agents begin to write them; the delivery."""
    nothing = NotEnoughHistory(0, 5)
    planned = [
        DraftStory(key, key, "u", "w", "", (), (), "beta", "backend", nothing, (), Priority.P2) for key in made
    ]
    async with stories.database.transaction(stories.tenant) as tx:
        run = await begin_delivery(tx, PLAN, "Orders", planned, made, requester="david", place=None, turn=None)
    return run.id


async def story_runs(stories: Stories, delivery: str, many: int = 2) -> list[str]:
    """The runs of its stories, once there are so many."""
    for _ in range(20):
        found = await stories.asked("SELECT run FROM story_works ORDER BY created")
        if len(found) == many:
            return [row[0] for row in found]
        await stories.round(delivery)
    raise AssertionError("its stories are not begun")


async def states(stories: Stories, *ids: str) -> list[str]:
    return [(await stories.run(one)).state for one in ids]


async def test_a_pause_reaches_every_story_and_going_on_those_that_it_paused(town: Town) -> None:
    async with town.at_work(script) as stories:
        delivery, _ = await delivered(stories)
        first, second = await story_runs(stories, delivery)
        assert (await stories.run(first)).plan == PLAN
        async with stories.database.transaction(stories.tenant) as tx:
            assert await is_under_way(tx, PLAN)
            await runs.pause(tx, second, "Nathan paused it.")
            await steps.pause(tx, await plan_by_id(tx, PLAN), "The budget is used up.")
        assert await states(stories, delivery, first, second) == ["paused"] * 3
        await stories.round(first)
        assert (await stories.rows(first))[0].state == "waiting"
        await stories.asked(
            "UPDATE run_steps SET started = now() - interval '1 day' WHERE run = :run", run=first
        )
        async with stories.database.transaction(stories.tenant) as tx:
            plan = await plan_by_id(tx, PLAN)
            await steps.resume(tx, plan)
            assert plan.state == "created"
        assert await states(stories, delivery, first, second) == ["running", "running", "paused"]
        assert (await stories.over(first)).state == "done"
        async with stories.database.transaction(stories.tenant) as tx:
            assert 0 < await hours_of(tx, await written(tx, delivery)) < 1, "a pause is no work"


@pytest.mark.parametrize("end", [steps.cancel, steps.end_writing])
async def test_its_end_is_every_storys_but_what_is_merged(town: Town, end: Any) -> None:
    async with town.at_work(script) as stories:
        delivery, _ = await delivered(stories)
        first, second = await story_runs(stories, delivery)
        await stories.until(first, MERGED, "done")
        assert (await stories.run(first)).state == "running", "its story is still to be closed"
        await stories.until(second, "write_backend", "running", "done")
        async with stories.database.transaction(stories.tenant) as tx:
            await end(tx, await plan_by_id(tx, PLAN), "It is not wanted any more.", DAVID)
        assert await states(stories, delivery, second) == ["cancelled", "cancelled"]
        assert (await stories.over(first)).state == "done"
        assert (await town.host.branch("orders", "main")).sha == (await stories.work(first)).merged


async def test_a_freeze_of_the_plan_stops_its_stories(town: Town) -> None:
    async with town.at_work(script) as stories:
        delivery, _ = await delivered(stories)
        first, second = await story_runs(stories, delivery)
        await stories.round(first)
        async with stories.database.transaction(stories.tenant) as tx:
            await stories.scheduler.advance(tx, first)
        async with stories.database.transaction(stories.tenant) as tx:
            frozen = lay_freeze(FreezeKind.PLAN, PLAN, "Something smells", None)
            submitted = await stories.gate.submit(tx, frozen, actor=OFFICER, origin=Origin())
        assert submitted.ruling.verdict is Verdict.EXECUTE, submitted
        for _ in range(5):
            await stories.round(first)
        step = await stories.until(first, "write_backend")
        assert (step.state, step.detail) == ("waiting", "It is frozen: Something smells")
        await stories.round(second)
        assert (await stories.until(second, START)).state == "waiting", "nothing of it is begun"
        assert OPEN not in [row.kind for row in await stories.rows(first)]


async def test_who_puts_an_agent_on_a_plans_story_by_hand_works_for_the_plan(town: Town) -> None:
    async with town.at_work(script) as stories:
        _, made = await delivered(stories)
        run = await stories.begin(made["S1"])
        assert (await stories.run(run)).plan == PLAN
        merge = await stories.until(run, MERGE, "done")
        (found,) = await stories.asked("SELECT body->>'plan' FROM effects WHERE id = :id", id=merge.effect)
        assert found[0] == PLAN


async def test_what_was_taken_back_is_written_again_when_its_plan_is(town: Town) -> None:
    async with town.at_work(script) as stories:
        delivery, made = await delivered(stories)
        first, _ = await story_runs(stories, delivery)
        assert (await stories.over(first)).state == "done"
        await stories.asked("UPDATE run_steps SET state = 'done' WHERE run = :run", run=delivery)
        await stories.asked("UPDATE runs SET state = 'done' WHERE id = :run", run=delivery)
        await taken_back(stories, first)
        await story_runs(stories, await begun(stories, {"S1": made["S1"]}), many=4)
        again = await stories.asked("SELECT run, merged FROM story_works WHERE story = :id", id=made["S1"])
        assert sum(row.merged is None for row in again) == 1, "it is written again"


async def test_what_is_taken_back_meanwhile_is_not_written_again_at_once(town: Town) -> None:
    async with town.at_work(script) as stories:
        delivery, _ = await delivered(stories)
        first, _ = await story_runs(stories, delivery)
        await stories.over(first)
        await taken_back(stories, first)
        await stories.round(delivery)
        rows = {row.key: row for row in await stories.rows(delivery)}
        assert (rows["write:S1"].state, rows["write:S1"].detail) == ("failed", "Its merge was taken back.")


async def taken_back(stories: Stories, run: str) -> None:
    """What a run merged is taken back, and its story is open again."""
    work = await stories.work(run)
    async with stories.database.transaction(stories.tenant) as tx:
        back = await runs.begin(tx, find_kinds(), RUN.name, "Take it back", (), requester="david")
        back.state = "done"
        kept = (
            "story",
            "repository",
            "service",
            "discipline",
            "answers",
            "brief",
            "base_branch",
            "base",
            "branch",
        )
        known = {name: getattr(work, name) for name in kept}
        tx.add(StoryWorkRow(run=back.id, takes_back=run, merged="b" * 40, **known))
    await stories.asked("UPDATE tracker_stories SET status = 'backlog' WHERE id = :id", id=work.story)
