"""The console by keyboard alone, as somebody without a mouse uses it."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.bot.console.conftest import Served
from tests.bot.console.in_browser.driving import NEEDS_BROWSER, ask_for_the_plan, enter_as_david, tab_to

pytestmark = NEEDS_BROWSER


async def test_a_plan_is_asked_for_modified_and_approved_by_keyboard_alone(page: Page, working: Served) -> None:
    await enter_as_david(page, working)
    await ask_for_the_plan(page)
    await expect(page.locator("#say-thread")).to_be_focused()
    await expect(page.locator("#announcer")).to_contain_text("Countersign says: I propose 8 stories")

    await tab_to(page, "#pane button[data-form]", back=True)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Modify the plan")
    await expect(dialog).to_be_visible()
    await expect(dialog.locator("input").first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.locator("#pane button[data-form]")).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(dialog.locator("input").first).to_be_focused()
    await page.keyboard.press("Space")
    await tab_to(page, "input[name=budget]")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("120")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.locator("#pane .edited")).to_be_visible()  # the new proposal stands in its place
    verb, values = working.department.pressed[0]
    assert verb == "modify"
    assert (values["drop"], values["budget"], values["team"]) == (["S1"], "120", "insights")

    await tab_to(page, "#pane .button-primary")
    await page.keyboard.press("Enter")
    await expect(page.locator("#pane .card-good")).to_be_visible()
    await expect(page.locator("#announcer")).to_contain_text("updated: David approved the plan.")
    assert working.department.pressed[1] == ("approve", {})


async def test_enter_sends_and_shift_enter_starts_a_line(page: Page, working: Served) -> None:
    await enter_as_david(page, working)
    await tab_to(page, "#say-channel")
    await page.keyboard.type("First")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("Second")
    await page.keyboard.press("Enter")
    words = page.locator("#pane .message").first.locator(".words")
    assert (await words.inner_text()).split("\n") == ["First", "Second"]
    await page.keyboard.press("Escape")
    await expect(page.locator("#pane .pane-inner")).to_have_count(0)
    await expect(page.locator("[data-open]").first).to_be_focused()
