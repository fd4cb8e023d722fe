"""A roadmap by chat: worked out, supposed otherwise, made the plan of record, and held against what came."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer
from tests.scenarios.operations import Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    async with operations(server, tmp_path, ACME) as opened:
        yield opened


async def test_a_roadmap_from_the_asking_to_its_drift(place: Operations) -> None:
    asked = await place.say(
        "david", "/roadmap Generate the roadmap for next quarter based on backlog and capacity"
    )
    assert "Working out the roadmap" in asked.as_text()
    print(await place.shows("fit into"))
    print(asked)
