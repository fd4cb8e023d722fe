"""A fake cluster with a sample service in it, and the vendor opened onto it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import yaml
from aiohttp.test_utils import TestServer

from integrations.deployments import Stage
from integrations.deployments.vendors.kubernetes import KubernetesSettings
from integrations.deployments.vendors.kubernetes.objects import JOURNAL
from integrations.deployments.vendors.kubernetes.platform import KubernetesDeployments
from integrations.deployments.vendors.kubernetes.rollouts import Patience
from integrations.integration import Integration, Surroundings, find_vendors
from simulators.kubernetes import FakeKubernetes

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "kubernetes.md"
TOKEN = "t0p-s3cret"
NAMESPACES = {Stage.STAGING: "shop-staging", Stage.PRODUCTION: "shop"}
STAGING = NAMESPACES[Stage.STAGING]
RELEASES = "countersign-releases"
DIGESTS = {version: f"{number:x}" * 64 for number, version in enumerate(("1.0", "1.1", "1.2", "2.0"), 1)}
LABEL, VERSION = "app.kubernetes.io/name", "app.kubernetes.io/version"


def documented(kind: str) -> list[dict[str, Any]]:
    """The objects of a kind that the documentation shows."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    every = [one for block in blocks for one in yaml.safe_load_all(block)]
    return [one for one in every if one.get("kind") == kind]


def image(version: str, digest: str | None = None) -> str:
    return f"registry.example.com/shop/orders@sha256:{digest or DIGESTS[version]}"


def released(version: str, digest: str | None = None, /, **more: Any) -> str:
    """A release as CI writes it."""
    day = 1 + list(DIGESTS).index(version)
    built = f"2026-11-{day:02d}T09:00:00Z"
    written = {"service": "orders", "version": version, "image": image(version, digest), "built": built}
    return yaml.safe_dump(written | {"irreversible": version == "2.0"} | more)


def deployment(service: str = "orders", **spec: Any) -> dict[str, Any]:
    """A manifest as a team writes it: nothing was deployed yet."""
    labels = {LABEL: service}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": service, "image": f"registry.example.com/shop/{service}:latest"}]},
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "100%"}}
    return {
        "metadata": {"name": service, "labels": dict(labels), "annotations": {}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": dict(labels)},
            "strategy": strategy,
            "template": template,
            **spec,
        },
    }


def autoscaler(service: str = "orders") -> dict[str, Any]:
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": service}
    return {
        "metadata": {"name": f"{service}-cpu"},
        "spec": {"scaleTargetRef": scaled, "minReplicas": 2, "maxReplicas": 9},
    }


def cluster() -> FakeKubernetes:
    """What the documented Role may see: orders in both stages, and its releases, of which 1.2 is sick."""
    (role,) = documented("Role")
    made = FakeKubernetes(dict.fromkeys(NAMESPACES.values(), role["rules"]), TOKEN)
    for namespace in NAMESPACES.values():
        made.create("deployments", namespace, deployment())
    data = {f"orders-{version}": released(version) for version in DIGESTS}
    made.create("configmaps", STAGING, {"metadata": {"name": RELEASES}, "data": data})
    made.controller.sick.add(image("1.2"))
    return made


def vendor() -> Integration:
    return find_vendors(shipped=()).chosen({"deployments": "kubernetes"})["deployments"]


def write_kubeconfig(file: Path, url: str, token: str = TOKEN) -> Path:
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "shop",
        "contexts": [{"name": "shop", "context": {"cluster": "shop", "user": "countersign"}}],
        "clusters": [{"name": "shop", "cluster": {"server": url}}],
        "users": [{"name": "countersign", "user": {"token": token}}],
    }
    file.write_text(yaml.safe_dump(written))
    return file


def around(
    kubeconfig: Path | None, namespaces: Mapping[Stage, str] = NAMESPACES, **settings: Any
) -> Surroundings:
    told = KubernetesSettings(
        _env_file=None,
        kubernetes_namespaces=", ".join(f"{stage}={name}" for stage, name in namespaces.items()),
        kubernetes_kubeconfig=kubeconfig,
        **{"kubernetes_takes_over": "kubectl-create", **settings},
    )
    return Surroundings(cast(Any, None), "acme", Path(), {}, Path(), told)


@asynccontextmanager
async def opened(fake: FakeKubernetes, folder: Path, **settings: Any) -> AsyncIterator[KubernetesDeployments]:
    """The vendor, which looks often, onto the fake over HTTP."""
    async with TestServer(fake.app()) as server:
        kubeconfig = write_kubeconfig(folder / "kubeconfig", str(server.make_url("")).rstrip("/"))
        port: KubernetesDeployments = vendor().open(around(kubeconfig, **settings))
        port.rollouts.patience = Patience(seconds=60.0, look=0.001)
        yield port
        await vendor().close(port)


def standing(fake: FakeKubernetes, namespace: str = STAGING) -> dict[str, Any]:
    """The Deployment of orders."""
    return fake.objects["deployments", namespace, "orders"]


def says(fake: FakeKubernetes) -> tuple[str, str | None, int, list[str]]:
    """What Countersign can say of it: image, version label, replicas, grants."""
    spec = standing(fake)["spec"]
    journal = json.loads(standing(fake)["metadata"]["annotations"].get(JOURNAL, "[]"))
    return (
        spec["template"]["spec"]["containers"][0]["image"],
        spec["template"]["metadata"]["labels"].get(VERSION),
        spec["replicas"],
        [one["grant"] for one in journal],
    )


def write_releases(fake: FakeKubernetes, namespace: str = STAGING, **data: str) -> None:
    if ("configmaps", namespace, RELEASES) not in fake.objects:
        fake.create("configmaps", namespace, {"metadata": {"name": RELEASES}, "data": {}})
    fake.edit("configmaps", namespace, RELEASES, "ci", {"data": data})
