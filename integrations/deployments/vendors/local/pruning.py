"""Built releases that nobody goes back to any more, and packages that none of the others uses, are removed.

Of each service there stay the newest, what runs in a stage, and what ran there last. What people wrote is
theirs. Of what ran and is gone the journal still has its name, its time and whether it can be taken back.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from time import time

from integrations.deployments.vendors.local.journal import Journal
from integrations.deployments.vendors.local.releases import SHARED, ReleaseUnreadable, Shelves, stands_in
from integrations.sandbox.trees import throw_away

NEWEST = 10
"""Releases of a service that stay though none of them ran."""
RAN = 5
"""Versions that ran last in a stage, what runs there among them."""
UNUSED_SECONDS = 86_400.0
"""For so long nobody has asked for packages: a release of them may be on its way."""
_GONE, _MAKING = ".gone-", ".making-"


def ran_last(journal: Journal, service: str) -> frozenset[str]:
    """The versions of a service that one may go back to: those that ran last in each stage."""
    last: dict[str, dict[str, None]] = {}
    for line in reversed(journal.lines):
        if line.service == service and line.holds and len(of := last.setdefault(line.stage, {})) < RAN:
            of[line.version] = None
    return frozenset(version for of in last.values() for version in of)


def prune(shelves: Shelves, service: str, kept: Iterable[str]) -> tuple[str, ...]:
    """Remove the built releases of a service that are neither `kept` nor among the newest, and what nobody uses
    then. Returns their versions. Blocking. Raises OSError."""
    built = shelves.built
    versions = {}
    for one in sorted((built / service).iterdir()) if (built / service).is_dir() else ():
        try:
            versions[one.name] = stands_in(one).built
        except (ReleaseUnreadable, FileNotFoundError):
            continue  # it is named where releases are listed, and somebody may want to see why
    over = sorted(versions, key=lambda version: versions[version])[:-NEWEST]
    gone = tuple(version for version in over if version not in frozenset(kept))
    for version in gone:
        _remove(built, built / service / version)
    _remove_unused(built)
    return gone


def _remove_unused(built: Path) -> None:
    used: set[str] = set()
    for file in built.glob("[!._]*/*/release.yaml"):
        try:
            used.update(stands_in(file.parent).uses)
        except (ReleaseUnreadable, FileNotFoundError):
            continue  # it does not run, so it uses nothing
    for packages in (built / SHARED).iterdir() if (built / SHARED).is_dir() else ():
        if packages.name not in used and _is_old(packages):
            _remove(built, packages)
    for left in built.iterdir():  # by one that died
        if left.name.startswith(_GONE) or (left.name.startswith(_MAKING) and _is_old(left)):
            throw_away(left)


def _is_old(place: Path) -> bool:
    return time() - place.stat().st_mtime > UNUSED_SECONDS


def _remove(built: Path, place: Path) -> None:
    """At no moment half there."""
    gone = built / f"{_GONE}{secrets.token_hex(8)}"
    place.rename(gone)
    throw_away(gone)
