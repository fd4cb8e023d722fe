"""A served console over a fresh company, with people who can speak."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.console.adapter import NEWS
from bot.console.residents import read_residents
from bot.listener import Listener
from bot.settings import Settings
from bot.web import make_app
from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.bot.console.fake_department import FakeDepartment, acme, move_in

AUDIT_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@dataclass
class Served:
    """A running console: `client` speaks as nobody until somebody `is_` chosen."""

    client: TestClient[Any, Any]
    database: Database
    tenant: str
    department: FakeDepartment
    sequencer: Sequencer

    @property
    def address(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def is_(self, person: str) -> None:
        answer = await self.post("/console/persona", data={"person": person}, allow_redirects=False)
        assert answer.status == 303

    async def post(self, path: str, **kwargs: Any) -> ClientResponse:
        headers = {"Origin": self.address} | kwargs.pop("headers", {})
        return await self.client.post(path, headers=headers, **kwargs)

    async def say(self, text: str, *, thread: str | None = None, channel: str, key: str = "") -> dict[str, Any]:
        body = {"key": key or str(uuid.uuid4()), "channel": channel, "thread": thread, "text": text}
        answer = await self.post("/console/say", json=body)
        said: dict[str, Any] = await answer.json()
        return said | {"status": answer.status}

    async def page(self, path: str) -> str:
        answer = await self.client.get(path, headers={"Accept": "text/html"})
        return await answer.text()


@pytest.fixture
async def company(database: Database, tenant: str) -> str:
    """A tenant in which the sample department lives."""
    await move_in(database, tenant, acme())
    return tenant


@pytest.fixture
async def served(
    database: Database, company: str, server: EmbeddedServer, tmp_path: Path
) -> AsyncIterator[Served]:
    async with serving(database, company, server, tmp_path) as running:
        yield running


@asynccontextmanager
async def serving(
    database: Database, tenant: str, server: EmbeddedServer, folder: Path
) -> AsyncIterator[Served]:
    listener = Listener(server.app_url)
    signer = signer_for(AUDIT_KEY, tenant)
    app = make_app(
        database=database,
        listener=listener,
        settings=Settings(_env_file=None),
        tenant=tenant,
        residents=read_residents,
        session_key=Fernet.generate_key(),
        log_key=signer.verifier,
        checkpoint_file=folder / "checkpoints.txt",
    )
    listening = asyncio.create_task(listener.run((NEWS,)))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield Served(
            client,
            database,
            tenant,
            FakeDepartment(database, tenant),
            Sequencer(database, lambda _tenant: signer),
        )
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
