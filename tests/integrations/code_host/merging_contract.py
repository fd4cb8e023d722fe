"""When every code host merges a pull request, when it refuses to, and how a merge is taken back.

A vendor's tests bring the fixtures of the effects contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.code_host import CodeHost, CommitQuery, UnderQuery
from integrations.code_host.contents import MergeWay, Protection
from integrations.code_host.pull_requests import (
    CheckDraft,
    CheckState,
    PullRequestState,
    Remark,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.refusals import (
    BaseMoved,
    ChecksMissing,
    HeadMoved,
    NotMergeable,
    NotMerged,
    NotOpen,
    OwnPullRequest,
    ReviewsMissing,
)
from integrations.pages import everything
from tests.integrations.code_host.effects_contract import BRANCH, LINES, Protect, grant, made, merge, opened
from tests.integrations.code_host.workshop import Workshop


class MergingContract:
    async def test_a_merge_is_of_exactly_what_was_looked_at(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        clone.branch("main", "main")
        ahead = clone.commit("Else", {"b.txt": "bb\n"})
        clone.push("main")
        where = "orders", 1
        with pytest.raises(BaseMoved, match="look at it again"):
            await host.merge_pull_request(
                grant(host, "g1"), *where, head=pull.head_sha, base=pull.base_sha, way=MergeWay.MERGE
            )
        with pytest.raises(HeadMoved, match="look at it again"):
            await host.merge_pull_request(
                grant(host, "g1"), *where, head=pull.base_sha, base=ahead, way=MergeWay.MERGE
            )
        expected = await host.merge_result("orders", ahead, pull.head_sha)
        merged = await merge(host, pull)
        assert (merged.state, merged.head_sha, merged.base_sha) == (
            PullRequestState.MERGED,
            pull.head_sha,
            ahead,
        )
        assert merged.merged_sha == (await host.branch("orders", "main")).sha
        (commit,) = (await host.commits(CommitQuery("orders", merged.merged_sha, limit=1))).items
        assert (commit.tree, commit.parents) == (expected.tree, (ahead, pull.head_sha))
        assert commit.title == "Total (#1)"

    async def test_a_repeated_merge_does_nothing(self, host: CodeHost, clone: Workshop, tmp_path: Path) -> None:
        pull = await opened(host, clone, tmp_path)
        once = await merge(host, pull)
        again = await host.merge_pull_request(
            grant(host, "merge"), "orders", 1, head=pull.head_sha, base=pull.base_sha, way=MergeWay.MERGE
        )
        assert again == once
        happened = await host.what_happened("merge")
        assert happened is not None
        assert happened.reference == once.merged_sha
        with pytest.raises(NotOpen, match="merged already"):
            await merge(host, pull, "another")

    async def test_a_squash_is_one_commit(self, host: CodeHost, clone: Workshop, tmp_path: Path) -> None:
        pull = await opened(host, clone, tmp_path)
        merged = await merge(host, pull, way=MergeWay.SQUASH)
        assert merged.merged_sha is not None
        (commit,) = (await host.commits(CommitQuery("orders", merged.merged_sha, limit=1))).items
        assert commit.parents == (pull.base_sha,)

    async def test_what_conflicts_is_not_merged(self, host: CodeHost, clone: Workshop, tmp_path: Path) -> None:
        pull = await opened(host, clone, tmp_path)
        theirs = clone.commit("Theirs", {"a.txt": LINES.replace("1", "theirs")})
        clone.push("main")
        with pytest.raises(NotMergeable, match=r"conflicts with main in a\.txt"):
            await merge(host, pull)
        assert (await host.branch("orders", "main")).sha == theirs
        assert await host.what_happened("merge") is None

    async def test_checks_that_are_demanded_must_pass_on_its_head(
        self, host: CodeHost, clone: Workshop, tmp_path: Path, protect: Protect
    ) -> None:
        await protect(Protection(required_checks=("tests",)))
        pull = await opened(host, clone, tmp_path)
        with pytest.raises(ChecksMissing, match="tests \\(never made\\)"):
            await merge(host, pull)
        said = [(pull.base_sha, CheckState.PASSED), (pull.head_sha, CheckState.RUNNING)]
        for number, (sha, state) in enumerate(said):
            await host.report_check(grant(host, f"c{number}"), "orders", sha, CheckDraft("tests", state, "…"))
        with pytest.raises(ChecksMissing, match="tests \\(running\\)"):
            await merge(host, pull)
        await host.report_check(
            grant(host, "c2"), "orders", pull.head_sha, CheckDraft("tests", CheckState.PASSED, "all 9")
        )
        assert (await merge(host, pull)).state is PullRequestState.MERGED

    async def test_reviews_that_are_demanded_must_be_of_its_head_and_somebody_elses(
        self, host: CodeHost, clone: Workshop, tmp_path: Path, protect: Protect
    ) -> None:
        await protect(Protection(required_reviews=1))
        pull = await opened(host, clone, tmp_path)
        with pytest.raises(ReviewsMissing, match="needs 1 approving review"):
            await merge(host, pull)
        for verdict in (ReviewVerdict.APPROVED, ReviewVerdict.CHANGES_REQUESTED):
            with pytest.raises(OwnPullRequest, match="somebody else"):
                await host.review_pull_request(
                    grant(host, "r0"), "orders", 1, ReviewDraft(verdict, "", pull.head_sha)
                )
        own = ReviewDraft(ReviewVerdict.COMMENTED, "Look.", pull.head_sha, (Remark("a.txt", 1, "Why?"),))
        assert (await host.review_pull_request(grant(host, "r1"), "orders", 1, own)).author == host.login
        with pytest.raises(HeadMoved):
            await host.review_pull_request(
                grant(host, "r2"), "orders", 1, ReviewDraft(ReviewVerdict.APPROVED, "", pull.base_sha)
            )
        if not host.reviews_for_people:
            return
        theirs = ReviewDraft(ReviewVerdict.CHANGES_REQUESTED, "No.", pull.head_sha, person="wren")
        await host.review_pull_request(grant(host, "r3"), "orders", 1, theirs)
        with pytest.raises(ReviewsMissing, match="asked for by wren"):
            await merge(host, pull)
        approval = ReviewDraft(ReviewVerdict.APPROVED, "Yes.", pull.head_sha, person="wren")
        await host.review_pull_request(grant(host, "r4"), "orders", 1, approval)
        found = await everything(host.reviews, UnderQuery("orders", 1, limit=1))
        assert [(one.author, one.verdict) for one in found] == [
            (host.login, ReviewVerdict.COMMENTED),
            ("wren", ReviewVerdict.CHANGES_REQUESTED),
            ("wren", ReviewVerdict.APPROVED),
        ]
        assert found[0].remarks == own.remarks
        more = await made(host, tmp_path, pull.head_sha, {"c.txt": "c\n"})
        await host.push_branch(grant(host, "p2"), "orders", BRANCH, more, before=pull.head_sha)
        with pytest.raises(ReviewsMissing):  # the approval was of another commit
            await merge(host, pull)
        await host.review_pull_request(
            grant(host, "r5"), "orders", 1, ReviewDraft(ReviewVerdict.APPROVED, "", more, person="wren")
        )
        assert (await merge(host, pull)).state is PullRequestState.MERGED

    async def test_a_merge_is_taken_back_by_another_pull_request(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        with pytest.raises(NotMerged):
            await host.revert_pull_request(grant(host, "v0"), "orders", 1, merged=pull.head_sha)
        merged = await merge(host, pull)
        assert merged.merged_sha is not None
        clone.git("pull", "--quiet", "origin", "main")
        clone.commit("Later", {"b.txt": "later\n"})
        clone.push("main")
        back = await host.revert_pull_request(grant(host, "v1"), "orders", 1, merged=merged.merged_sha)
        assert (back.number, back.state, back.has_conflicts) == (2, PullRequestState.OPEN, False)
        assert back.head.startswith("countersign/")
        again = await host.revert_pull_request(grant(host, "v1"), "orders", 1, merged=merged.merged_sha)
        assert again.number == 2
        done = await merge(host, back, "merge-2")
        assert done.merged_sha is not None
        assert (await host.file("orders", done.merged_sha, "a.txt")).text == LINES
        assert (await host.file("orders", done.merged_sha, "b.txt")).text == "later\n"
        with pytest.raises(NotMergeable, match="Nothing of it is left"):
            await host.revert_pull_request(grant(host, "v2"), "orders", 1, merged=merged.merged_sha)

    async def test_what_was_built_on_is_not_taken_back_by_itself(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        merged = await merge(host, await opened(host, clone, tmp_path))
        assert merged.merged_sha is not None
        clone.git("pull", "--quiet", "origin", "main")
        clone.commit("On top", {"a.txt": LINES.replace("1", "one and only")})
        clone.push("main")
        with pytest.raises(NotMergeable, match=r"the same lines of a\.txt"):
            await host.revert_pull_request(grant(host, "v1"), "orders", 1, merged=merged.merged_sha)
        assert await host.what_happened("v1") is None
