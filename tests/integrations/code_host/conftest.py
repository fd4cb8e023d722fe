"""The embedded code host with two empty repositories: the contract's fixtures, where none are brought."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from integrations.code_host.bare_repository import make_bare
from integrations.code_host.contents import Protection
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.code_host.vendors.local.tables import ProtectionRow
from storage.database import Database
from tests.integrations.code_host.workshop import Workshop


@pytest.fixture
async def host(database: Database, tenant: str, tmp_path: Path) -> LocalCodeHost:
    folder = tmp_path / "code"
    folder.mkdir()
    for name in ("orders", "empty"):
        await make_bare(folder / f"{name}.git", "main")
    return LocalCodeHost(database, tenant, folder, tmp_path / "no-sample")


@pytest.fixture
def origin(host: LocalCodeHost) -> Callable[[str], Path]:
    return lambda repository: host.repositories_here.folder / f"{repository}.git"


@pytest.fixture
def clone(origin: Callable[[str], Path], tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "clone", origin("orders"))


@pytest.fixture
def protect(host: LocalCodeHost) -> Callable[[Protection], Awaitable[None]]:
    async def demand(protection: Protection) -> None:
        async with host.database.transaction(host.tenant) as tx:
            tx.add(
                ProtectionRow(
                    repository="orders",
                    branch="main",
                    required_reviews=protection.required_reviews,
                    required_checks=list(protection.required_checks),
                )
            )

    return demand
