"""What a turn changed: every row of the company's tables before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

BOOKKEEPING = frozenset(
    {
        "inbox", "outbox", "posted_messages", "buttons", "files", "console_messages", "threads", "acts",
        "firings",
        "looked_through", "told_blockers", "notices", "interventions", "agent_runs", "fence_acknowledgements",
        "told_risks", "delay_reports", "code_protections",
    }
)  # fmt: skip
"""What is written of every turn, or beside a change that counts by itself; what was told, kept to be judged or
ordered by its number later; what the sample's repositories are made with at first use. And all of the audit
log."""

Row = Mapping[str, Any]

_TABLES = """
    SELECT c.relname,
           (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
            WHERE i.indrelid = c.oid AND i.indisprimary)
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant' AND NOT t.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
      AND has_table_privilege(c.oid, 'SELECT') ORDER BY c.relname
"""


@dataclass(frozen=True)
class Change:
    """A row that is there, is gone or is different since; `before` is None too where it cannot be told."""

    table: str
    before: Row | None
    after: Row | None

    @property
    def row(self) -> Row:
        """The row as it is now, or was last."""
        found = self.after if self.after is not None else self.before
        return {} if found is None else found

    @property
    def is_new(self) -> bool:
        """Whether the row was not there before."""
        return self.before is None

    def became(self, column: str) -> bool:
        """Whether a column has a value now, and had another one or none."""
        now = self.row.get(column)
        return now is not None and (self.before or {}).get(column) != now


@dataclass(frozen=True)
class Snapshot:
    """A transaction's own view: rows that it made or changed, by table and key, and how many are untouched."""

    touched: Mapping[str, Mapping[str, Row]]
    untouched: Mapping[str, int]


class Books:
    """Reads the tables of a company from within the transaction of a conversation."""

    def __init__(self, driver: psycopg.AsyncConnection, first: int) -> None:
        """`first` is the transaction's own number: whatever it writes is numbered from there on."""
        self._driver = driver
        self._first = first
        self._keys: dict[str, tuple[str, ...]] = {}

    @classmethod
    async def open(cls, driver: psycopg.AsyncConnection) -> Books:
        """The books of the transaction that `driver` is in."""
        number = await (await driver.execute("SELECT pg_current_xact_id()::text::bigint")).fetchone()
        books = cls(driver, number[0] if number else 0)
        for table, key in await (await driver.execute(_TABLES)).fetchall():
            if table not in BOOKKEEPING and not table.startswith("audit_"):
                books._keys[table] = tuple(key or ())
        return books

    async def snapshot(self) -> Snapshot:
        """How everything stands now."""
        parts = [
            sql.SQL(
                "SELECT {name}, count(*) FILTER (WHERE NOT own),"
                " coalesce(jsonb_agg(to_jsonb(t) - 'own' - 'tenant') FILTER (WHERE own), '[]'::jsonb)"
                " FROM (SELECT *, xmin::text::bigint >= {first} AS own FROM {table}) t"
            ).format(name=sql.Literal(table), table=sql.Identifier(table), first=sql.Literal(self._first))
            for table in self._keys
        ]
        rows = await (await self._driver.execute(sql.SQL(" UNION ALL ").join(parts))).fetchall()
        touched = {name: {self._key(name, row): row for row in own} for name, _, own in rows}
        return Snapshot(touched, {name: count for name, count, _ in rows})

    def _key(self, table: str, row: Row) -> str:
        return "/".join(str(row[column]) for column in self._keys[table] if column != "tenant")


def changes_between(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """What changed, in the order of the tables. Rows from before the conversation that were changed or
    deleted are told without how they were."""
    return tuple(_changes(before, after))


def _changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for table, rows in after.touched.items():
        old = before.touched[table]
        fresh = [key for key in rows if key not in old]
        yield from (Change(table, None, rows[key]) for key in fresh)
        yield from (Change(table, old[key], rows[key]) for key in rows if key in old and old[key] != rows[key])
        gone = [key for key in old if key not in rows]
        yield from (Change(table, old[key], None) for key in gone)
        deleted = before.untouched[table] - after.untouched[table] - len(fresh)
        yield from (Change(table, None, None) for _ in range(max(0, deleted)))


def acts(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that count as acting: not what only records that something was refused."""
    return tuple(change for change in changes if not _is_refusal(change))


def _is_refusal(change: Change) -> bool:
    refused = change.row.get("state") in ("refused", "left_to_people")
    return change.table == "effects" and change.is_new and refused


def standing(snapshot: Snapshot, now: datetime) -> Mapping[str, int]:
    """How many overrides, windows and delegations of the conversation's own stand at `now` or are to come."""

    def stands(row: Row) -> bool:
        end = row.get("expires") or row.get("ends")
        return row.get("ended") is None and (end is None or datetime.fromisoformat(end) > now)

    tables = ("overrides", "windows", "delegations")
    return {table: sum(map(stands, snapshot.touched.get(table, {}).values())) for table in tables}


def values_of(row: Row) -> Iterator[Any]:
    """Every single value in a row, those within its JSON too."""
    for value in row.values():
        yield from _leaves(value)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from values_of(value)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
