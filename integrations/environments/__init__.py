"""Environments: the packages that a tree's tests need, made by the trusted side, for there is no network
inside.

The port of all of them. An environment belongs to a language and the contents of a lockfile; it is shared by
all trees that have the same, and read-only for the commands that use it. None of its packages' own code is run
while it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from integrations.sandbox import Environment


class EnvironmentsError(Exception):
    """There is no environment for this tree. The text is for people."""


class LockfileUnusable(EnvironmentsError):
    """What the tree says of its packages does not name each by version and hash, from the index."""


class ToolMissing(EnvironmentsError):
    """A program that makes environments is not on this machine."""


class PackagesMissing(EnvironmentsError):
    """These packages are not to be had: the index is not reached, or has no wheel of that version and hash."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"These packages are missing: {', '.join(names)}.")
        self.names = names


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """One version of a package of a language's index."""

    language: Literal["python", "node"]
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """What others say of a package: its `licence`, None where nobody says it, and the names of the
    `vulnerabilities` that are known of this very version, None where nobody here knows whether there are
    any."""

    licence: str | None
    vulnerabilities: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Relocked:
    """Files that say a package's new version, by their names in the tree's root; `was` is the old one."""

    was: str
    files: Mapping[str, str]


class Environments(Protocol):
    """Whoever asks for a new package decides before whether it may be had: this only makes what a lockfile
    says."""

    async def of(self, tree: Path) -> Environment:
        """What commands over this tree need: an interpreter with a test runner (pytest, coverage), and the
        packages of its lockfiles. Made once, however many ask; it stays for two hours after the last time that
        it was asked for, and longer while there is room.

        Raises LockfileUnusable, PackagesMissing, ToolMissing, EnvironmentsError.
        """

    async def relock(self, tree: Path, package: str, version: str) -> Relocked:
        """What a tree's lockfile becomes with one of its packages at exactly this version, and as few others
        moved as must. Nothing in the tree is changed, and no package's own code is run.

        Raises LockfileUnusable (it has no such package, or its demands exclude the version), PackagesMissing,
        ToolMissing, EnvironmentsError.
        """

    async def records(self, packages: Sequence[PackageVersion]) -> Mapping[PackageVersion, PackageRecord]:
        """What is known of packages that somebody wants to add, of fifty at most: what cannot be found out is
        None."""
