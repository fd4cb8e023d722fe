"""What is said to PostgreSQL about the fence, word for word the same from chat and from the command line.

`governance.fence` says why the locks are as they are. This file imports next to nothing: halting from the
command line waits for no library but the driver. Values by name, as the driver takes them.
"""

from __future__ import annotations

import re
from typing import LiteralString

CHANNEL = "countersign_fence"
"""PostgreSQL notifies this channel whenever a fence moves; a poll of 50 ms guarantees it."""

GIVE_WAY_MS = 400
"""How long whoever holds the fence may keep a halt waiting."""

# Every tenant's fence may be seen (one process watches them all), so the tenant is named here. Locking the
# row comes last, and reads it as it is then, however long the turnstile took.
HOLD: LiteralString = (
    "WITH turnstile AS MATERIALIZED"
    " (SELECT pg_advisory_xact_lock_shared(hashtextextended('fence/' || %(tenant)s, 0)))"
    " SELECT fences.epoch, fences.halted FROM turnstile, fences"
    " WHERE fences.tenant = %(tenant)s FOR SHARE OF fences"
)
LOCK: LiteralString = (
    "WITH turnstile AS MATERIALIZED"
    " (SELECT pg_advisory_xact_lock(hashtextextended('fence/' || %(tenant)s, 0)))"
    " SELECT fences.epoch, fences.halted FROM turnstile, fences"
    " WHERE fences.tenant = %(tenant)s FOR UPDATE OF fences"
)

# Whoever holds the turnstile now, and since when their transactions run: those who come later do not count.
HOLDERS: LiteralString = (
    "SELECT held.pid, who.xact_start FROM pg_locks AS held JOIN pg_stat_activity AS who USING (pid)"
    " WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1"
    " AND (held.classid::bigint << 32 | held.objid::bigint) = hashtextextended('fence/' || %(tenant)s, 0)"
    " AND who.datname = current_database() AND who.usename = current_user AND held.pid <> pg_backend_pid()"
)
END: LiteralString = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid = ANY(%(pids)s) AND xact_start = ANY(%(since)s)"
)
MOVE: LiteralString = (
    "UPDATE fences SET epoch = epoch + 1, halted = %(halted)s, changed = now()"
    " WHERE tenant = %(tenant)s RETURNING epoch"
)
WAKE: LiteralString = f"SELECT pg_notify('{CHANNEL}', %(tenant)s)"

_NAME = re.compile(r"%\((\w+)\)s")


def named(statement: str) -> str:
    """The same statement with its values' names as SQLAlchemy writes them."""
    return _NAME.sub(r":\1", statement)
