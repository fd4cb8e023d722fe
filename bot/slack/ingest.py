"""What comes in from Slack, into the inbox: said once, whatever is delivered how often.

A message is known by its channel and time, for a mention comes as two events with ids of their own; a
press by its time and who pressed; a form by its view; a command by its trigger.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.inbox import clean, store_click, store_words
from bot.platforms import channels
from bot.platforms.channels import believed_to_be_in, channel_named
from bot.platforms.forms import Values
from bot.platforms.tables import PlatformUserRow
from bot.slack.addresses import HOME, PLATFORM, Address, address_of
from bot.tables import ButtonRow, OutboxRow
from bot.wire import form_from_json, place_from_json
from governance.places import Audience, Place
from governance.tables import IdentityRow, PersonRow
from handlers.conversation.cards import Form
from handlers.conversation.tables import ThreadRow

_MENTION = re.compile(r"<@(?P<id>[UW][A-Z0-9]+)(?:\|(?P<name>[^>]*))?>")
_CHANNEL = re.compile(r"<#(?P<id>C[A-Z0-9]+)(?:\|(?P<name>[^>]*))?>")
_BROADCAST = re.compile(r"<!(?P<name>here|channel|everyone)(?:\|[^>]*)?>")
_LINK = re.compile(r"<(?P<target>(?:https?|mailto|tel):[^>|]+)(?:\|(?P<text>[^>]*))?>")
_OTHER = re.compile(r"<![^>|]*(?:\|(?P<text>[^>]*))?>")


def is_for_somebody_else(text: str, bot_user: str) -> bool:
    """Whether a message opens with a mention of somebody who is not the bot: people talk among themselves."""
    opening = _MENTION.match(text.lstrip())
    return opening is not None and opening["id"] != bot_user


def mentions(text: str, user: str) -> bool:
    """Whether a message mentions this user."""
    return any(found["id"] == user for found in _MENTION.finditer(text))


async def plain_words(tx: AsyncSession, text: str, where: Address, bot_user: str) -> str:
    """A message without Slack's markup, and without the mention of the bot itself."""
    without = re.sub(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>:?", " ", text) if bot_user else text
    people = {found["id"] for found in _MENTION.finditer(without)}
    names = await _names(tx, {where.beside(person).identity: person for person in people})
    read = _MENTION.sub(lambda found: names.get(found["id"]) or found["name"] or "somebody", without)
    read = _CHANNEL.sub(lambda found: f"#{found['name'] or found['id']}", read)
    read = _BROADCAST.sub(lambda found: f"@{found['name']}", read)
    read = _LINK.sub(lambda found: found["text"] or found["target"].removeprefix("mailto:"), read)
    read = _OTHER.sub(lambda found: found["text"] or " ", read)
    return html.unescape(read).strip()


async def _names(tx: AsyncSession, users: Mapping[str, str]) -> dict[str, str]:
    """The names of people by their user id: the department's own where they are linked."""
    if not users:
        return {}
    query = (
        select(PlatformUserRow.identity, PlatformUserRow.name, PersonRow.name)
        .outerjoin(IdentityRow, IdentityRow.identity == PlatformUserRow.identity)
        .outerjoin(PersonRow, PersonRow.id == IdentityRow.person)
    )
    rows = await tx.execute(query.where(PlatformUserRow.identity.in_(list(users))))
    return {users[identity]: linked or name for identity, name, linked in rows}


_ORDINARY = frozenset({None, "file_share", "thread_broadcast"})
"""Subtypes of messages that people write; edits, joins and the like are not said to anybody."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button that was found by its token: where it was posted, and its form if it has one."""

    place: Place
    form: Form | None


async def take_message(tx: AsyncSession, event: Mapping[str, Any], team: Address, bot_user: str) -> str | None:
    """Store a message that is for us. Returns its turn, or None for one that is not, or was stored before.

    In channels only what mentions the bot is read, and what follows in a thread that it is part of.
    `team` is the workspace that the event came for.
    """
    user, text = event.get("user"), str(event.get("text") or "")
    if not user or user == bot_user or event.get("subtype") not in _ORDINARY:
        return None
    where = team.beside(str(event["channel"]))
    ts = str(event["ts"])
    mentioned = event["type"] == "app_mention" or mentions(text, bot_user)
    overheard = not (mentioned or where.is_direct)
    if event.get("bot_id") and not mentioned:
        return None
    root = event.get("thread_ts")  # none has been named by us that this very message begins
    thread = ts if root is None else await channels.thread_of(tx, PLATFORM, str(where), str(root))
    place = Place(PLATFORM, str(where), thread, Audience.DIRECT if where.is_direct else Audience.PUBLIC)
    if overheard and (is_for_somebody_else(text, bot_user) or not await _takes_part(tx, place)):
        return None
    return await store_words(
        tx,
        platform=PLATFORM,
        key=f"{where}:{ts}",
        identity=_author(event, team, str(user)).identity,
        place=place,
        text=await plain_words(tx, text, where, bot_user) or "help",
        overheard=overheard,
    )


async def take_command(tx: AsyncSession, command: Mapping[str, Any], bot_user: str) -> str | None:
    """Store what `/eng` was given. It is answered in the channel if the bot is there, directly otherwise."""
    enterprise = command.get("enterprise_id") or None
    user = Address(enterprise, str(command["team_id"]), str(command["user_id"]))
    where = user.beside(str(command["channel_id"]))
    if where.is_direct or not await believed_to_be_in(tx, PLATFORM, str(where)):
        place = await direct_place(tx, user)
    else:
        place = Place(PLATFORM, str(where), channels.new_thread(), Audience.PUBLIC)
    return await store_words(
        tx,
        platform=PLATFORM,
        key=f"command:{command['trigger_id']}",
        identity=user.identity,
        place=place,
        text=await plain_words(tx, str(command.get("text") or "help"), where, bot_user),
    )


async def take_request(tx: AsyncSession, user: Address, view: str, text: str, place: Place) -> str | None:
    """Store what somebody entered after a shortcut, once per view."""
    key = f"view:{view}"
    return await store_words(
        tx, platform=PLATFORM, key=key, identity=user.identity, place=place, text=clean(text)
    )


async def take_press(
    tx: AsyncSession, user: Address, token: str, *, key: str, values: Values, container: Address | None
) -> str | None:
    """Store a pressed button. One that is not known here is stored all the same, so that it is answered."""
    pressed = await button(tx, token, container)
    place = pressed.place if pressed else await direct_place(tx, user)
    if place.thread == HOME:
        place = await direct_place(tx, user)
    return await store_click(
        tx,
        platform=PLATFORM,
        key=key,
        identity=user.identity,
        place=place,
        token=token if pressed else "",
        values=values,
    )


async def button(tx: AsyncSession, token: str, container: Address | None) -> Pressed | None:
    """The button with this token; None if there is none, or it was posted elsewhere than `container`."""
    query = select(ButtonRow.form, OutboxRow.place).join(OutboxRow, OutboxRow.id == ButtonRow.outbox)
    found = (await tx.execute(query.where(ButtonRow.token == token))).one_or_none()
    if found is None:
        return None
    place = place_from_json(found.place)
    if place.platform != PLATFORM:
        return None
    if container is not None and not address_of(place).is_same(container):
        return None
    return Pressed(place, form_from_json(found.form) if found.form else None)


async def direct_place(tx: AsyncSession, user: Address) -> Place:
    """A new thread in somebody's direct messages; where none are open yet, that is done before the turn."""
    known = await channel_named(tx, PLATFORM, user.identity)
    return Place(PLATFORM, known[0] if known else str(user), channels.new_thread(), Audience.DIRECT)


async def _takes_part(tx: AsyncSession, place: Place) -> bool:
    """Whether Countersign has answered in this thread."""
    return (await tx.execute(select(ThreadRow.key).where(ThreadRow.key == place.key))).scalar() is not None


def _author(event: Mapping[str, Any], team: Address, user: str) -> Address:
    """Who wrote it: somebody of the workspace that it came for, or of another one, our organisation's or (with
    Slack Connect) another company's. Which of these, Slack is asked before they are believed."""
    home = str(event.get("user_team") or event.get("source_team") or event.get("team") or team.team)
    return team.beside(user) if home in (team.team, team.enterprise) else Address(team.enterprise, home, user)
