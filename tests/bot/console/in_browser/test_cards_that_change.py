"""A card that changes, and news elsewhere, leave the reader where they are."""

from __future__ import annotations

from playwright.async_api import Page, expect

from bot.console.adapter import ConsoleAdapter
from bot.outbox import post_thread, put
from governance.places import Audience, Place
from handlers.conversation.cards import Card, Progress, Reply, Text
from tests.bot.console.conftest import Served
from tests.bot.console.in_browser.driving import NEEDS_BROWSER, enter_as_david

pytestmark = NEEDS_BROWSER


PROGRESS = Reply(
    "Planning", (Card("Planning", (Progress((("doing", "Reading the document"),)),), "waiting"),), key="plan:1"
)


async def _post(working: Served, thread: str, reply: Reply) -> None:
    place = Place("console", "dm-david", thread, Audience.DIRECT)
    async with working.database.transaction(working.tenant) as tx:
        await put(tx, place, reply, turn=None)
    await post_thread(working.database, working.tenant, place.key, {"console": ConsoleAdapter()})


def _tall(title: str) -> Reply:
    return Reply(title, (Card(title, tuple(Text((f"Line {line}",)) for line in range(60))),), key="plan:1")


async def _thread_with_progress(page: Page, working: Served) -> str:
    await enter_as_david(page, working)
    await page.fill("#say-channel", "Hello")
    await page.press("#say-channel", "Enter")
    await expect(page.locator("#pane .card")).to_be_visible()
    thread = await page.locator("#pane .pane-inner").get_attribute("data-thread")
    assert thread is not None
    await _post(working, thread, PROGRESS)
    await expect(page.locator("#pane .steps")).to_be_visible()
    return thread


async def test_work_that_becomes_a_plan_is_shown_from_its_beginning(page: Page, working: Served) -> None:
    thread = await _thread_with_progress(page, working)
    await _post(working, thread, _tall("The plan"))
    title = page.locator("#pane h3", has_text="The plan")
    await expect(title).to_be_in_viewport()
    await expect(page.locator("#pane p", has_text="Line 59")).not_to_be_in_viewport()


async def test_a_card_that_changes_leaves_its_reader_where_they_are(page: Page, working: Served) -> None:
    thread = await _thread_with_progress(page, working)
    await _post(working, thread, _tall("The plan"))
    await expect(page.locator("#pane h3", has_text="The plan")).to_be_in_viewport()
    scroll = page.locator("#pane-scroll")
    for place in (300, 100_000):
        await scroll.evaluate("(box, place) => { box.scrollTop = place; }", place)
        before = await scroll.evaluate("box => box.scrollTop")
        await _post(working, thread, _tall(f"The plan, read at {place}"))
        await expect(page.locator("#pane h3").last).to_have_text(f"The plan, read at {place}")
        assert await scroll.evaluate("box => box.scrollTop") == before


async def test_news_in_another_channel_are_marked_until_they_are_read(page: Page, working: Served) -> None:
    await enter_as_david(page, working)
    mark = page.locator("[data-place=product] .unread")
    await expect(mark).to_be_hidden()
    await working.is_("amanda")
    await working.say("Good morning", channel="product")
    await expect(mark).to_be_visible()
    await page.click("[data-place=product]")
    await expect(page.locator(".thread")).to_contain_text("Good morning")
    await expect(mark).to_be_hidden()
    await page.click("[data-place=dm-david]")
    await expect(page.locator("[data-place=product] .unread")).to_be_hidden()
