"""Merging on GitHub, into a branch or its merge queue, and the commit that takes a merge back.

GitHub compares the head's sha before it merges. It compares no base: that is looked at just before, and what
was merged onto is read behind. Where the branch demands that pull requests are up to date, or has a merge
queue, GitHub itself sees to it that what is merged is what was tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integrations.code_host import CheckQuery, bare_repository, outcomes
from integrations.code_host.bare_changes import without
from integrations.code_host.bare_trees import write_commit
from integrations.code_host.contents import CommitDraft, MergeWay, Protection
from integrations.code_host.git import Git
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import CheckState, PullRequest, PullRequestState
from integrations.code_host.refusals import (
    BaseMoved,
    ChecksMissing,
    CodeHostError,
    HeadMoved,
    NoAccess,
    NoSuchBranch,
    NotMergeable,
    NotMerged,
    NotOpen,
    ReviewsMissing,
)
from integrations.code_host.vendors.github import documents, values
from integrations.code_host.vendors.github.credentials import WHO, Refused
from integrations.code_host.vendors.github.looks import Looks
from integrations.pages import everything


async def merge(
    looks: Looks, repository: str, number: int, *, head: str, base: str, way: MergeWay
) -> tuple[PullRequest, Happened]:
    """Raises what `CodeHost.merge_pull_request` does."""
    before = await looks.standing(repository, number)
    _demand(before, head, base)
    try:
        if before["isMergeQueueEnabled"]:
            if not before["isInMergeQueue"]:
                await looks.api.mutate(documents.ENQUEUE, id=before["id"], head=head)
            queued = replace(values.pull_request_of(repository, before), is_queued=True)
            return queued, outcomes.merged(queued, base)
        path = f"/repos/{repository}/pulls/{number}/merge"
        says = {} if way is MergeWay.REBASE else _message(values.pull_request_of(repository, before))
        done = await looks.api.change("PUT", path, {"sha": head, "merge_method": way.value, **says})
    except Refused as refused:
        raise await _why(looks, repository, number, head, base, refused) from None
    merged = values.pull_request_of(repository, await looks.standing(repository, number))
    if merged.merged_sha is None:  # what GitHub has done it may show a moment later
        merged = replace(merged, state=PullRequestState.MERGED, merged_sha=done["sha"])
    return merged, outcomes.merged(merged, base)


def _demand(found: Mapping[str, Any], head: str, base: str) -> None:
    """Raises NotOpen, HeadMoved, NoSuchBranch, BaseMoved."""
    number = found["number"]
    if found["state"] != "OPEN":
        raise NotOpen(f"Pull request {number} is {found['state'].lower()} already.")
    if found["isDraft"]:
        raise NotOpen(f"Pull request {number} is a draft.")
    if found["headRefOid"] != head:
        now = found["headRefOid"][:12]
        raise HeadMoved(f"{found['headRefName']} is at {now} by now, not at {head[:12]}: look at it again.")
    if found["headRef"] is None:
        raise NoSuchBranch(f"There is no branch {found['headRefName']} any more.")
    if found["baseRef"] is None:
        raise NoSuchBranch(f"There is no branch {found['baseRefName']} any more.")
    now = found["baseRef"]["target"]["oid"]
    if now != base:
        raise BaseMoved(
            f"{found['baseRefName']} is at {now[:12]} by now, not at {base[:12]}: look at it again."
        )


async def _why(
    looks: Looks, repository: str, number: int, head: str, base: str, refused: Refused
) -> CodeHostError:
    """Why GitHub did not merge (405, 409): what stands there now tells more than its words."""
    says, lower = f"{WHO} did not merge it: {refused.says}", refused.says.lower()
    if refused.status in (403, 404):
        return NoAccess(says)
    now = await looks.standing(repository, number)
    try:
        _demand(now, head, base)
    except CodeHostError as moved:
        return moved
    if "head branch was modified" in lower or "head sha" in lower:
        return HeadMoved(says)
    if "base branch was modified" in lower or "out-of-date" in lower or "not up to date" in lower:
        return BaseMoved(says)
    if now["mergeable"] == "CONFLICTING":
        paths = (await looks.merge_result(repository, base, head)).conflicts
        where = f"{now['headRefName']} conflicts with {now['baseRefName']} in"
        return NotMergeable(f"{where} {', '.join(paths[:5])}{' and more' if len(paths) > 5 else ''}.")
    protection = (await looks.branch(repository, now["baseRefName"])).protection or Protection()
    if now["reviewDecision"] == "CHANGES_REQUESTED":
        return ReviewsMissing(f"A reviewer asks for changes. {says}")
    if now["reviewDecision"] == "REVIEW_REQUIRED":
        needed = protection.required_reviews or 1
        return ReviewsMissing(f"It needs {needed} approving review(s) of {head[:12]} by somebody else. {says}")
    if "check" in lower:
        return ChecksMissing(f"{await _missing_checks(looks, repository, protection, head)}{says}")
    return ReviewsMissing(says) if "review" in lower else NotMergeable(says)


async def _missing_checks(looks: Looks, repository: str, protection: Protection, head: str) -> str:
    found = await everything(looks.checks, CheckQuery(repository, head))
    states = {one.name: one.state for one in found}
    missing = [
        f"{name} ({states.get(name, 'never made')})"
        for name in protection.required_checks
        if states.get(name) not in (CheckState.PASSED, CheckState.NEUTRAL)
    ]
    return f"These checks must pass first: {', '.join(missing)}. " if missing else ""


def _message(pull_request: PullRequest) -> Mapping[str, str]:
    return {
        "commit_title": f"{pull_request.title} (#{pull_request.number})",
        "commit_message": pull_request.body,
    }


async def revert_commit(git: Git, found: Mapping[str, Any], merged: str, now: str, draft: CommitDraft) -> str:
    """A commit on top of `now` without what a pull request brought, which became `merged`.

    A merge commit is taken back to its first parent, a squashed one to its only one. Rebased ones are as many
    as the pull request had, and the last of them says what its head says. Raises NotMerged, NotMergeable.
    """
    before = await _before(git, found["headRefOid"], merged, found["commits"]["totalCount"])
    return await write_commit(git, await without(git, now, merged, before), draft)


async def _before(git: Git, head: str, merged: str, count: int) -> str:
    commit = await bare_repository.commit(git, merged)
    if not commit.parents:
        raise NotMerged(f"{merged[:12]} has nothing before it.")
    is_rebased = (
        len(commit.parents) == 1 and (await bare_repository.commit(git, head)).message == commit.message
    )
    return await git.text("rev-parse", "--verify", f"{merged}~{count if is_rebased else 1}")
