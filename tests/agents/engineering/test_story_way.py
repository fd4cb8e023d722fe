"""The way of a story: who goes on with it after a review, and what a merge is asked for by."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents import architect
from agents.engineering.judging import Judgement
from agents.engineering.story_run import JUDGE, MERGE, OPEN, PERSON, InWork
from agents.engineering.story_text import review_text
from agents.engineering.tables import StoryWorkRow
from agents.engineering.verdict.changes import Finding
from governance.visibility import EVERYTHING
from integrations.code_host import PullRequestQuery, UnderQuery
from integrations.code_host.contents import MergeWay
from integrations.code_host.pull_requests import (
    PullRequest,
    PullRequestState,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.refusals import NotNow
from integrations.environments import PackagesMissing
from integrations.pages import Page
from integrations.tracker import StoryStatus
from simulators.model import call, failing
from storage.look import Away
from tests.agents.engineering.stories import AMANDA, ASKS, DONE, FINE, Stories, Town, at, town, writer
from tests.integrations.tracker_drafts import grant

__all__ = ["town"]

pytestmark = pytest.mark.timeout(120)


def test_by_rule_what_the_verdict_lets_through_is_approved_and_said_once() -> None:
    said = asyncio.run(architect.by_rule(FINE))
    assert said.verdict == "approved"
    text = review_text({"by": "rule", "left_out": "", **said.model_dump()})
    assert text.startswith("Approved, by rule: Nothing speaks against merging it")
    assert text.casefold().count("by rule") == 1
    assert asyncio.run(architect.by_rule(ASKS)).verdict == "changes requested"


async def test_a_story_is_written_reviewed_and_merged(town: Town) -> None:
    async with town.at_work(writer()) as stories:
        run = await stories.begin(await stories.story())
        assert (await stories.over(run)).state == "done"
        work = await stories.work(run)
        assert (await town.host.branch("orders", "main")).sha == work.merged
        effects = await stories.effects()
        assert effects.count("code.review_pull_request") == 4, "security, documentation, QA and the architect"
        assert [one for one in effects if one != "code.review_pull_request"] == [
            "tracker.set_status",
            "code.push_branch",
            "code.open_pull_request",
            "code.report_check",
            "code.merge_pull_request",
            "tracker.set_status",
        ]


async def test_a_change_that_a_review_asks_for_is_made_on_top_of_the_own_commit(town: Town) -> None:
    async with town.at_work(writer("changes requested")) as stories:
        run = await stories.begin(await stories.story())
        assert (await stories.over(run)).state == "done"
        keys = [row.key for row in await stories.rows(run)]
        assert "judge:write:2" in keys, "each round is judged"
        merged = (await stories.work(run)).merged or ""
        assert (await town.host.file("orders", merged, "more.py")).text == "more = 1\n"
        assert "line_4 = 5" in ((await town.host.file("orders", merged, "book.py")).text or "")


async def test_what_a_person_pushed_is_not_undone_by_a_second_round(town: Town) -> None:
    async with town.at_work(writer("changes requested", "changes requested")) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, OPEN, "done")
        branch = (await stories.work(run)).branch
        theirs = town.push(branch, {"theirs.py": "theirs = 1\n"})
        await stories.until(run, PERSON)
        work = await stories.work(run)
        assert (work.head, (await town.host.branch("orders", branch)).sha) == (theirs, theirs)
        assert "asks for changes: It is changes requested." in (work.blocked or "")
        assert "write:3" not in [row.key for row in await stories.rows(run)]
        assert (await stories.told())[-1][0] == ("kofi.mensahl",)
        town.push(branch, {"theirs.py": "theirs = 2\n"})
        work = await waits_for_a_vote(stories, run)
        assert (await town.host.file("orders", work.head or "", "theirs.py")).text == "theirs = 2\n"


async def waits_for_a_vote(stories: Stories, run: str) -> StoryWorkRow:
    """The work, once its merge is asked for because its last commit is not of the agents'."""
    merge = await stories.until(run, MERGE, "submitted")
    await stories.round(run)
    (state,) = await stories.asked("SELECT state FROM effects WHERE id = :id", id=merge.effect)
    assert state[0] == "parked"
    assert "pushed by somebody else" in str(merge.args["judgement"])
    return await stories.work(run)


