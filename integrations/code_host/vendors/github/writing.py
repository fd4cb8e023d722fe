"""What is written on GitHub: pull requests, reviews, comments and checks, each with the mark of its grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from integrations.code_host import PullRequestQuery, bare_repository
from integrations.code_host.pull_requests import (
    Check,
    CheckDraft,
    CheckState,
    Comment,
    PullRequest,
    PullRequestChange,
    PullRequestDraft,
    PullRequestState,
    Review,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.refusals import (
    AlreadyOpen,
    CodeHostError,
    HeadMoved,
    NoSuchCommit,
    NotMergeable,
    NotOpen,
)
from integrations.code_host.vendors.github import documents, values
from integrations.code_host.vendors.github.credentials import Refused
from integrations.code_host.vendors.github.looks import Looks

_EVENTS = {
    ReviewVerdict.APPROVED: "APPROVE",
    ReviewVerdict.CHANGES_REQUESTED: "REQUEST_CHANGES",
    ReviewVerdict.COMMENTED: "COMMENT",
}
_CONCLUSIONS = {
    CheckState.PASSED: "success",
    CheckState.FAILED: "failure",
    CheckState.NEUTRAL: "neutral",
}
_MOST_SUMMARY = 60_000


async def open_one(looks: Looks, repository: str, number: int) -> Mapping[str, Any]:
    """A pull request that is open, as GitHub has it. Raises NoSuchPullRequest, NotOpen."""
    found = await looks.standing(repository, number)
    if found["state"] != "OPEN":
        raise NotOpen(f"{repository}#{number} is {found['state'].lower()} already.")
    return found


def demand_head(found: Mapping[str, Any], sha: str) -> None:
    """Raises HeadMoved where its branch is at another commit than was looked at."""
    if found["headRefOid"] != sha:
        now = found["headRefOid"][:12]
        raise HeadMoved(f"{found['headRefName']} is at {now} by now, not at {sha[:12]}: look at it again.")


async def open_pull_request(looks: Looks, grant: str, repository: str, draft: PullRequestDraft) -> PullRequest:
    """Raises what `CodeHost.open_pull_request` does."""
    head = await looks.branch(repository, draft.head)
    await looks.branch(repository, draft.base)
    if head.sha != draft.head_sha:
        raise HeadMoved(f"{draft.head} is at {head.sha[:12]} by now, not at {draft.head_sha[:12]}.")
    sent = {
        "title": draft.title,
        "body": values.marked(draft.body, grant),
        "head": draft.head,
        "base": draft.base,
        "draft": draft.is_draft,
    }
    try:
        made = await looks.api.change("POST", f"/repos/{repository}/pulls", sent)
    except Refused as refused:
        raise await _why_not_open(looks, repository, draft, refused) from None
    await label(looks, repository, made["number"], draft.labels)
    return await looks.pull_request(repository, made["number"])


async def label(looks: Looks, repository: str, number: int, labels: Sequence[str]) -> None:
    """Labels for a pull request that has just been opened: it is open with them or without."""
    if labels:
        with suppress(CodeHostError):
            path = f"/repos/{repository}/issues/{number}/labels"
            await looks.api.change("POST", path, {"labels": list(labels)})


async def _why_not_open(
    looks: Looks, repository: str, draft: PullRequestDraft, refused: Refused
) -> CodeHostError:
    if "already exists" in refused.says:
        of_head = PullRequestQuery(repository, PullRequestState.OPEN, head=draft.head)
        numbers = [str(one.number) for one in (await looks.pull_requests(of_head)).items]
        says = f"{draft.head} has an open pull request into {draft.base} already"
        return AlreadyOpen(f"{says}: {', '.join(numbers)}.")
    if "No commits between" in refused.says or "no history in common" in refused.says:
        return NotMergeable(f"{draft.head} has nothing to merge into {draft.base}: {refused.says}")
    return refused


async def update(looks: Looks, repository: str, number: int, change: PullRequestChange) -> None:
    """Raises NoSuchPullRequest, NotOpen. Whether it is a draft comes first: that is refused more often."""
    found = await open_one(looks, repository, number)
    if change.is_draft is not None and change.is_draft != found["isDraft"]:
        to = documents.TO_DRAFT if change.is_draft else documents.TO_READY
        await looks.api.mutate(to, id=found["id"])
    says: dict[str, Any] = {"title": change.title} if change.title is not None else {}
    if change.body is not None:
        mark = values.mark_of(found["body"])
        says["body"] = values.marked(change.body, mark) if mark else change.body
    if says:
        await looks.api.change("PATCH", f"/repos/{repository}/pulls/{number}", says)


async def comment(looks: Looks, grant: str, repository: str, number: int, body: str) -> Comment:
    """Raises NoSuchPullRequest: the number may be an issue's."""
    await looks.standing(repository, number)
    path = f"/repos/{repository}/issues/{number}/comments"
    made = await looks.api.change("POST", path, {"body": values.marked(body, grant)})
    return Comment(str(made["id"]), looks.login, body, values.moment(made["created_at"]))


async def review(looks: Looks, grant: str, repository: str, number: int, draft: ReviewDraft) -> Review:
    """A remark on a line that the changes do not show stands in the review's own text: GitHub has no other
    place for it."""
    path = f"/repos/{repository}/pulls/{number}/reviews"
    body = values.marked(draft.body, grant)
    says: dict[str, Any] = {"commit_id": draft.sha, "event": _EVENTS[draft.verdict], "body": body}
    inline = [{"path": one.path, "line": one.line, "side": "RIGHT", "body": one.body} for one in draft.remarks]
    try:
        made = await looks.api.change("POST", path, {**says, **({"comments": inline} if inline else {})})
        remarks, said = draft.remarks, draft.body
    except Refused as refused:
        if refused.status != 422 or not inline:
            raise
        listed = "\n".join(f"- `{one.path}:{one.line}` {one.body}" for one in draft.remarks)
        remarks, said = (), f"{draft.body}\n\n{listed}"
        made = await looks.api.change("POST", path, {**says, "body": values.marked(said, grant)})
    at = values.moment(made["submitted_at"])
    return Review(str(made["id"]), looks.login, draft.verdict, said, draft.sha, at, remarks)


async def report_check(looks: Looks, grant: str, repository: str, sha: str, draft: CheckDraft) -> Check:
    """Raises NoSuchCommit."""
    if not bare_repository.is_sha(sha):
        raise NoSuchCommit(f"There is no commit {sha[:40]} here.")
    output: dict[str, Any] = {"title": f"{draft.name}: {draft.state}", "summary": draft.summary[:_MOST_SUMMARY]}
    if (text := values.coverage_text(draft.coverage)) is not None:
        output["text"] = text
    run: dict[str, Any] = {"name": draft.name, "head_sha": sha, "external_id": grant, "output": output}
    if draft.state is CheckState.RUNNING:
        run |= {"status": "in_progress"}
    else:
        run |= {"status": "completed", "conclusion": _CONCLUSIONS[draft.state]}
    try:
        made = await looks.api.change("POST", f"/repos/{repository}/check-runs", run)
    except Refused as refused:
        if "no commit found" in refused.says.lower():
            raise NoSuchCommit(f"There is no commit {sha} in {repository}.") from None
        raise
    at = values.moment(made["completed_at"] or made["started_at"])
    known = str(made["id"]), draft.name, sha, draft.state, draft.summary, at, draft.coverage
    return Check(*known, address=made["html_url"])
