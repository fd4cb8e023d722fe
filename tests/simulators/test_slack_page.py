"""The page for people, in a real browser where there is one: talk, press, fill in, be somebody else."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import aiohttp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack
from simulators.slack.manifest import Shortcut
from simulators.slack.page.mrkdwn import mrkdwn
from simulators.slack.records import Workspace
from simulators.slack.sample import populate
from simulators.slack.state import State
from tests.simulators.bolt_app import BoltEnd

pytestmark = pytest.mark.processes

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with await FakeSlack.start(page=True) as started:
        started.shortcuts = (Shortcut("new_request", "New request", is_global=True),)
        yield started


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    opened = await browser.new_page(viewport={"width": 1280, "height": 860})
    opened.set_default_timeout(10_000)
    faults: list[str] = []
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    yield opened
    await opened.close()
    assert faults == []


@pytest.mark.browser
async def test_somebody_tries_the_bot(slack: FakeSlack, bolt: BoltEnd, page: Page) -> None:
    await page.goto(slack.url)
    await expect(page.get_by_role("heading", name="Say hello to Countersign")).to_be_visible()
    await page.keyboard.type("deploy <b>now</b>")
    await page.keyboard.press("Enter")
    thread = page.get_by_role("region", name="Messages of the thread")
    await expect(thread.get_by_text("deploy <b>now</b>")).to_be_visible()
    await thread.get_by_role("button", name="Why").focus()
    await page.keyboard.press("Enter")
    why = page.get_by_label("Why?")
    await expect(why).to_be_focused()
    await page.keyboard.type("no")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Say more")).to_be_visible()
    await expect(why).to_have_value("no")
    await page.keyboard.type(", because")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await thread.get_by_role("button", name="Approve").click()
    await expect(thread.get_by_role("button", name="Approve")).to_have_count(0)
    await page.get_by_label("Message Countersign").fill("/eng hello")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("heard: hello")).to_be_visible()
    findings = await Axe().run(page)
    assert [found["id"] for found in findings.response["violations"]] == []


@pytest.mark.browser
async def test_another_person_hears_of_it(slack: FakeSlack, web: AsyncWebClient, page: Page) -> None:
    await page.goto(f"{slack.url}/as/david")
    await web.chat_postMessage(channel=slack.user("amanda").id, text="This waits for *you*.")
    await page.locator(".who summary").click()
    await page.get_by_role("link", name="Amanda Reyes-Holt Engineering director 1 unread").click()
    await expect(page.get_by_text("This waits for you.")).to_be_visible()
    await page.get_by_role("link", name="Home", exact=True).click()
    await expect(page.get_by_text("Nothing is published here yet")).to_be_visible()
    words = {"type": "section", "text": {"type": "mrkdwn", "text": "One approval waits."}}
    await web.views_publish(user_id=slack.user("amanda").id, view={"type": "home", "blocks": [words]})
    await expect(page.get_by_text("One approval waits.")).to_be_visible()
    findings = await Axe().run(page)
    assert [found["id"] for found in findings.response["violations"]] == []


async def test_it_says_when_the_app_does_not_answer(slack: FakeSlack) -> None:
    slack.events_url = "http://127.0.0.1:9/slack/events"
    slack.courier.retry_delays = ()
    await slack.user("david").says("anybody there?", dm=True)
    async with aiohttp.ClientSession() as session, session.get(slack.url) as answer:
        assert "Nothing answers at http://127.0.0.1:9/slack/events" in await answer.text()


async def test_nobody_sees_what_is_not_theirs(slack: FakeSlack) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/as/rachel/c/CLEADERSHIP", "/as/rachel/c/DDAVID", "/as/nobody/home", "/page/files/F1"):
            async with session.get(slack.url + path) as answer:
                assert answer.status == 404


async def test_every_block_is_drawn_and_nothing_of_it_is_markup(slack: FakeSlack, web: AsyncWebClient) -> None:
    evil = "<img src=x onerror=alert(1)>"
    plain = {"type": "plain_text", "text": evil}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": evil, "style": {"bold": True}}]}
    option = {"text": plain, "value": evil}
    blocks = [
        {"type": "header", "text": plain},
        {"type": "section", "text": plain, "fields": [{"type": "mrkdwn", "text": evil}]},
        {"type": "context", "elements": [plain]},
        {
            "type": "rich_text",
            "elements": [rich, {"type": "rich_text_list", "style": "bullet", "elements": [rich]}],
        },
        {"type": "markdown", "text": f"# {evil}"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": evil}]]},
        {"type": "plan", "title": evil, "tasks": [{"title": evil, "status": "complete"}]},
        {"type": "image", "image_url": "https://pictures.example/a.png", "alt_text": evil},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": plain, "value": evil, "action_id": "a"},
                {"type": "static_select", "options": [option], "action_id": "b"},
                {"type": "checkboxes", "options": [option], "action_id": "c"},
                {"type": "overflow", "options": [option], "action_id": "d"},
                {"type": "multi_static_select", "options": [option], "action_id": "e"},
            ],
        },
    ]
    await web.chat_postMessage(channel=slack.user("david").id, text=evil, blocks=blocks)
    async with aiohttp.ClientSession() as session, session.get(f"{slack.url}/as/david") as answer:
        page = await answer.text()
    assert "<img src=x" not in page
    assert "pictures.example" not in "".join(page.split("<img")[1:][0].split(">")[0])
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 14


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "*bold* _italic_ ~gone~ `code`",
            "<strong>bold</strong> <em>italic</em> <s>gone</s> <code>code</code>",
        ),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("*<https://x.example/?a=1&amp;b=2|the page>*", "the page</a></strong>"),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<@UDAVID> in <#CPRODUCT>", '<span class="mention">@David Lindqvist</span>'),
        ("<!channel>", '<span class="mention ping">@channel</span>'),
        ("<!date^1790000000^{date_num} {time}|then>", "2026-09-21 10:13"),
        ("> quoted\nnot", '<span class="quoted">quoted</span>not'),
        ("```\n*raw*\n```", "<pre>*raw*</pre>"),
    ],
)
def test_slacks_own_markup(written: str, shown: str) -> None:
    state = State()
    populate(state, Workspace("T0ACME", "Acme"))
    assert shown in mrkdwn(written, state, "America/New_York")
