"""Kubernetes: the contract over real HTTP, and rollouts that others, autoscalers and failures disturb."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from integrations.deployments import (
    ChangedMeanwhile,
    ChangeQuery,
    DeploymentError,
    NoCanaries,
    NothingRuns,
    NotReady,
    Stage,
    Strategy,
)
from integrations.deployments.vendors.kubernetes.api import FieldsKept
from integrations.deployments.vendors.kubernetes.platform import KubernetesDeployments
from integrations.deployments.vendors.kubernetes.rollouts import Patience
from simulators.kubernetes import FakeKubernetes
from storage.look import Away
from tests.integrations.deployments_contract import ORDERS, DeploymentsContract, deploy, grant, runs
from tests.integrations.kubernetes_cluster import (
    DIGESTS,
    NAMESPACES,
    STAGING,
    autoscaler,
    cluster,
    image,
    opened,
    released,
    says,
    standing,
    write_releases,
)


@pytest.fixture
def fake() -> FakeKubernetes:
    return cluster()


@pytest.fixture
async def platform(fake: FakeKubernetes, tmp_path: Path) -> AsyncIterator[KubernetesDeployments]:
    async with opened(fake, tmp_path) as port:
        yield port


class TestKubernetes(DeploymentsContract):
    @pytest.fixture
    def rebuild(self, fake: FakeKubernetes) -> Callable[[str], Awaitable[None]]:
        async def rebuild(version: str) -> None:
            write_releases(fake, **{f"orders-{version}": released(version, "f" * 64)})

        return rebuild


class TestOtherWriters:
    async def test_others_fields_are_left_to_them(self, fake: FakeKubernetes, tmp_path: Path) -> None:
        before = says(fake)
        async with opened(fake, tmp_path, kubernetes_takes_over="") as port:
            with pytest.raises(FieldsKept, match=r"kubectl-create \(\.spec.*\. Nothing was changed"):
                await deploy(port, "1.0", "g1")
        assert says(fake) == before

    async def test_one_that_may_be_taken_over_does_not_open_the_way_to_another(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        fake.edit("deployments", STAGING, "orders", "helm", {"spec": {"replicas": 3}})
        fake.edit("deployments", STAGING, "orders", "helm", {"spec": {"replicas": 0}})
        with pytest.raises(FieldsKept, match=r"helm \(\.spec\.replicas\)"):
            await deploy(platform, "1.0", "g1")
        assert says(fake)[2:] == (0, [])

    async def test_what_others_deployed_is_theirs_in_the_history(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1", replicas=2)
        other = "e" * 64
        spec = {"template": {"spec": {"containers": [{"name": "orders", "image": image("1.1", other)}]}}}
        fake.edit("deployments", STAGING, "orders", "kubectl-set", {"spec": spec})
        await platform.status(ORDERS)
        await platform.status(ORDERS)
        # The label still says 1.0, which this image is not.
        assert runs(await platform.status(ORDERS)) == (other[:12], 2, 2)
        changes = (await platform.history(ChangeQuery(service="orders"))).items
        theirs = next(one for one in changes if not one.grant)
        assert (theirs.version, theirs.why, theirs.replicas) == (other[:12], "not by Countersign", 2)
        assert [one.grant for one in changes if one.grant] == ["g1"]
        assert (await platform.release("orders", other[:12])).digest == other

    async def test_whoever_changes_it_meanwhile_wins(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        spec = {"template": {"spec": {"containers": [{"name": "orders", "image": image("2.0")}]}}}
        fake.after_write = lambda: fake.edit("deployments", STAGING, "orders", "kubectl-set", {"spec": spec})
        with pytest.raises(ChangedMeanwhile, match=r"Somebody else changed orders in staging while 1\.1"):
            await deploy(platform, "1.1", "g2")
        assert says(fake)[0] == image("2.0")

    async def test_whoever_sets_the_replicas_by_hand_meanwhile_is_left_alone(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        def by_hand(replicas: int) -> None:
            fake.edit("deployments", STAGING, "orders", "kubectl-scale", {"spec": {"replicas": replicas}})

        await deploy(platform, "1.0", "g1")
        fake.after_write = lambda: by_hand(4)
        with pytest.raises(
            ChangedMeanwhile, match=r"Somebody else wants 4 replicas of orders in staging, while it"
        ):
            await platform.scale(grant("g2"), ORDERS, 3, before=1)
        assert runs(await platform.status(ORDERS))[1] == 4
        with pytest.raises(ChangedMeanwhile, match="stands at 4, and not at 3 any more"):
            await platform.scale(grant("g3"), ORDERS, 2, before=3)
        assert runs(await platform.status(ORDERS))[1] == 4

    async def test_a_deployment_that_is_put_back_leaves_replicas_that_somebody_set_by_hand(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        by_hand = {"spec": {"replicas": 5}}
        fake.after_write = lambda: fake.edit("deployments", STAGING, "orders", "kubectl-scale", by_hand)
        with pytest.raises(NotReady):
            await deploy(platform, "1.2", "g2")
        assert says(fake)[0] == image("1.0")
        assert runs(await platform.status(ORDERS))[:2] == ("1.0", 5)

    async def test_one_that_is_deleted_meanwhile(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        fake.after_write = lambda: fake.delete("deployments", STAGING, "orders")
        with pytest.raises(NothingRuns, match="was deleted while"):
            await deploy(platform, "1.0", "g1")
        with pytest.raises(
            NothingRuns, match=r"There is no Deployment with app.*name=orders in namespace shop-s"
        ):
            await deploy(platform, "1.0", "g2")

    async def test_one_that_is_deleted_just_before_is_not_made_again(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        fake.write_faults = ["gone"]
        with pytest.raises(NothingRuns, match="There is no Deployment with"):
            await deploy(platform, "1.1", "g2")

    async def test_a_status_that_changes_meanwhile_changes_nothing(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        fake.write_faults = ["meanwhile", "meanwhile"]
        assert runs(await deploy(platform, "1.0", "g1")) == ("1.0", 1, 1)
        fake.write_faults = ["meanwhile"] * 5
        with pytest.raises(ChangedMeanwhile, match="changes faster than it can be read"):
            await deploy(platform, "1.1", "g2")
        assert says(fake)[3] == ["g1"]

    async def test_an_autoscaler_keeps_the_number_of_replicas(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1", replicas=2)
        fake.create("horizontalpodautoscalers", STAGING, autoscaler())
        fake.create("horizontalpodautoscalers", NAMESPACES[Stage.PRODUCTION], autoscaler())
        fake.edit("deployments", STAGING, "orders", "kube-controller-manager", {"spec": {"replicas": 4}})
        with pytest.raises(DeploymentError, match=r"orders-cpu says how many.*\(2 to 9\).*move its bounds"):
            await platform.scale(grant("g2"), ORDERS, 5, before=4)
        assert runs(await deploy(platform, "1.1", "g3", replicas=1)) == ("1.1", 4, 4)
        fake.after_write = lambda: fake.edit(
            "deployments", STAGING, "orders", "kube-controller-manager", {"spec": {"replicas": 6}}
        )
        with pytest.raises(NotReady):
            await deploy(platform, "1.2", "g4", replicas=1)
        assert says(fake) == (image("1.1"), "1.1", 6, ["g1", "g3"])
        fake.edit("deployments", STAGING, "orders", "kube-controller-manager", {"spec": {"replicas": 5}})
        assert says(fake)[2] == 5


class TestRollouts:
    async def test_what_was_there_is_there_again(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        before = says(fake)
        with pytest.raises(NotReady, match=r"timed out progressing.*; what was there was put back"):
            await deploy(platform, "1.2", "g1")
        assert says(fake) == before
        assert (await platform.status(ORDERS)).stable is None

    async def test_an_older_failure_is_not_this_ones(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        spec = {"template": {"spec": {"containers": [{"name": "orders", "image": image("1.2")}]}}}
        fake.edit("deployments", STAGING, "orders", "kubectl-create", {"spec": spec})
        for _ in range(3):
            await platform.status(ORDERS)
        assert standing(fake)["status"]["conditions"][0]["reason"] == "ProgressDeadlineExceeded"
        stuck = (await platform.status(ORDERS)).stable
        assert stuck is not None
        assert (stuck.digest, stuck.ready) == (DIGESTS["1.2"], 0)
        assert runs(await deploy(platform, "1.0", "g2")) == ("1.0", 1, 1)

    async def test_replicas_that_do_not_come_are_not_waited_for_for_ever(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1", replicas=2)
        fake.controller.room = 2
        platform.rollouts.patience = Patience(seconds=0.05, look=0.001)
        with pytest.raises(NotReady, match=r"not within 0\.05 seconds\); the number from before \(2\) was put"):
            await platform.scale(grant("g2"), ORDERS, 5, before=2)
        assert says(fake) == (image("1.0"), "1.0", 2, ["g1"])

    async def test_what_the_controller_has_not_seen_yet_is_not_over(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        fake.controller.is_resting = True
        platform.rollouts.patience = Patience(seconds=0.05, look=0.001)
        with pytest.raises(NotReady, match="not within"):
            await deploy(platform, "1.1", "g2")

    @pytest.mark.parametrize("version", ["1.1", "1.2"])
    async def test_one_that_was_left_in_the_middle_is_gone_on_with(
        self, fake: FakeKubernetes, platform: KubernetesDeployments, version: str
    ) -> None:
        await deploy(platform, "1.0", "g1", replicas=2)
        written, fake.controller.is_resting = asyncio.Event(), True
        fake.after_write = written.set
        left = asyncio.create_task(deploy(platform, version, "g2", replicas=3))
        await written.wait()
        left.cancel()
        with pytest.raises(Away, match=rf"begun this \(orders {version} deployed in staging\)"):
            await platform.what_happened("g2")
        fake.controller.is_resting = False
        again = platform.deploy(grant("g2"), ORDERS, version, DIGESTS[version], 3, before="1.0")
        if version == "1.1":
            assert runs(await again) == ("1.1", 3, 3)
            assert await platform.what_happened("g2") == "orders 1.1 deployed in staging"
            assert len(fake.writes) == 3  # the first one met a conflict, and took its fields over
        else:
            with pytest.raises(NotReady, match=r"1\.0 was put back"):
                await again
            assert says(fake) == (image("1.0"), "1.0", 2, ["g1"])

    async def test_paused_ones_are_not_changed(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        fake.edit("deployments", STAGING, "orders", "kubectl-rollout", {"spec": {"paused": True}})
        with pytest.raises(DeploymentError, match="rollouts of orders in staging are paused"):
            await deploy(platform, "1.1", "g2")

    async def test_there_are_no_canaries(self, platform: KubernetesDeployments) -> None:
        assert platform.strategies == {Strategy.ALL_AT_ONCE}
        begin = platform.begin_canary(
            grant("g1"), ORDERS, "1.1", DIGESTS["1.1"], share=0.1, lease=60, before="1.0"
        )
        for asked in (
            begin,
            platform.step_canary(grant("g1"), ORDERS, "c", 0.5),
            platform.promote_canary(grant("g1"), ORDERS, "c"),
            platform.abort_canary(grant("g1"), ORDERS, "c", "slow"),
            platform.renew_canary(ORDERS, "c"),
            platform.traffic(ORDERS, "c", after=0),
        ):
            with pytest.raises(NoCanaries, match="all traffic or none"):
                await asked
