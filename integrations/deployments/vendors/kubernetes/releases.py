"""What can be deployed: the releases that CI writes into a ConfigMap, and what has run here before.

The ConfigMap `countersign-releases` has one key a release, so that writing one leaves the others as they are;
its value is YAML (or JSON). What a ReplicaSet ran is a release too, as far as its image is named by digest: for
its version the ConfigMap has the last word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from integrations.deployments import NoSuchRelease, Release, Running
from integrations.deployments.vendors.kubernetes.objects import (
    LABEL_VALUE,
    ConfigMap,
    Names,
    Workload,
    digest_of,
    when,
)

RELEASES = "countersign-releases"

_Id = Annotated[str, StringConstraints(pattern=f"^{LABEL_VALUE.pattern}$")]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Written(BaseModel):
    """One release as CI writes it."""

    model_config = ConfigDict(extra="forbid")
    service: _Id
    version: _Id
    image: Annotated[str, StringConstraints(pattern=r"^[^\s@]{1,400}@sha256:[0-9a-f]{64}$")]
    built: AwareDatetime
    commit: _Words | None = None
    author: _Words | None = None
    story: _Words | None = None
    notes: Annotated[str, StringConstraints(max_length=2_000)] = ""
    irreversible: bool = False
    security: Literal["critical", "high", "medium", "low"] | None = None
    advisory: Annotated[str, StringConstraints(pattern=r"^[\w.:-]{1,60}$")] | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A release and the image that it is."""

    release: Release
    image: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """All releases, newest first. `unread` says of ConfigMaps' keys why they are none."""

    stored: tuple[Stored, ...]
    unread: tuple[str, ...]

    def of(self, service: str | None) -> tuple[Stored, ...]:
        """Those of one service, or all."""
        return tuple(one for one in self.stored if service in (None, one.release.service))

    def releases(self, service: str) -> tuple[Release, ...]:
        """One service's, without their images."""
        return tuple(one.release for one in self.of(service))

    def one(self, service: str, version: str) -> Stored:
        """One release. Raises NoSuchRelease."""
        for stored in self.of(service):
            if stored.release.version == version:
                return stored
        versions = ", ".join(one.version for one in self.releases(service)[:10])
        unread = f" Of {RELEASES} this cannot be read: {'; '.join(self.unread[:3])}." if self.unread else ""
        raise NoSuchRelease(f"{service} has no release {version}. It has {versions or 'none'}.{unread}")

    def version_of(self, running: Running, service: str) -> str:
        """Which release runs: the one with its digest, whatever its label says."""
        found = (one.version for one in self.releases(service) if one.digest == running.digest)
        return next(found, running.version)

    def approved(self, service: str, version: str, digest: str) -> Stored:
        """A release as it was approved. Raises NoSuchRelease where its image is another one by now."""
        stored = self.one(service, version)
        if stored.release.digest != digest:
            raise NoSuchRelease(
                f"{service} {version} is not what was approved any more: its image has another digest."
            )
        return stored


def shelf(maps: Iterable[ConfigMap], replica_sets: Iterable[Workload], names: Names) -> Shelf:
    """All releases that a cluster knows of."""
    found: dict[tuple[str, str], Stored] = {}
    unread: list[str] = []
    twice: set[tuple[str, str]] = set()
    for config in maps:
        for key, text in config.data.items():
            where = f"{key} in namespace {config.metadata.namespace}"
            try:
                stored = _read(text)
            except ValueError as wrong:
                unread.append(f"{where} ({str(wrong)[:200]})")
                continue
            name = (stored.release.service, stored.release.version)
            if name in found and found[name].release.digest != stored.release.digest:
                unread.append(f"{where} ({' '.join(name)} stands there with another digest)")
                twice.add(name)
            found.setdefault(name, stored)
    written = {(name[0], one.release.digest) for name, one in found.items()}
    ran = {
        name: one
        for name, one in _that_ran(replica_sets, names).items()
        if name not in found and (name[0], one.release.digest) not in written
    }
    all_of_them = [one for name, one in (found | ran).items() if name not in twice]
    newest_first = sorted(
        all_of_them, key=lambda one: (one.release.built, one.release.service, one.release.version), reverse=True
    )
    return Shelf(tuple(newest_first), tuple(unread))


def _read(text: str) -> Stored:
    """Raises ValueError."""
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        raise ValueError("it is no YAML") from wrong
    written = _Written.model_validate(given)
    fields = written.model_dump(exclude={"image"})
    return Stored(Release(**fields, digest=digest_of(written.image) or ""), written.image)


def _that_ran(replica_sets: Iterable[Workload], names: Names) -> Mapping[tuple[str, str], Stored]:
    """Of each version what ran last, as if built when it first ran."""
    found: dict[tuple[str, str], Stored] = {}
    for one in sorted(replica_sets, key=when, reverse=True):
        service = names.service(one)
        if service is None:
            continue
        image = names.image(one)
        digest = digest_of(image)
        if digest is None:
            continue
        version = names.version(one, digest)
        built = when(one)
        known = found.get((service, version))
        if known is None or known.release.digest == digest:
            says = one.says_irreversible(digest)
            found[service, version] = Stored(Release(service, version, digest, built, irreversible=says), image)
    return found
