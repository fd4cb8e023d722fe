"""The database is gone in the middle of a canary: nobody can renew it, so all traffic goes back within its
lease; what ended it is on record once the database is back."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from integrations.deployments import ChangeQuery, Stage
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins, write_release
from tests.scenarios.faults.outages import Shaken
from tests.scenarios.operations import Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
LEASE_SECONDS = 10
RULES = f"""
releases:
  shares: [50, 100]
  least_requests: 20
  least_seconds: 5
  deadline_seconds: 120
  lease_seconds: {LEASE_SECONDS}
"""


@pytest.fixture
async def place(own_server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    department = with_stand_ins(tmp_path)
    write_release(department / "releases", "orders", "5.0.0", "2026-11-20")
    file = department / "department.yaml"
    written = file.read_text() + RULES
    file.unlink()  # a link to the sample's
    file.write_text(written)
    async with operations(own_server, tmp_path, department) as opened:
        yield opened


async def test_all_traffic_is_back_within_the_lease(place: Operations, own_server: EmbeddedServer) -> None:
    shaken = Shaken(place.installation, own_server)
    await place.until_status(lambda found: found.stable is not None)
    await place.asked_and_approved("/deploy orders 5.0.0 to production")
    await place.until("SELECT 1 FROM run_steps WHERE kind = 'canary_watch' AND state = 'asleep'", bool)
    await shaken.go_away(signal.SIGKILL)
    away = monotonic()
    status = await place.until_status(lambda found: found.canary is None)
    assert status.stable is not None
    assert status.stable.version == "4.17.2"
    assert monotonic() - away < LEASE_SECONDS + 5
    await shaken.come_back()
    await place.until("SELECT 1 FROM audit_entries WHERE type = 'canary.returned'", bool)
    await place.until("SELECT state FROM runs", lambda found: found == [("done",)])
    history = await place.port.history(ChangeQuery("orders", Stage.PRODUCTION))
    newest, begun, *_ = history.items
    assert (newest.kind, newest.why) == ("returned", f"nobody renewed it for {LEASE_SECONDS} seconds")
    assert (begun.kind, bool(begun.grant)) == ("canary begun", True)
