"""What kinds of digest there are, who gets which, when and where: what they set, or what their role brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.department import Calendar, Department, Weekday
from governance.directory import people
from governance.people import Person, Role
from governance.permissions import VOTERS
from governance.places import Audience
from governance.tables import PersonRoleRow
from governance.visibility import scope_of
from handlers.office.digests.schedule import Schedule
from handlers.office.digests.tables import DigestRow

_log = structlog.get_logger()

NINE = time(9)
MONDAY = frozenset({0})
WORKING_DAYS: frozenset[int] = frozenset()
"""As a setting's days: those on which the recipient's calendar has work."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKDAYS = tuple(Weekday)

PLATFORMS = {"console": "the console", "slack": "Slack", "teams": "Teams"}


class DigestKind(StrEnum):
    """What somebody can get without asking for it each time."""

    DAILY = "daily"
    WEEKLY = "weekly"
    APPROVALS = "approvals"
    BLOCKERS = "blockers"

    @property
    def label(self) -> str:
        """The kind as people say it, in the middle of a sentence."""
        return _LABELS[self]


_LABELS = {
    DigestKind.DAILY: "daily summary",
    DigestKind.WEEKLY: "weekly executive dashboard",
    DigestKind.APPROVALS: "approvals that wait for you",
    DigestKind.BLOCKERS: "blocker alerts",
}

SCHEDULED = (DigestKind.DAILY, DigestKind.WEEKLY, DigestKind.APPROVALS)
"""Those that come at a time; blocker alerts come when something gets blocked."""


def why_not(kind: DigestKind, person: Person) -> str | None:
    """Why this person cannot have this kind, with what they can have instead; None if they can."""
    if kind is DigestKind.WEEKLY and not scope_of(person).everything:
        return (
            "The weekly executive dashboard shows the whole department's work, and you see your customers'."
            " I can send you the daily summary of your customers' items, on one day of the week too:"
            " “send me the daily summary on Fridays at 9”."
        )
    return None


def why_not_there(kind: DigestKind, audience: Audience) -> str | None:
    """Why this kind does not go to a channel with these readers, as a sentence; None if it may."""
    if kind is DigestKind.APPROVALS:
        return "What waits for a decision differs from person to person, so it goes to each directly."
    if audience is Audience.PUBLIC:
        return "People from outside the department may read along there, so nothing of its work is posted."
    if kind is DigestKind.WEEKLY and audience is not Audience.RESTRICTED:
        return (
            "The weekly executive dashboard is for those who lead the department, so it goes to a restricted"
            " channel or to each of them directly."
        )
    return None


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of digest of one recipient.

    No `days` are the recipient's working days, no `time_zone` is their own, no `platforms` are all.
    `since` is when this came to hold: nothing that was due before is made up for.
    """

    kind: DigestKind
    is_on: bool
    at: time = NINE
    days: frozenset[int] = WORKING_DAYS
    time_zone: str | None = None
    platforms: tuple[str, ...] = ()
    paused_until: datetime | None = None
    since: datetime = _BEGINNING

    def is_paused(self, now: datetime) -> bool:
        """Whether it is switched on and waits for a day to come."""
        return self.is_on and self.paused_until is not None and now < self.paused_until


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """A channel of a platform; `name` is what people call it, without the `#`."""

    platform: str
    channel: str
    name: str

    @property
    def key(self) -> str:
        """The channel as a recipient."""
        return f"channel:{self.platform}:{self.channel}"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody, or a channel, with every kind's setting and when they work."""

    key: str
    to: Person | ChannelAddress
    settings: Mapping[DigestKind, Setting]
    zone: str
    working_days: frozenset[int]
    off: frozenset[date]
    set_by: str | None = None

    def schedule(self, kind: DigestKind) -> Schedule:
        """When this kind is due here."""
        setting = self.settings[kind]
        return Schedule(setting.at, setting.days or self.working_days, setting.time_zone or self.zone, self.off)


def person_key(person: str) -> str:
    """A person as a recipient."""
    return f"person:{person}"


def defaults(person: Person, since: datetime) -> Mapping[DigestKind, Setting]:
    """What a person gets until they say otherwise."""
    on = {
        DigestKind.DAILY: person.holds(Role.PRODUCT_OWNER, Role.CUSTOMER_SUCCESS),
        DigestKind.WEEKLY: person.holds(Role.ENGINEERING_DIRECTOR),
        DigestKind.APPROVALS: person.holds(*VOTERS),
        DigestKind.BLOCKERS: person.holds(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR),
    }
    return _settings(on, since)


def _settings(on: Mapping[DigestKind, bool], since: datetime = _BEGINNING) -> dict[DigestKind, Setting]:
    made = {kind: Setting(kind, on.get(kind, False), since=since) for kind in DigestKind}
    made[DigestKind.WEEKLY] = replace(made[DigestKind.WEEKLY], days=MONDAY)
    return made


