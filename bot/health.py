"""Whether this process is alive and ready, and figures for Prometheus, all read from the rows."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.protection import host_of, refuse_strangers
from bot.tables import InboxRow, OutboxRow
from governance.audit.tables import PendingRow, SequencerRow
from governance.tables import ApprovalRow, EffectRow
from storage.database import Database, is_disk_full
from storage.migrate import is_current

LATENCY_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures(Collector):
    """A tenant's figures at one moment. `latency` counts finished turns up to each bucket's bound."""

    turns: dict[tuple[str, str], int]
    latency: tuple[int, ...]
    latency_count: int
    latency_sum: float
    effects: dict[tuple[str, str], int]
    approvals_open: int
    outbox: dict[str, int]
    unnumbered: int

    def collect(self) -> Iterable[Metric]:
        """The figures as Prometheus names them."""
        turns = CounterMetricFamily(
            "countersign_turns", "Turns stored, by state and intent", labels=["state", "intent"]
        )
        for (state, intent), count in self.turns.items():
            turns.add_metric([state, intent], count)
        bounds = [*(str(bound) for bound in LATENCY_BUCKETS), "+Inf"]
        counts = [*self.latency, self.latency_count]
        latency = HistogramMetricFamily(
            "countersign_turn_seconds",
            "From a message stored to its turn finished",
            buckets=list(zip(bounds, map(float, counts), strict=True)),
            sum_value=self.latency_sum,
        )
        effects = CounterMetricFamily(
            "countersign_effects", "Actions submitted, by type and state", labels=["type", "state"]
        )
        for (action_type, state), count in self.effects.items():
            effects.add_metric([action_type, state], count)
        outbox = GaugeMetricFamily("countersign_outbox", "Messages to post", labels=["state"])
        for state, count in self.outbox.items():
            outbox.add_metric([state], count)
        return (
            turns,
            latency,
            effects,
            outbox,
            GaugeMetricFamily("countersign_approvals_open", "Approvals that wait", self.approvals_open),
            GaugeMetricFamily(
                "countersign_audit_unnumbered", "Entries that wait for a number", self.unnumbered
            ),
        )


async def read_figures(tx: AsyncSession) -> Figures:
    """Count what the figures say, for the transaction's tenant."""
    intent = func.coalesce(InboxRow.intent, "")
    turns = select(InboxRow.state, intent, func.count()).group_by(InboxRow.state, intent)
    effects = select(EffectRow.action_type, EffectRow.state, func.count())
    outbox = select(OutboxRow.state, func.count()).where(OutboxRow.state != "posted")
    took = func.extract("epoch", InboxRow.finished - InboxRow.received)
    within = [func.count().filter(took <= bound) for bound in LATENCY_BUCKETS]
    latency = select(func.count(), func.coalesce(func.sum(took), 0), *within).where(
        InboxRow.finished.is_not(None)
    )
    waiting = select(func.count()).where(ApprovalRow.status == "open")
    finished, seconds, *counts = (await tx.execute(latency)).one()
    return Figures(
        turns={(state, name): n for state, name, n in (await tx.execute(turns))},
        latency=tuple(counts),
        latency_count=finished,
        latency_sum=float(seconds),
        effects={
            (kind, state): n
            for kind, state, n in (await tx.execute(effects.group_by(EffectRow.action_type, EffectRow.state)))
        },
        approvals_open=(await tx.execute(waiting)).scalar_one(),
        outbox={"waiting": 0, "failed": 0} | dict((await tx.execute(outbox.group_by(OutboxRow.state))).all()),
        unnumbered=(await tx.execute(select(func.count(PendingRow.arrival)))).scalar_one(),
    )


_log = structlog.get_logger()

_PATIENCE = 2.0
"""Seconds that the database may take to answer."""

_LONGEST_SILENCE = timedelta(seconds=5)
"""A sequencer that finished no round for this long is taken for dead."""


LEAST_ROOM = 32 * 2**20
"""Bytes that must be free on the embedded database's disk: two segments of PostgreSQL's log. Without room for
one it ends."""

# A sort that does not fit into memory is written to the database's own disk, and leaves nothing behind there.
_SORT = text(
    "SELECT count(*) FROM (SELECT n FROM generate_series(1, 20000) AS n ORDER BY md5(n::text)) AS sorted"
)
_LITTLE_MEMORY = text("SELECT set_config('work_mem', '64kB', true)")

_FULL = "the database's disk is full: make room there"


@dataclass(frozen=True, slots=True)
class Health:
    """What is asked how it is. `folder` is the embedded database's; None where it is another machine's. Where
    it `is_local`, this machine alone is told figures."""

    database: Database
    tenant: str
    folder: Path | None
    is_local: bool
    public_url: str | None


HEALTH: web.AppKey[Health] = web.AppKey("health", Health)


async def healthz(_request: web.Request) -> web.Response:
    """This process answers; it says nothing about anything else."""
    return web.json_response({"alive": True})


async def readyz(request: web.Request) -> web.Response:
    """Whether turns would be answered: 200, or 503 with what is missing."""
    health = request.app[HEALTH]
    missing = await what_is_missing(health.database, health.folder)
    if missing:
        _log.warning("not_ready", missing=missing)
    return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)


async def what_is_missing(database: Database, folder: Path | None) -> Sequence[str]:
    """Sentences about what stands in the way; none if everything is there."""
    if folder is not None and (left := room_left(folder)) < LEAST_ROOM:
        return [f"the disk under VAR_FOLDER is full ({left // 2**20} MB are left): make room there"]
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _missing(database)
    except TimeoutError:
        return [f"the database has not answered for {_PATIENCE:.0f} s"]
    except OperationalError as failed:
        return [_FULL if is_disk_full(failed) else "the database cannot be reached"]
    except (InterfaceError, PoolTimeout):
        return ["the database cannot be reached"]


def room_left(folder: Path) -> int:
    """Bytes that are free on the disk on which a folder is, or will be."""
    whole = folder.resolve()
    there = next(each for each in (whole, *whole.parents) if each.exists())
    return shutil.disk_usage(there).free


async def _missing(database: Database) -> Sequence[str]:
    async with database.untenanted() as tx:
        connection = await tx.connection()
        if not await connection.run_sync(is_current):
            return ["the database's schema is not this version's: run `python -m bot migrate`"]
        beat = select(func.max(SequencerRow.beat), func.clock_timestamp())
        last, now = (await tx.execute(beat)).one()
        await tx.execute(_LITTLE_MEMORY)
        await tx.execute(_SORT)
    if last is None or now - last > _LONGEST_SILENCE:
        return ["no sequencer numbers the audit log: start a `worker`"]
    return []


async def metrics(request: web.Request) -> web.Response:
    """The figures in Prometheus' text format."""
    health = request.app[HEALTH]
    if health.is_local:
        refuse_strangers(request)
    elif not _is_own_name(host_of(request), health.public_url):
        raise web.HTTPForbidden(text="Figures are told under this server's own address alone.")
    async with health.database.transaction(health.tenant) as tx:
        figures: Figures = await read_figures(tx)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    body = generate_latest(registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _is_own_name(host: str | None, public_url: str | None) -> bool:
    """Whether a request's host is PUBLIC_URL's, a number, or a name without a dot. Whoever points a name of the
    internet's at this server, so that somebody's browser reads from it what it may not, has none of these."""
    if not host:
        return False
    if "." not in host or (public_url and host == urlsplit(public_url).hostname):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
