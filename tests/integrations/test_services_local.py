"""The catalogue of files: what it reads, and how it says what is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integrations.pages import Part
from integrations.services import CatalogueError, NoSuchService, Service, ServiceCatalogue
from integrations.services.vendors.local import LocalCatalogue, read_catalogue
from tests.integrations.pages_contract import keeps_pages

ORDERS = """\
# What orders is.
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: orders
  title: Orders
  description: Keeps orders
  tags: [kotlin, pii]
  annotations:
    countersign.dev/tier: "1"
spec:
  type: service
  lifecycle: production
  owner: group:default/beta
  system: ordering
  dependsOn:
    - component:payment-service
    - component:default/event-bus
    - resource:orders-db
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: orders-api
spec:
  definition:
    $text: ./openapi.yaml
"""
BARE = """\
---
kind: Component
metadata: {name: cart}
spec: {type: library, lifecycle: experimental, owner: alpha}
---
# nothing more
"""


def catalogue(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "catalog-info.yaml").write_text(text)
    return folder


async def test_components_are_services_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    (catalogue(tmp_path, orders=ORDERS, cart=BARE) / "orders" / "other.yaml").write_text("{{{")
    local = LocalCatalogue(tmp_path)
    assert (await local.services(Part())).items == (
        Service("cart", "cart", "", "alpha", None, "library", "experimental", None, (), ()),
        Service(
            id="orders",
            name="Orders",
            description="Keeps orders",
            team="beta",
            tier=1,
            kind="service",
            lifecycle="production",
            system="ordering",
            depends_on=("payment-service", "event-bus"),
            tags=("kotlin", "pii"),
        ),
    )
    assert (await local.service("orders")).name == "Orders"
    for unknown in ("orders-api", "", "../orders", "ORDERS"):
        with pytest.raises(NoSuchService):
            await local.service(unknown)


async def test_the_files_are_read_once_and_off_the_loop(tmp_path: Path) -> None:
    local = LocalCatalogue(catalogue(tmp_path, orders=ORDERS))
    first, second = await asyncio.gather(local.services(Part()), local.services(Part()))
    (tmp_path / "orders" / "catalog-info.yaml").unlink()
    assert first == second == await local.services(Part())
    assert len(first.items) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("metadata:\n  name: orders\n", "metadata:\n", r"line 4: `metadata.name` must be given"),
        ("  name: orders\n", "  name: [orders]\n", r"line 5: `metadata.name` must be given, as text"),
        ("name: orders\n", "name: ../orders\n", r"line 5: `../orders` is no name"),
        ("owner: group:default/beta", 'owner: ""', r"line 14: `spec.owner` must be given"),
        ('tier: "1"', 'tier: "gold"', r"line 10: the tier is a digit in quotes"),
        ('tier: "1"', "tier: 1", r"line 10: .* as text"),
        ("tags: [kotlin, pii]", "tags: kotlin", r"line 8: `metadata.tags` must be a list"),
        ("- component:default/event-bus", "- event-bus", r"line 18: .*`component:event-bus`\?"),
        ("description: Keeps orders", "description: Keeps: orders", r"line 7: this is not YAML"),
        ("title: Orders", "title: *orders", r"line 6: write the value out instead of an alias"),
        ("title: Orders", "name: other", r"line 6: `name` stands here twice"),
        ("title: Orders", "title: !!python/object/apply:os.system [id]", r"line 6: this is not YAML"),
        ("kind: API\n", "", r"line 21: `kind` must be given"),
        ("    $text: ./openapi.yaml", "    $text: {", r"line 28: this is not YAML"),
        (ORDERS, "- just\n- a list\n", r"line 1: `kind` must be given"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ORDERS
    with pytest.raises(CatalogueError, match=f"^orders/catalog-info.yaml, {said}"):
        read_catalogue(catalogue(tmp_path, orders=ORDERS.replace(old, new, 1)))


def test_a_service_is_described_once(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"^b/catalog-info.yaml, line 5: .*in a/catalog-info.yaml already"):
        read_catalogue(catalogue(tmp_path, a=ORDERS, b=ORDERS))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    assert read_catalogue(tmp_path / "nowhere") == {}
    path = catalogue(tmp_path, orders="") / "orders" / "catalog-info.yaml"
    assert read_catalogue(tmp_path) == {}
    path.write_bytes(b"kind: Component\nmetadata: \xff\n")
    with pytest.raises(CatalogueError, match=r"^orders/catalog-info.yaml, line 2: this is not UTF-8"):
        read_catalogue(tmp_path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(CatalogueError, match="at most 1000000"):
        read_catalogue(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_catalogue(tmp_path)


class CatalogueContract:
    """What every catalogue does that has the services of the fixture `services`."""

    async def test_services_come_in_pages(self, services: ServiceCatalogue) -> None:
        await keeps_pages(lambda after, limit: services.services(Part(after, limit)), marked=False)

    @pytest.mark.parametrize("said", ["the payment ledger", "paymnet-ledger", "Payment Ledgers"])
    async def test_the_one_that_is_named_is_found_first(self, services: ServiceCatalogue, said: str) -> None:
        assert [one.id for one in await services.find(said, 1)] == ["payment-ledger"]

    async def test_no_more_are_found_than_are_asked_for(self, services: ServiceCatalogue) -> None:
        found = [one.id for one in await services.find("payment", 10)]
        assert found == ["payment", "payment-ledger"]
        assert list(await services.find("payment", 0)) == list(await services.find("zebra", 10)) == []


class TestLocalCatalogue(CatalogueContract):
    @pytest.fixture
    def services(self, tmp_path: Path) -> ServiceCatalogue:
        named = {name: BARE.replace("cart", name) for name in ("payment-ledger", "payment", "search", "cart")}
        for name, described in named.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "catalog-info.yaml").write_text(described)
        return LocalCatalogue(tmp_path)
