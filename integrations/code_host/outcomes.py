"""What each effect on a repository comes to, in words: the same whichever host did it, and when it is found
again."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.code_host.pull_requests import CheckState, PullRequest, ReviewVerdict


@dataclass(frozen=True, slots=True)
class Happened:
    """What an effect came to: in words, and the reference that it left (a sha, `orders#3`, an id)."""

    says: str
    reference: str


def pushed(repository: str, branch: str, sha: str) -> Happened:
    """A branch came to a commit."""
    return Happened(f"{branch} of {repository} came to {sha[:12]}", sha)


def opened(pull_request: str) -> Happened:
    """A pull request (`orders#3`) was opened, be it one that takes another back."""
    return Happened(f"Pull request {pull_request} is open", pull_request)


def updated(pull_request: str) -> Happened:
    """What it says of itself was changed."""
    return Happened(f"Pull request {pull_request} says it now", pull_request)


def closed(pull_request: str) -> Happened:
    """It was closed."""
    return Happened(f"Pull request {pull_request} is closed, unmerged", pull_request)


def reviewed(pull_request: str, verdict: ReviewVerdict, review: str) -> Happened:
    """A review stands under it."""
    return Happened(f"The review of pull request {pull_request} stands: {verdict}", review)


def commented(pull_request: str, comment: str) -> Happened:
    """A comment stands under it."""
    return Happened(f"The comment stands under pull request {pull_request}", comment)


def checked(repository: str, sha: str, name: str, state: CheckState, check: str) -> Happened:
    """A check stands at a commit."""
    return Happened(f"{name} is {state} at {sha[:12]} of {repository}", check)


def merged(pull_request: PullRequest, base: str) -> Happened:
    """It was merged, or waits in a merge queue. `base` is the commit that was looked at: a host that compares
    none may have let another in between."""
    if pull_request.merged_sha is None:
        return Happened(f"Pull request {pull_request} is in the merge queue", "")
    says = f"Pull request {pull_request} is merged into {pull_request.base} as {pull_request.merged_sha[:12]}"
    if pull_request.base_sha != base:
        says += f", onto {pull_request.base_sha[:12]} and not onto {base[:12]}, which was judged"
    return Happened(says, pull_request.merged_sha)
