"""The console in a real browser: by keyboard alone, and without a serious finding of axe-core."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from bot.console.adapter import ConsoleAdapter
from bot.outbox import post_thread, put
from governance.places import Audience, Place
from governance.tables import FenceRow
from handlers.conversation.cards import Card, Progress, Reply, Text
from tests.bot.console.conftest import Served
from tests.bot.console.sample_rows import add_approval, add_entries, add_halt, add_overrides, add_plan

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=30_000)  # on a machine with much else to do

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest.fixture
async def working(served: Served) -> AsyncIterator[Served]:
    """A console behind which a scripted department answers."""
    answering = asyncio.create_task(served.department.run())
    yield served
    answering.cancel()
    with suppress(asyncio.CancelledError):
        await answering


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(30_000)
    opened = await context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    yield opened
    await context.close()
    assert faults == []


async def _tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until what `selector` names has the focus, as somebody without a mouse would."""
    key = "Shift+Tab" if back else "Tab"
    for _ in range(60):
        await page.keyboard.press(key)
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with {key}")


async def _enter_as_david(page: Page, served: Served) -> None:
    await page.goto(served.address)
    await _tab_to(page, "button[value=david]")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("main[data-channel=dm-david]")


async def _ask_for_the_plan(page: Page) -> None:
    await _tab_to(page, "#say-channel")
    await page.keyboard.type("Build the customer dashboard feature from PRD-2025-Q1-Dashboard")
    await page.keyboard.press("Enter")
    await expect(page.locator("#pane .card-waiting")).to_be_visible()


async def test_a_plan_is_asked_for_modified_and_approved_by_keyboard_alone(page: Page, working: Served) -> None:
    await _enter_as_david(page, working)
    await _ask_for_the_plan(page)
    await expect(page.locator("#say-thread")).to_be_focused()
    await expect(page.locator("#announcer")).to_contain_text("Countersign says: I propose 8 stories")

    await _tab_to(page, "#pane button[data-form]", back=True)
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
    await _tab_to(page, "input[name=budget]")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("120")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.locator("#pane .edited")).to_be_visible()  # the new proposal stands in its place
    verb, values = working.department.pressed[0]
    assert verb == "modify"
    assert (values["drop"], values["budget"], values["team"]) == (["S1"], "120", "insights")

    await _tab_to(page, "#pane .button-primary")
    await page.keyboard.press("Enter")
    await expect(page.locator("#pane .card-good")).to_be_visible()
    await expect(page.locator("#announcer")).to_contain_text("updated: David approved the plan.")
    assert working.department.pressed[1] == ("approve", {})


async def test_enter_sends_and_shift_enter_starts_a_line(page: Page, working: Served) -> None:
    await _enter_as_david(page, working)
    await _tab_to(page, "#say-channel")
    await page.keyboard.type("First")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("Second")
    await page.keyboard.press("Enter")
    words = page.locator("#pane .message").first.locator(".words")
    assert (await words.inner_text()).split("\n") == ["First", "Second"]
    await page.keyboard.press("Escape")
    await expect(page.locator("#pane .pane-inner")).to_have_count(0)
    await expect(page.locator("[data-open]").first).to_be_focused()


async def _lose_the_answer(route: Route) -> None:
    await route.fetch()
    await route.abort()


async def test_what_was_not_answered_is_kept_and_said_once(page: Page, working: Served) -> None:
    await _enter_as_david(page, working)
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


async def _hold(page: Page) -> tuple[asyncio.Event, list[str]]:
    """Let what is said wait for the returned event, and note it in the order in which it came."""
    held, said = asyncio.Event(), list[str]()

    async def wait(route: Route) -> None:
        said.append(json.loads(route.request.post_data or "{}")["text"])
        await held.wait()
        await route.continue_()

    await page.route("**/console/say", wait)
    return held, said


async def test_what_is_typed_while_an_answer_is_slow_is_kept(page: Page, working: Served) -> None:
    await _enter_as_david(page, working)
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
    await _enter_as_david(page, working)
    await _ask_for_the_plan(page)
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
    await _enter_as_david(page, working)
    await page.route("**/console/say", _lose_the_answer)
    await page.fill("#say-channel", "Hello")
    await page.press("#say-channel", "Enter")
    await expect(page.locator(".channel .composer-error")).to_contain_text("Nothing is lost")
    await page.unroute("**/console/say")
    await page.fill("#say-channel", "Hello there")
    await page.press("#say-channel", "Enter")
    await expect(page.locator("#pane .words").first).to_have_text("Hello there")


async def test_a_draft_in_one_thread_survives_a_look_at_another(page: Page, working: Served) -> None:
    await _enter_as_david(page, working)
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
    await _enter_as_david(page, working)
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
    await _enter_as_david(page, working)
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
