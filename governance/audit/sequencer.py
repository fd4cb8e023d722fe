"""The sequencer: gives pending entries their numbers, grows the tree, and signs what it has become.

Any number may run, in any processes; a lock in the database lets one at a time grow a tenant's log.
All that a round writes for a tenant is one statement, so that a sequencer killed at any point leaves
either the pending rows or the finished leaves, tree and checkpoint, and nothing in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, LiteralString

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from governance.audit.checkpoint import sign_checkpoint
from governance.audit.nodes import NodeMissing, is_stored, load_frontier
from governance.audit.publication import Publisher
from governance.audit.signed_note import Signer
from governance.audit.tree import Frontier
from storage.database import Database
from storage.outage import Outage

INTERVAL_SECONDS = 0.02
"""Between two looks at who waits. Waking by NOTIFY instead was rejected: PostgreSQL serialises the
commits of all transactions that notify, and every business transaction records."""

MOST_IN_A_ROUND = 2000
"""Entries of one tenant that one transaction numbers; keeps hashing under 20 ms of the event loop."""

_BEAT_SECONDS = 0.2
_LOCK_CLASS = 0x61756474

_WAITING = "SELECT audit_waiting_tenants()"

_BEAT = """
    INSERT INTO audit_sequencer (id, beat) VALUES ('sequencer', clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET beat = clock_timestamp()
"""

# Each is one statement and its own transaction; the connection stays in a tenant until it goes to another.
_ENTER = "SELECT set_config('app.tenant', %(tenant)s, false)"

# The planner takes the pending table for what it was when it was last analysed, and would read through
# the remains of rows long gone; the primary key skips them.
_PREPARE = "SET enable_seqscan = off"

# Arrival is given at the INSERT, so within a transaction entries keep their order.
_LOOK = """
    WITH batch AS (SELECT arrival, entry, leaf FROM audit_pending ORDER BY arrival LIMIT %(most)s),
    newest AS (SELECT size, root FROM audit_checkpoints ORDER BY size DESC LIMIT 1)
    SELECT array_agg(arrival ORDER BY arrival), array_agg(entry ORDER BY arrival),
           array_agg(leaf ORDER BY arrival), (SELECT size FROM newest), (SELECT root FROM newest)
    FROM batch
"""

# One statement takes the queue's rows and writes leaves, nodes and checkpoint, or does nothing. The lock
# and the comparison keep sequencers out of each other's way; what makes it impossible to number twice is
# that number, entry and size are unique: of two that saw the same state, the second is undone whole.
_GROW = """
    WITH mine AS (
        SELECT WHERE pg_try_advisory_xact_lock(%(class)s, hashtext(%(tenant)s))
          AND %(first)s = coalesce((SELECT max(size) FROM audit_checkpoints), 0)
    ), taken AS (
        DELETE FROM audit_pending p USING mine WHERE p.arrival = ANY(%(arrivals)s)
    ), leaves AS (
        INSERT INTO audit_leaves (number, entry, hash)
        SELECT %(first)s + position - 1, entry, hash
        FROM mine, unnest(%(entries)s::text[], %(hashes)s::bytea[]) WITH ORDINALITY AS t (entry, hash, position)
    ), nodes AS (
        INSERT INTO audit_nodes (level, index, hash)
        SELECT t.* FROM mine, unnest(%(levels)s::smallint[], %(indexes)s::bigint[], %(nodes)s::bytea[]) AS t
    )
    INSERT INTO audit_checkpoints (size, root, note) SELECT %(size)s, %(root)s, %(note)s FROM mine
"""

_log = structlog.get_logger(__name__)


@dataclass
class _Desk:
    """A connection of the sequencer's own, and the tenant that it stands in."""

    connection: psycopg.AsyncConnection
    tenant: str = ""

    async def rows(
        self, statement: LiteralString, values: dict[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        return await (await self.connection.execute(statement, values)).fetchall()


class Sequencer:
    """Numbers entries of all tenants until it is cancelled.

    `signer_for` gives the signer of a tenant's log; `publisher` takes finished checkpoints out of the
    database. It keeps one connection of the pool to itself, outside the tenants' transactions, since a
    round every 20 ms should cost no more than its statements.
    """

    def __init__(
        self, database: Database, signer_for: Callable[[str], Signer], publisher: Publisher | None = None
    ) -> None:
        self._database = database
        self._signer_for = signer_for
        self._publisher = publisher
        self._frontiers: dict[str, Frontier] = {}
        self._beaten = 0.0
        self._outage = Outage("audit sequencer")

    async def run(self) -> None:
        """Work a round every 20 ms. A database that is away is waited for; without rounds nothing beats."""
        while True:
            try:
                async with self._desk() as desk:
                    await self._rounds(desk)
            except (psycopg.Error, SQLAlchemyError) as error:
                self._outage.begins(error)
                await asyncio.sleep(_BEAT_SECONDS)

    async def round(self) -> int:
        """Number what waits now, of every tenant; returns how many entries that were."""
        async with self._desk() as desk:
            return await self._round(desk)

    async def sequence(self, tenant: str) -> int:
        """Number up to `MOST_IN_A_ROUND` entries of one tenant, unless another sequencer is at it."""
        async with self._desk() as desk:
            return await self._sequence(desk, tenant)

    @asynccontextmanager
    async def _desk(self) -> AsyncIterator[_Desk]:
        async with self._database.engine.connect() as pooled:
            await pooled.execution_options(isolation_level="AUTOCOMMIT")
            driver = (await pooled.get_raw_connection()).driver_connection
            if not isinstance(driver, psycopg.AsyncConnection):
                raise TypeError("the audit log is kept in PostgreSQL through psycopg")
            try:
                await driver.execute(_PREPARE)
                yield _Desk(driver)
            finally:
                # It was in a tenant outside any transaction: closed, never given to anybody else.
                await pooled.invalidate()

    async def _rounds(self, desk: _Desk) -> None:
        while True:
            started = monotonic()
            working = asyncio.create_task(self._round(desk))
            try:
                numbered = await asyncio.shield(working)
            except asyncio.CancelledError:
                await working  # being stopped, a round is finished, which takes milliseconds
                raise
            self._outage.ends()
            if numbered < MOST_IN_A_ROUND:
                await asyncio.sleep(max(0.0, started + INTERVAL_SECONDS - monotonic()))

    async def _round(self, desk: _Desk) -> int:
        tenants = await desk.rows(_WAITING)
        numbered = sum([await self._sequence_or_report(desk, tenant) for (tenant,) in tenants])
        if monotonic() - self._beaten >= _BEAT_SECONDS:
            await desk.connection.execute(_BEAT)
            self._beaten = monotonic()
        return numbered

    async def _sequence_or_report(self, desk: _Desk, tenant: str) -> int:
        # A log that is damaged must not stop the others; its own effects stop, for want of a number. Losing
        # a race to another sequencer looks the same and is over by the next round.
        try:
            return await self._sequence(desk, tenant)
        except (psycopg.IntegrityError, NodeMissing) as error:
            _log.warning("audit_sequencing_failed", tenant=tenant, error=str(error))
            return 0

    async def _sequence(self, desk: _Desk, tenant: str) -> int:
        if desk.tenant != tenant:
            await desk.rows(_ENTER, {"tenant": tenant})
            desk.tenant = tenant
        [(arrivals, entries, leaves, size, root)] = await desk.rows(_LOOK, {"most": MOST_IN_A_ROUND})
        if not entries:
            return 0
        frontier = await self._frontier(tenant, size or 0, root)
        grown = self._grow(tenant, frontier, entries, leaves)
        done = await desk.connection.execute(
            _GROW, {**grown, "arrivals": arrivals, "class": _LOCK_CLASS, "tenant": tenant}
        )
        # No row: another sequencer holds the lock, or has grown the log since the look. Nothing was written,
        # and the frontier, already grown in memory, is dropped with this try.
        if not done.rowcount:
            return 0
        self._frontiers[tenant] = frontier
        if self._publisher is not None:
            # Only what has committed leaves the database. A crash just before this publishes it late: the next
            # process offers the newest checkpoint when it starts.
            self._publisher.offer(tenant, str(grown["note"]))
        return len(entries)

    async def _frontier(self, tenant: str, size: int, root: bytes | None) -> Frontier:
        known = self._frontiers.get(tenant)
        if known is not None and (known.size, known.root()) == (size, root):
            return Frontier(known.size, known.peaks)
        # Another sequencer was here, or we have just started. What it committed does not change any more.
        async with self._database.transaction(tenant) as tx:
            return await load_frontier(tx, size)

    def _grow(
        self, tenant: str, frontier: Frontier, entries: list[str], leaves: list[bytes]
    ) -> dict[str, object]:
        first = frontier.size
        completed = [node for leaf in leaves for node in frontier.append(leaf) if is_stored(node[0])]
        root = frontier.root()
        return {
            "first": first,
            "entries": entries,
            "hashes": leaves,
            "levels": [level for level, _, _ in completed],
            "indexes": [index for _, index, _ in completed],
            "nodes": [value for _, _, value in completed],
            "size": frontier.size,
            "root": root,
            "note": sign_checkpoint(self._signer_for(tenant), frontier.size, root),
        }
