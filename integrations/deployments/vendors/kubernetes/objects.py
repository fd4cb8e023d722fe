"""What is read of a cluster's objects, and what is written of them: pure.

A service in a stage is a Deployment in that stage's namespace, found by a label. What was done to it stands in
an annotation on the Deployment itself, so that a change and the grant that allowed it are one write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from integrations.deployments import ChangeKind, DeploymentError

JOURNAL = "countersign/changes"
"""The annotation that keeps what was done by grants, oldest first. The deployment controller copies it to the
ReplicaSet that stands for the change."""
IRREVERSIBLE = "countersign/irreversible"
"""The annotation of a pod template that says whether its image has a migration that cannot be taken back."""
MOST_ENTRIES = 50
_LONGEST_JOURNAL = 65_536
_DIGEST = re.compile(r"@sha256:([0-9a-f]{64})$")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
"""What a label can say: an id that is none of it cannot be a service's or a version's here."""


class Entry(BaseModel):
    """A change that a grant allowed. `was_image`, `was_version` (its label) and `was_replicas` are what is put
    back where it does not become ready. `irreversible` is the release's, None where nobody said."""

    model_config = ConfigDict(frozen=True)
    grant: str
    at: AwareDatetime
    kind: ChangeKind
    version: str
    digest: str
    replicas: int
    before: str | None
    was_image: str
    was_version: str | None
    was_replicas: int
    irreversible: bool | None = None


_ENTRIES = TypeAdapter(tuple[Entry, ...])


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class _Owner(_Part):
    uid: str


class _Metadata(_Part):
    name: str
    namespace: str
    uid: str
    resource_version: str
    generation: int = 0
    creation_timestamp: AwareDatetime
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[_Owner, ...] = ()


class Container(_Part):
    """One of a pod's containers."""

    name: str
    image: str = ""


class _Labels(_Part):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _Pod(_Part):
    containers: tuple[Container, ...]


class _Template(_Part):
    metadata: _Labels = _Labels()
    spec: _Pod


class _RollingUpdate(_Part):
    max_unavailable: int | str = "25%"


class _Strategy(_Part):
    type: str = "RollingUpdate"
    rolling_update: _RollingUpdate | None = None


class _Spec(_Part):
    replicas: int = 1
    paused: bool = False
    template: _Template
    strategy: _Strategy = _Strategy()


class Condition(_Part):
    """What the deployment controller says of a rollout."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_update_time: str = ""


class _Counts(_Part):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Workload(_Part):
    """A Deployment, or a ReplicaSet of one."""

    metadata: _Metadata
    spec: _Spec
    status: _Counts = _Counts()

    @property
    def revision(self) -> str | None:
        """Which of its templates a Deployment stands at; of a ReplicaSet: which it is."""
        return self.metadata.annotations.get("deployment.kubernetes.io/revision")

    @property
    def journal(self) -> tuple[Entry, ...]:
        """What was done by grants, oldest first. Raises DeploymentError where it cannot be read."""
        written = self.metadata.annotations.get(JOURNAL, "[]")
        try:
            if len(written) > _LONGEST_JOURNAL:
                raise ValueError("it is too long")
            return _ENTRIES.validate_json(written)
        except ValueError as wrong:
            said = f"{wrong.errors()[0]['msg']}" if isinstance(wrong, ValidationError) else str(wrong)
            raise DeploymentError(
                f"The annotation {JOURNAL} of {self.metadata.name} in namespace {self.metadata.namespace}"
                f" cannot be read ({said[:200]}). Somebody has changed it; take it away, and ask again."
            ) from None

    @property
    def readable_journal(self) -> tuple[Entry, ...]:
        """The same; empty where it cannot be read."""
        try:
            return self.journal
        except DeploymentError:
            return ()

    def says_irreversible(self, digest: str) -> bool | None:
        """Whether what it runs has a migration that cannot be taken back: by the grant that brought this
        digest, or as its pod template says; None where neither does."""
        brought = [one.irreversible for one in self.readable_journal if one.digest == digest]
        if brought:
            return brought[-1]
        written = self.spec.template.metadata.annotations.get(IRREVERSIBLE, "").lower()
        return {"true": True, "false": False}.get(written)

    @property
    def is_rolled_out(self) -> bool:
        """Every wanted replica is of the newest template and available, and no other is left."""
        counts, wanted = self.status, self.spec.replicas
        return (
            counts.observed_generation >= self.metadata.generation
            and counts.updated_replicas == counts.replicas == wanted
            and counts.available_replicas >= wanted
        )

    def condition(self, kind: str) -> Condition | None:
        """What the controller said of this kind, of the newest template; None before it has seen that."""
        if self.status.observed_generation < self.metadata.generation:
            return None
        return next((one for one in self.status.conditions if one.type == kind), None)

    @property
    def keeps_all_replicas(self) -> bool:
        """Whether a rollout ends no replica before its successor is ready."""
        rolling = self.spec.strategy.rolling_update
        is_rolling = self.spec.strategy.type == "RollingUpdate"
        return is_rolling and rolling is not None and rolling.max_unavailable in (0, "0", "0%")


class Autoscaler(_Part):
    """A HorizontalPodAutoscaler, as version 1 of its API has it."""

    class _Spec(_Part):
        class _Scaled(_Part):
            kind: str
            name: str

        scale_target_ref: _Scaled
        min_replicas: int = 1
        max_replicas: int

    metadata: _Metadata
    spec: _Spec

    def scales(self, deployment: Workload) -> bool:
        """Whether it says how many replicas this Deployment has."""
        target = self.spec.scale_target_ref
        return (target.kind, target.name) == ("Deployment", deployment.metadata.name)


class ConfigMap(_Part):
    """A ConfigMap's texts, by their keys."""

    metadata: _Metadata
    data: dict[str, str] = {}


