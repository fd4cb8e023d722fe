"""Platforms that make releases themselves; elsewhere the company's own pipeline does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from integrations.deployments import DeploymentError, Release


@dataclass(frozen=True, slots=True)
class Build:
    """What a release is to be made of: the files of one commit, without `.git`, and the folder of Python
    packages that its lockfile names, where it has one. `built` is when the commit was made, `notes` a
    sentence."""

    service: str
    tree: Path
    packages: Path | None
    commit: str
    built: datetime
    author: str
    story: str | None
    notes: str


class NotRunnable(DeploymentError):
    """A commit's files do not say how they are run, so there is no release of them."""


@runtime_checkable
class Builds(Protocol):
    """A platform that makes releases of commits."""

    async def build(self, build: Build) -> Release:
        """A release named by the files' own version and the commit. Not an effect: nothing runs it until a
        grant says so. The same commit again is the release that is there. Raises NotRunnable,
        DeploymentError."""