async def test_what_is_pushed_to_a_branch_without_a_pull_request_is_taken_up(town: Town) -> None:
    async with town.at_work() as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, PERSON, "asleep")
        assert (await stories.work(run)).pull_request is None
        theirs = town.push((await stories.work(run)).branch, {"book.py": "pieces = 1\n"})
        assert (await waits_for_a_vote(stories, run)).head == theirs


async def test_what_was_merged_elsewhere_is_not_done_and_a_person_hears(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = town.host.pull_request

    async def elsewhere(repository: str, number: int) -> PullRequest:
        found = await known(repository, number)
        return replace(found, state=PullRequestState.MERGED, base="release-1", merged_sha=found.head_sha)

    async with town.at_work(writer("changes requested", "changes requested")) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, OPEN, "done")
        town.push((await stories.work(run)).branch, {"theirs.py": "theirs = 1\n"})
        await stories.until(run, PERSON, "asleep")
        monkeypatch.setattr(town.host, "pull_request", elsewhere)
        await stories.over(run)
        work = await stories.work(run)
        assert (work.merged, work.blocked) == (None, "It was merged into release-1, not into main.")
        told = [people for people, key in await stories.told() if "merged into release-1" in key]
        assert told == [("kofi.mensahl",)]
        assert (await stories.tracker.story(EVERYTHING, work.story)).status is not StoryStatus.DONE


async def test_a_merge_goes_the_way_that_the_repository_allows(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await town.host.repository("orders")

    async def repository(_id: str) -> Any:
        return replace(known, ways=frozenset({MergeWay.SQUASH}))

    monkeypatch.setattr(town.host, "repository", repository)
    async with town.at_work(writer()) as stories:
        run = await stories.begin(await stories.story())
        assert (await stories.over(run)).state == "done"
        (way,) = await stories.asked("SELECT body->>'way' FROM effects WHERE body->>'type' LIKE '%.merge_%'")
        assert way[0] == "squash"


async def test_of_a_change_that_a_reviewer_is_not_shown_whole_a_person_decides(town: Town) -> None:
    long = "".join(f"number_{n} = {n}\n" for n in range(3_000))
    async with town.at_work(writer(old="line_4 = 4\n", new=long)) as stories:
        run = await stories.begin(await stories.story())
        merge = await stories.until(run, MERGE, "submitted")
        for _ in range(3):
            await stories.round(run)
        assert (await stories.until(run, MERGE)).state == "submitted", "it waits for a vote"
        (state,) = await stories.asked("SELECT state FROM effects WHERE id = :id", id=merge.effect)
        assert state[0] == "parked"
        reviews = (await town.host.reviews(UnderQuery("orders", 1))).items
        assert any("Not read: parts of book.py. A person decides" in one.body for one in reviews)
        assert "the reviewer was not shown parts of book.py" in str(merge.args["judgement"])


async def test_a_long_change_is_read_in_parts(town: Town) -> None:
    shown: list[str] = []
    files = {f"part_{n}.py": f"# {n}\n" + "x = 1\n" * 2_500 for n in range(6)}
    once = iter(files.items())

    def script(body: dict[str, Any], _number: int) -> Any:
        if "Reviewed" in {one["function"]["name"] for one in body["tools"]}:
            shown.append(body["messages"][-1]["content"])
            return call("Reviewed", verdict="approved", says="Good.")
        if (one := next(once, None)) is not None:
            return call("write_file", path=one[0], text=one[1])
        return call("finish", **DONE)

    async with town.at_work(script) as stories:
        run = await stories.begin(await stories.story())
        assert (await stories.over(run)).state == "done"
    assert len(shown) == 2
    assert all(any(f"added part_{n}.py" in one for one in shown) for n in range(6))
    assert "Part 2 of 2 of the change" in shown[1]


@pytest.mark.parametrize(("author", "state"), [("mallory", "parked"), ("kofi.mensahl", "done")])
async def test_a_strangers_pull_request_is_asked_about(
    town: Town, monkeypatch: pytest.MonkeyPatch, author: str, state: str
) -> None:
    known = town.host.pull_requests

    async def by(query: PullRequestQuery) -> Page[PullRequest]:
        page = await known(query)
        return replace(page, items=tuple(replace(one, author=author) for one in page.items))

    monkeypatch.setattr(town.host, "pull_requests", by)
    async with town.at_work(writer()) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, MERGE, "submitted", "done")
        await stories.round(run)
        merge = await stories.until(run, MERGE)
        (found,) = await stories.asked("SELECT state FROM effects WHERE id = :id", id=merge.effect)
        assert found[0] == state


