"""The fake port in its own process, and a department whose effects happen there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from simulators.edge import Edge
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.books import SEEN
from tests.governance.house import House

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def edge_url(server: EmbeddedServer) -> Iterator[str]:
    """The fake port, serving in a process of its own. It ends before the database does, for the books."""
    command = [sys.executable, "-m", "simulators.edge"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield url
        SEEN.update(httpx.get(f"{url}/effects").json())
        process.kill()


@pytest.fixture
def edge(edge_url: str) -> Edge:
    return Edge(edge_url)


@pytest.fixture
async def house(database: Database, tenant: str, edge: Edge) -> AsyncIterator[House]:
    """A department over the fake port; after each test, what happened there and the log must agree."""
    opened = House(database, tenant, edge)
    await opened.open()
    yield opened
    await opened.balance()
