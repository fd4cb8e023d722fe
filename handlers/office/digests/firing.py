"""Digests are fired when they are due, in each person's own time, once whatever clocks there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from governance.department_rows import NoDepartment, read_department
from governance.overrides.rows import read_standing
from governance.people import Person
from governance.places import Place
from governance.standing import WindowMode
from handlers.conversation.desk import Channels
from handlers.conversation.origin import place_json
from handlers.office.digests.changes import switch_off
from handlers.office.digests.schedule import due, previous_due
from handlers.office.digests.settings import (
    SCHEDULED,
    ChannelAddress,
    DigestKind,
    Recipient,
    everybody,
    why_not_there,
)
from storage.database import Database
from storage.firings import fire_once, last_fired
from storage.notices import notify, tell_given_up
from storage.outage import is_database_away

_log = structlog.get_logger()

FARTHEST_BACK = timedelta(days=31)
"""No digest covers more than this."""


@dataclass(frozen=True, slots=True)
class Due:
    """Kinds of one recipient that are due at the same moment, each with what its last one covered."""

    recipient: Recipient
    at: datetime
    since: Mapping[DigestKind, datetime]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Where the recipient is told."""
        return self.recipient.settings[next(iter(self.since))].platforms


async def fire_digests(database: Database, tenant: str, now: datetime, channels: Channels) -> int:
    """Fire all that is due at `now` and was not fired yet; returns how many messages that makes.
    `channels` finds those that a digest is posted to.

    Each recipient's firing, with its notice, is a transaction of its own: of two clocks one makes it.
    """
    async with database.transaction(tenant) as tx:
        try:
            department = await read_department(tx)
        except NoDepartment:
            return 0
        if WindowMode.DEMO in (await read_standing(tx, now)).modes(now):
            return 0  # nothing starts by itself; what is still due after it comes then
        recipients = await everybody(tx, department, now)
        fired = await last_fired(tx, [_schedule(one, kind) for one in recipients for kind in SCHEDULED])
    found, broken = await asyncio.to_thread(all_due, recipients, fired, now)
    made = 0
    for one in found:
        try:
            async with database.transaction(tenant) as tx:
                made += await _fire(tx, one, now, channels)
        except Exception as failure:
            if is_database_away(failure):
                raise
            _log.exception("digest_not_fired", recipient=one.recipient.key)
            broken.append(one.recipient)
    for recipient in broken:
        async with database.transaction(tenant) as tx:
            await _tell_not_fired(tx, recipient)
    return made


def all_due(
    recipients: Iterable[Recipient], fired: Mapping[str, datetime], now: datetime
) -> tuple[list[Due], list[Recipient]]:
    """What is due at `now`: those kinds together that come to the same place at the same moment. And those
    recipients of whom that cannot be told.

    `fired` are the due times that were fired last, by schedule.
    """
    found: list[Due] = []
    broken: list[Recipient] = []
    for recipient in recipients:
        try:
            found += _due_to(recipient, fired, now)
        except (LookupError, ValueError, TypeError):
            _log.exception("digest_settings_unreadable", recipient=recipient.key)
            broken.append(recipient)
    return found, broken


def _due_to(recipient: Recipient, fired: Mapping[str, datetime], now: datetime) -> list[Due]:
    together: dict[tuple[datetime, tuple[str, ...]], dict[DigestKind, datetime]] = {}
    for kind in SCHEDULED:
        setting = recipient.settings[kind]
        last = fired.get(_schedule(recipient, kind))
        schedule = recipient.schedule(kind)
        if not setting.is_on or setting.is_paused(now):
            continue
        at = due(schedule, now, max(filter(None, (last, setting.since, setting.paused_until))))
        if at is not None:
            since = max(last or previous_due(schedule, at), at - FARTHEST_BACK)
            together.setdefault((at, setting.platforms), {})[kind] = since
    return [Due(recipient, at, since) for (at, _), since in together.items()]


async def _tell_not_fired(tx: AsyncSession, recipient: Recipient) -> None:
    """Whose digest it is, or who set the channel's, hears that it did not come, once a day."""
    if isinstance(recipient.to, Person):
        whose, person = "Your digest", recipient.to.id
    else:
        whose, person = f"The digest of #{recipient.to.name}", recipient.set_by or ""
    await tell_given_up(
        tx,
        f"digest:{recipient.key}",
        f"{whose} could not be put together: something went wrong on my side.",
        "Set its time and days anew with “digest settings”; whoever runs Countersign finds the fault in the"
        " log.",
        people=(person,) if person else (),
    )


async def _fire(tx: AsyncSession, one: Due, now: datetime, channels: Channels) -> bool:
    recipient = one.recipient
    since = {
        kind: moment
        for kind, moment in one.since.items()
        if await fire_once(tx, _schedule(recipient, kind), one.at)
    }
    if not since:
        return False
    if isinstance(recipient.to, Person):
        await notify(tx, "digest", _ids(since), people=(recipient.to.id,), platforms=one.platforms, slow=True)
        return True
    found = await channels.find(tx, recipient.to.platform, recipient.to.channel)
    return await _post_to_channel(tx, recipient, recipient.to, found.place if found else None, since, now)


async def _post_to_channel(
    tx: AsyncSession,
    recipient: Recipient,
    address: ChannelAddress,
    place: Place | None,
    since: Mapping[DigestKind, datetime],
    now: datetime,
) -> bool:
    """Post to a channel what its readers of today may see; the rest ends, and whoever set it is told."""
    why = {kind: _why_not(kind, place) for kind in since}
    for kind, reason in why.items():
        if reason is not None:
            await _end(tx, recipient, address, kind, reason, now)
    allowed = {kind: moment for kind, moment in since.items() if why[kind] is None}
    if place is None or not allowed:
        return False
    await notify(tx, "digest", _ids(allowed), place=place_json(place), slow=True)
    return True


def _why_not(kind: DigestKind, place: Place | None) -> str | None:
    return "The channel cannot be found any more." if place is None else why_not_there(kind, place.audience)


async def _end(
    tx: AsyncSession, recipient: Recipient, address: ChannelAddress, kind: DigestKind, why: str, now: datetime
) -> None:
    _log.warning("channel_digest_ended", channel=address.key, kind=kind.value, why=why)
    await switch_off(tx, recipient.key, kind, now)
    ids = {"kind": kind.value, "channel": address.name, "why": why}
    people = (recipient.set_by,) if recipient.set_by else ()
    await notify(tx, "channel_digest_ended", ids, people=people)


def _ids(since: Mapping[DigestKind, datetime]) -> dict[str, object]:
    return {"since": {kind.value: moment.isoformat() for kind, moment in since.items()}}


def _schedule(recipient: Recipient, kind: DigestKind) -> str:
    return f"digest:{recipient.key}:{kind.value}"
