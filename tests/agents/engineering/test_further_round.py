"""A person asks in a review for changes: the engineer makes them, wherever the story stands."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.engineering.conversation import Move
from agents.engineering.further_round import heard_people
from agents.engineering.story_rows import keep_first_verdict, keep_move, keep_verdict, verdict_of
from agents.engineering.story_run import JUDGE, MERGE, PERSON
from agents.engineering.writing import Made
from integrations.code_host.pull_requests import ReviewDraft, ReviewVerdict
from simulators.model import call
from tests.agents.engineering.stories import ASKS, FINE, Stories, Town, town, writer
from tests.integrations.tracker_drafts import grant

__all__ = ["town"]

pytestmark = pytest.mark.timeout(120)


async def reviewed(town: Town, stories: Stories, run: str, verdict: ReviewVerdict, person: str) -> None:
    work = await stories.work(run)
    said = ReviewDraft(verdict, "Say more.", work.head or "", person=person)
    by = replace(grant(f"{person}-{work.head}-{verdict}"), tenant=town.tenant)
    await town.host.review_pull_request(by, "orders", work.pull_request or 0, said)


async def keys(stories: Stories, run: str) -> list[str]:
    return [row.key for row in await stories.rows(run)]


async def test_while_its_merge_is_asked_for_the_question_is_withdrawn_and_asked_of_the_next_round(
    town: Town,
) -> None:
    async with town.at_work(writer()) as stories:
        stories.judged = lambda _head: ASKS
        run = await stories.begin(await stories.story())
        merge = await stories.until(run, MERGE, "submitted")
        first = (await stories.work(run)).head
        await reviewed(town, stories, run, ReviewVerdict.CHANGES_REQUESTED, "kofi.mensahl")
        while "write:2" not in await keys(stories, run):
            await stories.round(run)
        (state,) = await stories.asked("SELECT state FROM effects WHERE id = :id", id=merge.effect)
        assert state[0] == "withdrawn"
        assert await stories.told() == [], "it needs no person"
        again = await stories.until(run, MERGE, "submitted")
        while (again := await stories.until(run, MERGE, "submitted")).key == merge.key:
            await stories.round(run)
        work = await stories.work(run)
        assert again.args["head"] == work.head != first
        assert (await town.host.file("orders", work.head or "", "more.py")).text == "more = 1\n"
        moves = await stories.asked("SELECT result FROM engineering_moves ORDER BY number")
        assert any(row[0] == "The reviewer asks for changes:\nSay more." for row in moves)


async def test_where_the_host_waits_for_a_review_it_is_followed(town: Town) -> None:
    async with town.at_work(writer()) as stories:
        await stories.asked(
            "INSERT INTO code_protections (repository, branch, required_reviews, required_checks)"
            " VALUES ('orders', 'main', 1, '{}')"
        )
        run = await stories.begin(await stories.story())
        await stories.until(run, PERSON, "asleep")
        await reviewed(town, stories, run, ReviewVerdict.CHANGES_REQUESTED, "kofi.mensahl")
        while "write:2" not in await keys(stories, run):
            await stories.round(run)
        while sum(row.kind == PERSON for row in await stories.rows(run)) < 2:
            await stories.round(run)
        await stories.until(run, PERSON, "asleep")
        await reviewed(town, stories, run, ReviewVerdict.APPROVED, "kofi.mensahl")
        assert (await stories.over(run)).state == "done"
        merged = (await stories.work(run)).merged or ""
        assert (await town.host.file("orders", merged, "more.py")).text == "more = 1\n"


async def test_who_writes_no_code_is_heard_by_people_alone(town: Town) -> None:
    async with town.at_work(writer()) as stories:
        stories.judged = lambda _head: ASKS
        run = await stories.begin(await stories.story())
        await stories.until(run, MERGE, "submitted")
        await reviewed(town, stories, run, ReviewVerdict.CHANGES_REQUESTED, "rachel")
        for _ in range(4):
            await stories.round(run)
        assert (await stories.until(run, MERGE)).state == "submitted"
        assert "write:2" not in await keys(stories, run)


async def test_a_review_is_followed_once_though_its_round_changes_nothing(town: Town) -> None:
    given = writer()

    def gives_up(body: dict[str, Any], number: int) -> Any:
        if body["messages"][-1]["content"].startswith("The reviewer asks"):
            return call("give_up", why="That cannot be done.")
        return given(body, number)

    async with town.at_work(gives_up) as stories:
        stories.judged = lambda _head: ASKS
        run = await stories.begin(await stories.story())
        await stories.until(run, MERGE, "submitted")
        await reviewed(town, stories, run, ReviewVerdict.CHANGES_REQUESTED, "kofi.mensahl")
        await stories.until(run, PERSON, "asleep")
        for _ in range(6):
            await stories.round(run)
        assert [key for key in await keys(stories, run) if key.startswith("write")] == ["write", "write:2"]
        assert (await stories.work(run)).blocked is not None


async def test_a_review_that_comes_before_the_merge_is_asked_for_goes_before_the_agents(town: Town) -> None:
    async with town.at_work(writer()) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, JUDGE, "running", "done")
        await reviewed(town, stories, run, ReviewVerdict.CHANGES_REQUESTED, "kofi.mensahl")
        while "write:2" not in await keys(stories, run):
            await stories.round(run)
        assert not [key for key in await keys(stories, run) if key.startswith("merge:")]
        assert (await stories.work(run)).merged is None


async def test_without_a_model_a_review_is_peoples(town: Town) -> None:
    """What a rule or a person wrote is not written over by a design note."""
    async with town.at_work() as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, PERSON, "asleep")
        work = await stories.work(run)
        async with town.database.transaction(town.tenant) as tx:
            await keep_move(tx, run, Made(1, Move("list_files", {}, "a.py"), None, "d", 0, 0, Decimal(0)))
            worker = cast(Any, SimpleNamespace(model=None))
            assert await heard_people(tx, work, worker) == frozenset()
            worker = cast(Any, SimpleNamespace(model=object()))
            assert "kofi.mensahl" in await heard_people(tx, work, worker)


async def test_a_verdict_of_a_mere_run_of_tests_takes_the_place_of_none(town: Town) -> None:
    at = ("orders", "b" * 40, "a" * 40)
    async with town.database.transaction(town.tenant) as tx:
        await keep_first_verdict(tx, *at, FINE.body)
        assert (await verdict_of(tx, *at) or {})["decision"] == "merge"
        await keep_verdict(tx, *at, ASKS.body)
        await keep_first_verdict(tx, *at, FINE.body)
        assert (await verdict_of(tx, *at) or {})["decision"] == "ask"
