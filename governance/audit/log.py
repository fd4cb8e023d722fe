"""Recording: an entry becomes part of the business transaction that it tells of."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.entries import AnyEntry
from governance.audit.log_names import under_log_names
from governance.audit.sealing import Sealed, seal, write_openings
from storage import direct
from storage.database import Database

ALIVE_WITHIN = timedelta(seconds=1)
"""A sequencer that has not finished a round for longer is taken for dead, and effects stop."""

NUMBERED_WITHIN_SECONDS = 5.0
"""How long an effect waits for its intent's number, with a sequencer at work, before it gives up."""

_POLL_SECONDS = 0.01

# One round trip for the three rows. Numbers are not given out here: a number given in a business
# transaction would make all of them wait for one another.
_RECORD = """
    WITH entry AS (
        INSERT INTO audit_entries (id, kind, type, actor, subject, turn, effect, at, data)
        VALUES (%(id)s, %(kind)s, %(type)s, %(actor)s, %(subject)s, %(turn)s, %(effect)s, %(at)s, %(data)s)
    ), opening AS (
        INSERT INTO audit_openings (entry, openings) VALUES (%(id)s, %(openings)s)
    )
    INSERT INTO audit_pending (entry, leaf) VALUES (%(id)s, %(leaf)s)
"""

_NUMBER = text("SELECT number FROM audit_leaves WHERE entry = :entry")

_ALIVE = text("SELECT beat > clock_timestamp() - :within FROM audit_sequencer WHERE id = 'sequencer'")


class SequencerSilent(Exception):
    """No sequencer has been at work for a second: what must be in the log first cannot go ahead."""

    def __init__(self) -> None:
        super().__init__("The audit log is not being numbered right now, so nothing is carried out.")


async def record(tx: AsyncSession, entry: AnyEntry) -> str:
    """Write an entry with the transaction that it tells of; returns its id.

    People go in under their names in the log. It commits or vanishes with `tx`. Its number follows within
    milliseconds of the commit, from the sequencer. Raises `NotCanonical` for details that JSON cannot carry.
    """
    return await record_named(tx, await under_log_names(tx, entry))


async def record_named(tx: AsyncSession, entry: AnyEntry) -> str:
    """The same, for an entry that has the log's names already. It asks nothing, so it may stand in a block of
    `direct.together`."""
    sealed = seal(entry)
    await direct.run(tx, _RECORD, _columns(entry, sealed))
    return sealed.id


async def numbered(tx: AsyncSession, entry_id: str) -> int | None:
    """The number of an entry in the log, from 0, or None while it waits for one."""
    number: int | None = (await tx.execute(_NUMBER, {"entry": entry_id})).scalar_one_or_none()
    return number


async def sequencer_alive(tx: AsyncSession) -> bool:
    """Whether a sequencer finished a round within the last second."""
    return bool((await tx.execute(_ALIVE, {"within": ALIVE_WITHIN})).scalar_one_or_none())


async def wait_until_numbered(database: Database, tenant: str, entry_id: str) -> int:
    """Wait for the number of an entry whose transaction has committed: what an effect does first.

    Raises `SequencerSilent` as soon as nobody is there to give it, or after `NUMBERED_WITHIN_SECONDS`.
    """
    deadline = monotonic() + NUMBERED_WITHIN_SECONDS
    while True:
        async with database.transaction(tenant) as tx:
            number = await numbered(tx, entry_id)
            if number is not None:
                return number
            if monotonic() > deadline or not await sequencer_alive(tx):
                raise SequencerSilent
        await asyncio.sleep(_POLL_SECONDS)


def _columns(entry: AnyEntry, sealed: Sealed) -> dict[str, object]:
    return {
        "id": sealed.id,
        "kind": entry.kind.value,
        "type": entry.type,
        "actor": entry.actor.id,
        "subject": entry.subject,
        "turn": entry.turn,
        "effect": entry.effect,
        "at": entry.at,
        "data": sealed.data,
        "openings": write_openings(sealed.openings),
        "leaf": sealed.leaf,
    }
