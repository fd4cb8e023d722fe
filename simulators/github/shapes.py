"""Objects of the REST interface with every field that GitHub's description demands of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulators.github.graph import node
from simulators.github.repositories import PullRequest, Repository

if TYPE_CHECKING:
    from simulators.github import FakeGitHub


def app(fake: FakeGitHub) -> dict[str, Any]:
    """The App itself."""
    return {
        "id": int(fake.app_id),
        "slug": fake.slug,
        "node_id": "A_1",
        "owner": user(fake, "acme"),
        "name": "Acme Countersign",
        "description": None,
        "external_url": "https://countersign.example",
        "html_url": f"{fake.url}/apps/{fake.slug}",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "permissions": dict(fake.access.permissions),
        "events": ["pull_request"],
    }


def user(fake: FakeGitHub, login: str) -> dict[str, Any]:
    """Somebody, by their login."""
    where = f"{fake.url}/api/v3/users/{login}"
    names = (
        "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
        "received_events",
    )  # fmt: skip
    return {
        "login": login,
        "id": 1,
        "node_id": "U_1",
        "avatar_url": f"{fake.url}/avatar",
        "gravatar_id": "",
        "url": where,
        "html_url": f"{fake.url}/{login}",
        **{f"{name}_url": f"{where}/{name}" for name in names},
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def at(moment: datetime) -> str:
    """A moment as GitHub writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def repository(fake: FakeGitHub, one: Repository) -> dict[str, Any]:
    """A repository with every field that GitHub's description demands; what nobody reads points nowhere."""
    owner, _, name = one.full_name.partition("/")
    where = f"{fake.url}/api/v3/repos/{one.full_name}"
    urls = (
        "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare",
        "contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs",
        "git_tags", "hooks", "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges",
        "milestones", "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers",
        "subscription", "tags", "teams", "trees",
    )  # fmt: skip

    return {
        "id": one.id,
        "node_id": node("R", one.id),
        "name": name,
        "full_name": one.full_name,
        "owner": user(fake, owner),
        "private": True,
        "html_url": f"{fake.url}/{one.full_name}",
        "description": None,
        "fork": False,
        "url": where,
        **{f"{kind}_url": f"{where}/{kind}" for kind in urls},
        "clone_url": f"{fake.url}/{one.full_name}.git",
        "git_url": f"git://example.com/{one.full_name}.git",
        "ssh_url": f"git@example.com:{one.full_name}.git",
        "svn_url": f"{fake.url}/{one.full_name}",
        "mirror_url": None,
        "homepage": None,
        "language": one.language(),
        "license": None,
        "forks": 0,
        "forks_count": 0,
        "open_issues": 0,
        "open_issues_count": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "size": fake.size_kb(one),
        "default_branch": one.default_branch() or "main",
        "archived": False,
        "disabled": False,
        "has_issues": True,
        "has_projects": False,
        "has_wiki": False,
        "has_pages": False,
        "has_downloads": False,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "pushed_at": "2026-01-01T00:00:00Z",
    }


def pull_request(fake: FakeGitHub, of: Repository, one: PullRequest) -> dict[str, Any]:
    """A pull request with every field that GitHub's description demands."""
    where = f"{fake.url}/api/v3/repos/{of.full_name}/pulls/{one.number}"
    page = f"{fake.url}/{of.full_name}/pull/{one.number}"
    whole = {**repository(fake, of), "permissions": {"admin": False, "pull": True, "push": True}}
    owner = user(fake, of.full_name.partition("/")[0])

    def side(branch: str, sha: str) -> dict[str, Any]:
        label = f"{of.full_name.partition('/')[0]}:{branch}"
        return {"label": label, "ref": branch, "sha": sha, "repo": whole, "user": owner}

    links = ("comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self")
    return {
        "url": where,
        "id": one.number,
        "node_id": f"PR_{one.number}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": where,
        "commits_url": f"{where}/commits",
        "review_comments_url": f"{where}/comments",
        "review_comment_url": f"{where}/comments/{{number}}",
        "comments_url": f"{where}/comments",
        "statuses_url": f"{where}/statuses",
        "number": one.number,
        "state": "open" if one.state == "OPEN" else "closed",
        "locked": False,
        "title": one.title,
        "user": user(fake, one.author),
        "body": one.body,
        "labels": [],
        "milestone": None,
        "created_at": at(one.created),
        "updated_at": at(one.updated),
        "closed_at": one.closed and at(one.closed),
        "merged_at": one.closed and at(one.closed) if one.merged_sha else None,
        "merge_commit_sha": one.merged_sha,
        "assignee": None,
        "head": side(one.head, one.head_sha),
        "base": side(one.base, one.base_sha),
        "_links": {name: {"href": where} for name in links},
        "author_association": "NONE",
        "auto_merge": None,
        "draft": one.is_draft,
        "merged": one.merged_sha is not None,
        "mergeable": None,
        "mergeable_state": "unknown",
        "merged_by": None,
        "comments": len(one.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": 1,
        "additions": 0,
        "deletions": 0,
        "changed_files": 1,
    }
