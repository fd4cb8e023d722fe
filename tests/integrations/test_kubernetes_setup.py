"""The documented Role is what is used; and the way to a cluster, in words where there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from integrations.deployments import (
    ChangeQuery,
    NotReady,
    ReleaseQuery,
    Stage,
    Target,
)
from integrations.deployments.vendors.kubernetes.api import NotPermitted
from integrations.deployments.vendors.kubernetes.platform import KubernetesDeployments
from simulators.kubernetes import FakeKubernetes
from tests.integrations.deployments_contract import ORDERS, deploy, grant, runs
from tests.integrations.kubernetes_cluster import (
    DIGESTS,
    STAGING,
    around,
    cluster,
    deployment,
    documented,
    opened,
    vendor,
    write_kubeconfig,
    write_releases,
)


@pytest.fixture
def fake() -> FakeKubernetes:
    return cluster()


@pytest.fixture
async def platform(fake: FakeKubernetes, tmp_path: Path) -> AsyncIterator[KubernetesDeployments]:
    async with opened(fake, tmp_path) as port:
        yield port


class TestPermissions:
    async def test_the_documented_role_allows_what_is_used_and_no_more(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        await platform.scale(grant("g2"), ORDERS, 2, before=1)
        with pytest.raises(NotReady):
            await deploy(platform, "1.2", "g3")
        await platform.history(ChangeQuery())
        await platform.releases(ReleaseQuery())
        await platform.what_happened("g1")
        (role,) = documented("Role")
        allowed = {
            (verb, group, resource)
            for rule in role["rules"]
            for verb in rule["verbs"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        }
        assert fake.used == allowed

    def test_the_documented_objects_are_what_kubernetes_takes(self) -> None:
        (role,), (binding,) = documented("Role"), documented("RoleBinding")
        jsonschema.validate(role, _ROLE)
        jsonschema.validate(binding, _BINDING)
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        assert binding["metadata"]["namespace"] == role["metadata"]["namespace"]
        (manifest,) = documented("Deployment")
        labels = manifest["spec"]["template"]["metadata"]["labels"].items()
        assert manifest["spec"]["selector"]["matchLabels"].items() <= labels

    @pytest.mark.parametrize(
        ("resource", "said"),
        [
            ("deployments", "list deployments.apps in namespace shop-staging"),
            ("replicasets", "list replicasets.apps in namespace shop-staging"),
            ("configmaps", "get configmaps countersign-releases in namespace shop-staging"),
            ("horizontalpodautoscalers", "list horizontalpodautoscalers.autoscaling in namespace"),
        ],
    )
    async def test_what_is_not_permitted_is_named(
        self, fake: FakeKubernetes, platform: KubernetesDeployments, resource: str, said: str
    ) -> None:
        rules = [rule for rule in fake.roles[STAGING] if resource not in rule["resources"]]
        digest = DIGESTS["1.0"]
        fake.roles[STAGING] = rules
        with pytest.raises(NotPermitted, match=f"does not let us {said}.*Nothing was changed"):
            await platform.deploy(grant("g1"), ORDERS, "1.0", digest, 1, before=None)
        assert fake.writes == []

    async def test_a_stage_that_may_only_be_read(
        self, fake: FakeKubernetes, platform: KubernetesDeployments
    ) -> None:
        rules = [
            {**rule, "verbs": [verb for verb in rule["verbs"] if verb != "patch"]}
            for rule in fake.roles[STAGING]
        ]
        fake.roles[STAGING] = rules
        with pytest.raises(NotPermitted, match=r"does not let us patch deployments\.apps in namespace shop-st"):
            await deploy(platform, "1.0", "g1")
        assert (await platform.status(ORDERS)).stable is None
        production = Target("orders", Stage.PRODUCTION)
        await platform.deploy(grant("g2"), production, "1.0", DIGESTS["1.0"], 1, before=None)
        assert runs(await platform.status(production)) == ("1.0", 1, 1)


class TestSettings:
    async def test_the_doctor_says_what_it_found(self, fake: FakeKubernetes, tmp_path: Path) -> None:
        async with opened(fake, tmp_path):
            (well,) = await vendor().check(around(tmp_path / "kubeconfig"))
            assert (well.state, well.says) == (
                "well",
                "it answers; 1 in staging and 1 in production; 4 releases can be deployed",
            )
            write_releases(fake, shape="- x")
            fake.create("deployments", STAGING, deployment("auth", strategy={"type": "Recreate"}))
            _, unread, hasty = await vendor().check(around(tmp_path / "kubeconfig"))
            assert (unread.state, "shape in namespace shop-staging" in unread.says) == ("wrong", True)
            assert (hasty.state, hasty.says.endswith(": auth")) == ("advice", True)
            fake.roles[STAGING] = ()
            (wrong,) = await vendor().check(around(tmp_path / "kubeconfig"))
            assert (wrong.state, "does not let us" in wrong.says) == ("wrong", True)
        (away,) = await vendor().check(around(write_kubeconfig(tmp_path / "away", "http://127.0.0.1:1")))
        assert (away.state, "Kubernetes cannot be reached" in away.says) == ("wrong", True)

    async def test_there_is_no_way_to_the_cluster(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "broken").write_text("users: [\n")
        half = write_kubeconfig(tmp_path / "half", "https://127.0.0.1:1")
        half.write_text(half.read_text().replace("server:", "certificate-authority: none.pem\n    server:"))
        for kubeconfig in (tmp_path / "none", tmp_path / "broken", half, None):
            (checked,) = await vendor().check(around(kubeconfig))
            assert (checked.state, "Kubernetes cannot be reached with" in checked.says) == ("wrong", True)
        monkeypatch.setitem(sys.modules, "kubernetes_asyncio.client", None)
        (missing,) = await vendor().check(around(tmp_path / "x"))
        assert "pip install 'countersign[kubernetes]'" in missing.says

    @pytest.mark.parametrize(
        "written",
        ["shop", "staging=shop", "staging=shop, production=shop", "staging=a/b, production=c", "a=b, c=d"],
    )
    def test_namespaces_are_one_for_each_stage(self, written: str) -> None:
        settings = type(around(Path()).settings)
        with pytest.raises(ValidationError, match="kubernetes_namespaces"):
            settings(_env_file=None, kubernetes_namespaces=written)  # type: ignore[misc]

    @pytest.mark.processes
    def test_the_library_is_not_read_in_before_it_is_used(self) -> None:
        code = (
            "import sys; from integrations.integration import find_vendors;"
            " assert 'kubernetes' in find_vendors(shipped=()).found['deployments'];"
            " sys.exit(any(name.startswith('kubernetes_asyncio') for name in sys.modules))"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


_WORDS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_METADATA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}},
    "required": ["name", "namespace"],
    "additionalProperties": False,
}


def _rbac(kind: str, **properties: Any) -> dict[str, Any]:
    """The schema of one of rbac.authorization.k8s.io/v1's objects, as its reference has it."""
    every = {
        "apiVersion": {"const": "rbac.authorization.k8s.io/v1"},
        "kind": {"const": kind},
        "metadata": _METADATA,
        **properties,
    }
    return {"type": "object", "properties": every, "required": list(every), "additionalProperties": False}


_ROLE = _rbac(
    "Role",
    rules={
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "apiGroups": _WORDS,
                "resources": _WORDS,
                "resourceNames": _WORDS,
                "verbs": {
                    **_WORDS,
                    "items": {"enum": ["get", "list", "watch", "create", "update", "patch", "delete"]},
                },
            },
            "required": ["apiGroups", "resources", "verbs"],
            "additionalProperties": False,
        },
    },
)
_BINDING = _rbac(
    "RoleBinding",
    roleRef={
        "type": "object",
        "properties": {
            "apiGroup": {"const": "rbac.authorization.k8s.io"},
            "kind": {"const": "Role"},
            "name": {"type": "string"},
        },
        "required": ["apiGroup", "kind", "name"],
        "additionalProperties": False,
    },
    subjects={
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "kind": {"const": "ServiceAccount"},
                "name": {"type": "string"},
                "namespace": {"type": "string"},
            },
            "required": ["kind", "name", "namespace"],
            "additionalProperties": False,
        },
    },
)
