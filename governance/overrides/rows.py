"""What stands, as rows: reading it for a ruling, laying it down, ending it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Role
from governance.standing import (
    Autonomy,
    EmergencyDeployment,
    Freeze,
    FreezeKind,
    Halt,
    Narrowed,
    Pause,
    Pin,
    Standing,
    Window,
    WindowMode,
)
from governance.tables import OverrideRow
from storage import direct
from storage.database import locked

# In one round trip, for every turn and every ruling asks it anew.
_STANDING = """
    SELECT kind, scope, coalesce(subject, ''), made_by, people.name, reason, made AS since, expires, roles
    FROM overrides LEFT JOIN people ON (people.tenant, people.id) = (overrides.tenant, made_by)
    WHERE ended IS NULL AND (expires IS NULL OR expires > %(moment)s)
    UNION ALL
    SELECT 'window', mode, '', opened_by, NULL, reason, starts, ends, '[]' FROM windows WHERE ends > %(moment)s
    UNION ALL
    SELECT 'pause', agent, '', paused_by, people.name, body->>'paused_why', paused_since,
        (body->>'paused_until')::timestamptz, '[]'
    FROM agent_settings LEFT JOIN people ON (people.tenant, people.id) = (agent_settings.tenant, paused_by)
    WHERE paused_since IS NOT NULL
      AND (body->>'paused_until' IS NULL OR (body->>'paused_until')::timestamptz > %(moment)s)
    UNION ALL
    SELECT 'narrowed', agent, body->>'autonomy', narrowed_by, people.name, narrowed_why, changed, NULL, '[]'
    FROM agent_settings LEFT JOIN people ON (people.tenant, people.id) = (agent_settings.tenant, narrowed_by)
    WHERE narrowed_by IS NOT NULL
    ORDER BY since
"""


@dataclass(frozen=True, slots=True)
class _Standing:
    """A row of what stands; of a window `scope` is the mode, of a pause and of autonomy the agent."""

    kind: str
    scope: str
    subject: str
    by: str
    name: str | None
    reason: str
    since: datetime
    until: datetime | None
    roles: list[str]


class NoSuchOverride(LookupError):
    """No override with this id stands any more."""


async def read_standing(tx: AsyncSession, moment: datetime) -> Standing:
    """All overrides that have not ended, windows that have not passed and agents that are held, at `moment`."""
    return await direct.answer(tx, standing_at(moment))


def standing_at(moment: datetime) -> direct.Query[Standing]:
    """The query of `read_standing`."""
    return direct.Query(_STANDING, {"moment": moment}, _read_standing)


def _read_standing(found: Sequence[Any]) -> Standing:
    rows = [_Standing(*row) for row in found]
    halts = [Halt(row.by, row.reason, row.since, row.name) for row in rows if row.kind == "halt"]
    return Standing(
        halt=halts[0] if halts else None,
        freezes=tuple(_freeze(row) for row in rows if row.kind == "freeze"),
        emergencies=tuple(
            EmergencyDeployment(row.by, row.subject, row.reason, row.until, row.name)
            for row in rows
            if row.kind == "emergency" and row.until is not None
        ),
        windows=tuple(
            Window(WindowMode(row.scope), row.since, row.until, row.by)
            for row in rows
            if row.kind == "window" and row.until is not None
        ),
        pins=tuple(
            Pin(row.scope, row.subject, row.by, row.reason, row.name) for row in rows if row.kind == "pin"
        ),
        pauses=tuple(
            Pause(row.scope, row.by, row.reason, row.since, row.name, row.until)
            for row in rows
            if row.kind == "pause"
        ),
        narrowed=tuple(
            Narrowed(row.scope, Autonomy(row.subject), row.by, row.reason, row.name)
            for row in rows
            if row.kind == "narrowed"
        ),
    )


def lay(
    tx: AsyncSession,
    kind: str,
    scope: str,
    *,
    subject: str | None,
    reason: str,
    by: str,
    roles: frozenset[Role],
    at: datetime,
    identity: str | None = None,
    expires: datetime | None = None,
    review_due: datetime | None = None,
) -> str:
    """Lay an override down with `tx`. Returns its id. `identity` is the chat or system identity behind it."""
    override = f"ov_{secrets.token_hex(5)}"
    tx.add(
        OverrideRow(
            id=override,
            kind=kind,
            scope=scope,
            subject=subject,
            reason=reason,
            made_by=by,
            identity=identity,
            roles=sorted(roles),
            made=at,
            expires=expires,
            review_due=review_due,
        )
    )
    return override


async def standing_rows(tx: AsyncSession, kind: str) -> list[OverrideRow]:
    """The overrides of a kind that have not been ended, oldest first."""
    query = select(OverrideRow).where(OverrideRow.kind == kind, OverrideRow.ended.is_(None))
    return list((await tx.execute(query.order_by(OverrideRow.made))).scalars())


async def override_row(tx: AsyncSession, override: str, kind: str) -> OverrideRow:
    """An override of this kind that stands, locked until `tx` ends. Raises NoSuchOverride."""
    query = select(OverrideRow).where(OverrideRow.id == override, OverrideRow.kind == kind)
    row = (await tx.execute(locked(query.where(OverrideRow.ended.is_(None))))).scalar()
    if row is None:
        raise NoSuchOverride(override)
    return row


def end(row: OverrideRow, by: str, at: datetime) -> None:
    """End an override."""
    row.ended, row.ended_by = at, by


def freeze_of(row: OverrideRow) -> Freeze:
    """A freeze's row as the freeze that it is."""
    by_role = Role(row.roles[0])
    return Freeze(
        FreezeKind(row.scope), row.subject or "", row.made_by, by_role, row.reason, row.made, until=row.expires
    )


def _freeze(row: _Standing) -> Freeze:
    by_role = Role(row.roles[0])
    return Freeze(
        FreezeKind(row.scope), row.subject, row.by, by_role, row.reason, row.since, row.name, row.until
    )
