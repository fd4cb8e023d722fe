"""The conversations that the bot is in: kept while it is, with where each one's connector answers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms import channels
from bot.teams.activities import PLATFORM, Activity
from bot.teams.tables import TeamsConversationRow


@dataclass(frozen=True, slots=True)
class Known:
    """A conversation of ours. `team` is its Entra group, or the team's own id until that is looked up;
    `identity` is the person of a personal chat."""

    conversation: str
    kind: str
    service_url: str
    entra_tenant: str
    bot: str
    team: str | None = None
    identity: str | None = None


async def remember(tx: AsyncSession, activity: Activity) -> bool:
    """Keep where an activity came from. Returns whether that conversation is new to us."""
    row = TeamsConversationRow
    team = await _team(tx, activity)
    values = {
        "kind": activity.kind,
        "service_url": activity.service_url,
        "entra_tenant": activity.entra_tenant,
        "bot": activity.recipient.id,
        "identity": activity.identity if activity.kind == "personal" else None,
        "team": team,
    }
    added = insert(row).values(conversation=activity.channel, **values).on_conflict_do_nothing()
    if (await tx.execute(added.returning(row.conversation))).scalar() is not None:
        return True
    known = await _row(tx, activity.channel)
    if known is not None:
        # Service addresses move with the conversation; a team's group is never unlearned.
        known.service_url = activity.service_url
        known.team = team if known.team is None or is_group(team) else known.team
    return False


def is_group(team: str | None) -> bool:
    """Whether this is a team's Entra group, and not the id that Teams has for it."""
    return team is not None and not team.startswith("19:")


async def _team(tx: AsyncSession, activity: Activity) -> str | None:
    """The team's Entra group. Only the bot's arrival names it; there the conversation is the team itself."""
    team = activity.channel_data.team if activity.channel_data else None
    if team is None or not team.id:
        return None
    known = await _row(tx, team.id)
    return team.aad_group_id or (known and known.team) or team.id


async def forget(tx: AsyncSession, activity: Activity) -> None:
    """The bot has left: the conversation, and with a team all of its channels."""
    await tx.execute(delete(TeamsConversationRow).where(await _concerned(tx, activity)))


async def doubt(tx: AsyncSession, activity: Activity) -> None:
    """Something changed here, members perhaps: who reads along is to be asked again, in all of the team."""
    concerned = select(TeamsConversationRow.conversation).where(await _concerned(tx, activity))
    for channel in (await tx.execute(concerned)).scalars():
        await channels.forget(tx, PLATFORM, channel)


async def _concerned(tx: AsyncSession, activity: Activity) -> ColumnElement[bool]:
    row = TeamsConversationRow
    team = await _team(tx, activity)
    here = row.conversation == activity.channel
    return here if team is None else or_(here, row.team == team)


async def conversation(tx: AsyncSession, channel: str) -> Known | None:
    """A conversation that the bot is in."""
    return _known(await _row(tx, channel))


async def personal(tx: AsyncSession, identity: str) -> Known | None:
    """The personal chat with somebody."""
    row = TeamsConversationRow
    query = select(row).where(row.identity == identity, row.kind == "personal").order_by(row.seen.desc())
    return _known((await tx.execute(query.limit(1))).scalar())


async def any_of_tenant(tx: AsyncSession, entra_tenant: str) -> Known | None:
    """The conversation of a tenant that was seen last: its connector opens others there."""
    row = TeamsConversationRow
    query = select(row).where(row.entra_tenant == entra_tenant).order_by(row.seen.desc())
    return _known((await tx.execute(query.limit(1))).scalar())


async def keep_personal(tx: AsyncSession, conversation: str, identity: str, like: Known) -> None:
    """A personal chat that we opened ourselves, in the same tenant and by the same connector as `like`."""
    row = insert(TeamsConversationRow).values(
        conversation=conversation,
        kind="personal",
        service_url=like.service_url,
        entra_tenant=like.entra_tenant,
        bot=like.bot,
        identity=identity,
    )
    await tx.execute(row.on_conflict_do_nothing())


async def keep_team(tx: AsyncSession, team: str, group: str) -> None:
    """The Entra group of a team was looked up."""
    row = TeamsConversationRow
    await tx.execute(update(row).where(row.team == team).values(team=group))


async def _row(tx: AsyncSession, channel: str) -> TeamsConversationRow | None:
    query = select(TeamsConversationRow).where(TeamsConversationRow.conversation == channel)
    return (await tx.execute(query)).scalar()


def _known(row: TeamsConversationRow | None) -> Known | None:
    if row is None:
        return None
    return Known(row.conversation, row.kind, row.service_url, row.entra_tenant, row.bot, row.team, row.identity)
