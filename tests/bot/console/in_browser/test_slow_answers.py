"""What somebody types while an answer is slow or lost: nothing is erased, nothing said twice."""

from __future__ import annotations

import asyncio
import json
import re

from playwright.async_api import Browser, Page, Route, expect

from tests.bot.console.conftest import Served
from tests.bot.console.in_browser.driving import NEEDS_BROWSER, ask_for_the_plan, enter_as_david

pytestmark = NEEDS_BROWSER


async def _lose_the_answer(route: Route) -> None:
    await route.fetch()
    await route.abort()


async def _hold(page: Page) -> tuple[asyncio.Event, list[str]]:
    """Let what is said wait for the returned event, and note it in the order in which it came."""
    held, said = asyncio.Event(), list[str]()

    async def wait(route: Route) -> None:
        said.append(json.loads(route.request.post_data or "{}")["text"])
        await held.wait()
        await route.continue_()

    await page.route("**/console/say", wait)
    return held, said


async def test_what_was_not_answered_is_kept_and_said_once(page: Page, working: Served) -> None:
    await enter_as_david(page, working)
    await page.route("**/console/say", _lose_the_answer)
    await page.fill("#say-channel", "Hello")
    await page.press("#say-channel", "Enter")
    await expect(page.locator(".channel .composer-error")).to_contain_text("Nothing is lost")
    assert await page.input_value("#say-channel") == "Hello"
    await page.unroute("**/console/say")
    await page.press("#say-channel", "Enter")
    await expect(page.locator("#pane .card")).to_be_visible()
    await expect(page.locator(".thread")).to_have_count(1)
    assert await page.locator("#pane .message").count() == 2


async def test_what_is_typed_while_an_answer_is_slow_is_kept(page: Page, working: Served) -> None:
    await enter_as_david(page, working)
    held, said = await _hold(page)
    await page.fill("#say-channel", "First")
    await page.press("#say-channel", "Enter")
    await page.locator("#say-channel").press_sequentially("Second, half wri")
    held.set()
    await expect(page.locator("#pane .words").first).to_have_text("First")
    await expect(page.locator("#say-channel")).to_have_value("Second, half wri")
    await expect(page.locator("#say-channel")).to_be_focused()
    await page.keyboard.type("tten")
    await page.keyboard.press("Enter")
    await expect(page.locator("#pane .words").first).to_have_text("Second, half written")
    assert said == ["First", "Second, half written"]


async def test_what_is_sent_while_an_answer_is_slow_is_said_in_its_turn(page: Page, working: Served) -> None:
    await enter_as_david(page, working)
    await ask_for_the_plan(page)
    held, said = await _hold(page)
    for words in ("One", "Two", "Three"):
        await page.fill("#say-thread", words)
        await page.press("#say-thread", "Enter")
    await expect(page.locator("#say-thread")).to_have_value("")
    held.set()
    mine = page.locator("#pane .message:not(.message-own) .words")
    await expect(mine).to_have_text([re.compile("^Build"), "One", "Two", "Three"])
    assert said == ["One", "Two", "Three"]


async def test_words_changed_after_a_failure_are_said_and_not_taken_for_the_old_ones(
    page: Page, working: Served
) -> None:
    await enter_as_david(page, working)
    await page.route("**/console/say", _lose_the_answer)
    await page.fill("#say-channel", "Hello")
    await page.press("#say-channel", "Enter")
    await expect(page.locator(".channel .composer-error")).to_contain_text("Nothing is lost")
    await page.unroute("**/console/say")
    await page.fill("#say-channel", "Hello there")
    await page.press("#say-channel", "Enter")
    await expect(page.locator("#pane .words").first).to_have_text("Hello there")


async def test_a_draft_in_one_thread_survives_a_look_at_another(page: Page, working: Served) -> None:
    await enter_as_david(page, working)
    for words in ("First", "Second"):
        await page.fill("#say-channel", words)
        await page.press("#say-channel", "Enter")
        await expect(page.locator("#pane .words").first).to_have_text(words)
    await page.fill("#say-thread", "Not sent yet")
    await page.locator("[data-open]").first.click()
    await expect(page.locator("#pane .words").first).to_have_text("First")
    await expect(page.locator("#say-thread")).to_have_value("")
    await page.keyboard.press("Escape")
    await page.locator("[data-open]").last.click()
    await expect(page.locator("#say-thread")).to_have_value("Not sent yet")


async def test_somebody_who_writes_on_is_not_taken_away_on_a_small_screen(
    browser: Browser, working: Served
) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 800})
    page = await context.new_page()
    await page.goto(working.address)
    await page.click("button[value=david]")
    held, _ = await _hold(page)
    await page.fill("#say-channel", "First")
    await page.press("#say-channel", "Enter")
    await page.locator("#say-channel").press_sequentially("Second")
    held.set()
    await expect(page.locator(".thread-count")).to_have_text("1 reply")
    await expect(page.locator("#say-channel")).to_be_focused()
    await expect(page.locator("#say-channel")).to_have_value("Second")
    await context.close()
