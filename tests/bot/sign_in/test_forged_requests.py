"""What other sites, stale pages and foreign names cannot make a signed-in browser do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulators.slack import FakeSlack
from tests.bot.sign_in.conftest import Browser, Site

Ask = dict[str, Any]
POSTS = ("/dashboard/audit/verify", "/sign-in/out", "/sign-in/out/everywhere")


@pytest.fixture
async def amanda(site: Site, slack: FakeSlack) -> Browser:
    """A browser in which Amanda signed in."""
    return await site.signed_in("amanda", slack)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1", None]
)
async def test_another_site_s_page_posts_nothing(site: Site, amanda: Browser, origin: str | None) -> None:
    for path in POSTS:
        answer = await amanda.post(path, headers={"Origin": origin})
        assert answer.status == 403
        assert "another site" in (await answer.json())["error"]
    assert len(await site.sessions()) == 1
    assert await site.recorded("dashboard.audit.verify") == []


@pytest.mark.parametrize("token", ["", "0" * 64, "ü", None])
async def test_a_page_without_the_session_s_token_posts_nothing(
    site: Site, amanda: Browser, token: str | None
) -> None:
    for path in POSTS:
        answer = await amanda.post(path, headers={"X-CSRF-Token": token})
        assert answer.status == 403
        assert "another session" in (await answer.json())["error"]
        assert (await amanda.post(path, headers={"X-CSRF-Token": None}, data={"csrf": "x"})).status == 403
    assert len(await site.sessions()) == 1
    assert await site.recorded("dashboard.audit.verify") == []


async def test_a_page_that_was_left_open_does_not_act_for_who_signed_in_since(
    site: Site, amanda: Browser, slack: FakeSlack
) -> None:
    stale = amanda.csrf
    slack.browser_user = "david"
    await site.link("david", "slack:T0ACME/UDAVID")
    await amanda.sign_in()
    by_form: Ask = {"data": {"csrf": stale}, "headers": {"X-CSRF-Token": None}}
    assert (await amanda.post("/sign-in/out/everywhere", **by_form)).status == 403
    assert (await amanda.post("/dashboard/audit/verify", headers={"X-CSRF-Token": stale})).status == 403
    assert [row.person for row in await site.sessions()] == ["david"]


async def test_the_token_goes_along_with_a_form_or_a_script(site: Site, amanda: Browser) -> None:
    answer = await amanda.post("/dashboard/audit/verify")
    assert answer.status == 200
    form = {"csrf": amanda.csrf}
    assert (await amanda.post("/sign-in/out", headers={"X-CSRF-Token": None}, data=form)).status == 303
    assert await site.sessions() == []


async def test_nothing_is_changed_by_following_a_link(site: Site, amanda: Browser) -> None:
    for path in POSTS:
        assert (await amanda.get(path)).status in (404, 405)
    assert len(await site.sessions()) == 1


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example", "localhost"]
)
async def test_a_foreign_name_for_this_server_is_refused(site: Site, amanda: Browser, host: str) -> None:
    for path in (
        "/dashboard/approvals",
        "/files/fi_1",
        "/sign-in",
        "/sign-in/slack",
        "/sign-in/slack/callback",
    ):
        answer = await amanda.get(path, headers={"Host": host}, allow_redirects=False)
        assert answer.status == 403
        assert site.address in await answer.text()
    assert (await amanda.get("/healthz", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example/dashboard", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil",
        "javascript:alert(1)", "/dashboard@evil.example", "/dashboardevil", "dashboard", "/dash\tboard",
        "/dashboard/\r\nSet-Cookie: a=b", "/dashboard/ü", "/sign-in/out", "/console/in/product", "/", "",
        "/dashboard/" + "a" * 3000,
    ],
)  # fmt: skip
async def test_signing_in_leads_to_our_own_pages_alone(site: Site, amanda: Browser, then: str) -> None:
    answer = await amanda.get(await amanda.begin("slack", then), allow_redirects=False)
    assert answer.headers["Location"] == "/dashboard"
    page = await amanda.get("/sign-in", params={"next": then})
    assert "evil" not in await page.text()


@pytest.mark.parametrize("then", ["/dashboard", "/dashboard/audit?kind=read&since=2026-11-23", "/files/fi_1"])
async def test_signing_in_leads_back_to_the_page_that_was_asked_for(
    site: Site, amanda: Browser, then: str
) -> None:
    answer = await amanda.get(await amanda.begin("slack", then), allow_redirects=False)
    assert answer.headers["Location"] == then


async def test_pages_forbid_inline_script_and_framing(site: Site, amanda: Browser) -> None:
    for path in ("/sign-in", "/dashboard/approvals"):
        answer = await amanda.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers
        html = await answer.text()
        for inline in ("style=", "onclick", "<script>"):
            assert inline not in html


async def test_bytes_that_are_no_text_are_nobody(site: Site, amanda: Browser) -> None:
    host = site.address.removeprefix("http://")
    token = amanda.cookies["countersign_session"].encode()
    for method, cookie, csrf in ((b"GET", b"\xff\xfe", b""), (b"POST", token, b"\xff\xfe")):
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(
            method + b" /dashboard/audit/verify HTTP/1.1\r\nConnection: close\r\n"
            b"Host: " + host.encode() + b"\r\nOrigin: " + site.address.encode() + b"\r\n"
            b"Cookie: countersign_session=" + cookie + b"\r\nX-CSRF-Token: " + csrf + b"\r\n\r\n"
        )
        answer = await reader.read()
        writer.close()
        assert answer.split()[1] == (b"303" if method == b"GET" else b"403")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"csrf=x"),
        ("application/x-www-form-urlencoded; charset=nosuch", b"csrf=x"),
        ("application/x-www-form-urlencoded", b"csrf=\xff"),
    ],
)
async def test_a_form_that_is_none_is_refused_and_ends_nothing(
    site: Site, amanda: Browser, kind: str, body: bytes
) -> None:
    headers = {"X-CSRF-Token": None, "Content-Type": kind}
    assert (await amanda.post("/sign-in/out", headers=headers, data=body)).status == 400
    assert len(await site.sessions()) == 1


@pytest.mark.parametrize(
    "path",
    ["/sign-in?next=%00", "/sign-in/%00", "/sign-in/slack/callback?state=%00&code=%00", "/dashboard/plans/%00"],
)
async def test_an_address_with_nul_is_refused(amanda: Browser, path: str) -> None:
    assert (await amanda.get(path)).status == 400


async def test_what_a_provider_says_over_several_lines_is_no_hostile_address(amanda: Browser) -> None:
    answer = await amanda.get(
        "/sign-in/slack/callback?error=denied&error_description=No.%0D%0ATrace%20ID%3A%201"
    )
    assert "not begun in this browser" in await answer.text()
