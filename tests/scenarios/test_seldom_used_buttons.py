"""The console's seldom-used buttons, pressed in a browser with all of Countersign behind them."""

from __future__ import annotations

import asyncio
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Locator, Page, async_playwright, expect
from sqlalchemy import text

from bot.bootstrap import open_installation
from bot.console.adapter import NEWS
from bot.department import Installation
from bot.processes import worker_part
from bot.serving import make_served
from bot.settings import Settings
from governance.effects import Origin
from governance.fence import CHANNEL
from governance.people import Actor
from integrations.tracker import Priority, StoryDraft
from integrations.tracker.actions import CreateStory
from storage.embedded import EmbeddedServer
from tests.workplace import Deaf

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: sudo apt-get install chromium"),
    pytest.mark.timeout(180),
]

REPORT = StoryDraft(
    title="Export orders as CSV",
    description="As a shop owner, I want my orders as a file.",
    acceptance=("Given orders, when I export, then I get them all",),
    team="alpha",
    product="checkout",
    priority=Priority.P2,
    discipline="backend",
)


@dataclass(frozen=True)
class Console:
    """A department at work behind a console."""

    installation: Installation
    address: str

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.installation.database.transaction(self.installation.settings.tenant) as tx:
            return list((await tx.execute(text(query), values)).scalars())


@dataclass(frozen=True)
class Person:
    """Somebody in front of the console."""

    page: Page

    async def says(self, words: str) -> None:
        await self.page.fill("#say-channel", words)
        await self.page.press("#say-channel", "Enter")

    async def sees(self, words: str | re.Pattern[str]) -> None:
        await expect(self.page.locator("#pane")).to_contain_text(words, timeout=30_000)

    def button(self, label: str) -> Locator:
        return self.page.locator("#pane").get_by_role("button", name=label, exact=True).last

    async def opens(self, label: str) -> Locator:
        """Press a button that has a form; the form."""
        await self.button(label).click()
        dialog = self.page.get_by_role("dialog")
        await expect(dialog).to_be_visible()
        return dialog

    async def sends(self, dialog: Locator, submit: str) -> None:
        await dialog.get_by_role("button", name=submit, exact=True).click()
        await expect(dialog).to_have_count(0)


@pytest.fixture(scope="module")
async def console(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        tenant=f"bt{uuid.uuid4().hex[:10]}",
        database_url=server.app_url,
        database_owner_url=server.owner_url,
        var_folder=tmp_path_factory.mktemp("buttons"),
        openai_api_key=None,
        log_level="error",
    )
    installation = await open_installation(settings)
    installation.__dict__["recogniser"] = Deaf()
    web = TestServer(make_served(installation).app, host="127.0.0.1")
    await web.start_server()
    parts = [
        asyncio.create_task(worker_part(installation)),
        asyncio.create_task(installation.listener.run((CHANNEL, NEWS))),
    ]
    yield Console(installation, str(web.make_url("/")).rstrip("/"))
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
    await web.close()
    await installation.close()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        await opened.close()


Enter = Callable[[str], Awaitable[Person]]


@pytest.fixture
async def enter(browser: Browser, console: Console) -> AsyncIterator[Enter]:
    """Each person in a browser window of their own."""
    contexts = []
    faults: list[str] = []

    async def entered(person: str) -> Person:
        context = await browser.new_context(viewport={"width": 1280, "height": 860})
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = await context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        await page.goto(console.address)
        await page.click(f"button[value={person}]")
        await page.wait_for_selector(f"main[data-channel=dm-{person}]")
        return Person(page)

    yield entered
    for context in contexts:
        await context.close()
    assert faults == []


async def _approves(enter: Enter, who: str, title: str) -> Person:
    """Find the request among one's direct messages, and approve it."""
    person = await enter(who)
    asked = person.page.locator(".thread").filter(has_text=title).last
    await expect(asked).to_be_visible(timeout=30_000)
    await asked.locator("[data-open]").first.click()
    await person.button("Approve").click()
    return person


