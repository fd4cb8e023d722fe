"""Replicas that the embedded metrics scrape, and what is asked of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.metrics import Dimension, Measure, MetricsQuery, Series
from integrations.metrics.vendors.local.reading import LocalMetrics
from integrations.metrics.vendors.local.retention import Retention
from storage.database import Database

SECOND = timedelta(seconds=1)
NONE: Mapping[str, str] = {}
OPEN = {"Content-Type": "application/openmetrics-text; version=1.0.0"}


class Replicas:
    """Replicas that export what they are told to, each at an address of its own, listed in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.says: dict[str, tuple[int, bytes, Mapping[str, str]]] = {}
        self.asked = 0
        self._servers: dict[str, TestServer] = {}

    def say(self, name: str, body: bytes | str, status: int = 200, headers: Mapping[str, str] = NONE) -> None:
        self.says[name] = (status, body.encode() if isinstance(body, str) else body, headers)

    async def list(self, **of: str) -> None:
        """Write the list: what runs is `service version` by the replica's name."""
        groups = []
        for name, runs in of.items():
            service, version = runs.split()
            labels = {"service": service, "stage": "production", "version": version}
            groups.append({"targets": [await self._address(name)], "labels": labels})
        await asyncio.to_thread(self.file.write_text, json.dumps(groups))

    async def _address(self, name: str) -> str:
        if name not in self._servers:

            async def answer(_request: web.Request) -> web.StreamResponse:
                self.asked += 1
                status, body, headers = self.says[name]
                return web.Response(status=status, body=body, headers=headers)

            app = web.Application()
            app.router.add_get("/metrics", answer)
            self._servers[name] = TestServer(app)
            await self._servers[name].start_server()
        return f"{self._servers[name].host}:{self._servers[name].port}"

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()


@asynccontextmanager
async def running(file: Path) -> AsyncIterator[Replicas]:
    made = Replicas(file)
    yield made
    await made.close()


def port(database: Database, tenant: str, scrape_seconds: float = 5.0) -> LocalMetrics:
    return LocalMetrics(database, tenant, scrape_seconds=scrape_seconds, retention=Retention())


async def read_at(local: LocalMetrics, measure: Measure, at: datetime, step: int = 15) -> tuple[Series, ...]:
    query = MetricsQuery(measure, at, at, step * SECOND, by=(Dimension.SERVICE, Dimension.VERSION))
    return (await local.series(query)).series


def counted(value: float, **labels: str) -> str:
    written = ",".join(f'{name}="{label}"' for name, label in labels.items())
    return f"http_requests_total{{{written}}} {value}\n"
