"""The sample's releases in tests: started alone, asked many things at once, and read by their metrics."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp
import psycopg
from prometheus_client.parser import text_string_to_metric_families
from psycopg import sql
from psycopg.conninfo import make_conninfo

from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.processes import Replica, end, is_ready, start
from storage.embedded import EmbeddedServer
from tests.architecture.source import ROOT

RELEASES = ROOT / "examples" / "acme" / "releases"
READY_WITHIN = 60.0


@contextmanager
def services_database(server: EmbeddedServer) -> Iterator[str]:
    """The address of a database that nothing is in, as a role that owns it and may do nothing else."""
    words = f"services_{uuid.uuid4().hex[:12]}"
    name = sql.Identifier(words)
    with psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        yield make_conninfo(server.owner_url, user=words, dbname=words)
        owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        owner.execute(sql.SQL("DROP ROLE {}").format(name))


@dataclass(frozen=True)
class Started:
    """One replica of a release."""

    replica: Replica
    client: aiohttp.ClientSession

    async def ask(self, path: str, body: object = None) -> tuple[int, dict[str, object]]:
        method = "GET" if body is None else "POST"
        async with self.client.request(method, f"{self.replica.address}{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def codes(self, times: int, path: str, body: object = None) -> Counter[int]:
        """What so many requests at once are answered with."""
        return Counter(code for code, _ in await asyncio.gather(*(self.ask(path, body) for _ in range(times))))

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        async with self.client.get(f"{self.replica.address}/metrics") as answer:
            return metric(await answer.text(), name, **labels)


def metric(page: str, name: str, **labels: str) -> float:
    """The sum of what a page of metrics has under a name and labels."""
    samples = [one for family in text_string_to_metric_families(page) for one in family.samples]
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


@asynccontextmanager
async def started(service: str, version: str, told: Mapping[str, str]) -> AsyncIterator[Started]:
    """A release in staging, which is told these addresses."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        runnable = releases.read(RELEASES, service, version)
        replica = await start(runnable, "staging", told, RELEASES / "nothing of it is confined")
        try:
            assert await is_ready(replica, client, READY_WITHIN)
            yield Started(replica, client)
        finally:
            await end(replica)
