"""The sequencer: gives pending entries their numbers, grows the tree, and signs what it has become.

Any number may run, in any processes; a lock in the database lets one at a time work on a tenant's log.
All that a round does for a tenant is one transaction, so that a sequencer killed at any point leaves
either the pending rows or the finished leaves, tree and checkpoint, and nothing in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.checkpoint import sign_checkpoint
from governance.audit.nodes import NodeMissing, is_stored, load_frontier
from governance.audit.publication import Publisher
from governance.audit.signed_note import Signer
from governance.audit.tree import Frontier
from storage.database import Database

INTERVAL_SECONDS = 0.02
"""Between two looks at who waits. Waking by NOTIFY instead was rejected: PostgreSQL serialises the
commits of all transactions that notify, and every business transaction records."""

MOST_IN_A_ROUND = 2000
"""Entries of one tenant that one transaction numbers; keeps hashing under 20 ms of the event loop."""

_BEAT_SECONDS = 0.2
_LOCK_CLASS = 0x61756474

_WAITING = text("SELECT audit_waiting_tenants()")

_BEAT = text(
    "INSERT INTO audit_sequencer (id, beat) VALUES ('sequencer', clock_timestamp())"
    " ON CONFLICT (id) DO UPDATE SET beat = clock_timestamp()"
)

# The planner takes the pending table for what it was when it was last analysed, and would read through
# the remains of rows long gone; the primary key skips them.
_ENTER = text(
    "SELECT set_config('enable_seqscan', 'off', true),"
    " pg_try_advisory_xact_lock(:class, hashtext(:tenant)) AS locked"
)

_NEWEST = text("SELECT size, root FROM audit_checkpoints ORDER BY size DESC LIMIT 1")

_TAKE = text(
    """
    WITH batch AS (SELECT arrival FROM audit_pending ORDER BY arrival LIMIT :most)
    DELETE FROM audit_pending p USING batch WHERE p.arrival = batch.arrival
    RETURNING p.arrival, p.entry, p.leaf
    """
)

_GROW = text(
    """
    WITH leaves AS (
        INSERT INTO audit_leaves (number, entry, hash)
        SELECT CAST(:first AS bigint) + position - 1, entry, hash
        FROM unnest(CAST(:entries AS text[]), CAST(:hashes AS bytea[])) WITH ORDINALITY
            AS taken (entry, hash, position)
    ), nodes AS (
        INSERT INTO audit_nodes (level, index, hash)
        SELECT * FROM unnest(CAST(:levels AS smallint[]), CAST(:indexes AS bigint[]), CAST(:nodes AS bytea[]))
    )
    INSERT INTO audit_checkpoints (size, root, note) VALUES (:size, :root, :note)
    """
)

_log = structlog.get_logger(__name__)


class Sequencer:
    """Numbers entries of all tenants until it is cancelled.

    `signer_for` gives the signer of a tenant's log; `publisher` takes finished checkpoints out of the
    database.
    """

    def __init__(
        self, database: Database, signer_for: Callable[[str], Signer], publisher: Publisher | None = None
    ) -> None:
        self._database = database
        self._signer_for = signer_for
        self._publisher = publisher
        self._frontiers: dict[str, Frontier] = {}
        self._beaten = 0.0

    async def run(self) -> None:
        """Work a round every 20 ms. A database that is away is waited for; without rounds nothing beats."""
        while True:
            started = monotonic()
            try:
                numbered = await self.round()
            except SQLAlchemyError as error:
                _log.warning("audit_round_failed", error=str(error))
                numbered = 0
            if numbered < MOST_IN_A_ROUND:
                await asyncio.sleep(max(0.0, started + INTERVAL_SECONDS - monotonic()))

    async def round(self) -> int:
        """Number what waits now, of every tenant; returns how many entries that were."""
        async with self._database.untenanted() as tx:
            tenants = list((await tx.execute(_WAITING)).scalars())
            if monotonic() - self._beaten >= _BEAT_SECONDS:
                await tx.execute(_BEAT)
                self._beaten = monotonic()
        return sum([await self._sequence_or_report(tenant) for tenant in tenants])

    async def _sequence_or_report(self, tenant: str) -> int:
        # A log that is damaged must not stop the others; its own effects stop, for want of a number.
        try:
            return await self.sequence(tenant)
        except (SQLAlchemyError, NodeMissing) as error:
            _log.error("audit_sequencing_failed", tenant=tenant, error=str(error))
            return 0

    async def sequence(self, tenant: str) -> int:
        """Number up to `MOST_IN_A_ROUND` entries of one tenant, unless another sequencer is at it."""
        async with self._database.transaction(tenant) as tx:
            entered = (await tx.execute(_ENTER, {"class": _LOCK_CLASS, "tenant": tenant})).one()
            if not entered.locked:
                return 0
            taken = (await tx.execute(_TAKE, {"most": MOST_IN_A_ROUND})).all()
            if not taken:
                return 0
            frontier = await self._frontier(tx, tenant)
            # Arrival is given at the INSERT, so within a transaction entries keep their order.
            in_order = sorted((arrival, entry, bytes(leaf)) for arrival, entry, leaf in taken)
            grown, note = self._grow(tenant, frontier, [(entry, leaf) for _, entry, leaf in in_order])
            await tx.execute(_GROW, grown)
        self._frontiers[tenant] = frontier
        if self._publisher is not None:
            self._publisher.offer(tenant, note)
        return len(taken)

    async def _frontier(self, tx: AsyncSession, tenant: str) -> Frontier:
        newest = (await tx.execute(_NEWEST)).one_or_none()
        if newest is None:
            return Frontier()
        known = self._frontiers.get(tenant)
        if known is not None and (known.size, known.root()) == (newest.size, bytes(newest.root)):
            return Frontier(known.size, known.peaks)
        return await load_frontier(tx, newest.size)

    def _grow(
        self, tenant: str, frontier: Frontier, batch: list[tuple[str, bytes]]
    ) -> tuple[dict[str, object], str]:
        first = frontier.size
        completed = [node for _, leaf in batch for node in frontier.append(leaf) if is_stored(node[0])]
        root = frontier.root()
        note = sign_checkpoint(self._signer_for(tenant), frontier.size, root)
        return {
            "first": first,
            "entries": [entry for entry, _ in batch],
            "hashes": [leaf for _, leaf in batch],
            "levels": [level for level, _, _ in completed],
            "indexes": [index for _, index, _ in completed],
            "nodes": [value for _, _, value in completed],
            "size": frontier.size,
            "root": root,
            "note": note,
        }, note
