"""Whether this process is alive and ready, and figures for Prometheus, all read from the rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.figures import Figures, read_figures
from governance.audit.tables import SequencerRow
from storage.database import Database
from storage.migrate import is_current

_PATIENCE = 2.0
"""Seconds that the database may take to answer."""

_LONGEST_SILENCE = timedelta(seconds=5)
"""A sequencer that finished no round for this long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is asked how it is."""

    database: Database
    tenant: str


HEALTH: web.AppKey[Health] = web.AppKey("health", Health)


async def healthz(_request: web.Request) -> web.Response:
    """This process answers; it says nothing about anything else."""
    return web.json_response({"alive": True})


async def readyz(request: web.Request) -> web.Response:
    """Whether turns would be answered: 200, or 503 with what is missing."""
    missing = await what_is_missing(request.app[HEALTH].database)
    return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)


async def what_is_missing(database: Database) -> Sequence[str]:
    """Sentences about what stands in the way; none if everything is there."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _missing(database)
    except TimeoutError:
        return [f"the database has not answered for {_PATIENCE:.0f} s"]
    except (OperationalError, InterfaceError, PoolTimeout):
        return ["the database cannot be reached"]


async def _missing(database: Database) -> Sequence[str]:
    async with database.untenanted() as tx:
        connection = await tx.connection()
        if not await connection.run_sync(is_current):
            return ["the database's schema is not this version's: run `python -m bot migrate`"]
        beat = select(func.max(SequencerRow.beat), func.clock_timestamp())
        last, now = (await tx.execute(beat)).one()
    if last is None or now - last > _LONGEST_SILENCE:
        return ["no sequencer numbers the audit log: start a `worker`"]
    return []


async def metrics(request: web.Request) -> web.Response:
    """The figures in Prometheus' text format."""
    health = request.app[HEALTH]
    async with health.database.transaction(health.tenant) as tx:
        figures: Figures = await read_figures(tx)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    body = generate_latest(registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
