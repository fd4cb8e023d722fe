"""What somebody wrote in Slack, as plain words: markup read, people and channels by their names."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.tables import PlatformUserRow
from bot.slack.addresses import Address
from governance.tables import IdentityRow, PersonRow

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
