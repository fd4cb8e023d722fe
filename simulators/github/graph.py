"""The fake's GraphQL, carried out on an extract of GitHub's own schema: what is no answer of it cannot be
given."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from simulators.github.access import Token
from simulators.github.repositories import PullRequest, Repository, git

if TYPE_CHECKING:
    from simulators.github import FakeGitHub

SCHEMA = Path(__file__).with_name("schema.graphql")
_LARGEST_PAGE = 100


class Kind(Exception):
    """An error that GraphQL answers with, by its type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def schema() -> GraphQLSchema:
    """The extract, read."""
    return build_schema(SCHEMA.read_text("utf-8"))


def answer(fake: FakeGitHub, token: Token, asked: dict[str, Any]) -> dict[str, Any]:
    """What a query or mutation answers."""
    graph = _Graph(fake, token)
    root = {
        "repository": graph.repository,
        "nodes": graph.nodes,
        "enqueuePullRequest": graph.enqueue,
        "convertPullRequestToDraft": lambda info, input: graph.drafted(input, True),
        "markPullRequestReadyForReview": lambda info, input: graph.drafted(input, False),
    }
    done = graphql_sync(fake.schema, asked["query"], root, variable_values=asked.get("variables"))
    said: dict[str, Any] = {"data": done.data}
    if done.errors:
        said["errors"] = [_error(one) for one in done.errors]
    return said


def _error(error: GraphQLError) -> dict[str, Any]:
    kind = error.original_error.kind if isinstance(error.original_error, Kind) else None
    said: dict[str, Any] = {"message": error.message, "path": error.path}
    return said | ({"type": kind} if kind else {})


