"""What every code host does with a repository, orders, and what it refuses.

A vendor's tests bring the fixtures of the reading contract, and `protect`, which makes main demand something.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from governance.action import Grant
from integrations.code_host import CheckQuery, CodeHost, PullRequestQuery, UnderQuery
from integrations.code_host.contents import MergeWay, Protection
from integrations.code_host.pull_requests import (
    CheckDraft,
    CheckState,
    Coverage,
    PullRequest,
    PullRequestChange,
    PullRequestDraft,
    PullRequestState,
)
from integrations.code_host.refusals import (
    AlreadyOpen,
    BranchMoved,
    BranchNotOurs,
    GrantSpent,
    HeadMoved,
    NoSuchBranch,
    NoSuchCommit,
    NoSuchPullRequest,
    NotMergeable,
    NotOpen,
)
from integrations.pages import everything
from tests.integrations.code_host.reading_contract import AT, draft
from tests.integrations.code_host.workshop import Workshop

BRANCH = "countersign/totals"
Protect = Callable[[Protection], Awaitable[None]]
LINES = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"


def grant(host: CodeHost, name: str) -> Grant:
    minute = sum(map(ord, name)) % 50
    return Grant(name, getattr(host, "tenant", "t"), f"ef_{name}", "", 0, AT + timedelta(minutes=minute))


async def made(host: CodeHost, folder: Path, base: str, files: dict[str, str]) -> str:
    """A commit of ours on top of `base`."""
    tree = Path(tempfile.mkdtemp(dir=folder))
    await host.checkout("orders", base, tree)
    for name, content in files.items():
        (tree / name).write_text(content)
    return (await host.commit_tree("orders", tree, draft(base))).sha


async def opened(
    host: CodeHost, clone: Workshop, folder: Path, *, branch: str = BRANCH, files: dict[str, str] | None = None
) -> PullRequest:
    """An open pull request of ours into main, which has a.txt and b.txt."""
    if not (clone.folder / "a.txt").exists():
        clone.commit("Add", {"a.txt": LINES, "b.txt": "b\n"})
        clone.push("main")
    base = (await host.branch("orders", "main")).sha
    head = await made(host, folder, base, files or {"a.txt": LINES.replace("1", "one")})
    await host.push_branch(grant(host, f"push-{branch}"), "orders", branch, head, before=None)
    return await host.open_pull_request(
        grant(host, f"open-{branch}"), "orders", PullRequestDraft("Total", "Why.", branch, head, "main")
    )


async def merge(
    host: CodeHost, pull: PullRequest, name: str = "merge", way: MergeWay = MergeWay.MERGE
) -> PullRequest:
    now = await host.pull_request("orders", pull.number)
    return await host.merge_pull_request(
        grant(host, name), "orders", pull.number, head=now.head_sha, base=now.base_sha, way=way
    )


KOFI = "kofi.mensahl"


class EffectsContract:
    async def test_a_branch_of_ours_comes_to_a_commit_and_no_other_does(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        base = clone.commit("Add", {"a.txt": "1\n"})
        clone.push("main")
        head = await made(host, tmp_path, base, {"a.txt": "2\n"})
        for branch in ("main", "feature", "countersig/x"):
            with pytest.raises(BranchNotOurs):
                await host.push_branch(grant(host, "g0"), "orders", branch, head, before=None)
        with pytest.raises(NoSuchCommit):
            await host.push_branch(grant(host, "g0"), "orders", BRANCH, "0" * 40, before=None)
        assert (await host.push_branch(grant(host, "g1"), "orders", BRANCH, head, before=None)).sha == head
        assert (await host.branch("orders", BRANCH)).sha == head
        with pytest.raises(BranchMoved, match="is there already"):
            await host.push_branch(grant(host, "g2"), "orders", BRANCH, base, before=None)
        with pytest.raises(BranchMoved, match="any more"):
            await host.push_branch(grant(host, "g2"), "orders", BRANCH, base, before=base)
        assert await host.what_happened("g2") is None
        await host.push_branch(grant(host, "g3"), "orders", BRANCH, base, before=head)  # anew, from elsewhere
        assert (await host.branch("orders", BRANCH)).sha == base

    async def test_a_repeated_push_does_nothing(self, host: CodeHost, clone: Workshop, tmp_path: Path) -> None:
        base = clone.commit("Add", {"a.txt": "1\n"})
        clone.push("main")
        one = await made(host, tmp_path, base, {"a.txt": "2\n"})
        two = await made(host, tmp_path, one, {"a.txt": "3\n"})
        await host.push_branch(grant(host, "g1"), "orders", BRANCH, one, before=None)
        await host.push_branch(grant(host, "g2"), "orders", BRANCH, two, before=one)
        await host.push_branch(grant(host, "g1"), "orders", BRANCH, one, before=None)
        assert (await host.branch("orders", BRANCH)).sha == two
        happened = await host.what_happened("g1")
        assert happened is not None
        assert happened.reference == one
        with pytest.raises(GrantSpent):
            await host.comment_on_pull_request(grant(host, "g1"), "orders", 1, "no", person=KOFI)

    async def test_a_pull_request_is_opened_once(self, host: CodeHost, clone: Workshop, tmp_path: Path) -> None:
        pull = await opened(host, clone, tmp_path)
        assert (pull.number, pull.state, pull.author) == (1, PullRequestState.OPEN, host.login)
        assert (pull.has_conflicts, pull.has_head, pull.merged_sha) == (False, True, None)
        said = PullRequestDraft("Total", "Why.", BRANCH, pull.head_sha, "main")
        again = await host.open_pull_request(grant(host, f"open-{BRANCH}"), "orders", said)
        assert again.number == 1
        with pytest.raises(AlreadyOpen, match="already: 1"):
            await host.open_pull_request(grant(host, "g2"), "orders", said)
        happened = await host.what_happened(f"open-{BRANCH}")
        assert happened is not None
        assert happened.reference == "orders#1"
        page = await host.pull_requests(PullRequestQuery("orders", PullRequestState.OPEN))
        assert [one.number for one in page.items] == [1]

    async def test_what_is_nothing_to_merge_is_not_opened(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        for head, sha, refusal in (
            ("gone", pull.head_sha, NoSuchBranch),
            (BRANCH, pull.base_sha, HeadMoved),
            ("main", pull.base_sha, NotMergeable),
        ):
            with pytest.raises(refusal):
                await host.open_pull_request(
                    grant(host, "g2"), "orders", PullRequestDraft("T", "", head, sha, "main")
                )
        assert await host.what_happened("g2") is None

    async def test_it_follows_its_branch_and_outlives_it(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        clone.git("fetch", "--quiet", "origin")
        clone.branch("mine", f"origin/{BRANCH}")
        more = clone.commit("More", {"c.txt": "c"})
        clone.push(f"mine:{BRANCH}")
        assert (await host.pull_request("orders", 1)).head_sha == more
        clone.branch("mine", pull.base_sha)
        other = clone.commit("Other", {"a.txt": LINES.replace("1", "other")})
        clone.push(f"mine:{BRANCH}", force=True)
        assert (await host.pull_request("orders", 1)).head_sha == other
        clone.branch("main", pull.base_sha)
        clone.commit("Same line", {"a.txt": LINES.replace("1", "main")})
        clone.push("main")
        assert (await host.pull_request("orders", 1)).has_conflicts is True
        clone.push(f":{BRANCH}")
        gone = await host.pull_request("orders", 1)
        assert (gone.has_head, gone.state) == (False, PullRequestState.OPEN)
        with pytest.raises(NoSuchBranch):
            await merge(host, pull)

    async def test_it_says_something_else_or_is_closed(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        change = PullRequestChange(title="Totals", is_draft=True)
        changed = await host.update_pull_request(grant(host, "g1"), "orders", 1, change)
        assert (changed.title, changed.body, changed.is_draft) == ("Totals", "Why.", True)
        with pytest.raises(NotOpen, match="draft"):
            await merge(host, pull)
        with pytest.raises(HeadMoved):
            await host.close_pull_request(grant(host, "g2"), "orders", 1, head=pull.base_sha)
        closed = await host.close_pull_request(grant(host, "g3"), "orders", 1, head=pull.head_sha)
        assert (closed.state, closed.ended is not None) == (PullRequestState.CLOSED, True)
        assert (await host.branch("orders", BRANCH)).sha == pull.head_sha
        for name, doing in (
            ("g4", host.update_pull_request(grant(host, "g4"), "orders", 1, change)),
            ("g5", host.close_pull_request(grant(host, "g5"), "orders", 1, head=pull.head_sha)),
            ("g6", merge(host, pull, "g6")),
        ):
            with pytest.raises(NotOpen):
                await doing
            assert await host.what_happened(name) is None

    async def test_checks_and_coverage_are_the_newest(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(host, clone, tmp_path)
        sha = pull.head_sha
        assert await host.coverage("orders", sha) is None
        with pytest.raises(NoSuchCommit):
            await host.report_check(
                grant(host, "c0"), "orders", "0" * 40, CheckDraft("tests", CheckState.PASSED, "")
            )
        for name, draft_ in {
            "c1": CheckDraft("tests", CheckState.FAILED, "1 of 9", Coverage(7, 10)),
            "c2": CheckDraft("tests", CheckState.PASSED, "all 9", Coverage(9, 10)),
            "c3": CheckDraft("lint", CheckState.NEUTRAL, "none"),
        }.items():
            await host.report_check(grant(host, name), "orders", sha, draft_)
        again = await host.report_check(
            grant(host, "c2"), "orders", sha, CheckDraft("tests", CheckState.PASSED, "all 9", Coverage(9, 10))
        )
        found = await everything(host.checks, CheckQuery("orders", sha, limit=1))
        assert [(one.name, one.state) for one in found] == [
            ("lint", CheckState.NEUTRAL),
            ("tests", CheckState.PASSED),
        ]
        assert found[1] == again
        coverage = await host.coverage("orders", sha)
        assert coverage is not None
        assert coverage.share == 0.9

    async def test_comments_come_in_pages_and_once(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        await opened(host, clone, tmp_path)
        for name in ("k1", "k2", "k1", "k3"):
            await host.comment_on_pull_request(grant(host, name), "orders", 1, f"I am {name}", person=KOFI)
        found = await everything(host.comments, UnderQuery("orders", 1, limit=2))
        said = [one.body if one.author == KOFI else one.body.removeprefix(f"{KOFI} says:\n\n") for one in found]
        assert said == ["I am k1", "I am k2", "I am k3"], "in the name of whoever says it"
        assert all(KOFI in (one.author, one.body.split()[0]) for one in found)
        for looking in (host.comments, host.reviews):
            with pytest.raises(NoSuchPullRequest):
                await looking(UnderQuery("orders", 9))

    async def test_pull_requests_come_newest_first_in_pages(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        for name in ("x", "y", "z"):
            await opened(
                host, clone, tmp_path, branch=f"countersign/{name}", files={f"{name}.txt": f"{name}\n"}
            )
        found = await everything(host.pull_requests, PullRequestQuery(limit=1))
        assert [one.number for one in found] == [3, 2, 1]
        of_head = await host.pull_requests(PullRequestQuery("orders", head="countersign/y"))
        assert [one.number for one in of_head.items] == [2]
        assert (await host.pull_requests(PullRequestQuery("orders", author="nobody"))).items == ()
        with pytest.raises(NoSuchPullRequest):
            await host.pull_request("orders", 4)
