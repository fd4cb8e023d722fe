"""What was done to a Deployment: by grants, as its annotation says, and by others, as its ReplicaSets show."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.deployments import Change, ChangeKind, Target
from integrations.deployments.vendors.kubernetes.objects import Names, Workload, digest_of, when

_DESIRED = "deployment.kubernetes.io/desired-replicas"


def changes_of(
    target: Target, deployment: Workload, replica_sets: Iterable[Workload], names: Names
) -> list[Change]:
    """In no order. A ReplicaSet that a grant made is known by the copy of the annotation that it bears; what
    was put back because it did not become ready is no change."""
    ours = deployment.journal
    changes = [
        Change(
            one.grant, one.at, target, one.kind, one.version, one.digest, one.replicas, one.before, one.grant
        )
        for one in ours
    ]
    known = {one.digest for one in ours}
    before: str | None = None
    for one in sorted(replica_sets, key=when):
        if not any(owner.uid == deployment.metadata.uid for owner in one.metadata.owner_references):
            continue
        digest = digest_of(names.image(one))
        if digest is None:
            continue
        version = names.version(one, digest)
        if digest not in known and all(entry.digest != digest for entry in one.readable_journal):
            replicas = one.metadata.annotations.get(_DESIRED, "")
            changes.append(
                Change(
                    id=f"{target.stage} {one.metadata.name}",
                    at=when(one),
                    target=target,
                    kind=ChangeKind.DEPLOYED,
                    version=version,
                    digest=digest,
                    replicas=int(replicas) if replicas.isdecimal() else one.spec.replicas,
                    before=before,
                    grant="",
                    why="not by Countersign",
                )
            )
        before = version
    return changes
