"""Digest settings rendered: in words, and as the card that a platform's home shows too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from governance.people import Person
from governance.permissions import Refused, may_set_channel_digest
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Inline, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import capital, listed, moment_text
from handlers.language.local_time import WEEKDAYS
from handlers.office.digests.quiet_hours import QuietHours, quiet_hours_of
from handlers.office.digests.schedule import EVERY_DAY, next_due
from handlers.office.digests.settings import (
    PLATFORMS,
    ChannelAddress,
    DigestKind,
    Recipient,
    Setting,
    channels,
    kind_text,
    recipient_for,
    why_not,
)
from handlers.office.digests.settings_form import settings_form

CHANGE, UNDO, SHOW, CHANNEL_OFF = "digest_settings", "undo_digest", "show_digest", "channel_digest_off"
"""The verbs of the buttons; their subjects are a person's id, a change's, a person's and a channel's key."""

_EXAMPLES = (
    "Say it, too: “send me the daily summary at 8:30 on weekdays”, “turn the weekly dashboard off”,"
    " “quiet hours 20:00 to 7:00”."
)


async def digest_blocks(desk: Desk, person: Person) -> tuple[Block, ...]:
    """A person's digest settings with the buttons that change them, for a card or a platform's home."""
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    hours = (await quiet_hours_of(desk.tx, [person])).get(person.id)
    kinds = [kind for kind in DigestKind if why_not(kind, person) is None]
    blocks: list[Block] = [
        Bullets(tuple(_line(kind, recipient, desk) for kind in kinds)),
        Text((Bold("Quiet hours"), f": {_quiet_text(hours)}")),
    ]
    buttons = [
        Button("Change…", CHANGE, person.id, "primary", settings_form(recipient, hours, kinds)),
        Button("Show me my digest now", SHOW, person.id),
    ]
    if not isinstance(may_set_channel_digest(person), Refused):
        lines, off = _in_channels(await channels(desk.tx, desk.department), desk)
        blocks += lines
        buttons += off
    blocks += [Buttons(tuple(buttons)), Small((_EXAMPLES,))]
    return tuple(blocks)


async def settings_reply(desk: Desk, person: Person) -> Reply:
    """All that a person gets, and when."""
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    hours = (await quiet_hours_of(desk.tx, [person])).get(person.id)
    on = [
        f"{kind_text(kind, recipient)}, {setting_text(setting, recipient, desk.now)}"
        for kind, setting in recipient.settings.items()
        if setting.is_on
    ]
    text = f"You get: {'; '.join(on)}." if on else "You get no summaries."
    text += f" Quiet hours: {_quiet_text(hours)}."
    return Reply(text=text, cards=(Card("Your summaries", await digest_blocks(desk, person)),))


def changed_reply(
    desk: Desk, recipient: Recipient, kinds: Sequence[DigestKind], change: str, rest: str = ""
) -> Reply:
    """What holds from now on, and the button that takes it back. `recipient` is as it stands now."""
    whose = "" if isinstance(recipient.to, Person) else f" in {named(recipient)}"
    said = [
        f"{kind_text(kind, recipient)}{whose}: {setting_text(recipient.settings[kind], recipient, desk.now)}"
        for kind in kinds
    ]
    coming = " ".join(filter(None, (_next_text(kind, recipient, desk.now) for kind in kinds[:1])))
    text = " ".join(filter(None, (f"{capital('; '.join(said))}.", coming, rest)))
    return with_undo("Changed", text, change)


def quiet_reply(hours: QuietHours | None, change: str) -> Reply:
    """The quiet hours that hold from now on."""
    if hours is None:
        text = "You have no quiet hours any more; what was kept back comes now."
        return with_undo("No quiet hours", text, change)
    ask = "" if hours.blockers_pierce else " Say “let blockers through” if those should come as well."
    text = (
        f"Quiet hours every day: {_quiet_text(hours)}. What else there is waits until they end, except where"
        f" you ask or a card that you have is brought up to date.{ask}"
    )
    return with_undo("Quiet hours", text, change)


def with_undo(title: str, text: str, change: str) -> Reply:
    """A change that was made, in words, with the button that takes it back."""
    blocks = (Text((text,)), Buttons((Button("Undo", UNDO, change),)))
    return Reply(text=text, cards=(Card(title, blocks, "good"),))


def _line(kind: DigestKind, recipient: Recipient, desk: Desk) -> tuple[Inline, ...]:
    setting = recipient.settings[kind]
    coming = _next_text(kind, recipient, desk.now)
    said = f": {setting_text(setting, recipient, desk.now)}."
    return (Bold(capital(kind_text(kind, recipient))), f"{said} {coming}".rstrip())


def _in_channels(found: Sequence[Recipient], desk: Desk) -> tuple[list[Block], list[Button]]:
    """What goes to channels, for those who may set that, with a button that ends it."""
    lines: list[tuple[Inline, ...]] = []
    off: list[Button] = []
    for recipient in found:
        on = [kind for kind, setting in recipient.settings.items() if setting.is_on]
        if not on:
            continue
        said = listed(
            f"{kind.label}, {setting_text(recipient.settings[kind], recipient, desk.now)}" for kind in on
        )
        lines.append((Bold(named(recipient)), f": {said}"))
        off.append(Button(f"Nothing to {named(recipient)} any more", CHANNEL_OFF, recipient.key))
    return ([Text((Bold("In channels"),)), Bullets(tuple(lines))] if lines else []), off


def named(recipient: Recipient) -> str:
    """`#product`, or somebody's name."""
    to = recipient.to
    return f"#{to.name}" if isinstance(to, ChannelAddress) else to.name


