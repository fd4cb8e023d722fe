"""A critical security patch goes to staging by itself, unless something holds it; production asks, with the
advisory named. Real processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from governance.approvals.store import open_approvals
from integrations.deployments import Stage, Target
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins, write_release
from tests.scenarios.operations import ORDERS, Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
STAGING = Target("orders", Stage.STAGING)


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    async with operations(server, tmp_path, with_stand_ins(tmp_path)) as opened:
        await opened.port.status(ORDERS)
        yield opened


def brings_out(folder: Path, version: str, built: str, severity: str) -> None:
    releases = folder / "department" / "releases"
    write_release(releases, "orders", version, built)
    with (releases / "orders" / version / "release.yaml").open("a") as file:
        file.write(f"security: {severity}\nadvisory: CVE-2026-1234\n")


async def looks(place: Operations) -> None:
    await place.installation.jobs.security.watch(place.tenant)


async def test_a_critical_one_goes_to_staging_and_production_asks(place: Operations, tmp_path: Path) -> None:
    brings_out(tmp_path, "4.20.0", "2026-11-27", "high")
    await looks(place)
    assert not await place.rows("SELECT 1 FROM effects WHERE decision_type = 'security_patches'")
    brings_out(tmp_path, "4.20.1", "2026-11-28", "critical")
    await looks(place)
    await looks(place)  # twice does nothing twice
    await place.until_status(lambda status: status.stable and status.stable.version == "4.20.1", STAGING)
    done = "SELECT actor FROM effects WHERE decision_type = 'security_patches' AND state = 'done'"
    (row,) = await place.until(done, lambda rows: rows)
    assert row[0]["id"] == "sre"
    await looks(place)
    told = "SELECT people, ids FROM notices WHERE kind = 'security_patch' ORDER BY created"
    began, ended = await place.rows(told)
    assert {"nathan", "carlos"} <= set(began[0])
    assert began[1]["advisory"] == ended[1]["advisory"] == "CVE-2026-1234"
    words = "SELECT 1 FROM outbox WHERE reply::text LIKE '%which is critical. orders 4.20.1 runs in staging%'"
    await place.until(words, bool)
    other = await place.say("nathan", "/deploy payment-service to production")
    assert other.approvals, other.as_text()
    asked = await place.say("nathan", "/deploy orders 4.20.1 to production")
    assert "Security patch (CVE-2026-1234)" in str(asked.cards)
    async with place.installation.database.transaction(place.tenant) as tx:
        waiting = [row.id for row, _ in await open_approvals(tx)]
    assert waiting == [asked.approvals[0]["id"], other.approvals[0]["id"]]


async def test_a_freeze_holds_it_and_says_so(place: Operations, tmp_path: Path) -> None:
    await place.say("carlos", "/freeze freeze all deployments because of the audit")
    brings_out(tmp_path, "4.20.1", "2026-11-28", "critical")
    await looks(place)
    await looks(place)
    assert not await place.rows("SELECT 1 FROM effects WHERE decision_type = 'security_patches'")
    (told,) = await place.rows("SELECT ids FROM notices WHERE kind = 'security_patch'")
    assert "froze deployments (the audit)" in told[0]["held"]
    lifted = await place.say("carlos", "/unfreeze unfreeze deployments, the audit is over")
    assert lifted.done, lifted.as_text()
    await looks(place)
    await place.until_status(lambda status: status.stable and status.stable.version == "4.20.1", STAGING)
