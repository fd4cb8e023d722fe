"""GitHub's answers as the port's values, and the marks that we leave in what we write there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from governance.outside_text import storable
from integrations.code_host.contents import Branch, MergeWay, Protection, Repository
from integrations.code_host.pull_requests import (
    Check,
    CheckState,
    Comment,
    Coverage,
    PullRequest,
    PullRequestState,
    Remark,
    Review,
    ReviewVerdict,
)

_MARK = re.compile(r"\s*<!-- countersign:([\w.:/@+-]{1,300}) -->\s*\Z")
_COVERAGE = re.compile(r"<!-- countersign:coverage (\d{1,12})/(\d{1,12}) -->")
_VERDICTS = {"APPROVED": ReviewVerdict.APPROVED, "CHANGES_REQUESTED": ReviewVerdict.CHANGES_REQUESTED}
_CONCLUSIONS = {
    "SUCCESS": CheckState.PASSED,
    "NEUTRAL": CheckState.NEUTRAL,
    "SKIPPED": CheckState.NEUTRAL,
    "STALE": CheckState.NEUTRAL,
}
_STATUSES = {"SUCCESS": CheckState.PASSED, "PENDING": CheckState.RUNNING, "EXPECTED": CheckState.RUNNING}
_MOST_NAME = 1_000


def marked(body: str, grant: str) -> str:
    """A body with the id of the grant under which it is written, where nobody sees it."""
    return f"{body}\n\n<!-- countersign:{grant} -->"


def mark_of(body: str) -> str | None:
    """The grant under which this body was written, if it says one at its end."""
    found = _MARK.search(body)
    return found.group(1) if found else None


def login_of(actor: Mapping[str, Any] | None) -> str:
    """Who did it, as GitHub's pages call them; `ghost` is who has left."""
    if actor is None:
        return "ghost"
    return f"{actor['login']}[bot]" if actor["__typename"] == "Bot" else str(actor["login"])


def repository_of(found: Mapping[str, Any]) -> Repository:
    """A repository's values."""
    ways = (
        (MergeWay.MERGE, "mergeCommitAllowed"),
        (MergeWay.SQUASH, "squashMergeAllowed"),
        (MergeWay.REBASE, "rebaseMergeAllowed"),
    )
    default, language = found["defaultBranchRef"], found["primaryLanguage"]
    return Repository(
        id=found["nameWithOwner"],
        default_branch=default and default["name"],
        is_empty=found["isEmpty"],
        language=language and language["name"],
        size_bytes=1024 * (found["diskUsage"] or 0),
        ways=frozenset(way for way, name in ways if found[name]),
        address=f"{found['url']}.git",
        description=storable(found["description"] or ""),
        is_archived=found["isArchived"],
    )


def branch_of(repository: str, found: Mapping[str, Any]) -> Branch:
    """A branch's values: what protects it is said by a rule of its own or by the rules of rulesets."""
    own = found["refUpdateRule"]
    rules = [one for one in (found["rules"] or {}).get("nodes") or () if one]
    reviews = [(own or {}).get("requiredApprovingReviewCount") or 0]
    checks = [name for name in (own or {}).get("requiredStatusCheckContexts") or () if name]
    for rule in rules:
        says = rule["parameters"] or {}
        reviews.append(says.get("requiredApprovingReviewCount") or 0)
        checks += [one["context"] for one in says.get("requiredStatusChecks") or ()]
    protects = own is not None or any(rule["type"] in ("PULL_REQUEST", "UPDATE") for rule in rules) or checks
    protection = Protection(max(reviews), tuple(dict.fromkeys(checks))) if protects else None
    return Branch(repository, found["name"], found["target"]["oid"], protection)


def pull_request_of(repository: str, found: Mapping[str, Any]) -> PullRequest:
    """A pull request's values. Of a merged one `base_sha` is the commit that it was merged onto."""
    merged, base, head = found["mergeCommit"], found["baseRef"], found["headRepository"]
    is_merged = found["state"] == "MERGED"
    base_sha = base["target"]["oid"] if base and found["state"] == "OPEN" else found["baseRefOid"]
    if is_merged and merged and merged["parents"]["nodes"]:
        base_sha = merged["parents"]["nodes"][0]["oid"]
    return PullRequest(
        repository=repository,
        number=found["number"],
        title=storable(found["title"]),
        body=_MARK.sub("", storable(found["body"].replace("\r\n", "\n"))),
        author=login_of(found["author"]),
        state=PullRequestState(found["state"].lower()),
        is_draft=found["isDraft"],
        head=found["headRefName"],
        head_sha=found["headRefOid"],
        has_head=found["headRef"] is not None,
        base=found["baseRefName"],
        base_sha=base_sha,
        has_conflicts=None if found["mergeable"] == "UNKNOWN" else found["mergeable"] == "CONFLICTING",
        labels=tuple(one["name"] for one in (found["labels"] or {}).get("nodes") or () if one),
        created=moment(found["createdAt"]),
        updated=moment(found["updatedAt"]),
        merged_sha=merged["oid"] if is_merged and merged else None,
        ended=moment(found["closedAt"]) if found["closedAt"] else None,
        is_queued=found["isInMergeQueue"],
        fork=(head["nameWithOwner"] if head else "a fork that is gone") if found["isCrossRepository"] else None,
        address=found["url"],
    )


