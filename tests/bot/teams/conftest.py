"""Offices in Teams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer
from tests.office import TeamsOffice, teams_office


@pytest.fixture(scope="module")
async def office(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TeamsOffice]:
    """One office for a module, which leaves it as it was; it ends with it, for its workers are awake."""
    async with teams_office(server, tmp_path_factory.mktemp("teams")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def closed_office(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TeamsOffice]:
    async with teams_office(server, tmp_path_factory.mktemp("teams"), works=False) as opened:
        yield opened


@pytest.fixture
async def empty_office(closed_office: TeamsOffice) -> AsyncIterator[TeamsOffice]:
    """An office in which nobody works: what comes in is stored and stays so, also by others' workers."""
    yield closed_office
    await closed_office.forget_jobs()


@pytest.fixture
async def own_office(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[TeamsOffice]:
    """An office of a test's own."""
    async with teams_office(server, tmp_path) as opened:
        yield opened
