"""Somebody's own git, with which the tests write to a host's repositories as people do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_OWN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Wren",
    "GIT_AUTHOR_EMAIL": "wren@example.com",
    "GIT_COMMITTER_NAME": "Wren",
    "GIT_COMMITTER_EMAIL": "wren@example.com",
    "GIT_TERMINAL_PROMPT": "0",
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
}


class Workshop:
    """A clone of `origin` in `folder`."""

    def __init__(self, folder: Path, origin: str | Path) -> None:
        self.folder, self._minute = folder, 0
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", str(origin))

    def git(self, *arguments: str, fails: bool = False) -> str:
        """What a command says; with `fails`, what it complains of."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env={**_OWN, **self._times()}, capture_output=True, text=True
        )
        assert (done.returncode != 0) is fails, f"git {arguments}: {done.stdout}{done.stderr}"
        return (done.stderr if fails else done.stdout + done.stderr).strip()

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files; None removes one."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str, files: Mapping[str, str | bytes | None]) -> str:
        """A commit of files on top of what is checked out; its sha."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, since: str) -> None:
        """Check out a new branch, or the same name anew, from a commit or branch."""
        self.git("checkout", "--quiet", "-B", name, since)

    def push(self, *what: str, force: bool = False) -> None:
        """Push branches to where the clone is from."""
        self.git("push", "--quiet", *(["--force"] if force else []), "origin", *what)

    def _times(self) -> dict[str, str]:
        self._minute += 1
        at = f"2026-11-23T{9 + self._minute // 60:02}:{self._minute % 60:02}:00Z"
        return {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
