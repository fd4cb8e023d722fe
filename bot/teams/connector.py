"""The connector: messages sent, edited and taken back, chats opened, members looked up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from botbuilder.core import TurnContext
from botbuilder.schema import (
    Activity,
    ActivityTypes,
    Attachment,
    ChannelAccount,
    ConversationAccount,
    ConversationParameters,
    ConversationReference,
)

from bot.teams.authentication import CHANNEL
from bot.teams.conversations import Known
from bot.teams.files import FileCard
from bot.teams.render import TeamsMessage
from bot.teams.sdk import BotAdapter, ConnectorRefused, passing_as_lost

ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"

_PAGE = 500
"""Members that are looked up together, the most that Teams gives."""

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a conversation, as Teams describes them. `role`: user | guest | anonymous."""

    object_id: str | None
    name: str
    email: str | None
    principal: str | None
    tenant: str | None
    role: str


class Connector:
    """What this bot asks of the connectors. All raise ConnectorRefused, ConnectorLost, NoToken
    and EntraLost."""

    def __init__(self, adapter: BotAdapter, app_id: str) -> None:
        self._adapter = adapter
        self._app_id = app_id

    async def send(self, known: Known, root: str | None, message: TeamsMessage | FileCard) -> str:
        """Post a message, in the thread of `root` where that is given. Returns its id."""

        async def send(context: TurnContext) -> str:
            # Without an id the SDK posts to the conversation; with the made-up one of a turn that nobody
            # began it would reply to a message that is not there.
            context.activity.id = None
            posted = await context.send_activity(_activity(message))
            if posted is None or not posted.id:
                # It was taken: sent again it would stand there twice.
                raise ConnectorRefused(200, "NoMessageId", None)
            return str(posted.id)

        return await self._there(known, root, send)

    async def update(self, known: Known, message_id: str, message: TeamsMessage) -> None:
        """Replace a message, for everyone."""

        async def update(context: TurnContext) -> None:
            activity = _activity(message)
            activity.id = message_id
            await context.update_activity(activity)

        await self._there(known, None, update)

    async def delete(self, known: Known, message_id: str) -> None:
        """Take a message back."""

        async def delete(context: TurnContext) -> None:
            await context.delete_activity(message_id)

        await self._there(known, None, delete)

    async def open_personal(self, like: Known, object_id: str) -> str:
        """The personal chat with somebody who has the bot installed, or is in a team that has."""
        factory = self._adapter.authentication.create_connector_factory(None)
        client = await factory.create(like.service_url)
        parameters = ConversationParameters(
            is_group=False,
            bot=ChannelAccount(id=like.bot),
            members=[ChannelAccount(id=object_id)],
            tenant_id=like.entra_tenant,
            channel_data={"tenant": {"id": like.entra_tenant}},
        )
        with passing_as_lost():
            return str((await client.conversations.create_conversation(parameters)).id)

    async def member(self, known: Known, user: str) -> Member:
        """One member of a conversation, by object id."""
        return _member(await self._get(known, f"/members/{quote(user, safe='')}"))

    async def members(self, known: Known) -> list[Member]:
        """Everybody in a conversation, bots left out."""
        found: list[Member] = []
        query = {"pageSize": str(_PAGE)}
        while True:
            page = await self._get(known, "/pagedmembers", **query)
            found += map(_member, page.get("members") or ())
            if not page.get("continuationToken"):
                return found
            query["continuationToken"] = str(page["continuationToken"])

    async def group_of(self, known: Known, team: str) -> str:
        """The Entra group of a team."""
        path = f"/v3/teams/{quote(team, safe='')}"
        details = await self._adapter.authentication.get(known.service_url, path)
        if not details.get("aadGroupId"):
            raise ConnectorRefused(200, "NoGroup", None)
        return str(details["aadGroupId"])

    async def _get(self, known: Known, path: str, **query: str) -> dict[str, Any]:
        whole = f"/v3/conversations/{quote(known.conversation, safe='')}{path}"
        return await self._adapter.authentication.get(known.service_url, whole, **query)

    async def _there(
        self, known: Known, root: str | None, act: Callable[[TurnContext], Awaitable[_Found]]
    ) -> _Found:
        """Do something in a turn that nobody began."""
        conversation = known.conversation if root is None else f"{known.conversation};messageid={root}"
        reference = ConversationReference(
            channel_id=CHANNEL,
            service_url=known.service_url,
            conversation=ConversationAccount(id=conversation, tenant_id=known.entra_tenant),
            bot=ChannelAccount(id=known.bot),
        )
        done: list[_Found] = []

        async def once(context: TurnContext) -> None:
            done.append(await act(context))

        await self._adapter.continue_conversation(reference, once, bot_app_id=self._app_id)
        return done[0]


def _activity(message: TeamsMessage | FileCard) -> Activity:
    if isinstance(message, FileCard):
        return _file_activity(message)
    card = message.card
    return Activity(
        type=ActivityTypes.message,
        text=message.text,
        text_format="plain",
        summary=message.summary,
        attachments=[] if card is None else [Attachment(content_type=ADAPTIVE_CARD, content=card)],
    )


def _file_activity(card: FileCard) -> Activity:
    attached = Attachment(
        content_type=card.content_type, content=card.content, name=card.name, content_url=card.content_url
    )
    return Activity(type=ActivityTypes.message, summary=card.summary, attachments=[attached])


def _member(account: dict[str, Any]) -> Member:
    object_id = account.get("aadObjectId") or account.get("objectId")
    return Member(
        object_id=object_id and str(object_id).lower(),
        name=str(account.get("name") or ""),
        email=account.get("email"),
        principal=account.get("userPrincipalName"),
        tenant=account.get("tenantId") and str(account["tenantId"]).lower(),
        role=str(account.get("userRole") or "").lower(),
    )
