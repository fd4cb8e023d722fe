"""A fake GitHub, the vendor opened onto it, and somebody's clone of its repository with a first commit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from integrations.code_host.vendors.github.host import GitHub
from simulators.github import FakeGitHub
from simulators.github.repositories import Repository
from storage.database import Database
from tests.integrations.code_host.github import world
from tests.integrations.code_host.github.work import ORDERS
from tests.integrations.code_host.workshop import Workshop


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeGitHub]:
    """What it answered is held against GitHub's published description."""
    async with world.served(tmp_path / "github") as fake:
        yield fake
        wrong = {f"{one.method} {one.path}": found for one in fake.exchanges if (found := world.faults_of(one))}
        assert wrong == {}


@pytest.fixture
async def port(fake: FakeGitHub, database: Database, tenant: str, tmp_path: Path) -> AsyncIterator[GitHub]:
    """It does not wait for what was not heard of."""
    async with world.opened(fake, database, tenant, tmp_path / "var") as port:
        port.settles = timedelta(0)
        yield port


@pytest.fixture
def orders(fake: FakeGitHub) -> Repository:
    return fake.repositories[ORDERS]


@pytest.fixture
def work(orders: Repository, tmp_path: Path) -> Workshop:
    """A clone, with a first commit on main."""
    clone = Workshop(tmp_path / "clone", orders.folder)
    clone.commit("Add", {"a.txt": "1\n", "b.txt": "b\n"})
    clone.push("main")
    return clone
