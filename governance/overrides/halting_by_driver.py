"""Halting spoken to the driver alone: the command line's, when each second counts and little else works.

It lays down the same rows as `halting.halt`, in the same order of locks (turnstile, then the fence's row), and
the entry of the log beside them, in one transaction; a test compares the two, row by row. Here it is once more
because SQLAlchemy and pydantic take longer to load than all of this takes to run.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from time import monotonic, sleep
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from governance import fence_statements as fence
from governance.audit.canonical import Plain, canonical_of_ours, moment
from governance.audit.commitments import Opening, commit, write_openings
from governance.audit.entry_ids import new_id
from governance.audit.merkle import leaf_hash
from governance.overrides.halted import (
    ALIVE_WITHIN,
    IMPACT,
    ROLLBACK_PLAN,
    WAIT_SECONDS,
    Halted,
    HaltReport,
    said,
)

TYPE = "override.halt_agents"
"""The type of its entry in the log."""

_POLL_SECONDS = 0.01
"""Somebody waits for this at a prompt, and workers take less than twice as long."""

# For the whole connection: it is the command's own, and ends with it.
_TENANT: LiteralString = "SELECT set_config('app.tenant', %(tenant)s, false)"
_OPEN: LiteralString = "INSERT INTO fences (epoch) VALUES (0) ON CONFLICT DO NOTHING"
_STANDING: LiteralString = (
    "SELECT id, made_by FROM overrides WHERE kind = 'halt' AND ended IS NULL ORDER BY made LIMIT 1"
)
_LAY: LiteralString = (
    "INSERT INTO overrides (id, kind, scope, subject, reason, made_by, identity, roles, made)"
    " VALUES (%(id)s, 'halt', 'agents', %(epoch)s, %(reason)s, %(by)s, %(by)s, %(roles)s, %(at)s)"
)
_INTERVENED: LiteralString = (
    "INSERT INTO interventions (id, kind, person, subject, reason, at)"
    " VALUES (%(id)s, 'halted', %(by)s, %(override)s, %(reason)s, %(at)s)"
)
_LOG_NAME: LiteralString = "SELECT log_name FROM people WHERE id = 'operator'"
_RECORD: LiteralString = """
    WITH entry AS (
        INSERT INTO audit_entries (id, kind, type, actor, subject, at, data)
        VALUES (%(id)s, 'override', %(type)s, %(actor)s, %(subject)s, %(at)s, %(data)s)
    ), opening AS (
        INSERT INTO audit_openings (entry, openings) VALUES (%(id)s, %(openings)s)
    )
    INSERT INTO audit_pending (entry, leaf) VALUES (%(id)s, %(leaf)s)
"""
_HALT: LiteralString = (
    "SELECT made_by, reason, subject::bigint,"
    " CASE WHEN fences.epoch = subject::bigint THEN fences.changed ELSE made END"
    " FROM overrides JOIN fences USING (tenant)"
    " WHERE overrides.tenant = %(tenant)s AND id = %(override)s AND kind = 'halt'"
)
_ACKNOWLEDGED: LiteralString = (
    "SELECT worker, at, cancelled, already_sent FROM fence_acknowledgements WHERE epoch = %(epoch)s"
    " ORDER BY worker"
)
_ALIVE: LiteralString = (
    "SELECT id FROM workers WHERE seen >= %(since)s::timestamptz - %(within)s AND started <= %(since)s"
)
_CLAIMED: LiteralString = "SELECT id FROM effects WHERE state = 'claimed'"


def halt(connection: psycopg.Connection, tenant: str, *, user: str, reason: str, at: datetime) -> Halted:
    """Stop every agent as the operating system's user: whoever can run commands on this machine may.

    No claim of an effect commits after this has. A halt that stands is kept as it is, and it is recorded that
    somebody wanted it too. `connection` commits by itself (autocommit), and is this tenant's from here on.
    """
    reason = said(reason)
    connection.execute(_TENANT, {"tenant": tenant})
    with connection.transaction():
        epoch, is_halted = _locked(connection, tenant)
        standing = connection.execute(_STANDING).fetchone()
        if standing and is_halted:
            halted = Halted(standing[0], epoch, standing[1], before=True)
        else:
            halted = _laid(connection, tenant, user, reason, at)
        _record(connection, halted.override, user, reason, at)
    return halted


def wait_for_report(connection: psycopg.Connection, tenant: str, override: str) -> HaltReport:
    """The report once everybody has acknowledged, or after ten seconds as it is then."""
    deadline = monotonic() + WAIT_SECONDS
    while True:
        report = _report(connection, tenant, override)
        if not report.silent or monotonic() > deadline:
            return report
        sleep(_POLL_SECONDS)


def _locked(connection: psycopg.Connection, tenant: str) -> tuple[int, bool]:
    """The fence's epoch and whether it is halted, as `fence.lock` reads and holds it."""
    named = {"tenant": tenant}
    while True:
        before = set(connection.execute(fence.HOLDERS, named))
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = {fence.GIVE_WAY_MS:d}")
                row = connection.execute(fence.LOCK, named).fetchone()
                connection.execute("SET LOCAL lock_timeout = DEFAULT")
        except psycopg.errors.LockNotAvailable:
            hanging = before & set(connection.execute(fence.HOLDERS, named))
            held = {"pids": [pid for pid, _ in hanging], "since": [since for _, since in hanging]}
            connection.execute(fence.END, held)
            continue
        if row is not None:
            return row[0], row[1]
        connection.execute(_OPEN)


