"""Branches that people push over or delete while something stands on them: what every host says then."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.code_host import CodeHost, DiffQuery, TreeQuery
from integrations.code_host.contents import MergeWay
from integrations.code_host.pull_requests import PullRequestDraft, PullRequestState
from integrations.code_host.refusals import (
    BaseMoved,
    CodeHostError,
    HeadMoved,
    NoSuchBranch,
    NoSuchCommit,
    NotMergeable,
    NotMerged,
)
from tests.integrations.code_host.effects_contract import BRANCH, LINES, grant, made, merge, opened
from tests.integrations.code_host.reading_contract import draft
from tests.integrations.code_host.workshop import Workshop


class HistoryContract:
    async def test_a_head_that_is_pushed_over_is_another(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        clone.branch("mine", pull.base_sha)
        other = clone.commit("Other", {"a.txt": LINES.replace("1", "other")})
        clone.push(f"mine:{BRANCH}", force=True)
        now = await host.pull_request("orders", pull.number)
        assert (now.head_sha, now.state) == (other, PullRequestState.OPEN)
        with pytest.raises(HeadMoved, match="look at it again"):
            await host.merge_pull_request(
                grant(host, "m"),
                "orders",
                pull.number,
                head=pull.head_sha,
                base=pull.base_sha,
                way=MergeWay.MERGE,
            )
        read = await host.diff(DiffQuery("orders", pull.base_sha, pull.head_sha))
        assert read.file_count == 1, "what was looked at can still be read"

    async def test_a_base_that_is_pushed_over_has_moved(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        clone.git("checkout", "--quiet", "--orphan", "anew")
        anew = clone.commit("Begin anew", {"z.txt": "z"})
        clone.push("anew:main", force=True)
        assert (await host.branch("orders", "main")).sha == anew
        with pytest.raises(BaseMoved, match="look at it again"):
            await host.merge_pull_request(
                grant(host, "m"),
                "orders",
                pull.number,
                head=pull.head_sha,
                base=pull.base_sha,
                way=MergeWay.MERGE,
            )
        with pytest.raises(NotMergeable, match="no history in common"):
            await host.merge_result("orders", anew, pull.head_sha)
        assert (await host.branch("orders", "main")).sha == anew

    async def test_what_was_pushed_out_of_its_branch_is_not_taken_back(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        merged = await merge(host, pull)
        assert merged.merged_sha is not None
        clone.branch("back", pull.base_sha)
        clone.push("back:main", force=True)
        with pytest.raises(NotMerged, match="not in the branch any more"):
            await host.revert_pull_request(grant(host, "v"), "orders", pull.number, merged=merged.merged_sha)
        assert await host.what_happened("v") is None

    async def test_nothing_is_opened_from_or_onto_a_branch_that_is_gone(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        base = clone.commit("Add", {"a.txt": LINES})
        clone.push("main")
        head = await made(host, tmp_path, base, {"a.txt": "x"})
        await host.push_branch(grant(host, "p"), "orders", BRANCH, head, before=None)
        for gone in (
            PullRequestDraft("T", "b", BRANCH, head, "nowhere"),
            PullRequestDraft("T", "b", "countersign/gone", head, "main"),
        ):
            with pytest.raises(NoSuchBranch, match="There is no branch"):
                await host.open_pull_request(grant(host, gone.head + gone.base), "orders", gone)
        clone.push(f":{BRANCH}")
        with pytest.raises(CodeHostError):
            await host.push_branch(grant(host, "p2"), "orders", BRANCH, head, before=base)

    async def test_an_empty_repository_takes_its_first_commit_and_has_none_before(
        self, host: CodeHost, tmp_path: Path
    ) -> None:
        with pytest.raises(NoSuchCommit):
            await host.tree(TreeQuery("empty", "a" * 40))
        with pytest.raises(NoSuchCommit):
            await host.checkout("empty", "a" * 40, tmp_path)
        with pytest.raises(NoSuchBranch):
            await host.open_pull_request(
                grant(host, "o"), "empty", PullRequestDraft("T", "b", BRANCH, "a" * 40, "main")
            )
        tree = tmp_path / "first"
        tree.mkdir()
        (tree / "README.md").write_text("First\n")
        first = await host.commit_tree("empty", tree, draft())
        assert first.parents == ()
        pushed = await host.push_branch(grant(host, "p"), "empty", BRANCH, first.sha, before=None)
        assert pushed.sha == first.sha
        assert (await host.repository("empty")).default_branch is None
