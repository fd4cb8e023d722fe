"""Signing in and out in a real browser: by keyboard alone, and without a serious finding of axe-core."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from tests.bot.console.conftest import AUDIT_KEY
from tests.bot.console.in_browser.conftest import browser, page
from tests.bot.console.in_browser.driving import NEEDS_BROWSER
from tests.bot.console.sample_rows import add_approval, add_entries
from tests.bot.sign_in.conftest import Site

__all__ = ["browser", "page"]

pytestmark = NEEDS_BROWSER


async def _tab_to(page: Page, words: str) -> None:
    for _ in range(20):
        await page.keyboard.press("Tab")
        focused = page.locator("a:focus, button:focus")
        if await focused.count() and words in (await focused.text_content() or ""):
            return
    raise AssertionError(f"{words} cannot be reached with Tab")


async def _serious(page: Page) -> list[dict[str, Any]]:
    found = await Axe().run(page)
    return [
        {"rule": one["id"], "where": [node["target"] for node in one["nodes"]]}
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical", "moderate")
    ]


async def test_signing_in_verifying_the_log_and_signing_out_by_keyboard(page: Page, site: Site) -> None:
    await site.link("carlos")
    async with site.database.transaction(site.tenant) as tx:
        await add_entries(tx, 3)
    sequencer = Sequencer(site.database, lambda _tenant: signer_for(AUDIT_KEY, site.tenant))
    while await sequencer.round():
        pass
    await page.goto(f"{site.address}/dashboard/audit")
    await _tab_to(page, "Sign in with Slack")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    await expect(page.locator("header.bar")).to_contain_text("Carlos Benavente")
    await _tab_to(page, "Verify the whole log")
    await page.keyboard.press("Enter")
    await expect(page.locator(".verify-result .banner")).to_be_visible()
    await page.locator("#who summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Sign out everywhere")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Sign out everywhere")).to_be_hidden()
    await page.get_by_role("button", name="Sign out", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="You are signed out.")).to_be_visible()
    await page.goto(f"{site.address}/dashboard/audit")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_serious_finding_on_the_way_in(page: Page, site: Site, scheme: Any) -> None:
    await page.emulate_media(color_scheme=scheme)
    async with site.database.transaction(site.tenant) as tx:
        ask: dict[str, Any] = {"asked": ("amanda",), "roles": ("engineering_director",)}
        add_approval(tx, "ap_1", "Deploy orders", requester="david", **ask)
    found = {}
    await page.goto(f"{site.address}/sign-in")
    found["sign-in"] = await _serious(page)
    await page.click("text=Sign in with Slack")
    await expect(page.get_by_role("alert")).to_contain_text("does not know who that is yet")
    found["unlinked"] = await _serious(page)
    await site.link("amanda")
    await page.click("text=Sign in with Slack")
    await page.click("#who summary")
    await expect(page.get_by_role("button", name="Sign out everywhere")).to_be_visible()
    found["signed in"] = await _serious(page)
    await page.set_viewport_size({"width": 390, "height": 800})
    found["narrow"] = await _serious(page)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.click("text=Sign out everywhere")
    await expect(page.get_by_role("heading", name="You are signed out everywhere.")).to_be_visible()
    found["signed out"] = await _serious(page)
    assert {where: findings for where, findings in found.items() if findings} == {}