class _Graph:
    def __init__(self, fake: FakeGitHub, token: Token) -> None:
        self.fake, self.token = fake, token

    def repository(self, info: Any, owner: str, name: str) -> dict[str, Any]:
        found = self.fake.seen(f"{owner}/{name}")
        if found is None:
            raise Kind("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        found.settle(self.fake.now())
        return self._repository(found)

    def nodes(self, info: Any, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        by_id = {node("R", one.id): one for one in self.fake.repositories.values()}
        return [self._repository(by_id[one]) if one in by_id else None for one in ids]

    def enqueue(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        self.token.demand("contents", "write", None)
        repository, one = self._by_node(input["pullRequestId"])
        if input.get("expectedHeadOid") not in (None, one.head_sha):
            raise Kind("UNPROCESSABLE", "The head sha is not the expected one: Head branch was modified.")
        why = self.fake.unmergeable(repository, one)
        if why is not None:
            raise Kind("UNPROCESSABLE", why)
        one.is_queued = True
        self.fake.note("enqueue")
        return {"mergeQueueEntry": {"position": 1}}

    def drafted(self, input: dict[str, Any], is_draft: bool) -> dict[str, Any]:
        self.token.demand("pull_requests", "write", None)
        repository, one = self._by_node(input["pullRequestId"])
        one.is_draft, one.updated = is_draft, self.fake.now()
        self.fake.note("draft")
        return {"pullRequest": self._pull_request(repository, one)}

    def _by_node(self, wanted: str) -> tuple[Repository, PullRequest]:
        for repository in self.fake.repositories.values():
            for one in repository.pull_requests.values():
                if node("PR", repository.id * 1_000_000 + one.number) == wanted:
                    repository.settle(self.fake.now())
                    return repository, one
        raise Kind("NOT_FOUND", f"Could not resolve to a node with the global id of {wanted}")

    def _repository(self, found: Repository) -> dict[str, Any]:
        default, language = found.default_branch(), found.language()
        return {
            "__typename": "Repository",
            "nameWithOwner": found.full_name,
            "isEmpty": not found.branches(),
            "isArchived": False,
            "description": None,
            "diskUsage": self.fake.size_kb(found),
            "url": f"{self.fake.url}/{found.full_name}",
            "mergeCommitAllowed": "merge" in found.ways,
            "squashMergeAllowed": "squash" in found.ways,
            "rebaseMergeAllowed": "rebase" in found.ways,
            "defaultBranchRef": default and self._ref(found, default),
            "primaryLanguage": language and {"name": language},
            "ref": lambda info, **asked: self._ref(found, asked["qualifiedName"].removeprefix("refs/heads/")),
            "refs": lambda info, **asked: _page(
                [self._ref(found, name) for name, _ in found.branches()], asked["first"], asked.get("after")
            ),
            "pullRequest": lambda info, number: self._numbered(found, number),
            "pullRequests": lambda info, **asked: self._pull_requests(found, **asked),
            "object": lambda info, oid: self._commit(found, oid) if found.has(oid) else None,
        }

    def _ref(self, found: Repository, branch: str) -> dict[str, Any] | None:
        tip = found.tip(branch)
        if tip is None:
            return None
        rule = found.rules.get(branch)
        own: dict[str, Any] = {"requiredApprovingReviewCount": None, "requiredStatusCheckContexts": []}
        rules: list[dict[str, Any]] = []
        if rule is not None and rule.by_ruleset:
            reviews: dict[str, Any] = {
                "__typename": "PullRequestParameters",
                "requiredApprovingReviewCount": rule.reviews,
            }
            checks = {
                "__typename": "RequiredStatusChecksParameters",
                "requiredStatusChecks": [{"context": one} for one in rule.checks],
            }
            rules = [
                {"type": "PULL_REQUEST", "parameters": reviews},
                {"type": "REQUIRED_STATUS_CHECKS", "parameters": checks},
                {"type": "DELETION", "parameters": None},
            ]
        elif rule is not None:
            own = {
                "requiredApprovingReviewCount": rule.reviews,
                "requiredStatusCheckContexts": list(rule.checks),
            }
        return {
            "__typename": "Ref",
            "name": branch,
            "target": {"__typename": "Commit", "oid": tip},
            "refUpdateRule": own if rule is not None and not rule.by_ruleset else None,
            "rules": {"nodes": rules},
        }

    def _numbered(self, found: Repository, number: int) -> dict[str, Any] | None:
        one = found.pull_requests.get(number)
        if one is None:
            raise Kind("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return self._pull_request(found, one)

    def _pull_requests(
        self,
        found: Repository,
        first: int,
        orderBy: Any,  # noqa: N803 - as GitHub calls it
        states: Sequence[str] | None = None,
        headRefName: str | None = None,  # noqa: N803
        after: str | None = None,
    ) -> dict[str, Any]:
        wanted = [
            one
            for one in sorted(found.pull_requests.values(), key=lambda one: one.number, reverse=True)
            if (states is None or one.state in states) and headRefName in (None, one.head)
        ]
        return _page([self._pull_request(found, one) for one in wanted], first, after)

    def _pull_request(self, found: Repository, one: PullRequest) -> dict[str, Any]:
        base, is_open = found.tip(one.base), one.state == "OPEN"
        conflicts = is_open and base is not None and found.conflicts(one)
        head_is_there = found.tip(one.head) is not None and one.fork is None
        rule = found.rules.get(one.base)
        return {
            "id": node("PR", found.id * 1_000_000 + one.number),
            "number": one.number,
            "title": one.title,
            "body": one.body.replace("\n", "\r\n"),
            "state": one.state,
            "isDraft": one.is_draft,
            "createdAt": _at(one.created),
            "updatedAt": _at(one.updated),
            "closedAt": _at(one.closed),
            "url": f"{self.fake.url}/{found.full_name}/pull/{one.number}",
            "author": _actor(one.author),
            "headRefName": one.head,
            "headRefOid": one.head_sha,
            "headRef": self._ref(found, one.head) if head_is_there else None,
            "headRepository": {"nameWithOwner": one.fork or found.full_name},
            "isCrossRepository": one.fork is not None,
            "baseRefName": one.base,
            "baseRefOid": one.base_sha,
            "baseRef": self._ref(found, one.base),
            "mergeable": "CONFLICTING" if conflicts else "MERGEABLE" if is_open else "UNKNOWN",
            "isInMergeQueue": one.is_queued,
            "isMergeQueueEnabled": rule is not None and rule.queue,
            "reviewDecision": self.fake.review_decision(found, one),
            "mergeCommit": one.merged_sha and self._commit(found, one.merged_sha),
            "labels": {"nodes": [{"name": name} for name in one.labels]},
            "commits": {"totalCount": len(found.commits_of(one)) if one.head_sha else 0},
            "reviews": lambda info, first, states=None, after=None: _page(
                [_review(said) for said in one.reviews if states is None or said["state"] in states],
                first,
                after,
            ),
            "comments": lambda info, first, after=None: _page(
                [_comment(said) for said in one.comments], first, after
            ),
        }

    def _commit(self, found: Repository, sha: str) -> dict[str, Any]:
        parents = git(found.folder, "rev-list", "--parents", "-n1", sha).split()[1:]
        newest = {one["name"]: one for one in found.checks if one["head_sha"] == sha}
        checks = [_check(self.fake, found, one) for one in newest.values()]
        statuses = [_status(one) for one in found.statuses if one["sha"] == sha]
        every = [*checks, *statuses]
        contexts: Callable[..., Any] = lambda info, first, after=None: _page(every, first, after)  # noqa: E731
        return {
            "__typename": "Commit",
            "oid": sha,
            "parents": lambda info, first: {"nodes": [{"oid": one} for one in parents[:first]]},
            "statusCheckRollup": {"contexts": contexts} if every else None,
        }


def _page(items: Sequence[Any], first: int, after: str | None) -> dict[str, Any]:
    if not 1 <= first <= _LARGEST_PAGE:
        raise Kind(
            "EXCESSIVE_PAGINATION", f"Requesting {first} records exceeds the `first` limit of 100 records."
        )
    begin = 0
    if after is not None:
        try:
            begin = int(base64.b64decode(after, validate=True).decode().removeprefix("cursor:v2:")) + 1
        except ValueError:
            raise Kind("INVALID_CURSOR_ARGUMENTS", f"`{after}` does not appear to be a valid cursor.") from None
    end = begin + first
    cursor = base64.b64encode(f"cursor:v2:{min(end, len(items)) - 1}".encode()).decode()
    return {"nodes": list(items[begin:end]), "pageInfo": {"hasNextPage": end < len(items), "endCursor": cursor}}


def _actor(login: str) -> dict[str, Any]:
    name = login.removesuffix("[bot]")
    return {"__typename": "Bot" if name != login else "User", "login": name}


def _review(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "fullDatabaseId": str(said["id"]),
        "body": said["body"],
        "state": said["state"],
        "submittedAt": said["at"],
        "createdAt": said["at"],
        "author": _actor(said["author"]),
        "commit": {"__typename": "Commit", "oid": said["commit_id"]},
        "comments": lambda info, first: {
            "nodes": [
                {"path": one["path"], "line": one["line"], "originalLine": one["line"], "body": one["body"]}
                for one in said["comments"][:first]
            ]
        },
    }


def _comment(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "fullDatabaseId": str(said["id"]),
        "body": said["body"],
        "createdAt": said["at"],
        "author": _actor(said["author"]),
    }


def _check(fake: FakeGitHub, found: Repository, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "__typename": "CheckRun",
        "databaseId": said["id"],
        "name": said["name"],
        "status": said["status"].upper(),
        "conclusion": said["conclusion"] and said["conclusion"].upper(),
        "summary": said["output"].get("summary"),
        "text": said["output"].get("text"),
        "startedAt": said["started_at"],
        "completedAt": said["completed_at"],
        "url": f"{fake.url}/{found.full_name}/runs/{said['id']}",
        "checkSuite": {"app": {"slug": said["app"]}},
    }


def _status(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "__typename": "StatusContext",
        "id": node("SC", said["id"]),
        "context": said["context"],
        "state": said["state"],
        "description": said["description"],
        "createdAt": said["at"],
        "targetUrl": None,
    }


def node(kind: str, number: int) -> str:
    return f"{kind}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
