"""Kubernetes: services as Deployments of a cluster, a namespace for each stage. See docs/kubernetes.md."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator

from integrations.deployments import DeploymentError, Stage
from integrations.deployments.vendors.kubernetes.api import WHO, Api, Unusable
from integrations.deployments.vendors.kubernetes.cluster import Cluster
from integrations.deployments.vendors.kubernetes.objects import Names
from integrations.deployments.vendors.kubernetes.platform import KubernetesDeployments
from integrations.deployments.vendors.kubernetes.rollouts import Patience
from integrations.integration import Checked, Integration, Surroundings, VendorSettings
from storage.look import Away

_CREDENTIALS_WITHIN = 30.0
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"


class KubernetesSettings(VendorSettings):
    """Which cluster, which namespaces, and how things are called there."""

    kubernetes_namespaces: str = Field(
        description="Which namespace is which stage: `staging=shop-staging, production=shop`."
    )
    kubernetes_kubeconfig: Path | None = Field(
        default=None,
        description="The kubeconfig with the cluster’s address and our credentials; without it those of the pod"
        " that this runs in.",
    )
    kubernetes_context: str | None = Field(
        default=None, description="Which of the kubeconfig’s contexts; its current one, if not given."
    )
    kubernetes_service_label: str = Field(
        default="app.kubernetes.io/name", pattern=_LABEL, description="The label that says the service’s id."
    )
    kubernetes_version_label: str = Field(
        default="app.kubernetes.io/version",
        pattern=_LABEL,
        description="The label of a Deployment’s pod template that says the version; no part of its selector.",
    )
    kubernetes_container: str | None = Field(
        default=None,
        description="The container that runs the service; if not given, the only one, or the one called as"
        " the service.",
    )
    kubernetes_takes_over: str = Field(
        default="",
        description="Field managers whose image, version and replicas we may take over, with commas"
        " (`kubectl-client-side-apply`).",
    )
    kubernetes_rollout_seconds: float = Field(
        default=600.0, ge=1, description="A rollout that is not whole after so long is put back."
    )

    @field_validator("kubernetes_namespaces")
    @classmethod
    def _two(cls, written: str) -> str:
        namespaces_of(written)
        return written


def namespaces_of(written: str) -> Mapping[Stage, str]:
    """Which namespace is which stage. Raises ValueError."""
    pairs = [one.partition("=") for one in written.split(",")]
    named = {stage.strip(): namespace.strip() for stage, _, namespace in pairs}
    if len(pairs) != len(Stage) or set(named) != {stage.value for stage in Stage}:
        raise ValueError("must name a namespace for staging and one for production")
    if len(set(named.values())) != len(Stage) or not all(map(_NAMESPACE.fullmatch, named.values())):
        raise ValueError("must name two namespaces")
    return {stage: named[stage.value] for stage in Stage}


def connecting(kubeconfig: Path | None, context: str | None) -> Callable[[], Awaitable[Any]]:
    """What makes a client of the cluster. Its library takes seconds to be read in, so that is done when a
    cluster is first asked for, and beside the event loop. Raises Unusable."""

    async def connect() -> Any:
        try:
            client = await asyncio.to_thread(import_module, "kubernetes_asyncio.client")
            config = await asyncio.to_thread(import_module, "kubernetes_asyncio.config")
        except ModuleNotFoundError as missing:
            raise Unusable(
                f"Kubernetes needs a package that is not installed ({missing.name}): pip install"
                " 'countersign[kubernetes]'"
            ) from missing
        configuration = client.Configuration()
        try:
            if kubeconfig is None:
                config.load_incluster_config(client_configuration=configuration)
            else:
                # A kubeconfig may name a program that gets the credentials, which takes as long as it takes.
                async with asyncio.timeout(_CREDENTIALS_WITHIN):
                    await config.load_kube_config(
                        config_file=str(kubeconfig),
                        context=context,
                        client_configuration=configuration,
                        persist_config=False,
                    )
            return client.ApiClient(configuration)
        except (config.ConfigException, OSError, ValueError, yaml.YAMLError) as wrong:
            where = "this pod’s own credentials" if kubeconfig is None else str(kubeconfig)
            why = str(wrong)[:300] or type(wrong).__name__
            raise Unusable(f"Kubernetes cannot be reached with {where}: {why}") from wrong

    return connect


def _open(around: Surroundings) -> KubernetesDeployments:
    settings = around.settings
    if not isinstance(settings, KubernetesSettings):
        raise TypeError("Kubernetes is opened with its settings")
    taken = (one.strip() for one in settings.kubernetes_takes_over.split(","))
    connect = connecting(settings.kubernetes_kubeconfig, settings.kubernetes_context)
    api = Api(connect, takes_over=frozenset(filter(None, taken)))
    names = Names(
        settings.kubernetes_service_label, settings.kubernetes_version_label, settings.kubernetes_container
    )
    cluster = Cluster(api, namespaces_of(settings.kubernetes_namespaces), names)
    return KubernetesDeployments(cluster, Patience(settings.kubernetes_rollout_seconds))


async def _close(port: Any) -> None:
    await port.cluster.api.close()


async def _check(around: Surroundings) -> Iterable[Checked]:
    port = _open(around)
    cluster = port.cluster
    try:
        on = await cluster.shelf()
        found = {stage: await cluster.workloads(stage) for stage in cluster.namespaces}
    except (Away, DeploymentError) as wrong:
        return (Checked(WHO, "wrong", str(wrong)),)
    finally:
        await _close(port)
    counts = " and ".join(f"{len(there)} in {stage}" for stage, there in found.items())
    checked = [Checked(WHO, "well", f"it answers; {counts}; {len(on.stored)} releases can be deployed")]
    if on.unread:
        checked.append(Checked(WHO, "wrong", f"releases that cannot be read: {'; '.join(on.unread[:5])}"))
    hasty = sorted(
        {one.metadata.name for there in found.values() for one in there if not one.keeps_all_replicas}
    )
    if hasty:
        says = (
            f"replicas end before their successors are ready (maxUnavailable is not 0): {', '.join(hasty[:20])}"
        )
        checked.append(Checked(WHO, "advice", says))
    return checked


INTEGRATION = Integration(
    "deployments", "kubernetes", WHO, _open, settings=KubernetesSettings, check=_check, close=_close
)
