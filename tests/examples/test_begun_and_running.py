"""A department of one's own as somebody begins it: `init`, `run`, and the page, by processes and HTTP alone."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import aiohttp
import pytest

from bot.settings import Settings
from tests.architecture.source import ROOT
from tests.examples.own_departments import DOCUMENT

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

SAID = """\
Two Lamps
IE
Ann Testperson, ann@example.com, product owner, compliance officer
Ben Testperson, ben@example.com, director, SRE lead


console
"""
PATIENCE_SECONDS = 90
BUILD = "/build_feature Build it from PRD-Lamp"


@pytest.fixture
def checkout() -> Iterator[Path]:
    """The project where it was just installed. Not in pytest's own folder, which is closed to the user that the
    embedded database runs as."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-begun-"))
    folder.chmod(0o755)
    for entry in ROOT.iterdir():
        if entry.name not in (".env", ".git", "var", "dist", "department"):
            (folder / entry.name).symlink_to(entry)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}


@dataclass
class Page:
    """Somebody at the console of a running department."""

    http: aiohttp.ClientSession
    address: str
    who: str = ""

    async def is_(self, person: str) -> None:
        self.who = person
        data = {"person": person}
        async with self.http.post(f"{self.address}/console/persona", data=data, headers=self._ours) as answer:
            assert answer.ok

    async def say(self, text: str) -> str:
        """Say it in one's direct channel; the thread's page."""
        said = await self._post("say", channel=f"dm-{self.who.partition('-')[0]}", text=text)
        return f"/console/in/{said['channel']}/{said['thread']}"

    async def press(self, thread: str, label: str, **values: object) -> None:
        """Press the thread's last button of this label, its form filled in."""
        page = await self.until(thread, lambda page: f">{label}" in re.sub(r">\s+", ">", page))
        buttons = re.findall(r'data-token="([^"]+)"[^>]*>(.*?)</button>', page, re.DOTALL)
        token = [token for token, inside in buttons if re.sub(r"<[^>]+>", "", inside).strip() == label][-1]
        await self._post("click", token=token, values=values)

    async def until(self, path: str, holds: Callable[[str], bool]) -> str:
        """The page once it shows what is waited for."""
        page = ""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not holds(page):
                    async with self.http.get(
                        f"{self.address}{path}", headers={"Accept": "text/html"}
                    ) as answer:
                        page = unescape(await answer.text())
                    await asyncio.sleep(0.2)
        except TimeoutError:
            shown = " ".join(re.sub(r"<[^>]+>", " ", page).split())
            raise AssertionError(f"{path} shows {shown[-3000:]}") from None
        return page

    async def _post(self, what: str, **body: object) -> dict[str, str]:
        body = {"key": str(uuid.uuid4()), **body}
        async with self.http.post(f"{self.address}/console/{what}", json=body, headers=self._ours) as answer:
            said: dict[str, str] = await answer.json()
            assert answer.ok, said
            return said

    @property
    def _ours(self) -> dict[str, str]:
        return {"Origin": self.address}


@asynccontextmanager
async def running(checkout: Path, environment: dict[str, str]) -> AsyncIterator[Page]:
    """`python -m bot run`, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=checkout, env=environment | {"PORT": str(port)}
    )
    try:
        async with aiohttp.ClientSession() as http:
            page = Page(http, f"http://localhost:{port}")
            await _ready(page, process)
            yield page
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def _ready(page: Page, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while process.returncode is None:
            try:
                async with page.http.get(f"{page.address}/readyz") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.2)
    raise AssertionError("it does not start")


async def test_two_people_begin_a_department_and_add_a_team_where_it_is_missed(
    checkout: Path, environment: dict[str, str]
) -> None:
    begun = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "init", "department"],
        cwd=checkout,
        env=environment,
        input=SAID,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (begun.returncode, begun.stderr) == (0, "")
    assert "note  teams: none" in begun.stdout
    (checkout / "department" / "documents" / "PRD-Lamp.md").write_text(DOCUMENT, encoding="utf-8")

    async with running(checkout, environment) as page:
        await page.is_("ben")
        thread = await page.say(BUILD)
        await page.until(thread, lambda page: "I know no teams yet." in page)
        values = {
            "name": "The Team",
            "lead": "ben",
            "agents": "2 backend engineers, 1 QA, 1 SRE",
            "products": "",
        }
        await page.press(thread, "Add teams", **values)
        shown = await page.until(thread, lambda page: "Added: The Team" in page)
        assert "4 agents, 52 hours a week to plan" in shown
        await page.press(thread, "Undo")
        await page.until(thread, lambda page: "Taken back: “Add the team The Team" in page)
        await page.press(thread, "Add teams", **values)
        await page.until(thread, lambda page: page.count("Added: The Team") == 2)
        await page.press(thread, "Ask again")
        shown = await page.until(thread, lambda page: "Switch the lamp on" in page and ">Approve" in page)
        assert "there is not enough history" in shown  # dates come with the first twenty done stories

    async with running(checkout, environment) as page:
        await page.is_("ben")
        again = await page.say("/add_to_backlog Add a spare bulb to the backlog")
        await page.until(again, lambda page: "for the-team" in page or "The Team" in page)
