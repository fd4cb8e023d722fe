"""A true N+1 query under real traffic is explained by chat: the service, the release, the commit, the story.
More traffic alone, just before, names nobody."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.bootstrap import open_installation
from bot.conversation import Conversation
from bot.department import Installation
from bot.turn_result import Answered
from examples.acme.traffic import send
from integrations.deployments import Deployments, Stage, Target
from integrations.metrics.vendors.local.scraping import Scraper
from storage.embedded import EmbeddedServer
from tests.examples.sample_services import RELEASES, services_database
from tests.integrations.local_platform import gone, keepers
from tests.workplace import Deaf, settings_of

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

AT_FIRST = """
production:
  orders: {version: "4.17.2", replicas: 2}
  payment-service: {version: "1.42.3"}
  auth-service: {version: "1.28.0"}
  checkout: {version: "5.3.0"}
"""
SERVICES = ("orders", "payment-service", "auth-service", "checkout")
APART = timedelta(seconds=5)
"""Of scrapes, as the embedded metrics make them."""
CALM, BUSY = 54, 18
"""Scrapes at the usual traffic, and then at three times as much: each made QUICK seconds after the other in
place of APART, a twentieth of the time that they stand for."""
QUICK = 0.25


@dataclass(frozen=True)
class Place:
    installation: Installation
    chat: Conversation
    folder: Path

    async def say(self, who: str, words: str) -> Answered:
        return await self.chat.say(who, words, None, None)

    @property
    def keeper(self) -> Path:
        return self.folder / "keeper" / self.installation.settings.tenant

    @property
    def port(self) -> Deployments:
        return self.installation.ports(self.installation.settings.tenant).deployments

    async def runs(self, service: str, version: str | None = None) -> None:
        async with asyncio.timeout(120):
            while True:
                stable = (await self.port.status(Target(service, Stage.PRODUCTION))).stable
                if stable is not None and stable.ready == stable.replicas and version in (None, stable.version):
                    return
                await asyncio.sleep(0.1)  # nobody tells

    def scraper(self) -> Scraper:
        installation = self.installation
        targets = self.keeper / "targets.json"
        return Scraper(installation.database, installation.settings.tenant, targets, APART.total_seconds())


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not in pytest's own folder, which is closed to the user that a database runs as."""
    made = Path(tempfile.mkdtemp(prefix="countersign-explain-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
async def place(server: EmbeddedServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    department = folder / "department"
    department.mkdir()
    for entry in RELEASES.parent.iterdir():
        if entry.name != "releases":
            (department / entry.name).symlink_to(entry)
    shutil.copytree(RELEASES, department / "releases", ignore=shutil.ignore_patterns("__pycache__"))
    (department / "releases" / "at_first.yaml").write_text(AT_FIRST)
    with services_database(server) as url:
        monkeypatch.setenv("KEEPER_DATABASE_URL", url)
        installation = await open_installation(settings_of(server, folder, department=department))
        installation.__dict__["recogniser"] = Deaf()
        async with Conversation(installation) as chat:
            yield Place(installation, chat, folder)
        for pid in keepers(folder):
            os.kill(pid, signal.SIGTERM)
            await gone(pid)


async def test_more_traffic_names_nobody_and_an_n_plus_1_release_is_named(place: Place) -> None:
    for service in SERVICES:
        await place.runs(service)
    await _six_minutes(place)
    scraping = asyncio.create_task(_scrape_on(place.scraper()))
    try:
        busy = await place.say("nathan", "/explain_incident what made checkout or orders slow just now?")
        assert _names_nobody(busy.as_text()), busy.as_text()
        traffic = asyncio.create_task(send(place.keeper, "production", 4, 58))
        asked = await place.say("nathan", "/deploy orders 4.18.1 to production all at once")
        await place.chat.decide("amanda", asked.approvals[0]["id"], "approve", {})
        await place.runs("orders", "4.18.1")
        said = await _explained(place)
        traffic.cancel()
    finally:
        scraping.cancel()
    words = said.as_text()
    assert "Orders' own time explains" in words
    assert "4.18.1 was deployed there" in words
    assert "(commit e6a90d4, by diego.arrieta, for CARD-1234)" in words
    assert "Roll back orders to 4.17.2" in str(said.cards)


async def _six_minutes(place: Place) -> None:
    """Of normal work, scraped at the times that it stands for: calm, and then with more traffic."""
    began = datetime.now(UTC)
    until = began + timedelta(seconds=QUICK * (CALM + BUSY))
    scraper = place.scraper()
    loop = asyncio.get_running_loop()
    first = loop.time()
    traffic = [asyncio.create_task(send(place.keeper, "production", 8, QUICK * (CALM + BUSY)))]
    for number in range(CALM + BUSY):
        if number == CALM:
            traffic.append(asyncio.create_task(send(place.keeper, "production", 16, QUICK * BUSY)))
        await asyncio.sleep(max(0.0, first + QUICK * number - loop.time()))
        assert await scraper.scrape(until - APART * (CALM + BUSY - number)) >= len(SERVICES)
    for sent in await asyncio.gather(*traffic):
        assert sent.answers.keys() == {"auth-service 201", "orders 200", "checkout 201"}


async def _scrape_on(scraper: Scraper) -> None:
    while True:
        await scraper.scrape(datetime.now(UTC))
        await asyncio.sleep(APART.total_seconds())


def _names_nobody(words: str) -> bool:
    """Traffic is no cause. Other programs of this machine may in truth have slowed a service; no change did."""
    return "was not worse than usual" in words or "nothing is known to have changed there" in words


async def _explained(place: Place) -> Answered:
    """The answer as soon as two windows speak for it."""
    async with asyncio.timeout(100):
        while True:
            said = await place.say("nathan", "/explain_incident what made checkout or orders slow?")
            if "explains" in said.as_text():
                return said
            await asyncio.sleep(3)
