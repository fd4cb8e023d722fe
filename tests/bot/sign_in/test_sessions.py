"""Sessions: kept from scripts and other sites, bound to a person as they are now, and over in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import Morsel
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.sign_in import sessions
from bot.sign_in.sessions import digest
from bot.sign_in.tables import WebSessionRow, WebSignInRow
from governance.tables import IdentityRow
from simulators.slack import FakeSlack
from storage.database import Database
from tests.bot.console.fake_department import acme, move_in
from tests.bot.sign_in.conftest import Browser, Site, serving, slack_settings

COOKIE = "countersign_session"


@pytest.fixture
async def amanda(site: Site, slack: FakeSlack) -> Browser:
    """A browser in which Amanda signed in."""
    return await site.signed_in("amanda", slack)


async def _is_out(browser: Browser) -> bool:
    return (await browser.get("/dashboard/approvals")).url.path == "/sign-in"


async def test_the_database_holds_no_token_that_opens_anything(site: Site, amanda: Browser) -> None:
    token = amanda.cookies[COOKIE]
    assert len(token) >= 43
    async with site.database.transaction(site.tenant) as tx:
        rows = (await tx.execute(text("SELECT * FROM web_sessions"))).all()
        begun = (await tx.execute(text("SELECT * FROM web_sign_ins"))).all()
    assert [row.id for row in rows] == [digest(token)]
    assert token not in str(rows)
    assert amanda.cookies["countersign_browser"] not in str(begun)


async def test_cookies_are_kept_from_scripts_and_other_sites(
    database: Database, company: str, slack: FakeSlack, tmp_path: Path, entra: object
) -> None:
    given = slack_settings(slack) | {"public_url": "https://countersign.example"}
    async with serving(database, company, tmp_path / "entra.pem", **given) as site:
        await site.link("amanda")
        host = {"Host": "countersign.example"}
        browser = await site.browser()
        begun = await browser.get("/sign-in/slack", headers=host, allow_redirects=False)
        bound = begun.cookies["__Host-countersign_browser"]
        _is_closed(bound)
        back = await browser.get(begun.headers["Location"], allow_redirects=False)
        path = back.headers["Location"].removeprefix("https://countersign.example")
        cookie = {"Cookie": f"__Host-countersign_browser={bound.value}"}
        done = await browser.get(path, headers=host | cookie, allow_redirects=False)
        _is_closed(done.cookies["__Host-countersign_session"])
        assert done.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "no-store" in done.headers["Cache-Control"]
        token = done.cookies["__Host-countersign_session"].value
        cookie = {"Cookie": f"__Host-countersign_session={token}"}
        assert (await browser.get("/dashboard/approvals", headers=host | cookie)).status == 200
        # The name without the prefix is not believed, for a neighbouring host could set it.
        cookie = {"Cookie": f"{COOKIE}={token}"}
        answer = await browser.get("/dashboard/approvals", headers=host | cookie, allow_redirects=False)
        assert answer.status == 303


def _is_closed(cookie: Morsel[str]) -> None:
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")


async def test_a_made_up_token_is_nobody(site: Site, amanda: Browser) -> None:
    for token in ("", "x", digest(amanda.cookies[COOKIE]), "a" * 5000):
        stranger = await site.browser()
        answer = await stranger.get("/dashboard", headers={"Cookie": f"{COOKIE}={token}"})
        assert answer.url.path == "/sign-in"


async def test_a_session_that_nobody_uses_ends(site: Site, amanda: Browser) -> None:
    now = datetime.now(UTC)
    await site.change_session(seen=now - sessions.IDLE + timedelta(minutes=5))
    assert not await _is_out(amanda)
    [row] = await site.sessions()
    assert now - row.seen < timedelta(minutes=1)
    await site.change_session(seen=now - sessions.IDLE)
    assert await _is_out(amanda)
    assert await site.sessions() == []
    assert await site.recorded("sign_in.put_out") == []


async def test_a_session_ends_however_much_it_is_used(site: Site, amanda: Browser) -> None:
    [row] = await site.sessions()
    assert row.expires - row.created == sessions.LONGEST
    await site.change_session(expires=datetime.now(UTC))
    assert await _is_out(amanda)


async def test_signing_in_anew_ends_the_session_before(site: Site, amanda: Browser) -> None:
    before = amanda.cookies[COOKIE]
    await amanda.sign_in()
    assert amanda.cookies[COOKIE] != before
    thief = await site.browser()
    assert (await thief.get("/dashboard", headers={"Cookie": f"{COOKIE}={before}"})).url.path == "/sign-in"
    assert len(await site.sessions()) == 1


async def test_signing_out_ends_it_for_whoever_has_the_cookie(site: Site, amanda: Browser) -> None:
    token = amanda.cookies[COOKIE]
    answer = await amanda.post("/sign-in/out")
    assert answer.status == 303
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert COOKIE not in amanda.cookies
    assert "You are signed out." in await amanda.page(answer.headers["Location"])
    thief = await site.browser()
    assert (await thief.get("/dashboard", headers={"Cookie": f"{COOKIE}={token}"})).url.path == "/sign-in"
    assert [entry.actor for entry in await site.recorded("sign_in.out")] == ["amanda"]


async def test_signing_out_everywhere_ends_the_other_browsers_sessions_too(
    site: Site, amanda: Browser, slack: FakeSlack
) -> None:
    other = await site.browser()
    await other.sign_in()
    david = await site.signed_in("david", slack)
    assert (await amanda.post("/sign-in/out/everywhere")).status == 303
    assert await _is_out(amanda)
    assert await _is_out(other)
    assert not await _is_out(david)
    assert [entry.actor for entry in await site.recorded("sign_in.out")] == ["amanda"]


async def test_signing_out_twice_does_nothing_more(site: Site, amanda: Browser) -> None:
    await amanda.post("/sign-in/out")
    assert (await amanda.post("/sign-in/out")).status == 303
    assert len(await site.recorded("sign_in.out")) == 1


async def test_who_leaves_is_out_at_once_and_stays_out(site: Site, amanda: Browser) -> None:
    token = amanda.cookies[COOKIE]
    await site.leave("amanda")
    assert (await amanda.post("/dashboard/audit/verify")).status == 401
    assert await _is_out(amanda)
    assert await site.sessions() == []
    entries = [(entry.kind, entry.actor) for entry in await site.recorded("sign_in.put_out")]
    assert entries == [("refusal", "amanda")]
    thief = await site.browser()
    assert (await thief.get("/dashboard", headers={"Cookie": f"{COOKIE}={token}"})).url.path == "/sign-in"


async def test_an_identity_that_was_unlinked_is_out_at_once(site: Site, amanda: Browser) -> None:
    async with site.database.transaction(site.tenant) as tx:
        query = select(IdentityRow).where(
            IdentityRow.person == "amanda", IdentityRow.identity.startswith("slack")
        )
        await tx.delete((await tx.execute(query)).scalar_one())
    assert await _is_out(amanda)


async def test_a_workspace_that_was_taken_off_the_list_is_out(
    site: Site, amanda: Browser, slack: FakeSlack
) -> None:
    given = slack_settings(slack) | {"slack_workspaces": "T0OTHER"}
    async with serving(site.database, site.tenant, site.certificate, **given) as later:
        browser = await later.browser()
        token = {"Cookie": f"{COOKIE}={amanda.cookies[COOKIE]}"}
        assert (await browser.get("/dashboard", headers=token)).url.path == "/sign-in"


async def test_a_session_of_another_company_is_nobody_here(
    site: Site, amanda: Browser, database: Database, slack: FakeSlack
) -> None:
    async with database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": f"{site.tenant}x"})
    await move_in(database, f"{site.tenant}x", acme())
    async with serving(database, f"{site.tenant}x", site.certificate, **slack_settings(slack)) as other:
        browser = await other.browser()
        token = {"Cookie": f"{COOKIE}={amanda.cookies[COOKIE]}"}
        assert (await browser.get("/dashboard", headers=token)).url.path == "/sign-in"
    assert not await _is_out(amanda)


async def test_what_is_over_is_forgotten(site: Site, amanda: Browser) -> None:
    now = datetime.now(UTC)
    await amanda.begin("slack")
    async with site.database.transaction(site.tenant) as tx:
        for name, seen, expires in (("idle", 3, 5), ("old", 0, 0)):
            tx.add(
                WebSessionRow(
                    id=name,
                    identity="slack:T/U",
                    person="amanda",
                    seen=now - timedelta(hours=seen),
                    expires=now + timedelta(hours=expires),
                )
            )
    async with site.database.transaction(site.tenant) as tx:
        await sessions.forget_ended(tx, now)
        assert len((await tx.execute(select(WebSignInRow))).all()) == 1
        await sessions.forget_ended(tx, now + timedelta(minutes=11))
        assert (await tx.execute(select(WebSignInRow))).all() == []
    assert [row.id for row in await site.sessions()] == [digest(amanda.cookies[COOKIE])]
