"""The code host: git repositories, and pull requests on them. The port of every host of code.

Whatever depends on what stands in a repository names it by a commit's sha: what is looked at, what a review is
of, what a check found, what is merged. A branch's name says nothing, for it may be at another commit a moment
later. What comes out of a repository (files, messages, titles, comments) is data that others wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from governance.action import Grant
from integrations.code_host.contents import (
    Branch,
    Checkout,
    Commit,
    CommitDraft,
    Diff,
    File,
    Match,
    MergeResult,
    MergeWay,
    Repository,
    TreeEntry,
)
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import (
    Check,
    CheckDraft,
    Comment,
    Coverage,
    PullRequest,
    PullRequestChange,
    PullRequestDraft,
    PullRequestState,
    Review,
    ReviewDraft,
)
from integrations.pages import LARGEST_PAGE, Page, Part

OURS = "countersign/"
"""What every branch begins with that is pushed through a port: people's own are theirs."""


@dataclass(frozen=True, slots=True)
class BranchQuery:
    """Branches of a repository, by name."""

    repository: str
    limit: int = LARGEST_PAGE
    after: str | None = None


@dataclass(frozen=True, slots=True)
class TreeQuery:
    """What stands in a folder at a commit or tree, by path; `deep` goes into folders, and then names none."""

    repository: str
    sha: str
    folder: str = ""
    deep: bool = False
    limit: int = LARGEST_PAGE
    after: str | None = None


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Lines of text files at a commit that hold `text`; as an extended regular expression (POSIX) where
    `is_pattern`. By path and line."""

    repository: str
    sha: str
    text: str
    is_pattern: bool = False
    ignore_case: bool = False
    folder: str = ""
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class CommitQuery:
    """Commits from `sha` backwards, newest first; of one path or folder, where it is given."""

    repository: str
    sha: str
    path: str = ""
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class DiffQuery:
    """What one commit changes beside another, by path; of one file or folder, where it is given."""

    repository: str
    base: str
    head: str
    path: str = ""
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class PullRequestQuery:
    """Pull requests, newest first; None does not restrict. `head` is a branch."""

    repository: str | None = None
    state: PullRequestState | None = None
    author: str | None = None
    head: str | None = None
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class UnderQuery:
    """What was said under one pull request, oldest first."""

    repository: str
    number: int
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class CheckQuery:
    """The newest check of each name at a commit, by name."""

    repository: str
    sha: str
    limit: int = 100
    after: str | None = None


@runtime_checkable
class GivesTokens(Protocol):
    """A code host that lets people's own git in by a token, which whoever runs it hands out."""

    async def new_token(self, person: str) -> str:
        """A person's token, said this once; the one before it ends. Raises NoSuchPerson."""


