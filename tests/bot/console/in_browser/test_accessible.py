"""No serious finding of axe-core on any page, in either colour scheme; and a narrow screen."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from governance.tables import FenceRow
from tests.bot.console.conftest import Served
from tests.bot.console.in_browser.driving import NEEDS_BROWSER, ask_for_the_plan, enter_as_david
from tests.bot.console.sample_rows import add_approval, add_entries, add_halt, add_overrides, add_plan

pytestmark = NEEDS_BROWSER


async def _serious(page: Page) -> list[dict[str, Any]]:
    found = await Axe().run(page)
    violations = found.response["violations"]
    return [
        {"rule": one["id"], "impact": one["impact"], "where": [node["target"] for node in one["nodes"]]}
        for one in violations
        if one["impact"] in ("serious", "critical", "moderate")
    ]


async def _fill(served: Served) -> None:
    async with served.database.transaction(served.tenant) as tx:
        await add_plan(tx)
        add_overrides(tx)
        add_halt(tx)
        ask: dict[str, Any] = {"asked": ("david",), "roles": ("product_owner",)}
        add_approval(tx, "ap_1", "Deploy orders", requester="amanda", **ask)
        tx.add(FenceRow(epoch=1, halted=True))
        await add_entries(tx, 3)
    while await served.sequencer.round():
        pass


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_serious_finding_anywhere(browser: Browser, working: Served, scheme: Any) -> None:
    await _fill(working)
    context = await browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 860})
    page = await context.new_page()
    found = {}
    await page.goto(working.address)
    found["people"] = await _serious(page)
    await enter_as_david(page, working)
    found["empty"] = await _serious(page)
    await ask_for_the_plan(page)
    await page.click("#pane .working summary")
    found["plan"] = await _serious(page)
    await page.click("#pane button[data-form]")
    await page.wait_for_selector("dialog[open]")
    found["dialog"] = await _serious(page)
    await page.keyboard.press("Escape")
    await page.click("#pane .button-primary")
    await page.wait_for_selector("#pane .card-good")
    await page.click("#who summary")
    found["approved"] = await _serious(page)
    for path in ("approvals", "plans", "plans/pl_1", "overrides", "audit", "audit/3"):
        await page.goto(f"{working.address}/dashboard/{path}")
        found[path] = await _serious(page)
    await context.close()
    assert {where: findings for where, findings in found.items() if findings} == {}


async def test_a_narrow_screen_shows_one_thing_at_a_time(browser: Browser, working: Served) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 800})
    page = await context.new_page()
    await page.goto(working.address)
    await page.click("button[value=david]")
    await expect(page.locator("#side")).not_to_be_in_viewport()
    await page.click("#menu")
    await expect(page.locator("[data-place=product]")).to_be_in_viewport()
    await page.keyboard.press("Escape")
    await page.fill("#say-channel", "Build the dashboard")
    await page.press("#say-channel", "Enter")
    await expect(page.locator("#pane .card-waiting")).to_be_visible()
    await expect(page.locator("#scroll")).to_be_hidden()
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide == 390
    await context.close()