async def test_packages_that_are_missing_are_said_and_a_person_hears(town: Town) -> None:
    async with town.at_work(writer()) as stories:

        async def of(_tree: object) -> Any:
            raise PackagesMissing(("left-pad",))

        stories.room.of = of  # type: ignore[method-assign]
        run = await stories.begin(await stories.story())
        ended = await stories.over(run)
        assert (ended.state, ended.why) == ("failed", "These packages are missing: left-pad.")
        people, key = (await stories.told())[-1]
        assert people == ("kofi.mensahl",)
        assert "These packages are missing" in key


async def test_a_host_that_takes_no_more_is_asked_when_it_does(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)

    async def refuses(*_query: object) -> Any:
        raise NotNow("The code host takes no more of us before then.", until)

    async def silent(*_query: object) -> Any:
        raise Away("The code host", "did not answer")

    async with town.at_work(writer()) as stories:
        run = await stories.begin(await stories.story())
        monkeypatch.setattr(town.host, "merge_result", refuses)
        await stories.until(run, JUDGE, "waiting")
        for _ in range(3):
            await stories.round(run)
        step = await stories.until(run, JUDGE)
        assert (step.state, step.attempt, at(step.wake)) == ("waiting", 0, until)
        assert step.detail == "The code host takes no more of us before then."
        monkeypatch.setattr(town.host, "merge_result", silent)
        await stories.asked("UPDATE run_steps SET wake = now() WHERE kind = 'judge_story'")
        await stories.round(run)
        step = await stories.until(run, JUDGE)
        assert (step.state, step.detail) == ("waiting", "The code host did not answer. It is tried again.")


async def test_beginning_is_an_entry_of_its_own_and_no_intervention(town: Town) -> None:
    async with town.at_work() as stories:
        run = await stories.begin(await stories.story())
        (entry,) = await stories.asked("SELECT type, subject FROM audit_entries WHERE type = 'story.begun'")
        assert tuple(entry) == ("story.begun", run)
        assert await stories.asked("SELECT id FROM interventions") == []


async def test_of_two_who_begin_at_once_the_second_hears_who_is_at_it(town: Town) -> None:
    async with town.at_work() as stories:
        story = await stories.story()
        ended = await asyncio.gather(*(stories.begin(story) for _ in range(4)), return_exceptions=True)
        (begun,) = [one for one in ended if isinstance(one, str)]
        refused = [one for one in ended if isinstance(one, InWork)]
        assert [one.run.id for one in refused] == [begun] * 3
        assert refused[0].run.requester == AMANDA.id


