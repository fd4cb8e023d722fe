"""What others do on GitHub, and what GitHub does not say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integrations.code_host import BranchQuery, CheckQuery, PullRequestQuery, TreeQuery, UnderQuery
from integrations.code_host.pull_requests import (
    CheckState,
    PullRequestChange,
    PullRequestState,
    Remark,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.refusals import (
    BranchProtected,
    CodeHostError,
    NoSuchRepository,
    NotInTheirName,
)
from integrations.code_host.vendors.github.host import GitHub
from simulators.github import FakeGitHub, Fault
from simulators.github.repositories import Repository, git
from storage.look import Away
from tests.integrations.code_host.github.work import BRANCH, ORDERS, grant, made, opened
from tests.integrations.code_host.workshop import Workshop


class TestWhatOthersDo:
    async def test_a_pull_request_from_a_fork_and_a_commit_pushed_over_are_read(
        self, port: GitHub, orders: Repository, work: Workshop, tmp_path: Path, fake: FakeGitHub
    ) -> None:
        base = work.git("rev-parse", "main")
        work.branch("theirs", base)
        theirs = work.commit("Theirs", {"a.txt": "theirs\n"})
        work.push("theirs:refs/pull/1/head")
        over = work.commit("Over", {"a.txt": "over\n"})
        work.push("theirs:refs/heads/work")
        work.branch("theirs", base)
        work.push("theirs:refs/heads/work", force=True)
        assert (await port.file(ORDERS, theirs, "a.txt")).text == "theirs\n"
        assert (await port.file(ORDERS, over, "a.txt")).text == "over\n"

    async def test_what_protection_and_rules_refuse_of_a_push_is_said(
        self, fake: FakeGitHub, port: GitHub, orders: Repository, work: Workshop, tmp_path: Path
    ) -> None:
        head = await made(port, work, tmp_path)
        (orders.folder / "protected").write_text(f"refs/heads/{BRANCH}\n")
        with pytest.raises(BranchProtected, match="does not take this push"):
            await port.push_branch(grant("g1"), ORDERS, BRANCH, head, before=None)
        assert await port.what_happened("g1") is None

    async def test_remarks_outside_the_changes_stand_in_the_review(
        self, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(port, work, tmp_path)
        remarks = (Remark("b.txt", 1, "Untouched, and wrong."),)
        said = ReviewDraft(ReviewVerdict.COMMENTED, "Look.", pull.head_sha, remarks)
        review = await port.review_pull_request(grant("g1"), ORDERS, 1, said)
        assert (review.body, review.remarks) == ("Look.\n\n- `b.txt:1` Untouched, and wrong.", ())

    async def test_a_persons_review_is_theirs_to_give(
        self, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        pull = await opened(port, work, tmp_path)
        said = ReviewDraft(ReviewVerdict.APPROVED, "", pull.head_sha, person="wren")
        assert not port.reviews_for_people
        with pytest.raises(NotInTheirName, match="that person alone"):
            await port.review_pull_request(grant("g1"), ORDERS, 1, said)

    async def test_statuses_count_beside_checks_and_coverage_is_ours_alone(
        self, port: GitHub, orders: Repository, work: Workshop
    ) -> None:
        sha = work.git("rev-parse", "main")
        at = "2026-11-30T09:00:00Z"
        status = {
            "id": 1,
            "sha": sha,
            "context": "jenkins",
            "state": "PENDING",
            "description": "runs",
            "at": at,
        }
        orders.statuses.append(status)
        text = "<!-- countersign:coverage 10/10 -->"
        orders.checks.append(
            {
                "id": 5,
                "name": "tests",
                "head_sha": sha,
                "external_id": "x",
                "status": "completed",
                "conclusion": "timed_out",
                "output": {"summary": "late", "text": text},
                "started_at": at,
                "completed_at": at,
                "app": "somebody-else",
            }
        )
        found = (await port.checks(CheckQuery(ORDERS, sha))).items
        assert [(one.name, one.state) for one in found] == [
            ("jenkins", CheckState.RUNNING),
            ("tests", CheckState.FAILED),
        ]
        assert await port.coverage(ORDERS, sha) is None

    async def test_a_renamed_repository_is_named(self, port: GitHub, work: Workshop, tmp_path: Path) -> None:
        await opened(port, work, tmp_path)
        for looking in (
            port.repository("acme/Orders"),
            port.branch("acme/Orders", "main"),
            port.branches(BranchQuery("acme/Orders")),
            port.pull_request("acme/Orders", 1),
            port.reviews(UnderQuery("acme/Orders", 1)),
        ):
            with pytest.raises(NoSuchRepository, match=r"is called acme/orders now"):
                await looking

    async def test_a_field_that_is_kept_from_us_is_none_and_the_rest_is_there(
        self, fake: FakeGitHub, port: GitHub, work: Workshop
    ) -> None:
        ref = {"name": "main", "target": {"oid": "a" * 40}, "refUpdateRule": None, "rules": None}
        error = {
            "type": "FORBIDDEN",
            "path": ["repository", "ref", "rules"],
            "message": "Resource not accessible",
        }
        said = {"data": {"repository": {"nameWithOwner": ORDERS, "ref": ref}}, "errors": [error]}
        fake.faults.append(Fault("POST", "ref\\(", answer=(200, said, {})))
        assert (await port.branch(ORDERS, "main")).sha == "a" * 40
        whole = {
            "type": "FORBIDDEN",
            "path": ["repository"],
            "message": "Resource not accessible by integration",
        }
        fake.faults.append(
            Fault("POST", "ref\\(", answer=(200, {"data": {"repository": None}, "errors": [whole]}, {}))
        )
        with pytest.raises(CodeHostError, match="not accessible by integration"):
            await port.branch(ORDERS, "main")

    async def test_a_query_that_failed_is_asked_again_and_a_mutation_is_not(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        await opened(port, work, tmp_path)
        failed = (200, {"errors": [{"message": "Something went wrong while executing your query."}]}, {})
        fake.faults.append(Fault("POST", "ref\\(", answer=failed))
        assert (await port.branch(ORDERS, "main")).name == "main"
        fake.faults.append(Fault("POST", "convertPullRequestToDraft", answer=failed))
        with pytest.raises(Away, match="may have been done"):
            await port.update_pull_request(grant("g1"), ORDERS, 1, PullRequestChange(is_draft=True))
        assert fake.done["draft"] == 0

    async def test_a_history_that_git_does_not_take_is_named(
        self, port: GitHub, orders: Repository, work: Workshop
    ) -> None:
        tree = work.git("rev-parse", "main^{tree}")
        bad = (
            f"tree {tree}\nauthor A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\ntree {tree}\n"
        )
        sha = git(
            orders.folder, "hash-object", "-t", "commit", "--literally", "-w", "--stdin", given=bad + "\0x"
        )
        git(orders.folder, "update-ref", "refs/heads/bad", sha)
        with pytest.raises(CodeHostError, match="git does not take"):
            await port.file(ORDERS, sha, "a.txt")

    async def test_a_fetch_goes_on_without_who_asked_for_it(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha = (await port.branch(ORDERS, "main")).sha
        begun, goes_on = asyncio.Event(), asyncio.Event()
        header = port.mirrors.header

        async def held(repository: str, writes: bool) -> str:
            begun.set()
            await goes_on.wait()
            return await header(repository, writes)

        monkeypatch.setattr(port.mirrors, "header", held)
        asking = asyncio.create_task(port.tree(TreeQuery(ORDERS, sha)))
        await begun.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        begun.clear()
        goes_on.set()
        assert (await port.tree(TreeQuery(ORDERS, sha))).items
        assert not begun.is_set()  # the first fetch brought it

    async def test_pull_request_looks_need_no_mirror(self, port: GitHub, work: Workshop) -> None:
        found = await port.pull_requests(PullRequestQuery(ORDERS, PullRequestState.OPEN))
        assert found.items == ()
        assert not port.mirrors.folder.exists()

    async def test_an_error_that_has_no_name_of_its_own_is_told(
        self, fake: FakeGitHub, port: GitHub, work: Workshop, tmp_path: Path
    ) -> None:
        await opened(port, work, tmp_path)
        blocked = (403, {"message": "This organization has an IP allow list enabled."}, {})
        fake.faults.append(Fault("POST", "/comments", answer=blocked))
        with pytest.raises(CodeHostError, match="IP allow list"):
            await port.comment_on_pull_request(grant("g1"), ORDERS, 1, "x", person="kofi.mensahl")
