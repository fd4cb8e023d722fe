"""Pull requests, and what people and programs say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PullRequestState(StrEnum):
    """How far a pull request has come."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it stands. `author` is who opened it, as the host calls them. `head_sha` and `base_sha`
    are where the two branches are now, or were when it ended; `has_head` is False where its branch was deleted,
    and `fork` names the repository of its branch where that is another one. `has_conflicts` is None where the
    host has not worked it out yet; `is_queued` where a merge queue has it. `merged_sha` is the commit on the
    base branch that it became."""

    repository: str
    number: int
    title: str
    body: str
    author: str
    state: PullRequestState
    is_draft: bool
    head: str
    head_sha: str
    has_head: bool
    base: str
    base_sha: str
    has_conflicts: bool | None
    labels: tuple[str, ...]
    created: datetime
    updated: datetime
    merged_sha: str | None = None
    ended: datetime | None = None
    is_queued: bool = False
    fork: str | None = None
    address: str | None = None

    def __str__(self) -> str:
        return f"{self.repository}#{self.number}"


@dataclass(frozen=True, slots=True)
class PullRequestDraft:
    """A pull request to be opened: `head` and `base` are branches, `head_sha` is where `head` is."""

    title: str
    body: str
    head: str
    head_sha: str
    base: str
    is_draft: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequestChange:
    """What of a pull request becomes something else; None leaves it as it is."""

    title: str | None = None
    body: str | None = None
    is_draft: bool | None = None


class ReviewVerdict(StrEnum):
    """What a reviewer says."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes requested"
    COMMENTED = "commented"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said of one line of a file, as the review's commit has it."""

    path: str
    line: int
    body: str


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """A review of exactly the commit `sha`. `person` is whose it is where it is no program's: the id of
    somebody in the department, who asked for it in person."""

    verdict: ReviewVerdict
    body: str
    sha: str
    remarks: tuple[Remark, ...] = ()
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review. It is of the commit `sha` and of no later one."""

    id: str
    author: str
    verdict: ReviewVerdict
    body: str
    sha: str
    at: datetime
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """Something that was said under a pull request."""

    id: str
    author: str
    body: str
    at: datetime


class CheckState(StrEnum):
    """How a check stands. `neutral` neither lets a merge through nor stops it."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many lines the tests ran, of how many that could be run."""

    covered: int
    total: int

    @property
    def share(self) -> float:
        """0 to 1; 1 where there is nothing to run."""
        return self.covered / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class CheckDraft:
    """What a program found of one commit; a later one of the same name and commit takes its place."""

    name: str
    state: CheckState
    summary: str
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What a program found of the commit `sha`. `coverage` where it says so."""

    id: str
    name: str
    sha: str
    state: CheckState
    summary: str
    at: datetime
    coverage: Coverage | None = None
    address: str | None = None
