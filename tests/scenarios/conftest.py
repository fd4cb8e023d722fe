"""Offices for conversations that cross platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer
from tests.office import OpenOffice, offices


@pytest.fixture
async def open_office(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[OpenOffice]:
    """Opens offices of a test's own."""
    async with offices(server, tmp_path) as opened:
        yield opened
