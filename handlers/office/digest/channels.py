"""Digests that are posted to a channel: set by somebody who may, for readers who may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from governance.people import Person
from governance.permissions import Refused, may_set_channel_digest
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.office.digests.changes import change_settings
from handlers.office.digests.parse import Wish
from handlers.office.digests.personal import with_wish
from handlers.office.digests.render import changed_reply, named
from handlers.office.digests.settings import (
    PLATFORMS,
    ChannelAddress,
    DigestKind,
    Recipient,
    Setting,
    channel_for,
    why_not_there,
)


def demand_may_set(person: Person) -> None:
    """Raises CannotAnswer for somebody who does not decide what is posted to a channel."""
    allowed = may_set_channel_digest(person)
    if isinstance(allowed, Refused):
        raise CannotAnswer(
            f"{allowed.why} It takes the {listed(allowed.who_may, 'or')}. For yourself you can have the same:"
            " leave the channel out."
        )


async def set_in_channel(turn: Turn, desk: Desk, person: Person, wish: Wish) -> Reply:
    """Post to a channel from now on, or no longer. Raises CannotAnswer."""
    demand_may_set(person)
    address, place = await _channel(turn, desk, wish)
    kinds = wish.kinds or (DigestKind.DAILY,)
    recipient = await channel_for(desk.tx, desk.department, address)
    if wish.act == "off":
        return await end_in_channel(desk, person, recipient, wish.kinds or tuple(DigestKind))
    _demand_reads(desk, person, place, address)
    for kind in kinds:
        if (why := why_not_there(kind, place.audience)) is not None:
            raise CannotAnswer(f"{why} Nothing was changed.")
    new = [_with_wish(recipient.settings[kind], wish, person) for kind in kinds]
    change = await change_settings(desk.tx, recipient, new, person, desk.now)
    now = await channel_for(desk.tx, desk.department, address)
    return changed_reply(desk, now, kinds, change)


async def end_in_channel(
    desk: Desk, person: Person, recipient: Recipient, kinds: Sequence[DigestKind] = tuple(DigestKind)
) -> Reply:
    """Post these kinds no longer. Raises CannotAnswer."""
    demand_may_set(person)
    on = [kind for kind in kinds if recipient.settings[kind].is_on]
    if not on:
        return Reply(text=f"Nothing of that is posted to {named(recipient)}, so there is nothing to end.")
    new = [replace(recipient.settings[kind], is_on=False) for kind in on]
    change = await change_settings(desk.tx, recipient, new, person, desk.now)
    if not isinstance(recipient.to, ChannelAddress):
        raise TypeError("a channel's digests end here, and no person's")
    return changed_reply(desk, await channel_for(desk.tx, desk.department, recipient.to), on, change)


def _with_wish(setting: Setting, wish: Wish, person: Person) -> Setting:
    """As for a person; a time is meant in the time zone of whoever says it."""
    zone = wish.zone or (setting.time_zone if setting.is_on and wish.at is None else person.time_zone)
    return replace(with_wish(setting, wish), time_zone=zone, platforms=())


async def _channel(turn: Turn, desk: Desk, wish: Wish) -> tuple[ChannelAddress, Place]:
    platform = wish.platforms[0] if wish.platforms else turn.place.platform
    name = turn.place.channel if wish.channel == "here" else str(wish.channel)
    found = await desk.channels.find(desk.tx, platform, name, turn.place.channel)
    if found is None:
        label = PLATFORMS.get(platform, platform)
        raise CannotAnswer(
            f"I find no channel “{name}” on {label}, or several. Invite me to it, and say it again there:"
            " “post the daily summary to this channel”."
        )
    return ChannelAddress(platform, found.place.channel, found.name), found.place


def _demand_reads(desk: Desk, person: Person, place: Place, address: ChannelAddress) -> None:
    """Who does not read a restricted channel sets nothing for those who do. Raises CannotAnswer."""
    if place.audience is not Audience.RESTRICTED:
        return
    known = next((one for one in desk.department.channels if one.name == address.name), None)
    if known is not None and known.members and person.id not in known.members:
        raise CannotAnswer(
            f"You do not read #{address.name}, so you do not set what is posted there. One of its members can."
        )
