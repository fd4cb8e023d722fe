"""Whatever GitHub did and nobody heard of is found by its mark, and not done again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance.action import Grant
from integrations.code_host import PullRequestQuery
from integrations.code_host.contents import MergeWay
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import (
    CheckDraft,
    CheckState,
    PullRequestChange,
    PullRequestDraft,
    Remark,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.vendors.github.host import GitHub
from simulators.github import FakeGitHub, Fault
from simulators.github.repositories import Repository
from storage.look import Away
from tests.integrations.code_host.github.work import BRANCH, ORDERS, grant, lost, made, opened, pushed
from tests.integrations.code_host.workshop import Workshop

Act = Callable[[Grant], Awaitable[Any]]


class TestLostAnswers:
    """Whatever GitHub did and nobody heard of is found by its mark, and not done again."""

    @pytest.fixture
    async def effects(self, port: GitHub, work: Workshop, tmp_path: Path) -> dict[str, tuple[Fault, Act]]:
        pull = await opened(port, work, tmp_path)
        where = ORDERS, pull.number
        review = ReviewDraft(ReviewVerdict.COMMENTED, "Look.", pull.head_sha, (Remark("a.txt", 1, "Why?"),))
        check = CheckDraft("tests", CheckState.PASSED, "all 9")
        ends = {"head": pull.head_sha, "base": pull.base_sha, "way": MergeWay.SQUASH}
        return {
            "comment": (
                lost("POST", "/comments"),
                lambda g: port.comment_on_pull_request(g, *where, "Hello", person="kofi.mensahl"),
            ),
            "review": (lost("POST", "/reviews"), lambda g: port.review_pull_request(g, *where, review)),
            "check": (
                lost("POST", "/check-runs"),
                lambda g: port.report_check(g, ORDERS, pull.head_sha, check),
            ),
            "update": (
                lost("PATCH", "/pulls/1"),
                lambda g: port.update_pull_request(g, *where, PullRequestChange(title="New", body="Else")),
            ),
            "merge": (lost("PUT", "/merge"), lambda g: port.merge_pull_request(g, *where, **ends)),
            "close": (
                lost("PATCH", "/pulls/1"),
                lambda g: port.close_pull_request(g, *where, head=pull.head_sha),
            ),
        }

    @pytest.mark.parametrize("name", ["comment", "review", "check", "update", "merge", "close"])
    async def test_what_was_done_is_found_and_not_done_again(
        self, fake: FakeGitHub, port: GitHub, effects: dict[str, tuple[Fault, Act]], name: str
    ) -> None:
        fault, act = effects[name]
        fake.faults.append(fault)
        with pytest.raises(Away, match="may have been done"):
            await act(grant("g1"))
        assert fake.done[name] == 1
        happened = await port.what_happened("g1")
        assert isinstance(happened, Happened)
        again = await act(grant("g1"))
        assert fake.done[name] == 1
        assert (await port.what_happened("g1")) == happened
        if name == "merge":
            assert happened.reference == again.merged_sha

    @pytest.mark.parametrize("name", ["comment", "review", "check", "update", "merge", "close"])
    async def test_what_never_arrived_is_done_at_the_second_call(
        self, fake: FakeGitHub, port: GitHub, effects: dict[str, tuple[Fault, Act]], name: str
    ) -> None:
        fault, act = effects[name]
        fault.drop = "before"
        fake.faults.append(fault)
        with pytest.raises(Away):
            await act(grant("g1"))
        assert fake.done[name] == 0
        assert await port.what_happened("g1") is None
        await act(grant("g1"))
        assert fake.done[name] == 1

    async def test_a_pull_request_is_opened_once_and_has_its_labels(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        head = await pushed(port, work, tmp_path)
        said = PullRequestDraft("Total", "Why.", BRANCH, head, "main", labels=("agents",))
        fake.faults.append(lost("POST", r"/pulls$"))
        with pytest.raises(Away):
            await port.open_pull_request(grant("g1"), ORDERS, said)
        happened = await port.what_happened("g1")
        assert happened is not None
        assert happened.reference == f"{ORDERS}#1"
        again = await port.open_pull_request(grant("g1"), ORDERS, said)
        assert (again.number, again.body, fake.done["open"]) == (1, "Why.", 1)
        assert again.labels == ("agents",)

    async def test_a_push_whose_answer_was_lost_is_found_on_the_branch(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        head = await made(port, work, tmp_path)
        fault = lost("POST", "git-receive-pack")
        fault.times = 9
        fake.faults.append(fault)
        with pytest.raises(Away):
            await port.push_branch(grant("g1"), ORDERS, BRANCH, head, before=None)
        sent = fake.done["push"]
        happened = await port.what_happened("g1")
        assert happened is not None
        assert happened.reference == head
        assert (await port.push_branch(grant("g1"), ORDERS, BRANCH, head, before=None)).sha == head
        assert fake.done["push"] == sent

    async def test_a_push_that_git_sends_twice_is_one(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        head = await made(port, work, tmp_path)
        fake.faults.append(lost("POST", "git-receive-pack"))
        assert (await port.push_branch(grant("g1"), ORDERS, BRANCH, head, before=None)).sha == head
        happened = await port.what_happened("g1")
        assert happened is not None
        assert happened.reference == head

    async def test_a_revert_that_got_half_way_is_finished(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(port, work, tmp_path)
        ends = {"head": pull.head_sha, "base": pull.base_sha, "way": MergeWay.REBASE}
        merged = (await port.merge_pull_request(grant("merge"), ORDERS, 1, **ends)).merged_sha  # type: ignore[arg-type]
        assert merged is not None
        fake.faults.append(lost("POST", r"/pulls$", "before"))
        with pytest.raises(Away):
            await port.revert_pull_request(grant("g1"), ORDERS, 1, merged=merged)
        assert await port.what_happened("g1") is None  # its branch is there, and no pull request
        back = await port.revert_pull_request(grant("g1"), ORDERS, 1, merged=merged)
        assert (back.number, back.has_conflicts) == (2, False)
        assert [one.number for one in (await port.pull_requests(PullRequestQuery(ORDERS))).items] == [2, 1]

    async def test_another_s_copy_of_a_mark_is_not_ours(
        self, fake: FakeGitHub, port: GitHub, orders: Repository, work: Workshop, tmp_path: Path
    ) -> None:
        await opened(port, work, tmp_path)
        fake.faults.append(lost("POST", "/comments", "before"))
        with pytest.raises(Away):
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "Hello", person="kofi.mensahl")
        copied = {
            "id": 9,
            "body": "Hello\n\n<!-- countersign:g1 -->",
            "author": "mallory",
            "at": "2026-11-30T09:00:00Z",
        }
        orders.pull_requests[1].comments.append(copied)
        assert await port.what_happened("g1") is None

    async def test_what_may_still_be_on_its_way_is_waited_for(
        self, fake: FakeGitHub, port: GitHub, orders: Repository, work: Workshop, tmp_path: Path
    ) -> None:
        await opened(port, work, tmp_path)
        fake.faults.append(lost("POST", "/comments", "before"))
        with pytest.raises(Away):
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "Hello", person="kofi.mensahl")
        port.settles = timedelta(seconds=30)
        late = {"id": 9, "author": fake.login, "at": "2026-11-30T09:00:00Z"}
        late["body"] = "Hello\n\n<!-- countersign:g1 -->"
        asked = r"found: comments"
        fake.faults.append(Fault("POST", asked))  # at the first look it is not there
        fake.faults.append(Fault("POST", asked, do=lambda: orders.pull_requests[1].comments.append(late)))
        happened = await port.what_happened("g1")
        assert happened is not None
        assert happened.reference == "9"

    async def test_a_check_is_found_behind_a_later_one_of_its_name(
        self, fake: FakeGitHub, port: GitHub, work: Workshop
    ) -> None:
        sha = work.git("rev-parse", "main")
        fake.faults.append(lost("POST", "/check-runs"))
        with pytest.raises(Away):
            await port.report_check(grant("g1"), ORDERS, sha, CheckDraft("tests", CheckState.FAILED, "1 of 9"))
        await port.report_check(grant("g2"), ORDERS, sha, CheckDraft("tests", CheckState.PASSED, "all 9"))
        happened = await port.what_happened("g1")
        assert happened is not None
        assert happened.says == f"tests is failed at {sha[:12]} of {ORDERS}"
        await port.report_check(grant("g1"), ORDERS, sha, CheckDraft("tests", CheckState.FAILED, "1 of 9"))
        assert fake.done["check"] == 2
