"""A real Alertmanager posts to the product."""

from __future__ import annotations

import asyncio
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from storage.embedded import EmbeddedServer
from tests import alerts_sent as sent
from tests.bot.test_alerts import incidents, taken
from tests.workplace import Workplace, at_work

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(PROGRAM is None, reason="needs Alertmanager (prometheus-alertmanager)"),
]

CONFIGURATION = """
route: {{receiver: countersign, group_by: [service], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: countersign
    webhook_configs:
      - url: {address}/alerts/alertmanager
        send_resolved: true
        max_alerts: 2
        http_config: {{authorization: {{type: Bearer, credentials: {token}}}}}
"""


def _free_port() -> int:
    with socket.socket() as taken_one:
        taken_one.bind(("127.0.0.1", 0))
        return int(taken_one.getsockname()[1])


async def test_what_it_sends_opens_an_incident_and_ends_its_alerts(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTMANAGER_TOKEN", sent.TOKEN)
    async with at_work(server, tmp_path) as place:
        file, port = tmp_path / "alertmanager.yml", _free_port()
        file.write_text(CONFIGURATION.format(address=place.address, token=sent.TOKEN))
        process = await asyncio.create_subprocess_exec(
            str(PROGRAM),
            f"--config.file={file}",
            f"--storage.path={tmp_path / 'kept'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as manager, asyncio.timeout(60):
                await _until_ready(manager)
                began = datetime.now(UTC) - timedelta(minutes=1)
                names = ("HighErrorRate", "Slow", "Full")
                fires = [
                    {"labels": {"alertname": name, "service": "orders"}, "startsAt": began.isoformat()}
                    for name in names
                ]
                (await manager.post("/api/v2/alerts", json=fires)).raise_for_status()
                await _until(place, "open")
                await taken(place)
                over = [alert | {"endsAt": datetime.now(UTC).isoformat()} for alert in fires]
                (await manager.post("/api/v2/alerts", json=over)).raise_for_status()
                await _until(place, "mitigated")
            assert await incidents(place) == [("INC-1", "orders", "production", "mitigated", None)]
            assert {row.left_out for row in await place.rows("SELECT left_out FROM alerts")} == {1}
        finally:
            process.terminate()
            await process.wait()


async def _until(place: Workplace, state: str) -> None:
    while [row[3] for row in await incidents(place)] != [state]:  # noqa: ASYNC110 — the rows are the truth
        await asyncio.sleep(0.1)


async def _until_ready(manager: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await manager.get("/-/ready")).is_success:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