class CodeHost(Protocol):
    """`login` is whom the host names for what is done here: whoever opened a pull request cannot approve it.
    `reviews_for_people` says whether it takes a person's review from us.

    Every look is a page or has a bound, and raises NoSuchRepository where there is no such repository.

    Effectful methods take a Grant; its id is the idempotency key: a repeated call returns what the first one
    came to and does nothing. Each is all or nothing, and raises CodeHostError for nothing. A host that does not
    answer raises storage.look.Away: whether an effect came about is then asked by `what_happened`, which looks
    for its sha.
    """

    login: str
    reviews_for_people: bool

    async def repositories(self, query: Part) -> Page[Repository]:
        """The repositories that we may see, by id."""

    async def repository(self, repository: str) -> Repository:
        """One repository."""

    async def branches(self, query: BranchQuery) -> Page[Branch]:
        """Its branches."""

    async def branch(self, repository: str, name: str) -> Branch:
        """One branch. Raises NoSuchBranch."""

    async def commits(self, query: CommitQuery) -> Page[Commit]:
        """Its history. Raises NoSuchCommit."""

    async def tree(self, query: TreeQuery) -> Page[TreeEntry]:
        """A folder. Raises NoSuchCommit, NoSuchPath."""

    async def file(self, repository: str, sha: str, path: str) -> File:
        """One file. Raises NoSuchCommit, NoSuchPath."""

    async def search(self, query: SearchQuery) -> Page[Match]:
        """Lines of files. Raises NoSuchCommit, ValueError for a pattern that is none."""

    async def diff(self, query: DiffQuery) -> Diff:
        """What one commit changes beside another. Raises NoSuchCommit, NotMergeable (no common history)."""

    async def merge_result(self, repository: str, base: str, head: str) -> MergeResult:
        """What merging `head` into `base` would come to. Raises NoSuchCommit, NotMergeable (no common
        history)."""

    async def checkout(self, repository: str, sha: str, into: Path) -> Checkout:
        """Write the files of a commit or tree into an empty folder, without a `.git`, byte for byte as they
        are stored. Raises NoSuchCommit, TooLarge."""

    async def commit_tree(self, repository: str, tree: Path, draft: CommitDraft) -> Commit:
        """Make a commit of a folder's files, those aside that its `.gitignore` leaves out: no branch comes to
        it, and nobody sees it, until it is pushed. Raises NoSuchCommit, TreeRefused, TooLarge,
        NothingChanged."""

    async def pull_requests(self, query: PullRequestQuery) -> Page[PullRequest]:
        """Pull requests."""

    async def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request. Raises NoSuchPullRequest."""

    async def reviews(self, query: UnderQuery) -> Page[Review]:
        """Its reviews. Raises NoSuchPullRequest."""

    async def comments(self, query: UnderQuery) -> Page[Comment]:
        """Its comments, those in reviews aside. Raises NoSuchPullRequest."""

    async def checks(self, query: CheckQuery) -> Page[Check]:
        """What programs found of a commit. Raises NoSuchCommit."""

    async def coverage(self, repository: str, sha: str) -> Coverage | None:
        """The newest coverage that a check says of a commit."""

    async def push_branch(
        self, grant: Grant, repository: str, branch: str, sha: str, *, before: str | None
    ) -> Branch:
        """Let a branch of ours come to a commit that `commit_tree` made: a new branch where `before` is None,
        otherwise one that is at `before`. Raises BranchNotOurs, BranchMoved, BranchProtected, NoSuchCommit."""

    async def open_pull_request(self, grant: Grant, repository: str, draft: PullRequestDraft) -> PullRequest:
        """Open one. Raises NoSuchBranch, HeadMoved, AlreadyOpen, NotMergeable."""

    async def update_pull_request(
        self, grant: Grant, repository: str, number: int, change: PullRequestChange
    ) -> PullRequest:
        """Change what it says. Raises NoSuchPullRequest, NotOpen."""

    async def review_pull_request(
        self, grant: Grant, repository: str, number: int, draft: ReviewDraft
    ) -> Review:
        """Say what is thought of it. Raises NoSuchPullRequest, NotOpen, HeadMoved, OwnPullRequest,
        NotInTheirName."""

    async def comment_on_pull_request(
        self, grant: Grant, repository: str, number: int, body: str, *, person: str
    ) -> Comment:
        """Say something under it in the name of `person`, somebody in the department: as the comment's author,
        or where the host knows none of them in its first words. Raises NoSuchPullRequest."""

    async def report_check(self, grant: Grant, repository: str, sha: str, draft: CheckDraft) -> Check:
        """Say what a program found of a commit. Raises NoSuchCommit."""

    async def merge_pull_request(
        self, grant: Grant, repository: str, number: int, *, head: str, base: str, way: MergeWay
    ) -> PullRequest:
        """Merge exactly the commit `head` into a branch that is at the commit `base`, or into a merge queue
        (`is_queued`). Raises NoSuchPullRequest, NotOpen, NoSuchBranch, HeadMoved, BaseMoved, NotMergeable,
        ChecksMissing, ReviewsMissing."""

    async def revert_pull_request(
        self, grant: Grant, repository: str, number: int, *, merged: str
    ) -> PullRequest:
        """Open the pull request that takes a merged one back, from a branch of ours; `merged` is the commit
        that it became. Raises NoSuchPullRequest, NotMerged, NotMergeable."""

    async def close_pull_request(self, grant: Grant, repository: str, number: int, *, head: str) -> PullRequest:
        """Close it unmerged, as it is at `head`; its branch stays. Raises NoSuchPullRequest, NotOpen,
        HeadMoved."""

    async def what_happened(self, grant: str) -> Happened | None:
        """After a crash: what the effect with this grant id came to, or None if it never arrived."""
