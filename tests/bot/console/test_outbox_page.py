"""Mail that goes nowhere is shown on the dashboard, to those who see everything."""

from __future__ import annotations

from pathlib import Path

import httpx

from storage.embedded import EmbeddedServer
from tests.integrations.mail.mail_contract import grant, message
from tests.workplace import at_work


async def test_the_outbox_shows_what_was_written(server: EmbeddedServer, tmp_path: Path) -> None:
    async with at_work(server, tmp_path, works=False) as place, httpx.AsyncClient() as client:
        await place.installation.ports(place.tenant).mail.send_mail(grant(), message())
        at = f"{place.address}/dashboard/outbox"
        chosen = {"person": "amanda"}
        await client.post(f"{place.address}/console/persona", data=chosen, headers={"Origin": place.address})
        page = await client.get(at, headers={"Accept": "text/html"})
        assert page.status_code == 200, page.text
        assert "Größe: review, “payments”" in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "<script>alert(1)" not in page.text
        assert 'href="/dashboard/outbox"' in page.text
