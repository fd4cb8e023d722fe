"""Changing settings and quiet hours, and taking a change back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Person
from handlers.office.digests.quiet_hours import QuietHours
from handlers.office.digests.settings import ChannelAddress, DigestKind, Recipient, Setting
from handlers.office.digests.tables import DigestChangeRow, DigestRow, QuietHoursRow
from storage.notices import let_go


class CannotUndo(Exception):
    """A change that cannot be taken back any more. The text says why."""


async def change_settings(
    tx: AsyncSession, recipient: Recipient, settings: Sequence[Setting], by: Person, now: datetime
) -> str:
    """Let these settings hold from now on. Returns the change's id, which can be undone."""
    change = await _remember(tx, recipient.key, by)
    for setting in settings:
        await _put(tx, recipient, setting, by, now)
    await tx.flush()
    return change


async def change_quiet_hours(
    tx: AsyncSession, recipient: Recipient, hours: QuietHours | None, by: Person
) -> str:
    """Let these quiet hours hold, or none; what was kept back is looked at anew. Returns the change's id."""
    change = await _remember(tx, recipient.key, by)
    await _put_quiet(tx, by, hours)
    return change


async def change_all(
    tx: AsyncSession,
    recipient: Recipient,
    settings: Sequence[Setting],
    hours: QuietHours | None,
    by: Person,
    now: datetime,
) -> str:
    """Both in one change, for somebody's own summaries."""
    change = await change_settings(tx, recipient, settings, by, now)
    await _put_quiet(tx, by, hours)
    return change


async def switch_off(tx: AsyncSession, recipient: str, kind: DigestKind, now: datetime) -> None:
    """End what nobody turned off: a channel that may not have it any more."""
    row = update(DigestRow).where(DigestRow.recipient == recipient, DigestRow.kind == kind.value)
    await tx.execute(row.values(is_on=False, changed=now))


async def change_by_id(tx: AsyncSession, change: str) -> DigestChangeRow:
    """A change. Raises CannotUndo."""
    row = (await tx.execute(select(DigestChangeRow).where(DigestChangeRow.id == change))).scalar()
    if row is None:
        raise CannotUndo("That change is not on record.")
    return row


async def undo(tx: AsyncSession, row: DigestChangeRow, by: Person, now: datetime) -> None:
    """Bring back how everything of its recipient stood before a change. Raises CannotUndo."""
    if row.undone is not None:
        raise CannotUndo("That was undone already.")
    newest = select(DigestChangeRow.id).where(DigestChangeRow.recipient == row.recipient)
    newest = newest.where(DigestChangeRow.undone.is_(None)).order_by(
        DigestChangeRow.made.desc(), DigestChangeRow.id.desc()
    )
    if (await tx.execute(newest.limit(1))).scalar() != row.id:
        raise CannotUndo("Something else was changed since, so nothing was undone.")
    row.undone = now
    await tx.execute(delete(DigestRow).where(DigestRow.recipient == row.recipient))
    for kept in row.before["settings"]:
        tx.add(_row_from(row.recipient, kept, now))
    if row.recipient.startswith("person:"):
        quiet = row.before["quiet"]
        await _put_quiet(tx, by, _quiet_from(quiet) if quiet else None)
    await tx.flush()


async def _put(tx: AsyncSession, recipient: Recipient, setting: Setting, by: Person, now: datetime) -> None:
    await tx.merge(
        DigestRow(
            tenant=by.tenant,
            recipient=recipient.key,
            kind=setting.kind.value,
            is_on=setting.is_on,
            at=setting.at,
            days=sorted(setting.days),
            time_zone=setting.time_zone,
            platforms=list(setting.platforms),
            paused_until=setting.paused_until,
            channel=recipient.to.name if isinstance(recipient.to, ChannelAddress) else None,
            set_by=by.id,
            changed=now,
        )
    )


async def _put_quiet(tx: AsyncSession, person: Person, hours: QuietHours | None) -> None:
    await tx.execute(delete(QuietHoursRow).where(QuietHoursRow.person == person.id))
    if hours is not None:
        tx.add(
            QuietHoursRow(
                person=person.id,
                starts=hours.starts,
                ends=hours.ends,
                time_zone=None if hours.zone == person.time_zone else hours.zone,
                blockers_pierce=hours.blockers_pierce,
            )
        )
    await tx.flush()
    await let_go(tx, person.id)


async def _remember(tx: AsyncSession, recipient: str, by: Person) -> str:
    rows = (await tx.execute(select(DigestRow).where(DigestRow.recipient == recipient))).scalars()
    quiet = select(QuietHoursRow).where(QuietHoursRow.person == recipient.removeprefix("person:"))
    hours = (await tx.execute(quiet)).scalar() if recipient.startswith("person:") else None
    change = f"dc_{secrets.token_hex(6)}"
    tx.add(
        DigestChangeRow(
            id=change,
            recipient=recipient,
            made_by=by.id,
            before={
                "settings": [_kept(row) for row in rows],
                "quiet": _kept_quiet(hours, by.time_zone) if hours else None,
            },
        )
    )
    return change


def _kept(row: DigestRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "is_on": row.is_on,
        "at": row.at.isoformat(),
        "days": row.days,
        "time_zone": row.time_zone,
        "platforms": row.platforms,
        "paused_until": row.paused_until.isoformat() if row.paused_until else None,
        "channel": row.channel,
        "set_by": row.set_by,
    }


def _row_from(recipient: str, kept: dict[str, Any], now: datetime) -> DigestRow:
    paused = kept["paused_until"]
    return DigestRow(
        **{
            **kept,
            "at": time.fromisoformat(kept["at"]),
            "paused_until": datetime.fromisoformat(paused) if paused else None,
        },
        recipient=recipient,
        changed=now,
    )


def _kept_quiet(row: QuietHoursRow, zone: str) -> dict[str, Any]:
    return {
        "starts": row.starts.isoformat(),
        "ends": row.ends.isoformat(),
        "zone": row.time_zone or zone,
        "blockers_pierce": row.blockers_pierce,
    }


def _quiet_from(kept: dict[str, Any]) -> QuietHours:
    return QuietHours(
        time.fromisoformat(kept["starts"]),
        time.fromisoformat(kept["ends"]),
        kept["zone"],
        blockers_pierce=kept["blockers_pierce"],
    )