def digest_of(image: str) -> str | None:
    """The SHA-256 (hex) that an image is named by; None where it is named by a tag alone."""
    found = _DIGEST.search(image)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Names:
    """How a company names things in its cluster: the labels that say service and version, and the container
    that runs the service (None: the only one, or the one called as the service)."""

    service_label: str
    version_label: str
    container: str | None

    def service(self, workload: Workload) -> str | None:
        """Whose it is; None where the label is missing."""
        return workload.spec.template.metadata.labels.get(
            self.service_label, workload.metadata.labels.get(self.service_label)
        )

    def container_of(self, workload: Workload) -> Container:
        """The container that runs the service. Raises DeploymentError where it cannot be told."""
        containers = workload.spec.template.spec.containers
        wanted = self.container or self.service(workload)
        named = [one for one in containers if one.name == wanted]
        if not named and self.container is None and len(containers) == 1:
            named = list(containers)
        if not named:
            raise DeploymentError(
                f"{workload.metadata.name} in namespace {workload.metadata.namespace} has no container called"
                f" {wanted} (it has {', '.join(one.name for one in containers)[:200]}). KUBERNETES_CONTAINER"
                " says which one is the service."
            )
        return named[0]

    def image(self, workload: Workload) -> str:
        """The image of that container; empty where it cannot be told which one it is."""
        try:
            return self.container_of(workload).image
        except DeploymentError:
            return ""

    def version(self, workload: Workload, digest: str) -> str:
        """As the label says it; the digest's beginning without one, or where the label is still the one that a
        grant gave to another image."""
        label = workload.spec.template.metadata.labels.get(self.version_label)
        given = {entry.digest for entry in workload.readable_journal if entry.version == label}
        return label if label and (not given or digest in given) else digest[:12]


@dataclass(frozen=True, slots=True)
class Intent:
    """All that this product says of a Deployment, and owns there: what an apply leaves out, it gives up."""

    image: str
    version: str | None
    replicas: int
    journal: Sequence[Entry]


def applied(found: Workload, container: str, names: Names, intent: Intent) -> Mapping[str, Any]:
    """The configuration to apply. It holds for the very object that was read, as it was read, and no other:
    anything else is a conflict."""
    labels = {} if intent.version is None else {names.version_label: intent.version}
    kept = tuple(intent.journal)[-MOST_ENTRIES:]
    while len(written := _ENTRIES.dump_json(kept).decode()) > _LONGEST_JOURNAL:
        kept = kept[1:]
    meta = found.metadata
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
            "annotations": {JOURNAL: written},
        },
        "spec": {
            "replicas": intent.replicas,
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": container, "image": intent.image}]},
            },
        },
    }


def why_stuck(found: Workload, seen_before: Condition | None) -> str | None:
    """Why the controller has given a rollout up; None where it has not. What it said of the one before
    (`seen_before`) stands until something moves, and does not count."""
    progress = found.condition("Progressing")
    if progress is None or progress.reason != "ProgressDeadlineExceeded" or progress == seen_before:
        return None
    failed = found.condition("ReplicaFailure")
    said = failed.message if failed is not None and failed.status == "True" else progress.message
    return said[:300] or "its progress deadline was exceeded"


def when(workload: Workload) -> datetime:
    """When it was made."""
    return workload.metadata.creation_timestamp
