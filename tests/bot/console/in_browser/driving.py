"""What somebody does in the console's page, and which tests need a browser for it."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import Page, expect

from tests.bot.console.conftest import Served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]


async def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until what `selector` names has the focus, as somebody without a mouse would."""
    key = "Shift+Tab" if back else "Tab"
    for _ in range(60):
        await page.keyboard.press(key)
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with {key}")


async def enter_as_david(page: Page, served: Served) -> None:
    await page.goto(served.address)
    await tab_to(page, "button[value=david]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("main[data-channel=dm-david]")


async def ask_for_the_plan(page: Page) -> None:
    await tab_to(page, "#say-channel")
    await page.keyboard.type("Build the customer dashboard feature from PRD-2025-Q1-Dashboard")
    await page.keyboard.press("Enter")
    await expect(page.locator("#pane .card-waiting")).to_be_visible()
