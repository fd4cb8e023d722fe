"""The suite's books: over every tenant of every database of the tests, what happened is what the log says.

Effects that the fakes saw = intents = outcomes in the log, and nobody's name stands in it. Looked at once,
when the last test has ended, by the database's owner, who sees all tenants.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from storage.embedded import EmbeddedServer

SEEN: Counter[str] = Counter()
"""How often something was done at a fake, by the grant's id: whoever runs a fake adds what it counted."""

TAMPERED: set[str] = set()
"""Tenants whose rows a test changed behind the gate's back; what the log says of them is that test's matter."""

STAGED: set[str] = set()
"""Tenants in which a test itself plays the performer or makes entries up: nobody's name may stand in their
log either, but what happened is not what it says."""

STAGES = ("tests/handlers/", "tests/governance/audit/", "tests/bot/console/", "tests/bot/sign_in/")
"""Where tests do so."""

_MOST_TOLD = 20

# A department is there only where a gate ruled: other tenants' entries are made up by the log's own tests.
_EFFECTS = """
    SELECT e.tenant, e.id, e.action_type, e.state, e.grant_id, e.intent IS NOT NULL, e.finished IS NOT NULL,
           count(a.id) FILTER (WHERE a.kind = 'intent'), count(a.id) FILTER (WHERE a.kind = 'outcome'),
           count(a.id) FILTER (WHERE a.kind IN ('refusal', 'ruling'))
    FROM effects e LEFT JOIN audit_entries a ON a.tenant = e.tenant AND a.effect = e.id
    GROUP BY e.tenant, e.id
"""
_ORPHANS = """
    SELECT a.tenant, a.kind || ' of ' || a.effect || ', which is no effect' FROM audit_entries a
    WHERE a.kind IN ('intent', 'outcome') AND EXISTS (SELECT 1 FROM departments d WHERE d.tenant = a.tenant)
      AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.tenant = a.tenant AND e.id = a.effect)
"""
_NAMED = """
    SELECT a.tenant, 'entry ' || a.id || ' (' || a.type || ') names ' || p.id FROM audit_entries a
    JOIN people p ON p.tenant = a.tenant AND (
        position('"' || p.id || '"' IN a.data) > 0 OR position(p.name IN a.data) > 0
        OR position(coalesce(p.email, p.name) IN a.data) > 0)
"""
_IDENTITIES = """
    SELECT a.tenant, 'entry ' || a.id || ' (' || a.type || ') holds ' || i.identity FROM audit_entries a
    JOIN identities i ON i.tenant = a.tenant AND position('"' || i.identity || '"' IN a.data) > 0
"""
_RECEIPTS = (
    "SELECT tenant, grant_id FROM tracker_receipts"
    " UNION ALL SELECT tenant, grant_id FROM jira_effects WHERE is_done"
)
_ENDED = {"done", "failed", "unknown"}


def what_does_not_balance(server: EmbeddedServer) -> list[str]:
    """One line for each thing that is not as the log says, in any database of the server; [] if all is well."""
    seen = Counter(SEEN)
    found: list[str] = []
    for database in _databases(server):
        with psycopg.connect(_url(server, database)) as connection:
            found += _of(connection, seen)
    found += [
        f"{grant} was done {times} times at a fake, and no effect has it" for grant, times in seen.items()
    ]
    return found


def told(found: list[str]) -> str:
    """The first of them, for a failure that can be read."""
    more = f"\nand {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return "\n".join(found[:_MOST_TOLD]) + more


def _of(connection: psycopg.Connection, seen: Counter[str]) -> list[str]:
    if connection.execute("SELECT to_regclass('effects')").fetchone() == (None,):
        return []
    receipts = Counter(_rows(connection, _RECEIPTS))
    found: list[str] = []
    for row in _rows(connection, _EFFECTS):
        tenant, effect, grant = row[0], row[1], row[4]
        happened = seen.pop(grant, 0) + receipts[tenant, grant]
        if tenant not in TAMPERED | STAGED:
            found += [f"{tenant}: {effect} ({row[2]}) is {row[3]}: {fault}" for fault in _faults(row, happened)]
    for query, passed_over in ((_ORPHANS, TAMPERED | STAGED), (_NAMED, TAMPERED), (_IDENTITIES, TAMPERED)):
        rows = _rows(connection, query)
        found += [f"{tenant}: {fault}" for tenant, fault in rows if tenant not in passed_over]
    return found


def _faults(row: tuple[Any, ...], happened: int) -> list[str]:
    _, _, kind, state, _, intended, finished, intents, outcomes, not_done = row
    faults = []
    if intents != intended:
        faults.append(f"{intents} intents")
    if outcomes != finished or (state in _ENDED and not finished):
        faults.append(f"{outcomes} outcomes")
    if not_done != (state in ("refused", "left_to_people")):
        faults.append(f"{not_done} refusals")
    if happened > 1 or (happened and state not in ("done", "unknown", "claimed")):
        faults.append(f"it happened {happened} times")
    if state == "done" and not happened and kind.startswith(("edge.", "tracker.")) and kind != "edge.meet":
        faults.append("it never happened")
    return faults


def _databases(server: EmbeddedServer) -> list[str]:
    with psycopg.connect(server.owner_url) as connection:
        return [
            name for (name,) in _rows(connection, "SELECT datname FROM pg_database WHERE NOT datistemplate")
        ]


def _url(server: EmbeddedServer, database: str) -> str:
    return str(server.handle.get_uri(database=database))


def _rows(connection: psycopg.Connection, query: LiteralString) -> list[tuple[Any, ...]]:
    return connection.execute(sql.SQL(query)).fetchall()
