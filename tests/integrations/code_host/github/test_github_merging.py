"""Merging on GitHub while heads and bases move, into a queue, and taking back."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.code_host.contents import MergeWay
from integrations.code_host.pull_requests import (
    PullRequestDraft,
)
from integrations.code_host.refusals import (
    BaseMoved,
    HeadMoved,
    NotMergeable,
    ReviewsMissing,
)
from integrations.code_host.vendors.github.host import GitHub
from simulators.github import FakeGitHub, Fault
from simulators.github.repositories import Repository, Rule
from storage.look import Away
from tests.integrations.code_host.github.work import BRANCH, ORDERS, grant, lost, opened, pushed
from tests.integrations.code_host.workshop import Workshop


class TestMerging:
    async def test_a_head_that_moves_just_before_is_not_merged(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(port, work, tmp_path)
        work.git("fetch", "--quiet", "origin")
        work.branch("mine", f"origin/{BRANCH}")
        work.commit("More", {"c.txt": "c"})
        fake.faults.append(Fault("PUT", "/merge", do=lambda: work.push(f"mine:{BRANCH}")))
        ends = {"head": pull.head_sha, "base": pull.base_sha, "way": MergeWay.MERGE}
        with pytest.raises(HeadMoved, match="look at it again"):
            await port.merge_pull_request(grant("g1"), ORDERS, 1, **ends)  # type: ignore[arg-type]
        assert fake.done["merge"] == 0

    async def test_a_base_that_moves_just_before_is_said(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        """GitHub compares no base: what it was merged onto is read, and stands in what is told of it."""
        pull = await opened(port, work, tmp_path)
        ahead = work.commit("Else", {"d.txt": "d"})
        fake.faults.append(Fault("PUT", "/merge", do=lambda: work.push("main")))
        ends = {"head": pull.head_sha, "base": pull.base_sha, "way": MergeWay.SQUASH}
        merged = await port.merge_pull_request(grant("g1"), ORDERS, 1, **ends)  # type: ignore[arg-type]
        assert merged.base_sha == ahead
        happened = await port.what_happened("g1")
        assert happened is not None
        assert f"onto {ahead[:12]} and not onto {pull.base_sha[:12]}" in happened.says

    async def test_a_base_that_moved_is_not_merged_onto(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(port, work, tmp_path)
        behind = (405, {"message": "Base branch was modified. Review and try the merge again."}, {})
        fake.faults.append(Fault("PUT", "/merge", answer=behind))
        ends = {"head": pull.head_sha, "base": pull.base_sha, "way": MergeWay.MERGE}
        with pytest.raises(BaseMoved):
            await port.merge_pull_request(grant("g1"), ORDERS, 1, **ends)  # type: ignore[arg-type]

    async def test_a_way_that_the_repository_does_not_take_is_said(
        self, port: GitHub, orders: Repository, work: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(port, work, tmp_path)
        orders.ways = frozenset({"squash"})
        ends = {"head": pull.head_sha, "base": pull.base_sha, "way": MergeWay.REBASE}
        with pytest.raises(NotMergeable, match="Rebase merges are not allowed"):
            await port.merge_pull_request(grant("g1"), ORDERS, 1, **ends)  # type: ignore[arg-type]
        assert (await port.repository(ORDERS)).ways == {MergeWay.SQUASH}

    async def test_a_merge_queue_is_queued_into_with_the_very_head(
        self, fake: FakeGitHub, port: GitHub, orders: Repository, work: Workshop, tmp_path: Path
    ) -> None:
        orders.rules["main"] = Rule(reviews=1, queue=True, by_ruleset=True)
        pull = await opened(port, work, tmp_path)
        ends = {"head": pull.head_sha, "base": pull.base_sha, "way": MergeWay.MERGE}
        with pytest.raises(ReviewsMissing):
            await port.merge_pull_request(grant("g0"), ORDERS, 1, **ends)  # type: ignore[arg-type]
        approval = {
            "author": "wren",
            "state": "APPROVED",
            "commit_id": pull.head_sha,
            "body": "",
            "comments": [],
        }
        orders.pull_requests[1].reviews.append({"id": 7, "at": "2026-11-30T09:00:00Z", **approval})
        fake.faults.append(lost("POST", "enqueuePullRequest"))
        with pytest.raises(Away):
            await port.merge_pull_request(grant("g1"), ORDERS, 1, **ends)  # type: ignore[arg-type]
        happened = await port.what_happened("g1")
        assert happened is not None
        assert (happened.says, happened.reference) == (f"Pull request {ORDERS}#1 is in the merge queue", "")
        queued = await port.merge_pull_request(grant("g1"), ORDERS, 1, **ends)  # type: ignore[arg-type]
        assert (queued.is_queued, queued.merged_sha, fake.done["enqueue"]) == (True, None, 1)
        assert (await port.branch(ORDERS, "main")).protection is not None

    async def test_a_rebased_pull_request_is_taken_back_whole(
        self, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        first = await pushed(port, work, tmp_path)
        work.git("fetch", "--quiet", "origin")
        work.branch("mine", f"origin/{BRANCH}")
        head = work.commit("Second", {"b.txt": "bb\n"})
        work.push(f"mine:{BRANCH}")
        assert head != first
        work.branch("main", "main")
        work.commit("Before", {"before.txt": "x"})
        work.push("main")
        said = PullRequestDraft("Two", "", BRANCH, head, "main")
        pull = await port.open_pull_request(grant("open"), ORDERS, said)
        ends = {"head": head, "base": pull.base_sha, "way": MergeWay.REBASE}
        merged = (await port.merge_pull_request(grant("m"), ORDERS, 1, **ends)).merged_sha  # type: ignore[arg-type]
        assert merged is not None
        back = await port.revert_pull_request(grant("g1"), ORDERS, 1, merged=merged)
        for path, text in {"a.txt": "1\n", "b.txt": "b\n", "before.txt": "x"}.items():
            assert (await port.file(ORDERS, back.head_sha, path)).text == text