def _laid(connection: psycopg.Connection, tenant: str, user: str, reason: str, at: datetime) -> Halted:
    moved = connection.execute(fence.MOVE, {"halted": True, "tenant": tenant}).fetchone()
    connection.execute(fence.WAKE, {"tenant": tenant})
    assert moved is not None, "the fence's row is locked, so it is there"
    halted = Halted(f"ov_{secrets.token_hex(5)}", moved[0], user, before=False)
    told: dict[str, Any] = {"by": user, "reason": reason, "at": at}
    laid = {"id": halted.override, "epoch": str(halted.epoch), "roles": Jsonb(["executive"])}
    connection.execute(_LAY, told | laid)
    connection.execute(_INTERVENED, told | {"id": f"iv_{secrets.token_hex(6)}", "override": halted.override})
    return halted


def _record(connection: psycopg.Connection, override: str, user: str, reason: str, at: datetime) -> None:
    called = connection.execute(_LOG_NAME).fetchone()
    actor = called[0] if called else "operator"
    opened = {
        "identity": commit(user),
        "details": commit({"override": override, "from": "command line"}),
        "rationale": commit(reason),
        "impact": commit(IMPACT),
        "rollback_plan": commit(ROLLBACK_PLAN),
    }
    entry = new_id(at)
    data = _data(entry, override, actor, at, opened)
    row = {"id": entry, "type": TYPE, "actor": actor, "subject": override, "at": at, "data": data.decode()}
    connection.execute(_RECORD, row | {"openings": write_openings(opened), "leaf": leaf_hash(data)})


def _data(entry: str, override: str, actor: str, at: datetime, opened: Mapping[str, Opening]) -> bytes:
    """The entry's canonical JSON, as `sealing.seal` writes it."""
    committed: dict[str, Plain] = {part: {"commitment": held.commitment} for part, held in opened.items()}
    identity = committed.pop("identity")
    return canonical_of_ours(
        {
            **committed,
            "id": entry,
            "kind": "override",
            "type": TYPE,
            "at": moment(at),
            "actor": {"kind": "person", "id": actor, "on_behalf_of": None, "identity": identity},
            "subject": override,
            "turn": None,
            "effect": None,
            "measures": {},
            "approvals": {"not_applicable": "no_approval_needed"},
            "artifacts": {"not_applicable": "no_artifacts"},
        }
    )


def _report(connection: psycopg.Connection, tenant: str, override: str) -> HaltReport:
    with connection.transaction():
        halt_row = connection.execute(_HALT, {"tenant": tenant, "override": override}).fetchone()
        assert halt_row is not None, "a halt that was laid down stays"
        by, reason, epoch, since = halt_row
        acknowledged = connection.execute(_ACKNOWLEDGED, {"epoch": epoch}).fetchall()
        alive = {name for (name,) in connection.execute(_ALIVE, {"since": since, "within": ALIVE_WITHIN})}
        claimed = [effect for (effect,) in connection.execute(_CLAIMED)]
    heard = tuple(worker for worker, _, _, _ in acknowledged)
    sent = [effect for _, _, _, already_sent in acknowledged for effect in already_sent]
    return HaltReport(
        override=override,
        by=by,
        reason=reason,
        acknowledged=heard,
        silent=tuple(sorted(alive - set(heard))),
        seconds=max(((at - since).total_seconds() for _, at, _, _ in acknowledged), default=0.0),
        cancelled=sum(cancelled for _, _, cancelled, _ in acknowledged),
        already_sent=tuple(dict.fromkeys([*sent, *claimed])),
    )