async def recipient_for(tx: AsyncSession, department: Department, person: Person, now: datetime) -> Recipient:
    """One person's settings."""
    (found,) = await _people(tx, department, [person], now)
    return found


async def channel_for(tx: AsyncSession, department: Department, address: ChannelAddress) -> Recipient:
    """One channel's settings; all off where nobody set any."""
    rows = (await tx.execute(select(DigestRow).where(DigestRow.recipient == address.key))).scalars().all()
    return _channel(department, address, rows)


async def channels(tx: AsyncSession, department: Department) -> list[Recipient]:
    """Every channel for which something was set, by name."""
    query = select(DigestRow).where(DigestRow.channel.is_not(None))
    rows = _readable((await tx.execute(query)).scalars().all())
    addresses = dict.fromkeys(_address(row) for row in rows)
    found = [
        _channel(department, address, [row for row in rows if row.recipient == address.key])
        for address in addresses
    ]
    return sorted(found, key=lambda one: one.key)


async def everybody(tx: AsyncSession, department: Department, now: datetime) -> list[Recipient]:
    """All active people and every channel for which something was set."""
    active = [person for person in await people(tx) if person.active and person.roles]
    return [*await _people(tx, department, active, now), *await channels(tx, department)]


async def _people(
    tx: AsyncSession, department: Department, wanted: Sequence[Person], now: datetime
) -> list[Recipient]:
    given = select(PersonRoleRow.person, func.max(PersonRoleRow.given)).group_by(PersonRoleRow.person)
    since = {row[0]: row[1] for row in await tx.execute(given)}
    keys = [person_key(person.id) for person in wanted]
    query = select(DigestRow).where(DigestRow.recipient.in_(keys))
    rows = _readable((await tx.execute(query)).scalars().all())
    own: dict[str, list[DigestRow]] = {}
    for row in rows:
        own.setdefault(row.recipient, []).append(row)
    found: list[Recipient] = []
    for person in wanted:
        usual = defaults(person, since.get(person.id, _BEGINNING))
        set_by_them = {_row_kind(row): _setting_of(row) for row in own.get(person_key(person.id), ())}
        calendar, off = _calendar(department, person.id, now)
        found.append(
            Recipient(
                person_key(person.id),
                person,
                {**usual, **set_by_them},
                person.time_zone,
                _working_days(calendar),
                off,
            )
        )
    return found


def _readable(rows: Sequence[DigestRow]) -> list[DigestRow]:
    """A row that cannot be read keeps nobody else's from being read; the usual setting holds in its stead."""
    found = []
    for row in rows:
        try:
            _address(row) if row.channel is not None else None
            _setting_of(row)
        except (ValueError, TypeError):
            _log.exception("digest_setting_unreadable", recipient=row.recipient, kind=row.kind)
        else:
            found.append(row)
    return found


def _channel(department: Department, address: ChannelAddress, rows: Sequence[DigestRow]) -> Recipient:
    calendar = department.calendar_of(None)
    newest = max(rows, key=lambda row: row.changed, default=None)
    return Recipient(
        address.key,
        address,
        {**_settings({}), **{_row_kind(row): _setting_of(row) for row in rows}},
        calendar.time_zone,
        _working_days(calendar),
        frozenset(holiday.day for holiday in calendar.holidays),
        set_by=newest.set_by if newest else None,
    )


def _address(row: DigestRow) -> ChannelAddress:
    _, platform, channel = row.recipient.split(":", 2)
    return ChannelAddress(platform, channel, row.channel or channel)


def _row_kind(row: DigestRow) -> DigestKind:
    """The kind that a row is about."""
    return DigestKind(row.kind)


def _setting_of(row: DigestRow) -> Setting:
    """The setting that a row holds."""
    return Setting(
        _row_kind(row),
        row.is_on,
        row.at,
        frozenset(row.days),
        row.time_zone,
        tuple(row.platforms),
        row.paused_until,
        row.changed,
    )


def _calendar(department: Department, person: str, now: datetime) -> tuple[Calendar, frozenset[date]]:
    """When somebody works, and the days around `now` on which they do not, whatever the weekday."""
    entry = next((known for known in department.people if known.id == person), None)
    calendar = department.calendar_of(entry.id if entry else None)
    off = {holiday.day for holiday in calendar.holidays}
    for absence in entry.away if entry else ():
        day = max(absence.since, now.date() - timedelta(days=90))
        while day <= min(absence.until, now.date() + timedelta(days=90)):
            off.add(day)
            day += timedelta(days=1)
    return calendar, frozenset(off)


def _working_days(calendar: Calendar) -> frozenset[int]:
    return frozenset(_WEEKDAYS.index(day) for day in calendar.days)


def kind_text(kind: DigestKind, recipient: Recipient) -> str:
    """The kind as this recipient knows it."""
    person = recipient.to
    if kind is DigestKind.DAILY and isinstance(person, Person) and not scope_of(person).everything:
        return f"{kind.label} of your customers' items"
    return kind.label
