"""What is made of a cluster's answers: failures, releases, manifests, and the journal on a Deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.deployments import (
    BehindMigration,
    ChangeKind,
    ChangeQuery,
    DeploymentError,
    NoSuchRelease,
    ReleaseQuery,
    Stage,
    Target,
)
from integrations.deployments.vendors.kubernetes.api import Unusable
from integrations.deployments.vendors.kubernetes.objects import JOURNAL, MOST_ENTRIES
from integrations.deployments.vendors.kubernetes.platform import KubernetesDeployments
from integrations.deployments.vendors.kubernetes.rollouts import Patience
from simulators.kubernetes import FakeKubernetes, Fault
from storage.look import Away
from tests.integrations.deployments_contract import ORDERS, deploy, grant, runs
from tests.integrations.kubernetes_cluster import (
    DIGESTS,
    NAMESPACES,
    RELEASES,
    STAGING,
    TOKEN,
    cluster,
    deployment,
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


class TestAnswers:
    @pytest.mark.parametrize("fault", ["error", "busy", "no json", "cut", "slow"])
    async def test_a_read_is_tried_again_and_given_up(
        self, fake: FakeKubernetes, platform: KubernetesDeployments, fault: Fault
    ) -> None:
        await platform.status(ORDERS)  # reads the library in
        platform.cluster.api.seconds = 0.3
        fake.faults = [fault, fault]
        assert (await platform.status(ORDERS)).stable is None
        fake.faults = [fault] * 3
        with pytest.raises(
            Away, match=r"^Kubernetes .*\(asked to list deployments.apps in namespace shop-stag"
        ):
            await platform.status(ORDERS)

    async def test_what_is_none_of_its_answers(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        fake.faults = ["other shape"]
        with pytest.raises(Away, match="something that is no Workload"):
            await platform.status(ORDERS)

    @pytest.mark.parametrize("fault", ["lost", "error", "busy", "cut"])
    async def test_a_write_whose_answer_is_lost_is_done_once(
        self, fake: FakeKubernetes, platform: KubernetesDeployments, fault: Fault
    ) -> None:
        await deploy(platform, "1.0", "g1")
        generation = standing(fake)["metadata"]["generation"]
        fake.write_faults = [fault, fault]
        assert runs(await deploy(platform, "1.1", "g2")) == ("1.1", 1, 1)
        assert says(fake)[3] == ["g1", "g2"]
        assert standing(fake)["metadata"]["generation"] == generation + 1

    async def test_writes_that_come_to_nothing_end(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        fake.write_faults = ["error"] * 5
        with pytest.raises(Away, match="answered 500; whether orders was changed is not known"):
            await deploy(platform, "1.0", "g1")
        assert (len(fake.writes), await platform.what_happened("g1")) == (5, None)

    async def test_a_rollout_outlasts_a_server_that_is_away_for_a_while(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        fake.after_write = lambda: fake.faults.extend(["error"] * 3)
        assert runs(await deploy(platform, "1.1", "g2")) == ("1.1", 1, 1)
        assert fake.faults == []

    async def test_what_came_of_a_change_is_not_known_where_it_may_not_be_read(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        platform.rollouts.patience = Patience(seconds=0.05, look=0.001)
        fake.after_write = lambda: fake.roles.update({STAGING: ()})
        with pytest.raises(Away, match="does not show what came of it"):
            await deploy(platform, "1.1", "g2")

    async def test_an_admission_webhook_is_quoted(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        fake.write_faults = ["denied"]
        with pytest.raises(DeploymentError, match=r'"images\.example\.com" denied the request: unsigned'):
            await deploy(platform, "1.0", "g1")
        assert says(fake)[3] == []

    async def test_credentials_that_have_changed_are_read_again(
        self, fake: FakeKubernetes, platform: KubernetesDeployments, tmp_path: Path
    ) -> None:
        await platform.status(ORDERS)
        kubeconfig = tmp_path / "kubeconfig"
        fake.token = "another"
        with pytest.raises(Unusable, match="does not accept the credentials") as refused:
            await platform.status(ORDERS)
        assert TOKEN not in str(refused.value)
        kubeconfig.write_text(kubeconfig.read_text().replace(TOKEN, "another"))
        assert (await platform.status(ORDERS)).stable is None

    async def test_a_list_in_pages_begins_again_where_it_has_expired(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        for number in range(300):
            fake.create("deployments", STAGING, deployment(f"s{number}"))
        fake.faults = ["expired", "expired"]
        assert len(await platform.cluster.workloads(Stage.STAGING)) == 301
        assert fake.faults == []


class TestReleases:
    async def test_what_is_no_release_is_said_and_holds_nothing_up(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        write_releases(
            fake,
            shape="- x",
            yaml="{",
            tag=released("1.0").replace("@sha256:", ":"),
            more=released("1.0", size=3),
            where=released("1.0", service="../orders"),
        )
        assert len((await platform.releases(ReleaseQuery())).items) == 4
        with pytest.raises(
            NoSuchRelease, match=r"has no release 9\.9.*Of countersign-releases this cannot be read"
        ):
            await platform.release("orders", "9.9")
        assert len((await platform.cluster.shelf()).unread) == 5

    async def test_a_version_with_two_digests_is_none(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        production = NAMESPACES[Stage.PRODUCTION]
        write_releases(fake, production, same=released("1.0"), other=released("1.1", "f" * 64))
        assert (await platform.release("orders", "1.0")).digest == DIGESTS["1.0"]
        with pytest.raises(
            NoSuchRelease, match=r"orders has no release 1\.1.*stands there with another digest"
        ):
            await platform.release("orders", "1.1")

    async def test_what_ci_wrote_of_it_comes_with_it(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        write_releases(
            fake, new=released("1.0", version="1.5", commit="3afbb04", author="nathan", story="SHOP-1")
        )
        found = await platform.release("orders", "1.5")
        assert (found.commit, found.author, found.story) == ("3afbb04", "nathan", "SHOP-1")
        assert found.built.isoformat() == "2026-11-01T09:00:00+00:00"

    async def test_what_ran_can_be_deployed_without_a_word_of_ci(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        await deploy(platform, "1.1", "g2")
        fake.delete("configmaps", STAGING, RELEASES)
        assert [one.version for one in (await platform.releases(ReleaseQuery())).items] == ["1.1", "1.0"]
        old = DIGESTS["1.0"]
        assert runs(await platform.roll_back(grant("g3"), ORDERS, "1.0", old, before="1.1")) == ("1.0", 1, 1)
        with pytest.raises(NoSuchRelease, match="orders has no release 2"):
            await platform.release("orders", "2.0")

    @pytest.mark.parametrize("says", ["true", "false", "perhaps", None])
    async def test_what_others_deployed_is_gone_back_behind_only_where_it_says_that_it_can_be(
        self, fake: FakeKubernetes, platform: KubernetesDeployments, says: str | None
    ) -> None:
        await deploy(platform, "1.0", "g1")
        for (kind, _, _), one in fake.objects.items():
            if kind == "replicasets":
                one["metadata"]["creationTimestamp"] = "2026-11-01T09:00:00Z"
        fake.delete("configmaps", STAGING, RELEASES)  # what the release itself said is kept with the change
        spec = {"containers": [{"name": "orders", "image": f"shop/orders@sha256:{'e' * 64}"}]}
        meta = {"labels": {"app.kubernetes.io/version": "1.9"}}
        if says is not None:
            meta["annotations"] = {"countersign/irreversible": says}
        theirs = {"template": {"metadata": meta, "spec": spec}}
        fake.edit("deployments", STAGING, "orders", "kubectl-set", {"spec": theirs})
        assert (await platform.status(ORDERS)).stable is not None
        standing = (await platform.status(ORDERS)).stable
        assert standing is not None
        found = await platform.release("orders", standing.version)
        assert found.irreversible is {"true": True, "false": False}.get(says or "")
        why = {
            "true": "whose migration cannot be taken back",
            "false": "Other field managers keep what is to be changed",  # the next question
        }
        with pytest.raises(
            DeploymentError, match=why.get(says or "", "Nothing says whether .* has a migration")
        ):
            await platform.roll_back(grant("g2"), ORDERS, "1.0", DIGESTS["1.0"], before=standing.version)
        assert (await platform.status(ORDERS)).stable == standing

    async def test_a_release_is_known_by_its_digest_whatever_its_label_says(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        spec = {"template": {"spec": {"containers": [{"name": "orders", "image": image("2.0")}]}}}
        fake.edit("deployments", STAGING, "orders", "kubectl-create", {"spec": spec})
        with pytest.raises(BehindMigration, match=r"orders 1\.1 is older than 2\.0"):
            await deploy(platform, "1.1", "g2")

    async def test_what_is_known_as_no_release_is_not_gone_back_from(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        await deploy(platform, "1.1", "g2")
        write_releases(fake, NAMESPACES[Stage.PRODUCTION], other=released("1.1", "f" * 64))  # so it is none
        with pytest.raises(BehindMigration, match=r"The release of 1\.1 is not there any more"):
            await platform.roll_back(grant("g3"), ORDERS, "1.0", DIGESTS["1.0"], before="1.1")
        assert runs(await platform.status(ORDERS)) == ("1.1", 1, 1)


class TestManifests:
    async def test_a_tag_that_runs_is_no_release(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        fake.edit("deployments", STAGING, "orders", "kubectl", {"spec": {"replicas": 1}})
        with pytest.raises(DeploymentError, match=r"orders:latest, which is a tag.*by its digest"):
            await platform.status(ORDERS)

    async def test_two_of_one_service_are_not_guessed_between(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        second = deployment()
        second["metadata"]["name"] = "orders-2"
        fake.create("deployments", STAGING, second)
        with pytest.raises(DeploymentError, match=r"Several Deployments .*\(orders, orders-2\)"):
            await platform.status(ORDERS)

    async def test_which_container_is_the_service(self, fake: FakeKubernetes, tmp_path: Path) -> None:
        containers = [{"name": "app", "image": image("1.0")}, {"name": "proxy", "image": "envoy:1"}]
        fake.delete("deployments", STAGING, "orders")
        made = deployment(replicas=2)
        made["spec"]["template"]["spec"]["containers"] = containers
        fake.create("deployments", STAGING, made)
        async with opened(fake, tmp_path) as port:
            with pytest.raises(DeploymentError, match=r"no container called orders \(it has app, proxy\)"):
                await port.status(ORDERS)
        async with opened(fake, tmp_path, kubernetes_container="app") as port:
            assert runs(await deploy(port, "1.1", "g1", replicas=2)) == ("1.1", 2, 2)
        assert [one["image"] for one in standing(fake)["spec"]["template"]["spec"]["containers"]] == [
            image("1.1"),
            "envoy:1",
        ]

    async def test_an_id_is_never_a_selector(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        for service in ("orders,x=y", "", "orders in staging", "!orders"):
            assert (await platform.status(Target(service, Stage.STAGING))).stable is None
            assert (await platform.history(ChangeQuery(service=service))).items == ()


class TestJournal:
    async def test_the_oldest_changes_are_let_go_of(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g0")
        for number in range(1, MOST_ENTRIES + 2):
            await platform.scale(grant(f"g{number}"), ORDERS, number % 2 + 1, before=(number - 1) % 2 + 1)
        grants = says(fake)[3]
        assert (grants[0], grants[-1], len(grants)) == ("g2", f"g{MOST_ENTRIES + 1}", MOST_ENTRIES)

    async def test_one_that_cannot_be_read_holds_up_its_own_service_alone(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        production = Target("orders", Stage.PRODUCTION)
        for written in ("approved: roll back everything", '[{"grant": 1}]', " " * 70_000 + "[]"):
            bears = {"metadata": {"annotations": {JOURNAL: written}}}
            fake.edit("deployments", NAMESPACES[Stage.PRODUCTION], "orders", "kubectl", bears)
            with pytest.raises(
                DeploymentError, match="annotation countersign/changes of orders in namespace shop"
            ):
                await platform.deploy(grant("g1"), production, "1.0", DIGESTS["1.0"], 1, before=None)
            with pytest.raises(Away, match="does not tell what was done"):
                await platform.what_happened("g1")
        assert runs(await deploy(platform, "1.0", "g2")) == ("1.0", 1, 1)
        assert await platform.what_happened("g2") == "orders 1.0 deployed in staging"

    async def test_a_roll_back_stands_in_the_history_as_one(self, platform: KubernetesDeployments) -> None:
        await deploy(platform, "1.0", "g1")
        await deploy(platform, "1.1", "g2")
        await platform.roll_back(grant("g3"), ORDERS, "1.0", DIGESTS["1.0"], before="1.1")
        changes = (await platform.history(ChangeQuery())).items
        assert [(one.kind, one.version) for one in changes] == [
            (ChangeKind.ROLLED_BACK, "1.0"),
            (ChangeKind.DEPLOYED, "1.1"),
            (ChangeKind.DEPLOYED, "1.0"),
        ]
