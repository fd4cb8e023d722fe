"""How digests' settings are said."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from governance.people import Person
from governance.visibility import scope_of
from handlers.conversation.wording import listed, moment_text
from handlers.language.local_time import WEEKDAYS
from handlers.office.digests.kinds import DigestKind
from handlers.office.digests.quiet import QuietHours
from handlers.office.digests.schedule import EVERY_DAY, next_due
from handlers.office.digests.settings import ChannelAddress, Recipient, Setting

PLATFORMS = {"console": "the console", "slack": "Slack", "teams": "Teams"}


def kind_text(kind: DigestKind, recipient: Recipient) -> str:
    """The kind as this recipient knows it."""
    person = recipient.to
    if kind is DigestKind.DAILY and isinstance(person, Person) and not scope_of(person).everything:
        return f"{kind.label} of your customers' items"
    return kind.label


def named(recipient: Recipient) -> str:
    """`#product`, or somebody's name."""
    to = recipient.to
    return f"#{to.name}" if isinstance(to, ChannelAddress) else to.name


def capital(text: str) -> str:
    """With a capital letter at its beginning, and the others as they are."""
    return f"{text[:1].upper()}{text[1:]}"


def days_text(days: Collection[int]) -> str:
    """`on working days`, `every day`, `on Mondays and Thursdays`."""
    if not days:
        return "on working days"
    if frozenset(days) >= EVERY_DAY:
        return "every day"
    return f"on {listed(f'{WEEKDAYS[day].capitalize()}s' for day in sorted(days))}"


def platforms_text(platforms: Collection[str]) -> str:
    """`on Slack and Teams`; empty for everywhere."""
    return f"on {listed(PLATFORMS.get(name, name) for name in platforms)}" if platforms else ""


def setting_text(setting: Setting, recipient: Recipient, now: datetime) -> str:
    """`on working days at 09:00 (Europe/Dublin), on Slack`, or that it is off or paused."""
    if not setting.is_on:
        return "off"
    where = platforms_text(setting.platforms)
    if setting.kind is DigestKind.BLOCKERS:
        return ", ".join(filter(None, ("as soon as something gets blocked", where)))
    zone = setting.time_zone or recipient.zone
    parts = [f"{days_text(setting.days)} at {setting.at:%H:%M} ({zone})", where]
    if setting.is_paused(now) and setting.paused_until is not None:
        parts.append(f"paused until {moment_text(setting.paused_until, _reader(recipient))}")
    return ", ".join(filter(None, parts))


def next_text(kind: DigestKind, recipient: Recipient, now: datetime) -> str:
    """`The next one comes Tue 24 Nov 2026, 09:00 EST.`; empty where none comes by itself."""
    setting = recipient.settings[kind]
    if not setting.is_on or kind is DigestKind.BLOCKERS:
        return ""
    starts = setting.paused_until if setting.is_paused(now) and setting.paused_until else now
    at = next_due(recipient.schedule(kind), starts)
    if at is None:
        return ""
    return f"The next one is due {moment_text(at, _reader(recipient))}."


def quiet_text(hours: QuietHours | None) -> str:
    """`20:00 to 07:00 (Europe/Dublin); incidents come through`."""
    if hours is None:
        return "none"
    through = "incidents and blockers come" if hours.blockers_pierce else "incidents come"
    return f"{hours.starts:%H:%M} to {hours.ends:%H:%M} ({hours.zone}); {through} through"


def _reader(recipient: Recipient) -> Person | None:
    return recipient.to if isinstance(recipient.to, Person) else None
