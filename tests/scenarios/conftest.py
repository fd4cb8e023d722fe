"""Offices for conversations that cross platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from storage.embedded import EmbeddedServer
from tests.office import OpenOffice, offices
from tests.scenarios.browser import Browser
from tests.workplace import at_work


@pytest.fixture
async def open_office(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[OpenOffice]:
    """Opens offices of a test's own."""
    async with offices(server, tmp_path) as opened:
        yield opened


@pytest.fixture
async def browser(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser at the console of an installation of the test's own."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with at_work(server, tmp_path) as office, aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Browser(office, http)
