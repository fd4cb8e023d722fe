"""What is in the fake: repositories, which are real bare ones, and what people and programs say of them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "GitHub",
    "GIT_AUTHOR_EMAIL": "noreply@github.com",
    "GIT_COMMITTER_NAME": "GitHub",
    "GIT_COMMITTER_EMAIL": "noreply@github.com",
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
}
_UPDATE_HOOK = """#!/bin/sh
if grep -qx "$1" "$GIT_DIR/protected"; then
  echo "error: GH006: Protected branch update failed for $1." >&2
  exit 1
fi
"""
_LANGUAGES = {".py": "Python", ".js": "JavaScript", ".go": "Go"}


def git(folder: Path, *arguments: str, given: str | None = None) -> str:
    """What git says of a repository. Raises subprocess.CalledProcessError."""
    command = ["git", f"--git-dir={folder}", *arguments]
    done = subprocess.run(command, env=_ENVIRONMENT, input=given, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Rule:
    """What a branch demands. `by_ruleset` is how it is said; `queue` is a merge queue."""

    reviews: int = 0
    checks: tuple[str, ...] = ()
    queue: bool = False
    by_ruleset: bool = False


@dataclass
class PullRequest:
    """A pull request. `fork` is the repository that its branch is in, where that is another one."""

    number: int
    title: str
    body: str
    author: str
    head: str
    base: str
    created: datetime
    updated: datetime
    is_draft: bool = False
    state: str = "OPEN"
    head_sha: str = ""
    base_sha: str = ""
    merged_sha: str | None = None
    closed: datetime | None = None
    is_queued: bool = False
    fork: str | None = None
    labels: list[str] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Repository:
    """A repository of `owner/name`, in a bare folder. `size_kb` says another size than it has."""

    id: int
    full_name: str
    folder: Path
    rules: dict[str, Rule] = field(default_factory=lambda: {"main": Rule()})
    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    ways: frozenset[str] = frozenset({"merge", "squash", "rebase"})
    size_kb: int | None = None

    @classmethod
    def make(cls, number: int, full_name: str, folder: Path) -> Repository:
        """A new, empty one."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder)],
            env=_ENVIRONMENT,
            check=True,
        )
        for name in ("http.receivepack", "uploadpack.allowAnySHA1InWant"):
            git(folder, "config", name, "true")
        (folder / "protected").write_text("")
        hook = folder / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_UPDATE_HOOK)
        hook.chmod(0o755)
        return cls(number, full_name, folder)

    def tip(self, branch: str) -> str | None:
        """The commit that a branch is at."""
        found = git(self.folder, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        return found or None

    def branches(self) -> list[tuple[str, str]]:
        """Every branch by name, with its commit."""
        lines = git(self.folder, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/")
        pairs = (line.split(" ", 1) for line in lines.splitlines())
        return sorted((name, sha) for sha, name in pairs)

    def default_branch(self) -> str | None:
        """What HEAD points at, if that is a branch that is there."""
        head = (self.folder / "HEAD").read_text().strip()
        branch = head.removeprefix("ref: refs/heads/")
        return branch if head != branch and self.tip(branch) else None

    def language(self) -> str | None:
        """The language of the default branch's files."""
        branch = self.default_branch()
        names = git(self.folder, "ls-tree", "-r", "--name-only", branch).splitlines() if branch else []
        return next((_LANGUAGES[Path(one).suffix] for one in names if Path(one).suffix in _LANGUAGES), None)

    def has(self, sha: str, kind: str = "commit") -> bool:
        """Whether this is a commit here."""
        try:
            git(self.folder, "cat-file", "-e", f"{sha}^{{{kind}}}")
        except subprocess.CalledProcessError:
            return False
        return True

    def settle(self, now: datetime) -> None:
        """Let pull requests follow their branches: a branch that goes closes its pull request."""
        for one in self.pull_requests.values():
            if one.state != "OPEN":
                continue
            one.base_sha = self.tip(one.base) or one.base_sha
            if one.fork is not None:
                continue
            tip = self.tip(one.head)
            if tip is None:
                one.state, one.closed, one.updated = "CLOSED", now, now
                continue
            if tip != one.head_sha:
                one.head_sha, one.updated = tip, now
            git(self.folder, "update-ref", f"refs/pull/{one.number}/head", one.head_sha)

    def conflicts(self, one: PullRequest) -> bool:
        """Whether git cannot merge it."""
        return self.merged_tree(one.base_sha, one.head_sha) is None

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of both, merged; None where they conflict."""
        try:
            return git(self.folder, "merge-tree", "--write-tree", "--no-messages", base, head).splitlines()[0]
        except subprocess.CalledProcessError:
            return None

    def commits_of(self, one: PullRequest) -> list[str]:
        """Its commits, oldest first."""
        since = (
            one.base_sha if one.state == "OPEN" else f"{one.merged_sha}^1" if one.merged_sha else one.base_sha
        )
        return git(self.folder, "rev-list", "--reverse", f"{since}..{one.head_sha}").split()

    def merge(self, one: PullRequest, way: str, title: str, message: str, now: datetime) -> str:
        """Merge it, which conflicts with nothing; the commit that it becomes."""
        base, head = one.base_sha, one.head_sha
        if way == "rebase":
            sha = self._rebased(base, head)
        else:
            tree = self.merged_tree(base, head)
            assert tree is not None
            parents = ["-p", base, *(["-p", head] if way == "merge" else [])]
            sha = git(
                self.folder, "commit-tree", tree, *parents, "-F", "-", given=f"{title}\n\n{message}".strip()
            )
        git(self.folder, "update-ref", f"refs/heads/{one.base}", sha, base)
        one.state, one.merged_sha, one.is_queued = "MERGED", sha, False
        one.closed = one.updated = now
        return sha

    def _rebased(self, base: str, head: str) -> str:
        with tempfile.TemporaryDirectory() as beside:
            git(self.folder, "worktree", "add", "--quiet", "--detach", f"{beside}/tree", head)
            where = ["git", "-C", f"{beside}/tree"]
            subprocess.run([*where, "rebase", "--quiet", base], env=_ENVIRONMENT, check=True)
            found = subprocess.run(
                [*where, "rev-parse", "HEAD"], env=_ENVIRONMENT, check=True, capture_output=True, text=True
            )
            git(self.folder, "worktree", "remove", "--force", f"{beside}/tree")
            return found.stdout.strip()
