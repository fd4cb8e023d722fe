"""In production the dashboard shows each person what their roles allow, and the chat's chooser is not there."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert

from bot.doctor import examine
from bot.settings import Settings
from bot.sign_in.configuration import AddressUnusable, public_address
from bot.tables import FileRow
from governance.tables import PersonRoleRow, WindowRow
from simulators.slack import FakeSlack
from storage.database import Database
from tests.bot.console.sample_rows import NOW, add_approval, add_plan
from tests.bot.sign_in.conftest import Site, serving

APP = {"slack_client_id": "1.2", "slack_client_secret": "s", "slack_workspaces": "T0ACME"}
ADDRESS = {"public_url": "https://countersign.example"}


async def test_customer_success_sees_what_her_role_allows_and_no_more(site: Site, slack: FakeSlack) -> None:
    async with site.database.transaction(site.tenant) as tx:
        ask: dict[str, Any] = {"asked": ("david",), "roles": ("product_owner",)}
        add_approval(tx, "ap_1", "Secret of others", requester="david", **ask)
        add_approval(tx, "ap_2", "Hers", requester="rachel", **ask)
        await add_plan(tx)
    rachel = await site.signed_in("rachel", slack)
    page = await rachel.page("/dashboard/approvals")
    assert "Hers" in page
    assert "Secret of others" not in page
    assert 'href="/dashboard/audit"' not in page
    assert "Customer dashboard" not in await rachel.page("/dashboard/plans")
    assert (await rachel.get("/dashboard/plans/pl_1")).status == 404
    for path in ("/dashboard/audit", "/dashboard/audit/0"):
        assert (await rachel.get(path)).status == 403
    assert (await rachel.post("/dashboard/audit/verify")).status == 403
    refusals = [(entry.kind, entry.actor) for entry in await site.recorded("dashboard.audit")]
    assert refusals == [("refusal", "rachel")] * 3


async def test_an_auditor_reads_the_log_while_an_audit_window_is_open(site: Site, slack: FakeSlack) -> None:
    agnes = await site.signed_in("agnes", slack)
    assert (await agnes.get("/dashboard/audit")).status == 403
    async with site.database.transaction(site.tenant) as tx:
        window = {"starts": NOW - timedelta(hours=1), "ends": NOW + timedelta(hours=5)}
        tx.add(WindowRow(id="wi_1", mode="audit", opened_by="carlos", reason="SOC 2", **window))
    assert (await agnes.get("/dashboard/audit")).status == 200


async def test_roles_are_those_of_now(site: Site, slack: FakeSlack) -> None:
    carlos = await site.signed_in("carlos", slack)
    assert (await carlos.get("/dashboard/audit")).status == 200
    async with site.database.transaction(site.tenant) as tx:
        await tx.execute(delete(PersonRoleRow).where(PersonRoleRow.person == "carlos"))
    assert (await carlos.get("/dashboard/audit")).status == 403
    assert (await carlos.get("/dashboard/approvals")).status == 403


async def test_files_open_for_those_whose_scope_covers_them_and_after_sign_in(
    site: Site, slack: FakeSlack
) -> None:
    scopes = {
        "fi_all": {"everything": True, "accounts": []},
        "fi_acme": {"everything": False, "accounts": ["acme-corp"]},
    }
    async with site.database.transaction(site.tenant) as tx:
        for name, scope in scopes.items():
            row = {"id": name, "name": "plan.csv", "media_type": "text/csv", "content": b"a,b", "scope": scope}
            await tx.execute(insert(FileRow).values(row))
    stranger = await site.browser()
    asked = await stranger.get("/files/fi_acme")
    assert asked.url.path == "/sign-in"
    assert asked.url.query["next"] == "/files/fi_acme"
    rachel = await site.signed_in("rachel", slack)
    found = await rachel.get(await rachel.begin("slack", "/files/fi_acme"))
    assert (found.url.path, await found.read()) == ("/files/fi_acme", b"a,b")
    assert found.headers["Content-Disposition"].startswith("attachment")
    for name in ("fi_all", "fi_none"):
        assert (await rachel.get(f"/files/{name}")).status == 404
    david = await site.signed_in("david", slack)
    assert (await david.get("/files/fi_all")).status == 200


async def test_the_bar_says_who_is_signed_in_and_how_to_sign_out(site: Site, slack: FakeSlack) -> None:
    amanda = await site.signed_in("amanda", slack)
    page = await amanda.page("/dashboard/approvals")
    assert "Signed in as Amanda Reyes-Holt, Engineering director" in page
    assert 'action="/sign-in/out"' in page
    for local in ("/console/", "Speak as", "Direct messages"):
        assert local not in page


async def test_the_chat_and_its_chooser_are_not_there(site: Site, slack: FakeSlack) -> None:
    amanda = await site.signed_in("amanda", slack)
    for path in ("/console/people", "/console/in/product", "/console/events", "/console/files/fi_1"):
        answer = await amanda.get(path)
        assert answer.status == 403
        assert "ENV=production" in await answer.text()
    for path in ("/console/persona", "/console/say", "/console/click"):
        assert (await amanda.post(path, json={"person": "david"})).status == 403
    assert "countersign_persona" not in amanda.cookies
    assert (await amanda.get("/")).url.path == "/dashboard/approvals"


async def test_without_any_sign_in_the_dashboard_says_what_to_set(
    database: Database, company: str, tmp_path: Path, site: Site
) -> None:
    async with serving(database, company, site.certificate, public_url="") as bare:
        browser = await bare.browser()
        for path in ("/dashboard", "/dashboard/audit/1", "/files/fi_1", "/sign-in", "/sign-in/slack"):
            answer = await browser.get(path)
            page = await answer.text()
            assert answer.status == 503
            for name in ("PUBLIC_URL", "SLACK_CLIENT_ID", "TEAMS_APP_ID"):
                assert name in page
        style = re.search(r'href="(/static/console.css[^"]*)"', page)
        assert style is not None
        assert (await browser.get(style[1])).status == 200
        assert (await browser.post("/dashboard/audit/verify")).status == 503
        assert (await browser.get("/healthz")).status == 200


@pytest.mark.parametrize(
    ("given", "state", "says"),
    [
        ({"env": "local"}, "well", "not needed"),
        (ADDRESS | APP, "well", "https://countersign.example/sign-in/slack/callback"),
        (APP, "wrong", "PUBLIC_URL is missing"),
        (APP | {"public_url": "http://countersign.example"}, "wrong", "is not https"),
        (ADDRESS, "wrong", "SLACK_CLIENT_ID"),
        (ADDRESS | APP | {"slack_workspaces": ""}, "wrong", "also needs SLACK_WORKSPACES"),
        (ADDRESS | APP | {"teams_app_id": "1"}, "advice", "also needs TEAMS_APP_PASSWORD and ENTRA_TENANTS"),
    ],
)
async def test_the_doctor_says_what_is_missing(
    given: dict[str, Any], state: str, says: str, tmp_path: Path
) -> None:
    nowhere = {"env": "production", "database_url": "postgresql://x@127.0.0.1:1/x"}
    settings = Settings(_env_file=None, **(nowhere | given))
    found = [finding async for finding in examine(settings) if finding.what == "sign-in"]
    assert any(finding.state == state and says in finding.says for finding in found)
    assert ("wrong" in {finding.state for finding in found}) == (state == "wrong")


@pytest.mark.parametrize(
    "url",
    [None, "", "countersign.example", "ftp://a.example", "https://", "https://a:b", "https://me@a.example",
     "https://a.example/x", "https://a.example/?x=1", "http://a.example"],
)  # fmt: skip
def test_an_address_that_cannot_carry_sign_in_is_refused(url: str | None) -> None:
    with pytest.raises(AddressUnusable, match="PUBLIC_URL"):
        public_address(url)


def test_an_address_is_known_however_it_is_written() -> None:
    address = public_address("https://Countersign.Example:443/")
    assert address.origin == "https://countersign.example"
    assert address.is_host("countersign.example")
    assert address.is_host("COUNTERSIGN.example:443")
    assert not address.is_host("countersign.example:80")
    assert public_address("http://127.0.0.1:8300").origin == "http://127.0.0.1:8300"
