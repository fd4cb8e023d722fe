"""What every platform of deployments does with one service, orders, that nothing was deployed of yet.

Its releases: 1.0 and 1.1, which run; 1.2, which never becomes ready; 2.0, whose migration cannot be taken
back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from governance.action import Grant
from integrations.deployments import (
    BehindMigration,
    ChangedMeanwhile,
    ChangeKind,
    ChangeQuery,
    Deployments,
    GrantSpent,
    NeverRan,
    NoSuchRelease,
    NothingRuns,
    NotReady,
    ReleaseQuery,
    Stage,
    Status,
    Target,
)
from integrations.pages import NoSuchPage

ORDERS = Target("orders", Stage.STAGING)


def grant(name: str) -> Grant:
    return Grant(name, "t", f"ef_{name}", "", 0, datetime.now(UTC))


async def deploy(platform: Deployments, version: str, name: str, replicas: int = 1) -> Status:
    """Deploy a version of orders to staging, as somebody who has just looked would."""
    release = await platform.release("orders", version)
    standing = (await platform.status(ORDERS)).stable
    before = standing.version if standing else None
    return await platform.deploy(grant(name), ORDERS, version, release.digest, replicas, before=before)


def runs(status: Status) -> tuple[str, int, int]:
    """Which version, how many replicas are wanted, and how many answer."""
    assert status.stable is not None
    return status.stable.version, status.stable.replicas, status.stable.ready


class DeploymentsContract:
    """A vendor's tests bring the fixtures `platform`, and `rebuild`, which makes another release of a
    version."""

    async def test_a_version_takes_over_once_it_is_ready(self, platform: Deployments) -> None:
        assert (await platform.status(ORDERS)).stable is None
        assert runs(await deploy(platform, "1.0", "g1", replicas=2)) == ("1.0", 2, 2)
        assert runs(await deploy(platform, "1.1", "g2")) == ("1.1", 1, 1)
        newest, oldest = (await platform.history(ChangeQuery(service="orders"))).items
        said = (newest.kind, newest.target, newest.version, newest.before, newest.grant)
        assert said == (ChangeKind.DEPLOYED, ORDERS, "1.1", "1.0", "g2")
        assert (oldest.replicas, oldest.before, oldest.at <= newest.at) == (2, None, True)

    async def test_one_that_does_not_become_ready_changes_nothing(self, platform: Deployments) -> None:
        await deploy(platform, "1.0", "g1", replicas=2)
        with pytest.raises(NotReady, match=r"orders 1\.2 did not become ready .* nothing was changed"):
            await deploy(platform, "1.2", "g2")
        assert runs(await platform.status(ORDERS)) == ("1.0", 2, 2)
        assert await platform.what_happened("g2") is None
        assert [one.grant for one in (await platform.history(ChangeQuery())).items] == ["g1"]

    async def test_a_repeated_grant_does_nothing_and_another_use_of_it_is_refused(
        self, platform: Deployments
    ) -> None:
        await deploy(platform, "1.0", "g1")
        await deploy(platform, "1.1", "g2")
        assert runs(await deploy(platform, "1.0", "g1")) == ("1.1", 1, 1)
        with pytest.raises(GrantSpent):
            await platform.scale(grant("g1"), ORDERS, 3, before=1)
        assert await platform.what_happened("g1") == "orders 1.0 deployed in staging"
        assert await platform.what_happened("g9") is None

    async def test_it_goes_back_but_not_behind_a_migration(self, platform: Deployments) -> None:
        old, new = await platform.release("orders", "1.0"), await platform.release("orders", "2.0")
        await deploy(platform, "1.0", "g1", replicas=2)
        await deploy(platform, "1.1", "g2", replicas=2)
        back = await platform.roll_back(grant("g3"), ORDERS, "1.0", old.digest, before="1.1")
        assert runs(back) == ("1.0", 2, 2)
        assert (await platform.history(ChangeQuery(limit=1))).items[0].kind is ChangeKind.ROLLED_BACK
        await platform.deploy(grant("g4"), ORDERS, "2.0", new.digest, 1, before="1.0")
        with pytest.raises(BehindMigration, match=r"older than 2\.0, whose migration cannot be taken back"):
            await platform.roll_back(grant("g5"), ORDERS, "1.0", old.digest, before="2.0")
        assert runs(await platform.status(ORDERS)) == ("2.0", 1, 1)

    async def test_it_goes_back_to_nothing_that_never_ran_there(
        self, platform: Deployments, rebuild: Callable[[str], Awaitable[None]]
    ) -> None:
        never = await platform.release("orders", "1.1")
        await deploy(platform, "1.0", "g1")
        with pytest.raises(NeverRan, match=r"orders 1\.1, as it was asked for, never ran in staging"):
            await platform.roll_back(grant("g2"), ORDERS, "1.1", never.digest, before="1.0")
        await deploy(platform, "1.1", "g3")
        await rebuild("1.0")  # other files under the name of what ran
        changed = await platform.release("orders", "1.0")
        with pytest.raises(NeverRan):
            await platform.roll_back(grant("g4"), ORDERS, "1.0", changed.digest, before="1.1")
        assert runs(await platform.status(ORDERS)) == ("1.1", 1, 1)
        newest, oldest = (await platform.history(ChangeQuery(service="orders"))).items
        assert (newest.digest, oldest.version) == (never.digest, "1.0")
        assert oldest.digest != changed.digest

    async def test_it_scales_what_runs_and_nothing_else(self, platform: Deployments) -> None:
        old = await platform.release("orders", "1.0")
        with pytest.raises(NothingRuns):
            await platform.scale(grant("g0"), ORDERS, 2, before=1)
        with pytest.raises(NothingRuns):
            await platform.roll_back(grant("g0"), ORDERS, "1.0", old.digest, before="1.1")
        await deploy(platform, "1.0", "g1")
        assert runs(await platform.scale(grant("g2"), ORDERS, 3, before=1)) == ("1.0", 3, 3)
        assert runs(await platform.scale(grant("g3"), ORDERS, 1, before=3)) == ("1.0", 1, 1)
        assert await platform.what_happened("g2") == "orders 1.0 scaled in staging"

    async def test_what_has_changed_since_is_not_what_was_approved(
        self, platform: Deployments, rebuild: Callable[[str], Awaitable[None]]
    ) -> None:
        seen = await platform.release("orders", "1.1")
        await rebuild("1.1")
        with pytest.raises(NoSuchRelease, match="not what was approved any more"):
            await platform.deploy(grant("g1"), ORDERS, "1.1", seen.digest, 1, before=None)
        assert (await platform.status(ORDERS)).stable is None

    async def test_what_stands_otherwise_by_now_is_not_changed(self, platform: Deployments) -> None:
        old, new = await platform.release("orders", "1.0"), await platform.release("orders", "1.1")
        await deploy(platform, "1.0", "g1")
        with pytest.raises(ChangedMeanwhile, match=r"staging stands at 1\.0, and not at nothing any more"):
            await platform.deploy(grant("g2"), ORDERS, "1.1", new.digest, 1, before=None)
        await deploy(platform, "1.1", "g3")
        with pytest.raises(ChangedMeanwhile):
            await platform.roll_back(grant("g4"), ORDERS, "1.0", old.digest, before="1.2")
        with pytest.raises(ChangedMeanwhile, match="stands at 1, and not at 4 any more"):
            await platform.scale(grant("g5"), ORDERS, 2, before=4)
        assert [await platform.what_happened(name) for name in ("g2", "g4", "g5")] == [None, None, None]
        assert runs(await platform.status(ORDERS)) == ("1.1", 1, 1)

    async def test_the_other_stage_is_another_place(self, platform: Deployments) -> None:
        await deploy(platform, "1.0", "g1")
        production = Target("orders", Stage.PRODUCTION)
        assert (await platform.status(production)).stable is None
        assert (await platform.history(ChangeQuery(stage=Stage.PRODUCTION))).items == ()
        assert [one.target for one in (await platform.history(ChangeQuery(stage=Stage.STAGING))).items] == [
            ORDERS
        ]
        assert (await platform.status(Target("nobodys", Stage.STAGING))).stable is None

    async def test_releases_come_in_pages_newest_first(self, platform: Deployments) -> None:
        assert "orders" in await platform.services()
        first = await platform.releases(ReleaseQuery(service="orders", limit=2))
        second = await platform.releases(ReleaseQuery(service="orders", limit=9, after=first.after))
        found = [one.version for one in (*first.items, *second.items) if one.version != "1.3"]
        assert found == ["2.0", "1.2", "1.1", "1.0"]
        assert (first.items[0].irreversible, second.after) == (True, None)
        with pytest.raises(NoSuchPage):
            await platform.releases(ReleaseQuery(after="nothing of it"))
        with pytest.raises(NoSuchRelease, match=r"orders has no release 9\.9. It has 2\.0, 1\."):
            await platform.release("orders", "9.9")
        for service, version in (
            ("orders", "../stubborn/1.0"),
            ("..", "releases"),
            ("orders", ".."),
            ("", "orders"),
        ):
            with pytest.raises(NoSuchRelease):
                await platform.release(service, version)
