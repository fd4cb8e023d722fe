"""What stands, as rows: reading it for a ruling, laying it down, ending it."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Role
from governance.standing import EmergencyDeployment, Freeze, FreezeKind, Halt, Pin, Standing, Window, WindowMode
from governance.tables import OverrideRow, PersonRow, WindowRow


class NoSuchOverride(LookupError):
    """No override with this id stands any more."""


async def read_standing(tx: AsyncSession, moment: datetime) -> Standing:
    """All overrides that have not ended and all windows that have not passed, at `moment`."""
    standing = select(OverrideRow).where(
        OverrideRow.ended.is_(None), or_(OverrideRow.expires.is_(None), OverrideRow.expires > moment)
    )
    rows = (await tx.execute(standing.order_by(OverrideRow.made))).scalars().all()
    windows = (await tx.execute(select(WindowRow).where(WindowRow.ends > moment))).scalars().all()
    made_by = {row.made_by for row in rows}
    names: dict[str, str] = {}
    if made_by:
        people = await tx.execute(select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(made_by)))
        names = {row.id: row.name for row in people}
    halts = [
        Halt(row.made_by, row.reason, row.made, names.get(row.made_by)) for row in rows if row.kind == "halt"
    ]
    return Standing(
        halt=halts[0] if halts else None,
        freezes=tuple(freeze_of(row, names.get(row.made_by)) for row in rows if row.kind == "freeze"),
        emergencies=tuple(
            EmergencyDeployment(row.made_by, row.subject or "", row.reason, row.expires, names.get(row.made_by))
            for row in rows
            if row.kind == "emergency" and row.expires is not None
        ),
        windows=tuple(Window(WindowMode(row.mode), row.starts, row.ends, row.opened_by) for row in windows),
        pins=tuple(
            Pin(row.scope, row.subject or "", row.made_by, row.reason, names.get(row.made_by))
            for row in rows
            if row.kind == "pin"
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
    row = (await tx.execute(query.where(OverrideRow.ended.is_(None)).with_for_update())).scalar()
    if row is None:
        raise NoSuchOverride(override)
    return row


def end(row: OverrideRow, by: str, at: datetime) -> None:
    """End an override."""
    row.ended, row.ended_by = at, by


def freeze_of(row: OverrideRow, name: str | None = None) -> Freeze:
    """A freeze's row as the freeze that it is; `name` is that of whoever laid it."""
    by_role = Role(row.roles[0])
    return Freeze(FreezeKind(row.scope), row.subject or "", row.made_by, by_role, row.reason, row.made, name)
