"""The deployment controller: ReplicaSets for templates, and rollouts that become whole, or stick.

It moves on by one step each time somebody lists Deployments: first it has seen the newest template, with one
new replica that is not ready; then every replica is ready and the old ones are gone. An image of `sick` never
becomes ready: its second step is ProgressDeadlineExceeded, with the old replicas still there. More than `room`
replicas are never ready, of which no condition tells where no template has changed."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulators.kubernetes import FakeKubernetes

REVISION = "deployment.kubernetes.io/revision"
_NOT_COPIED = {REVISION, "kubectl.kubernetes.io/last-applied-configuration"}
Object = dict[str, Any]


class Controller:
    """Of a cluster's Deployments. It rests while `is_resting`: nothing is seen or started."""

    def __init__(self, cluster: FakeKubernetes) -> None:
        self._cluster = cluster
        self.sick: set[str] = set()
        self.room = 100
        self.is_resting = False

    def step(self, one: Object) -> None:
        """Move a Deployment on."""
        if self.is_resting or one["spec"].get("paused"):
            return
        state = one.setdefault("status", {})
        before = json.dumps(one)
        if state.get("observedGeneration") != one["metadata"]["generation"]:
            self._see(one)
        else:
            self._go_on(one)
        if json.dumps(one) != before:
            self._cluster.touch(one)

    def replica_sets(self, one: Object) -> list[Object]:
        """Those of a Deployment, in the order in which they were made."""
        uid = one["metadata"]["uid"]
        every = self._cluster.of("replicasets", one["metadata"]["namespace"])
        return [it for it in every if it["metadata"]["ownerReferences"][0]["uid"] == uid]

    def _see(self, one: Object) -> None:
        state = one["status"]
        newest = self._of_template(one)
        is_new = newest is None
        if newest is None:
            newest = self._made(one)
            _say(one, "True", "NewReplicaSetCreated", "Created new replica set")
        self._number(one, newest)
        wanted = one["spec"]["replicas"]
        if is_new:
            newest["status"]["replicas"] = min(1, wanted)
        state["observedGeneration"] = one["metadata"]["generation"]
        self._count(one, newest)

    def _go_on(self, one: Object) -> None:
        newest = self._of_template(one)
        assert newest is not None
        wanted = one["spec"]["replicas"]
        if self._image(one) in self.sick and wanted:
            _say(
                one,
                "False",
                "ProgressDeadlineExceeded",
                f'ReplicaSet "{_name(newest)}" has timed out progressing.',
            )
            return
        for old in self.replica_sets(one):
            if old is not newest:
                old["spec"]["replicas"] = 0
                old["status"] = {"replicas": 0, "readyReplicas": 0}
        newest["spec"]["replicas"] = wanted
        newest["status"] = {"replicas": wanted, "readyReplicas": min(wanted, self.room)}
        self._count(one, newest)
        if wanted <= self.room:
            _say(
                one,
                "True",
                "NewReplicaSetAvailable",
                f'ReplicaSet "{_name(newest)}" has successfully progressed.',
            )

    def _count(self, one: Object, newest: Object) -> None:
        every = [it["status"] for it in self.replica_sets(one)]
        ready = sum(it["readyReplicas"] for it in every)
        one["status"] |= {
            "replicas": sum(it["replicas"] for it in every),
            "updatedReplicas": newest["status"]["replicas"],
            "readyReplicas": ready,
            "availableReplicas": ready,
        }

    def _of_template(self, one: Object) -> Object | None:
        template = one["spec"]["template"]
        return next((it for it in self.replica_sets(one) if it["spec"]["template"] == template), None)

    def _made(self, one: Object) -> Object:
        meta, template = one["metadata"], one["spec"]["template"]
        number = len(self.replica_sets(one)) + 1
        annotations = {key: text for key, text in meta.get("annotations", {}).items() if key not in _NOT_COPIED}
        made = self._cluster.create(
            "replicasets",
            meta["namespace"],
            {
                "metadata": {
                    "name": f"{meta['name']}-{number}",
                    "labels": deepcopy(template["metadata"].get("labels", {})),
                    "annotations": annotations,
                    "ownerReferences": [{"kind": "Deployment", "uid": meta["uid"], "controller": True}],
                },
                "spec": {"replicas": 0, "template": deepcopy(template)},
            },
            "kube-controller-manager",
        )
        made["status"] = {"replicas": 0, "readyReplicas": 0}
        return made

    def _number(self, one: Object, newest: Object) -> None:
        """The newest template has the highest revision, and the Deployment's annotations."""
        meta, bears = one["metadata"], newest["metadata"].setdefault("annotations", {})
        bears |= {key: text for key, text in meta.get("annotations", {}).items() if key not in _NOT_COPIED}
        bears["deployment.kubernetes.io/desired-replicas"] = str(one["spec"]["replicas"])
        revisions = [
            int(it["metadata"].get("annotations", {}).get(REVISION, 0)) for it in self.replica_sets(one)
        ]
        if int(bears.get(REVISION, 0)) < max(revisions) or REVISION not in bears:
            bears[REVISION] = str(max(revisions) + 1)
        meta.setdefault("annotations", {})[REVISION] = bears[REVISION]

    def _image(self, one: Object) -> str:
        image: str = one["spec"]["template"]["spec"]["containers"][0]["image"]
        return image


def _name(one: Object) -> str:
    name: str = one["metadata"]["name"]
    return name


def _say(one: Object, status: str, reason: str, message: str) -> None:
    """The Progressing condition; each time that it changes, by a later time."""
    said = {"type": "Progressing", "status": status, "reason": reason, "message": message}
    state = one["status"]
    standing: Object = next(iter(state.get("conditions", ())), {})
    if {key: standing.get(key) for key in said} != said:
        number = int(standing.get("lastUpdateTime", "2026-11-30T09:00:00Z")[17:19]) + 1
        state["conditions"] = [{**said, "lastUpdateTime": f"2026-11-30T09:00:{number:02d}Z"}]
