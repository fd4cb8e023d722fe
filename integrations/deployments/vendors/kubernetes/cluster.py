"""What stands in a cluster now: services' Deployments, their releases, and what was done to them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from integrations.deployments import Change, DeploymentError, Running, Stage, Status, Target
from integrations.deployments.vendors.kubernetes.api import (
    AUTOSCALERS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    REPLICA_SETS,
    Api,
)
from integrations.deployments.vendors.kubernetes.history import changes_of
from integrations.deployments.vendors.kubernetes.objects import (
    LABEL_VALUE,
    Autoscaler,
    ConfigMap,
    Names,
    Workload,
    digest_of,
)
from integrations.deployments.vendors.kubernetes.releases import RELEASES, Shelf, shelf


class Cluster:
    """`namespaces` says which one is which stage."""

    def __init__(self, api: Api, namespaces: Mapping[Stage, str], names: Names) -> None:
        self.api, self.namespaces, self.names = api, namespaces, names

    async def shelf(self) -> Shelf:
        """All releases that the cluster knows of."""
        maps: list[ConfigMap] = []
        ran: list[Workload] = []
        for namespace in self.namespaces.values():
            found = await self.api.one(CONFIG_MAPS, ConfigMap, namespace, RELEASES)
            maps += [found] if found is not None else []
            ran += await self.api.listed(REPLICA_SETS, Workload, namespace, self.names.service_label)
        return await asyncio.to_thread(shelf, maps, ran, self.names)

    async def workloads(self, stage: Stage) -> tuple[Workload, ...]:
        """Every service's Deployment in a stage."""
        return await self.api.listed(DEPLOYMENTS, Workload, self.namespaces[stage], self.names.service_label)

    async def find(self, target: Target) -> Workload | None:
        if not LABEL_VALUE.fullmatch(target.service):
            return None
        namespace = self.namespaces[target.stage]
        selector = f"{self.names.service_label}={target.service}"
        found = await self.api.listed(DEPLOYMENTS, Workload, namespace, selector)
        if len(found) > 1:
            names = ", ".join(one.metadata.name for one in found[:5])
            raise DeploymentError(
                f"Several Deployments in namespace {namespace} say {selector} ({names}), so that it cannot be"
                f" told which one is {target.service}."
            )
        return found[0] if found else None

    async def status(self, target: Target) -> Status:
        found = await self.find(target)
        stable = None if found is None else await self.running(found)
        return Status(target, stable, None, None, datetime.now(UTC))

    async def running(self, found: Workload) -> Running | None:
        """What a Deployment runs; None where nothing was ever deployed: no replicas of an image that no digest
        names. Raises DeploymentError where replicas run of such an image."""
        image = self.names.container_of(found).image
        digest = digest_of(image)
        if digest is None:
            if found.spec.replicas == 0:
                return None
            raise DeploymentError(
                f"{found.metadata.name} in namespace {found.metadata.namespace} runs {image[:200]}, which is a"
                " tag: it may be another image tomorrow. Name the image by its digest (…@sha256:…) there once."
            )
        ready = found.status.ready_replicas
        if found.status.updated_replicas != found.status.replicas:
            # Replicas of several templates run: those of the newest one are the version's.
            stage = next(one for one, name in self.namespaces.items() if name == found.metadata.namespace)
            of_it = await self._replica_sets(stage, f"{self.names.service_label}={self.names.service(found)}")
            ready = sum(one.status.ready_replicas for one in of_it if one.revision == found.revision)
        return Running(self.names.version(found, digest), digest, found.spec.replicas, ready)

    async def autoscaler(self, found: Workload) -> Autoscaler | None:
        there = await self.api.listed(AUTOSCALERS, Autoscaler, found.metadata.namespace)
        return next((one for one in there if one.scales(found)), None)

    async def changes(self, stage: Stage, service: str | None) -> list[Change]:
        label = self.names.service_label
        if service is not None and not LABEL_VALUE.fullmatch(service):
            return []
        selector = label if service is None else f"{label}={service}"
        deployments = await self.api.listed(DEPLOYMENTS, Workload, self.namespaces[stage], selector)
        replica_sets = await self._replica_sets(stage, selector)
        return [
            change
            for one in deployments
            for change in changes_of(
                Target(self.names.service(one) or "", stage), one, replica_sets, self.names
            )
        ]

    async def _replica_sets(self, stage: Stage, selector: str) -> tuple[Workload, ...]:
        return await self.api.listed(REPLICA_SETS, Workload, self.namespaces[stage], selector)
