"""Finding on GitHub what an effect came to, by its mark: see `receipts`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from integrations.code_host import PullRequestQuery, UnderQuery, outcomes
from integrations.code_host.bare_changes import contains
from integrations.code_host.outcomes import Happened
from integrations.code_host.pull_requests import PullRequestState
from integrations.code_host.refusals import NoSuchBranch, NoSuchCommit
from integrations.code_host.vendors.github import documents, values
from integrations.code_host.vendors.github.credentials import WHO
from integrations.code_host.vendors.github.looks import Looks
from integrations.code_host.vendors.github.receipts import Receipt
from integrations.code_host.vendors.github.writing import label
from integrations.pages import every
from storage.look import Away

Found = tuple[Any, Happened]
"""The port's value of what is there, and what it came to."""
_MOST_PAGES = 20


async def find(looks: Looks, receipt: Receipt) -> Found | None:
    """What is there of an effect, or None. Raises Away where that cannot be told, CodeHostError."""
    return await _FINDERS[receipt.kind](looks, receipt)


async def _pushed(looks: Looks, receipt: Receipt) -> Found | None:
    """What was in its history before tells nothing, so that then only the branch's tip counts."""
    marks = receipt.marks
    branch, sha, before = marks["branch"], marks["sha"], marks["before"]
    try:
        now = await looks.branch(receipt.repository, branch)
    except NoSuchBranch:
        return None
    if now.sha != sha:
        git = await looks.git(receipt.repository, now.sha, sha, *filter(None, [before]))
        try:
            if not await contains(git, now.sha, sha) or (before and await contains(git, before, sha)):
                return None
        except NoSuchCommit:  # GitHub has never seen it, or nothing of what was there before
            return None
    return now, outcomes.pushed(receipt.repository, branch, sha)


async def _opened(looks: Looks, receipt: Receipt) -> Found | None:
    query = PullRequestQuery(receipt.repository, head=receipt.marks["head"], author=looks.login)
    async for one in every(looks.pull_requests, query):
        found = await looks.standing(receipt.repository, one.number)
        if values.mark_of(found["body"]) == receipt.grant:
            if receipt.came_to is None:  # the last of what opening does may not have been reached
                missing = [name for name in receipt.marks["labels"] if name not in one.labels]
                await label(looks, receipt.repository, one.number, missing)
                one = await looks.pull_request(receipt.repository, one.number)
            return one, outcomes.opened(str(one))
    return None


async def _updated(looks: Looks, receipt: Receipt) -> Found | None:
    marks = receipt.marks
    now = await looks.pull_request(receipt.repository, marks["number"])
    says = {"title": now.title, "body": now.body, "is_draft": now.is_draft}
    if any(marks[name] is not None and marks[name] != said for name, said in says.items()):
        return None
    return now, outcomes.updated(str(now))


async def _reviewed(looks: Looks, receipt: Receipt) -> Found | None:
    async for found in _under(looks, documents.REVIEWS, receipt):
        if _is_ours(looks, receipt, found):
            review = values.review_of(found)
            return review, outcomes.reviewed(_pull_request(receipt), review.verdict, review.id)
    return None


async def _commented(looks: Looks, receipt: Receipt) -> Found | None:
    async for found in _under(looks, documents.COMMENTS, receipt):
        if _is_ours(looks, receipt, found):
            comment = values.comment_of(found)
            return comment, outcomes.commented(_pull_request(receipt), comment.id)
    return None


async def _reported(looks: Looks, receipt: Receipt) -> Found | None:
    """GraphQL tells the newest checks; this one may be older, so that all of its name are asked for."""
    sha, ours = receipt.marks["sha"], looks.api.app.slug
    path = f"/repos/{receipt.repository}/commits/{sha}/check-runs"
    for page in range(1, _MOST_PAGES + 1):
        asked = {"check_name": receipt.marks["name"], "filter": "all", "per_page": 100, "page": page}
        runs = (await looks.api.read(path, asked))["check_runs"]
        for run in runs:
            if run["external_id"] == receipt.grant and (run["app"] or {}).get("slug") == ours:
                check = values.check_of(sha, values.as_graph(run), ours)
                return check, outcomes.checked(receipt.repository, sha, check.name, check.state, check.id)
        if len(runs) < 100:
            return None
    raise Away(WHO, f"has too many checks of {sha[:12]} to find one of them")


async def _merged(looks: Looks, receipt: Receipt) -> Found | None:
    marks = receipt.marks
    now = await looks.pull_request(receipt.repository, marks["number"])
    is_there = now.state is PullRequestState.MERGED or now.is_queued
    return (now, outcomes.merged(now, marks["base"])) if is_there and now.head_sha == marks["head"] else None


async def _closed(looks: Looks, receipt: Receipt) -> Found | None:
    now = await looks.pull_request(receipt.repository, receipt.marks["number"])
    if now.state is not PullRequestState.CLOSED:
        return None
    return now, outcomes.closed(str(now))


async def _under(looks: Looks, document: str, receipt: Receipt) -> AsyncIterator[Mapping[str, Any]]:
    """All that was said under a pull request. Raises Away where that is more than is gone through."""
    query = UnderQuery(receipt.repository, receipt.marks["number"])
    for _ in range(_MOST_PAGES):
        found, after = await looks.under(document, query)
        for one in found:
            yield one
        if after is None:
            return
        query = UnderQuery(query.repository, query.number, after=after)
    raise Away(WHO, f"has too much under {query.repository}#{query.number} to find one thing in it")


def _pull_request(receipt: Receipt) -> str:
    return f"{receipt.repository}#{receipt.marks['number']}"


def _is_ours(looks: Looks, receipt: Receipt, found: Mapping[str, Any]) -> bool:
    """Whether we wrote it under this grant: whoever copies a mark is somebody else."""
    is_marked = values.mark_of(found["body"]) == receipt.grant
    return is_marked and values.login_of(found["author"]) == looks.login


_FINDERS: Mapping[str, Callable[[Looks, Receipt], Awaitable[Found | None]]] = {
    "push": _pushed,
    "open": _opened,
    "revert": _opened,
    "update": _updated,
    "review": _reviewed,
    "comment": _commented,
    "check": _reported,
    "merge": _merged,
    "close": _closed,
}