def review_of(found: Mapping[str, Any]) -> Review:
    """A review's values; one that was dismissed counts as a comment."""
    remarks = tuple(
        Remark(one["path"], one["line"] or one["originalLine"] or 1, storable(one["body"]))
        for one in (found["comments"] or {}).get("nodes") or ()
        if one
    )
    return Review(
        id=str(found["fullDatabaseId"]),
        author=login_of(found["author"]),
        verdict=_VERDICTS.get(found["state"], ReviewVerdict.COMMENTED),
        body=_MARK.sub("", storable(found["body"].replace("\r\n", "\n"))),
        sha=found["commit"]["oid"] if found["commit"] else "",
        at=moment(found["submittedAt"] or found["createdAt"]),
        remarks=remarks,
    )


def comment_of(found: Mapping[str, Any]) -> Comment:
    """A comment's values."""
    body = _MARK.sub("", storable(found["body"].replace("\r\n", "\n")))
    return Comment(str(found["fullDatabaseId"]), login_of(found["author"]), body, moment(found["createdAt"]))


def check_of(sha: str, found: Mapping[str, Any], ours: str) -> Check:
    """A check's values; coverage is believed of our own alone (`ours` is our App)."""
    if found["__typename"] == "StatusContext":
        state = _STATUSES.get(found["state"], CheckState.FAILED)
        says = storable(found["description"] or "")
        at = moment(found["createdAt"])
        return Check(found["id"], _name(found["context"]), sha, state, says, at, address=found["targetUrl"])
    is_over = found["status"] == "COMPLETED"
    state = _CONCLUSIONS.get(found["conclusion"], CheckState.FAILED) if is_over else CheckState.RUNNING
    at = found["completedAt"] or found["startedAt"]
    return Check(
        id=str(found["databaseId"]),
        name=_name(found["name"]),
        sha=sha,
        state=state,
        summary=storable(found["summary"] or ""),
        at=moment(at) if at else datetime.fromtimestamp(0, UTC),
        coverage=_coverage(found) if is_ours(found, ours) else None,
        address=found["url"],
    )


def as_graph(run: Mapping[str, Any]) -> dict[str, Any]:
    """A check run of the REST interface as GraphQL has it."""
    return {
        "__typename": "CheckRun",
        "databaseId": run["id"],
        "name": run["name"],
        "status": run["status"].upper(),
        "conclusion": run["conclusion"] and run["conclusion"].upper(),
        "summary": run["output"]["summary"],
        "text": run["output"]["text"],
        "startedAt": run["started_at"],
        "completedAt": run["completed_at"],
        "url": run["html_url"],
        "checkSuite": {"app": run["app"]},
    }


def is_ours(found: Mapping[str, Any], ours: str) -> bool:
    """Whether our App said this check."""
    app = (found.get("checkSuite") or {}).get("app") or {}
    return bool(app.get("slug") == ours)


def newest(checks: Iterable[Check]) -> list[Check]:
    """The newest of each name, by name; of two at one time the one that was made later."""
    by_name: dict[str, Check] = {}
    for one in sorted(checks, key=lambda check: (check.at, len(check.id), check.id)):
        by_name[one.name] = one
    return [by_name[name] for name in sorted(by_name)]


def coverage_text(coverage: Coverage | None) -> str | None:
    """What a check says of coverage: for people, and for us to read again."""
    if coverage is None:
        return None
    said = f"The tests ran {coverage.covered:,} of {coverage.total:,} lines."
    return f"{said}\n\n<!-- countersign:coverage {coverage.covered}/{coverage.total} -->"


def moment(written: str) -> datetime:
    """A moment as GitHub writes it."""
    return datetime.fromisoformat(written)


def _coverage(found: Mapping[str, Any]) -> Coverage | None:
    said = _COVERAGE.search(found["text"] or "")
    return Coverage(int(said.group(1)), int(said.group(2))) if said else None


def _name(written: str) -> str:
    return storable(written)[:_MOST_NAME]
