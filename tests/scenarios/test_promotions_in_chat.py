"""Where promotions are asked about: canaries that passed wait, and are approved as one list, without one that
is over meanwhile. Real processes, real traffic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from integrations.deployments import Stage, Target
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins, write_release
from tests.scenarios.operations import ORDERS, Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
PAYMENTS = Target("payment-service", Stage.PRODUCTION)
RULES = """
releases:
  shares: [50, 100]
  least_requests: 20
  least_seconds: 5
  deadline_seconds: 60
  lease_seconds: 60
  promotion: ask
"""
OPEN = "SELECT id, title FROM approvals WHERE status = 'open' ORDER BY number DESC"


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    department = with_stand_ins(tmp_path)
    for service in ("orders", "payment-service"):
        write_release(department / "releases", service, "5.0.0", "2026-11-20")
    file = department / "department.yaml"
    written = file.read_text() + RULES
    file.unlink()  # a link to the sample's
    file.write_text(written)
    async with operations(server, tmp_path, department) as opened:
        addresses = [str((await opened.port.status(target)).address) for target in (ORDERS, PAYMENTS)]
        traffic = [asyncio.create_task(_send(address)) for address in addresses]
        yield opened
        for task in traffic:
            task.cancel()
        await asyncio.gather(*traffic, return_exceptions=True)


async def _send(address: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        while True:
            with suppress(httpx.HTTPError):
                await client.get(address)
            await asyncio.sleep(0.05)


async def test_those_that_passed_are_one_list_without_what_is_over_meanwhile(place: Operations) -> None:
    card = await place.asked_and_approved("/deploy orders 5.0.0 to production")
    assert "once that is approved as well" in card
    await place.until(OPEN, lambda rows: rows and rows[0][1] == "Promote a canary that passed")
    await place.asked_and_approved("/deploy payment-service 5.0.0 to production")
    (both,) = await place.until(OPEN, lambda rows: rows and rows[0][1] == "Promote 2 canaries that passed")
    status = await place.port.status(ORDERS)
    assert status.canary is not None
    assert status.stable is not None
    assert status.stable.version == "4.17.2"
    await place.say("nathan", "/deploy abort the canary of payment-service")
    await place.until_status(lambda found: found.canary is None, PAYMENTS)
    left = "Promote a canary that passed (left out, for it is over: payment-service 5.0.0 in production)"
    (one,) = await place.until(OPEN, lambda rows: rows and rows[0][1] == left)
    assert one[0] != both[0]
    await place.until(f"SELECT 1 FROM outbox WHERE reply::text LIKE '%{one[0]}%' AND posted IS NOT NULL", bool)
    own = await place.chat.decide("nathan", one[0], "approve", {})
    assert "approved" not in own.as_text().lower() or "cannot" in own.as_text().lower()
    await place.chat.decide("amanda", one[0], "approve", {})
    await place.runs("5.0.0")
    payments = await place.port.status(PAYMENTS)
    assert payments.stable is not None
    assert payments.stable.version == "1.42.3"