def _days_text(days: Collection[int]) -> str:
    """`on working days`, `every day`, `on Mondays and Thursdays`."""
    if not days:
        return "on working days"
    if frozenset(days) >= EVERY_DAY:
        return "every day"
    return f"on {listed(f'{WEEKDAYS[day].capitalize()}s' for day in sorted(days))}"


def _platforms_text(platforms: Collection[str]) -> str:
    """`on Slack and Teams`; empty for everywhere."""
    return f"on {listed(PLATFORMS.get(name, name) for name in platforms)}" if platforms else ""


def setting_text(setting: Setting, recipient: Recipient, now: datetime) -> str:
    """`on working days at 09:00 (Europe/Dublin), on Slack`, or that it is off or paused."""
    if not setting.is_on:
        return "off"
    where = _platforms_text(setting.platforms)
    if setting.kind is DigestKind.BLOCKERS:
        return ", ".join(filter(None, ("as soon as something gets blocked", where)))
    zone = setting.time_zone or recipient.zone
    parts = [f"{_days_text(setting.days)} at {setting.at:%H:%M} ({zone})", where]
    if setting.is_paused(now) and setting.paused_until is not None:
        parts.append(f"paused until {moment_text(setting.paused_until, _reader(recipient))}")
    return ", ".join(filter(None, parts))


def _next_text(kind: DigestKind, recipient: Recipient, now: datetime) -> str:
    """`The next one comes Tue 24 Nov 2026, 09:00 EST.`; empty where none comes by itself."""
    setting = recipient.settings[kind]
    if not setting.is_on or kind is DigestKind.BLOCKERS:
        return ""
    starts = setting.paused_until if setting.is_paused(now) and setting.paused_until else now
    at = next_due(recipient.schedule(kind), starts)
    if at is None:
        return ""
    return f"The next one is due {moment_text(at, _reader(recipient))}."


def _quiet_text(hours: QuietHours | None) -> str:
    """`20:00 to 07:00 (Europe/Dublin); incidents come through`."""
    if hours is None:
        return "none"
    through = "incidents and blockers come" if hours.blockers_pierce else "incidents come"
    return f"{hours.starts:%H:%M} to {hours.ends:%H:%M} ({hours.zone}); {through} through"


def _reader(recipient: Recipient) -> Person | None:
    return recipient.to if isinstance(recipient.to, Person) else None
