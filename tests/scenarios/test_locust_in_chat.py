"""A company's own load scenario by chat: driven by Locust where nothing is named, and a path where one is."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.deployments import Stage, Target
from integrations.load.vendors.locust import is_installed
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins
from tests.scenarios.operations import operations

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not is_installed(), reason="Locust is not installed"),
]

_SCENARIO = """
from locust import HttpUser, task

class Shopper(HttpUser):
    @task
    def history(self):
        self.client.get("/accounts/7/orders")
"""


async def test_a_companys_scenario_is_driven_and_judged(server: EmbeddedServer, tmp_path: Path) -> None:
    department = with_stand_ins(tmp_path)
    written = (department / "department.yaml").read_text()
    (department / "department.yaml").unlink()
    (department / "department.yaml").write_text(f"{written}\nintegrations: {{load: locust}}\n")
    (department / "load").mkdir()
    (department / "load" / "orders.py").write_text(_SCENARIO)
    async with operations(server, tmp_path, department) as place:
        staging = Target("orders", Stage.STAGING)
        await place.until_status(lambda found: found.stable is not None and found.stable.ready, staging)
        words = "/simulate_load load test orders at 10 requests a second for 6 seconds, p95 under 20 s"
        begun = await place.say("nathan", words)
        says = "load/orders.py, by users who wait for answers, at 10 steps a second"
        assert says in str(begun.cards), begun.as_text()
        (row,) = await place.until(
            "SELECT verdict, result FROM load_tests", lambda rows: rows and rows[0].verdict is not None
        )
        (level,) = row.result["levels"]
        assert level["failed"] == 0, row.result
        assert 20 <= level["answered"] <= 80
        assert row.verdict in ("passed", "invalid"), "a busy machine is said to be one"
        await place.until("SELECT 1 FROM runs WHERE state = 'running'", lambda rows: not rows)
        named = await place.say("nathan", "/simulate_load load test orders on /orders/1 at 5 rps for 5 seconds")
        assert "GET /orders/1 at 5 requests a second" in str(named.cards), named.as_text()
        await place.until("SELECT 1 FROM load_tests WHERE verdict IS NULL", lambda rows: not rows)
