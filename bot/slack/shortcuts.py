"""Shortcuts: “New request” from anywhere, and “Ask about this message” from one."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms import threads
from bot.platforms.channels import believed_to_be_in
from bot.slack import ingest
from bot.slack.addresses import PLATFORM, Address
from bot.slack.interactions import container_of, open_view, presser
from bot.slack.modals import modal, values_of
from bot.slack.words import plain_words
from bot.slack.workspaces import Workspaces
from governance.places import Audience, Place
from handlers.conversation.cards import Form, Input
from storage.database import Database

NEW_REQUEST = "new_request"
ASK_ABOUT = "ask_about"
REQUEST = "request"
"""The callback ids: the two shortcuts', and the form's that both open."""

_LONGEST = 3000
"""Characters that Slack lets a field hold."""

Body = dict[str, Any]


class Shortcuts:
    """Listens to the two shortcuts and their form."""

    def __init__(self, database: Database, tenant: str, workspaces: Workspaces) -> None:
        self._database = database
        self._tenant = tenant
        self._workspaces = workspaces

    def listen(self, app: AsyncApp) -> None:
        """Register with Bolt."""
        app.shortcut(NEW_REQUEST)(self.new_request)
        app.shortcut(ASK_ABOUT)(self.ask_about)
        app.view(REQUEST)(self.requested)

    async def new_request(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        """Ask for something from anywhere: the answer comes in a direct message."""
        await ack()
        await open_view(client, body, _view(_form(""), {}), container_of(body))

    async def ask_about(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        """Ask about a message: its words stand in the form, to be changed; the answer comes in its thread,
        where the bot is a member, and directly otherwise."""
        await ack()
        message, where = body["message"], container_of(body)
        bot = await self._workspaces.bot(where.enterprise, where.team)
        async with self._database.transaction(self._tenant) as tx:
            words = await plain_words(tx, str(message.get("text") or ""), where, bot.bot_user_id)
        thread = str(message.get("thread_ts") or message["ts"])
        kept = {"channel": str(where), "thread": thread}
        await open_view(client, body, _view(_form(words[:_LONGEST]), kept), where)

    async def requested(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """The form was sent: what stands in it now is what this person says."""
        user = presser(body)
        words = values_of(_form(""), view["state"]).get("words", "")
        kept = json.loads(view["private_metadata"])
        async with self._database.transaction(self._tenant) as tx:
            place = await self._place(tx, user, kept)
            await ingest.take_request(tx, user, str(view["id"]), str(words), place)
        await ack()

    async def _place(self, tx: Any, user: Address, kept: dict[str, str]) -> Place:
        if not kept or not await believed_to_be_in(tx, PLATFORM, kept["channel"]):
            return await ingest.direct_place(tx, user)
        thread = await threads.thread_of(tx, PLATFORM, kept["channel"], kept["thread"])
        return Place(PLATFORM, kept["channel"], thread, Audience.PUBLIC)


def _form(words: str) -> Form:
    return Form(
        title="New request",
        submit="Ask",
        inputs=(Input("words", "What would you like to ask or have done?", "text", words),),
    )


def _view(form: Form, kept: dict[str, str]) -> Body:
    return {**modal(form, token="", private_metadata=json.dumps(kept)), "callback_id": REQUEST}
