"""The effects on repositories: pushing, pull requests and what is said of them, merging, taking back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from governance.action import Action
from integrations.code_host.contents import MergeWay
from integrations.code_host.pull_requests import (
    CheckDraft,
    CheckState,
    Coverage,
    PullRequestChange,
    PullRequestDraft,
    Remark,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.tracker.lines import Id, Line, Text

MOST_REMARKS = 50

_PART = r"\.*[A-Za-z0-9_-][A-Za-z0-9_.-]*"
"""Of a repository's name: never dots alone."""

RepositoryId = Annotated[str, StringConstraints(pattern=rf"^{_PART}(/{_PART})*$", max_length=200)]
Sha = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
BranchName = Annotated[str, StringConstraints(pattern=r"^[\w.+/@#][\w.+/@#-]*$", max_length=200)]
OurBranch = Annotated[str, StringConstraints(pattern=r"^countersign/[A-Za-z0-9_.+/-]+$", max_length=200)]
Number = Annotated[int, Field(ge=1, le=10**9)]


class CodeAction(Action):
    """What every effect on a repository has: the service that is in it and the plan that it is done for, where
    there are such."""

    repository: RepositoryId
    service: Id | None = None
    plan: Id | None = None

    def decides(self) -> str:
        """What exactly is decided: the same for any two actions that would do the same."""
        return self.summary()


class PullRequestAction(CodeAction):
    """What is done to one pull request."""

    number: Number

    @property
    def pull_request(self) -> str:
        """As people write it."""
        return f"pull request {self.number} of {self.repository}"


class PushBranch(CodeAction):
    """Let a branch of ours come to a commit; `before` is where it is, None where it is new."""

    type = "code.push_branch"
    decision_type = "code_work"

    branch: OurBranch
    sha: Sha
    before: Sha | None = None

    def summary(self) -> str:
        return f"Push {self.sha[:12]} to {self.branch} of {self.repository}"


class OpenPullRequest(CodeAction):
    """Ask for a branch to be merged."""

    type = "code.open_pull_request"
    decision_type = "code_work"

    title: Line
    text: Text
    head: OurBranch
    head_sha: Sha
    base: BranchName
    is_draft: bool = False
    labels: Annotated[tuple[Line, ...], Field(max_length=20)] = ()

    @property
    def draft(self) -> PullRequestDraft:
        """As the port takes it."""
        said = self.title, self.text, self.head, self.head_sha, self.base
        return PullRequestDraft(*said, is_draft=self.is_draft, labels=self.labels)

    def summary(self) -> str:
        return f"Open a pull request of {self.repository}: “{self.title}”, into {self.base}"


class UpdatePullRequest(PullRequestAction):
    """Change what a pull request says of itself; None leaves it. `was` is the text that it takes the place of:
    where that is another by then, somebody else wrote it, and nothing is changed."""

    type = "code.update_pull_request"
    decision_type = "pull_request_changes"

    title: Line | None = None
    text: Text | None = None
    is_draft: bool | None = None
    was: Text | None = None

    @property
    def change(self) -> PullRequestChange:
        """As the port takes it."""
        return PullRequestChange(self.title, self.text, self.is_draft)

    def summary(self) -> str:
        return f"Change what {self.pull_request} says"


class ClosePullRequest(PullRequestAction):
    """Close a pull request that is at `head`, unmerged."""

    type = "code.close_pull_request"
    decision_type = "pull_request_changes"

    head: Sha
    why: Line

    def summary(self) -> str:
        return f"Close {self.pull_request} unmerged: {self.why}"


class Said(BaseModel):
    """A remark on one line of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
    line: Annotated[int, Field(ge=1)]
    text: Text


class ReviewPullRequest(PullRequestAction):
    """An agent's review of exactly the commit `sha`."""

    type = "code.review_pull_request"
    decision_type = "code_work"

    sha: Sha
    verdict: ReviewVerdict
    text: Text
    remarks: Annotated[tuple[Said, ...], Field(max_length=MOST_REMARKS)] = ()

    @property
    def draft(self) -> ReviewDraft:
        """As the port takes it."""
        remarks = tuple(Remark(one.path, one.line, one.text) for one in self.remarks)
        return ReviewDraft(self.verdict, self.text, self.sha, remarks)

    def summary(self) -> str:
        return f"Review {self.pull_request} at {self.sha[:12]}: {self.verdict}"


class ReviewInPerson(ReviewPullRequest):
    """A person's own review: `person` is whose it is, and asks for it themselves."""

    type = "code.review_in_person"
    decision_type = "person_review"

    person: Id

    @property
    def draft(self) -> ReviewDraft:
        """As the port takes it."""
        remarks = tuple(Remark(one.path, one.line, one.text) for one in self.remarks)
        return ReviewDraft(self.verdict, self.text, self.sha, remarks, person=self.person)

    def summary(self) -> str:
        return f"{super().summary()}, as {self.person}"

    def described(self, names: Mapping[str, str]) -> str:
        return f"{super().summary()}, as {names[self.person]}"


class CommentOnPullRequest(PullRequestAction):
    """Something that a person says under a pull request that they saw at the commit `sha`: `person` is who says
    it, and asks for it themselves."""

    type = "code.comment_on_pull_request"
    decision_type = "person_comment"

    sha: Sha
    text: Text
    person: Id

    def summary(self) -> str:
        return f"{self._what()}, as {self.person}"

    def described(self, names: Mapping[str, str]) -> str:
        return f"{self._what()}, as {names[self.person]}"

    def _what(self) -> str:
        return f"Comment on {self.pull_request} at {self.sha[:12]}"


class ReportCheck(CodeAction):
    """Say what a program found of one commit."""

    type = "code.report_check"
    decision_type = "code_work"

    sha: Sha
    name: Line
    state: CheckState
    findings: Text
    covered: Annotated[int, Field(ge=0)] | None = None
    coverable: Annotated[int, Field(ge=0)] | None = None

    @property
    def draft(self) -> CheckDraft:
        """As the port takes it."""
        known = self.covered is not None and self.coverable is not None
        coverage = Coverage(self.covered or 0, self.coverable or 0) if known else None
        return CheckDraft(self.name, self.state, self.findings, coverage)

    def summary(self) -> str:
        return f"Report of {self.sha[:12]} in {self.repository}: {self.name} {self.state}"


class MergePullRequest(PullRequestAction):
    """Merge exactly the commit `head` into the branch `into`, which is at `base`."""

    type = "code.merge_pull_request"
    decision_type = "code_changes"

    head: Sha
    base: Sha
    into: BranchName
    way: MergeWay

    def summary(self) -> str:
        return f"Merge {self.pull_request} at {self.head[:12]} into {self.into} at {self.base[:12]}"


class RevertPullRequest(PullRequestAction):
    """Open the pull request that takes a merged one back; `merged` is the commit that it became."""

    type = "code.revert_pull_request"
    decision_type = "code_work"

    merged: Sha

    def summary(self) -> str:
        return f"Open a pull request that takes back {self.pull_request}, merged as {self.merged[:12]}"
