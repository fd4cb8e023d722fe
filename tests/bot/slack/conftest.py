"""An office in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer
from tests.office import Office, OpenOffice, offices


@pytest.fixture(scope="module")
async def office(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """One office for a module, which leaves it as it was; it ends with it, for its workers are awake."""
    async with offices(server, tmp_path_factory.mktemp("office")) as open_office:
        yield await open_office()


@pytest.fixture
async def open_office(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[OpenOffice]:
    """Opens offices of a test's own."""
    async with offices(server, tmp_path) as opened:
        yield opened