async def test_feedback_is_given_in_a_form(console: Console, enter: Enter) -> None:
    rachel = await enter("rachel")
    await rachel.says("/feedback")
    dialog = await rachel.opens("Give feedback")
    useful = dialog.get_by_label("Was it useful?")
    assert await useful.locator("option").first.inner_text() == "No answer"
    await useful.select_option("Yes")
    await dialog.get_by_label("How far do you trust it?").select_option("4 of 5")
    await dialog.get_by_label("In your own words").fill("Shorter, please.")
    await rachel.sends(dialog, "Send")
    await rachel.sees("I noted it (useful, 4 of 5)")
    assert await console.rows("SELECT comment FROM feedback WHERE person = 'rachel'") == ["Shorter, please."]


async def test_feedback_may_be_left_half_empty(console: Console, enter: Enter) -> None:
    david = await enter("david")
    await david.says("/feedback")
    dialog = await david.opens("Give feedback")
    await dialog.get_by_label("Was it useful?").select_option("No")
    await david.sends(dialog, "Send")
    await david.sees("Tell me what should be different")
    assert await console.rows("SELECT trust FROM feedback WHERE person = 'david'") == [None]


async def test_two_people_give_a_role_with_their_votes(console: Console, enter: Enter) -> None:
    amanda = await enter("amanda")
    await amanda.says("/access make Sarah a product owner because she plans the gateway")
    await amanda.button("Approve").click()
    await amanda.sees("Amanda")
    carlos = await _approves(enter, "carlos", "Sarah")
    await carlos.sees("Approved")
    await amanda.sees(re.compile("Approved"))
    held = "SELECT role FROM person_roles WHERE person = 'sarah' ORDER BY role"
    async with asyncio.timeout(60):
        while await console.rows(held) != ["architect", "product_owner"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await amanda.sees("is product owner now")


async def test_a_rule_is_written_anew_tried_proposed_and_countersigned(console: Console, enter: Enter) -> None:
    amanda = await enter("amanda")
    await amanda.says("/authority change the rule for code changes")
    dialog = await amanda.opens("Write it anew and try it")
    row = dialog.get_by_label("The row")
    written = await row.input_value()
    assert await row.evaluate("e => e.scrollHeight <= e.clientHeight"), "a rule is seen whole"
    assert "mono" in await row.evaluate("e => getComputedStyle(e).fontFamily")
    await row.fill("- decision: nonsense")
    await dialog.get_by_label("Why").fill("owners see what breaks")
    await amanda.sends(dialog, "Try it")
    await amanda.sees("Nothing was changed.")

    dialog = await amanda.opens("Write it anew and try it")
    await dialog.get_by_label("The row").fill(f"{written.rstrip()}\n    - product owner")
    await dialog.get_by_label("Why").fill("owners see what breaks")
    await amanda.sends(dialog, "Try it")
    await amanda.sees("Tried on the last quarter")
    dialog = await amanda.opens("Propose it")
    assert await dialog.get_by_label("Why").input_value() == "owners see what breaks"
    await amanda.sends(dialog, "Propose it")
    await amanda.button("Approve").click()
    carlos = await _approves(enter, "carlos", "policy")
    await carlos.sees("Approved")
    async with asyncio.timeout(60):
        while not await console.rows("SELECT id FROM policies"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_director_overrules_an_agents_decision(console: Console, enter: Enter) -> None:
    installation = console.installation
    action = CreateStory(
        draft=REPORT, rationale="asked for", impact="one story more", rollback_plan="cancel it"
    )
    async with installation.database.transaction(installation.settings.tenant) as tx:
        agent = Actor("agent", "project_manager", on_behalf_of="david")
        made = await installation.gate.submit(tx, action, actor=agent, origin=Origin())
    async with asyncio.timeout(60):
        while await console.rows("SELECT state FROM effects WHERE id = :id", id=made.effect) != ["done"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    amanda = await enter("amanda")
    await amanda.says("/overrule_agent the latest decision")
    await amanda.sees("Which decision?")
    dialog = await amanda.opens("Overrule 1")
    await dialog.get_by_label("Why").fill("we sell the table instead")
    await amanda.sends(dialog, "Overrule it")
    await amanda.sees("is overruled: we sell the table instead")
    await amanda.sees("People may.")
    pins = "SELECT reason FROM overrides WHERE kind = 'pin' AND ended IS NULL"
    assert await console.rows(pins) == ["we sell the table instead"]