async def test_a_liar_is_a_persons_with_the_branch_as_it_stands(town: Town) -> None:
    red = Judgement("block", (Finding("suite", "block", "unproven", "tests fail", "", "test_a"),))
    async with town.at_work(writer()) as stories:
        stories.judged = lambda _head: red
        run = await stories.begin(await stories.story())
        await stories.until(run, PERSON, "asleep")
        work = await stories.work(run)
        assert (work.blocked or "").startswith("It was called done 3 times, and is not:")
        sha = (await town.host.branch("orders", work.branch)).sha
        assert "line_4 = 5" in ((await town.host.file("orders", sha, "book.py")).text or "")
        moves = await stories.asked("SELECT result FROM engineering_moves ORDER BY number")
        assert sum(row[0].startswith("It is not done:") for row in moves) == 3


async def test_one_who_names_no_tests_of_the_criteria_is_told_so(town: Town) -> None:
    def script(body: dict[str, Any], _number: int) -> Any:
        if sum(one["role"] == "tool" for one in body["messages"]) == 0:
            return call("write_file", path="more.py", text="more = 1\n")
        return call("finish", summary="Done.", tests={})

    async with town.at_work(script) as stories:
        run = await stories.begin(await stories.story())
        await stories.until(run, PERSON)
        moves = await stories.asked("SELECT result FROM engineering_moves ORDER BY number")
        assert moves[1][0].startswith("It is not done: Criterion 1 (“Given orders, when I export")


async def test_a_merge_that_waits_for_somebodys_review_is_tried_again_once_that_is_there(town: Town) -> None:
    async with town.at_work(writer()) as stories:
        await stories.asked(
            "INSERT INTO code_protections (repository, branch, required_reviews, required_checks)"
            " VALUES ('orders', 'main', 2, '{}')"
        )
        run = await stories.begin(await stories.story())
        await stories.until(run, PERSON, "asleep")
        for _ in range(3):
            await stories.round(run)
        assert (await stories.rows(run))[-1].kind == PERSON, "nothing is tried again while nobody said anything"
        work = await stories.work(run)
        assert work.blocked is not None
        assert "approving review" in work.blocked
        for person in ("kofi.mensahl", "elena.marchetti"):
            said = ReviewDraft(ReviewVerdict.APPROVED, "Good.", work.head or "", person=person)
            await town.host.review_pull_request(
                replace(grant(), tenant=town.tenant), "orders", work.pull_request or 0, said
            )
        reviews = (await stories.effects()).count("code.review_pull_request")
        assert (await stories.over(run)).state == "done"
        assert (await stories.work(run)).merged is not None
        assert (await stories.effects()).count("code.review_pull_request") == reviews, "it was reviewed before"


async def test_where_the_reviewers_model_fails_nothing_is_merged_unread(town: Town) -> None:
    def script(body: dict[str, Any], number: int) -> Any:
        if "Reviewed" in {one["function"]["name"] for one in body["tools"]}:
            return failing(500)
        return writer()(body, number)

    async with town.at_work(script) as stories:
        run = await stories.begin(await stories.story())
        merge = await stories.until(run, MERGE, "submitted")
        for _ in range(3):
            await stories.round(run)
        assert (await stories.until(run, MERGE)).state == "submitted", "it waits for a vote"
        assert "the reviewer was not shown any of it" in str(merge.args["judgement"])


async def test_a_merge_that_was_denied_is_not_asked_again_for_what_others_say(town: Town) -> None:
    async with town.at_work(writer()) as stories:
        stories.judged = lambda _head: ASKS
        run = await stories.begin(await stories.story())
        merge = await stories.until(run, MERGE, "submitted")
        await stories.asked("UPDATE effects SET state = 'withdrawn' WHERE id = :id", id=merge.effect)
        await stories.until(run, PERSON, "asleep")
        head = (await stories.work(run)).head or ""
        said = ReviewDraft(ReviewVerdict.APPROVED, "Good.", head, person="kofi.mensahl")
        await town.host.review_pull_request(replace(grant(), tenant=town.tenant), "orders", 1, said)
        for _ in range(4):
            await stories.round(run)
        assert sum(row.kind == MERGE for row in await stories.rows(run)) == 1
