"""The contract on a real cluster: `make kubernetes-test`, with KUBECONFIG (see docs/kubernetes.md)."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations.deployments import Stage
from integrations.deployments.vendors.kubernetes import connecting
from integrations.deployments.vendors.kubernetes.platform import KubernetesDeployments
from integrations.deployments.vendors.kubernetes.rollouts import Patience
from tests.integrations.deployments_contract import DeploymentsContract
from tests.integrations.kubernetes_cluster import RELEASES, around, deployment, image, released, vendor

_IMAGES = [one for one in os.environ.get("KUBERNETES_TEST_IMAGES", "").split(",") if one]
_MAKES_PODS = os.environ.get("KUBERNETES_TEST_PODS") == "made"


def _missing() -> str | None:
    """Why there is nothing to test against."""
    if os.environ.get("KUBERNETES_TEST") != "1":
        return "`make kubernetes-test` runs it"
    if not Path(os.environ.get("KUBECONFIG", "")).is_file():
        return "KUBECONFIG names no file with a cluster"
    if not _MAKES_PODS and len(_IMAGES) != 3:
        return "KUBERNETES_TEST_IMAGES names no three images by digest, and KUBERNETES_TEST_PODS is not `made`"
    return None


pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.skipif(_missing() is not None, reason=_missing() or ""),
]


def _image(version: str) -> str:
    if _MAKES_PODS or version == "1.2":
        return image(version)
    return _IMAGES[("1.0", "1.1", "2.0").index(version)]


@pytest.fixture
async def client() -> AsyncIterator[Any]:
    async with await connecting(Path(os.environ["KUBECONFIG"]), None)() as opened:
        yield opened


@pytest.fixture
async def namespaces(client: Any) -> AsyncIterator[dict[Stage, str]]:
    """Two of the test's own, with orders in both, and its releases in one."""
    from kubernetes_asyncio.client import AppsV1Api, CoreV1Api

    core, apps, name = CoreV1Api(client), AppsV1Api(client), f"countersign-test-{secrets.token_hex(4)}"
    made = {Stage.STAGING: f"{name}-staging", Stage.PRODUCTION: name}
    try:
        for namespace in made.values():
            await core.create_namespace({"metadata": {"name": namespace}})
            manifest = deployment(progressDeadlineSeconds=20)
            await apps.create_namespaced_deployment(namespace, manifest, field_manager="kubectl-create")
        data = {version: released(version, image=_image(version)) for version in ("1.0", "1.1", "1.2", "2.0")}
        body = {"metadata": {"name": RELEASES}, "data": data}
        await core.create_namespaced_config_map(made[Stage.STAGING], body)
        yield made
    finally:
        for namespace in made.values():
            await core.delete_namespace(namespace)


@asynccontextmanager
async def _pods_made_ready(client: Any, namespace: str) -> AsyncIterator[None]:
    """Every pod but those of 1.2 becomes ready, as a node would make it."""
    from kubernetes_asyncio.client import CoreV1Api

    core = CoreV1Api(client)

    async def make() -> None:
        ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}}
        while True:
            for pod in (await core.list_namespaced_pod(namespace)).items:
                is_ready = any(one.type == "Ready" for one in pod.status.conditions or ())
                if not is_ready and pod.spec.containers[0].image != image("1.2"):
                    await core.patch_namespaced_pod_status(
                        pod.metadata.name, namespace, ready, _content_type="application/merge-patch+json"
                    )
            await asyncio.sleep(0.2)

    making = asyncio.create_task(make())
    yield
    making.cancel()


@pytest.fixture
async def platform(client: Any, namespaces: dict[Stage, str]) -> AsyncIterator[KubernetesDeployments]:
    kubeconfig = Path(os.environ["KUBECONFIG"])
    port: KubernetesDeployments = vendor().open(around(kubeconfig, namespaces))
    port.rollouts.patience = Patience(seconds=300.0, look=0.2)
    if _MAKES_PODS:
        async with _pods_made_ready(client, namespaces[Stage.STAGING]):
            yield port
    else:
        yield port
    await vendor().close(port)


class TestRealKubernetes(DeploymentsContract):
    @pytest.fixture
    def rebuild(self, client: Any, namespaces: dict[Stage, str]) -> Callable[[str], Awaitable[None]]:
        async def rebuild(version: str) -> None:
            from kubernetes_asyncio.client import CoreV1Api

            await CoreV1Api(client).patch_namespaced_config_map(
                RELEASES,
                namespaces[Stage.STAGING],
                {"data": {version: released(version, "f" * 64)}},
                _content_type="application/merge-patch+json",
            )

        return rebuild
