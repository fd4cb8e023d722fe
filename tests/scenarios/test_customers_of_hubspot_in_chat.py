"""A department whose customers stand in HubSpot: asked after in chat, with what HubSpot does not say, and while
it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simulators.hubspot import FakeHubSpot, serving
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import operations

ACME = Path(__file__).parents[2] / "examples" / "acme"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


def _department(folder: Path) -> Path:
    """The sample's, which takes its customers from HubSpot."""
    department = folder / "department"
    department.mkdir()
    for part in ACME.iterdir():
        if part.name != "department.yaml":
            (department / part.name).symlink_to(part)
    shutil.copy(ACME / "department.yaml", department)
    with (department / "department.yaml").open("a", encoding="utf-8") as written:
        written.write("\nintegrations: {customers: hubspot}\n")
    return department


def _fill(hubspot: FakeHubSpot) -> None:
    companies = {
        key: hubspot.has(
            "companies", lifecyclestage="customer", account_key=key, name=name, arr=arr, renewal=None
        )
        for key, name, arr in (
            ("acme-corp", "Acme Corp", "510000"),
            ("halden-logistics", "Halden Logistics", None),
            ("meridian-freight", "Meridian Freight", "120000"),
        )
    }
    ticket = hubspot.has(
        "tickets",
        hs_pipeline="77",
        subject="Sign in with SAML",
        createdate="2026-10-19T08:00:00Z",
        stories=None,
    )
    hubspot.link("tickets", ticket, "companies", companies["acme-corp"])


async def test_what_hubspot_says_and_what_it_does_not(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving() as hubspot:
        _fill(hubspot)
        for name, value in {
            "HUBSPOT_TOKEN": hubspot.token,
            "HUBSPOT_API_URL": hubspot.url,
            "HUBSPOT_KEY_PROPERTY": "account_key",
            "HUBSPOT_ARR_PROPERTY": "arr",
            "HUBSPOT_RENEWAL_PROPERTY": "renewal",
            "HUBSPOT_REQUEST_PIPELINE": "77",
        }.items():
            monkeypatch.setenv(name, value)
        async with operations(server, tmp_path, _department(tmp_path), look_seconds=60) as place:
            hubspot.faults = ["forbidden"]
            refused = await place.say("rachel", "/status what about Acme Corp?")
            assert "HubSpot does not let the private app read companies" in refused.as_text()
            ranked = await place.say("david", "/prioritise what comes first?")
            assert "not known of Halden Logistics" in str(ranked.cards), ranked.as_text()
            assert "HubSpot has no yearly revenue of Halden Logistics." in str(ranked.cards)
            assert "HubSpot keeps no promises to customers" in str(ranked.cards)
            hers = await place.say("rachel", "/status what about Acme Corp?")
            assert "Sign in with SAML (asked 19 Oct 2026). nothing of it is planned yet." in hers.as_text()
            other = await place.say("rachel", "/status what did the customer Halden Logistics ask for?")
            assert "no customer of yours" in other.as_text()
            assert "Meridian Freight" not in ranked.as_text() + hers.as_text() + other.as_text()
