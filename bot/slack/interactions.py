"""Buttons, forms and shortcuts. A press is stored and acknowledged; a form opens, and sending it counts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms import channels
from bot.platforms.channels import believed_to_be_in
from bot.platforms.forms import FormIncomplete, check_values
from bot.slack import ingest
from bot.slack.addresses import HOME, PLATFORM, Address
from bot.slack.errors import error_of
from bot.slack.ingest import plain_words
from bot.slack.modals import CALLBACK, errors_for, modal, values_of
from bot.slack.render import SHOW_WORKING, working_modal
from bot.slack.workspaces import Workspaces
from bot.tables import OutboxRow
from bot.wire import reply_from_json
from governance.facts import Fact
from governance.places import Audience, Place
from handlers.conversation.cards import Form, Input
from storage.database import Database

_log = structlog.get_logger()

Body = dict[str, Any]


def presser(body: Body) -> Address:
    """Who pressed: Slack says it, the card does not."""
    user = body["user"]
    team = str(user.get("team_id") or (body.get("team") or {}).get("id"))
    enterprise = (body.get("enterprise") or {}).get("id") or user.get("enterprise_id")
    return Address(enterprise or None, team, str(user["id"]))


def container_of(body: Body) -> Address:
    """Where it was: the channel in the workspace that it came for, or the presser's own App Home.

    Whoever presses may be at home in another workspace. An organisation's app is not told which it came
    for: then it is theirs.
    """
    user = presser(body)
    team = str((body.get("team") or {}).get("id") or user.team)
    channel = (body.get("container") or {}).get("channel_id") or (body.get("channel") or {}).get("id")
    return Address(user.enterprise, team, str(channel or user.id))


async def open_view(client: AsyncWebClient, body: Body, view: Body, container: Address) -> None:
    """Show a form. Slack gives three seconds from the press; a press that comes too late is told so."""
    try:
        await client.views_open(trigger_id=body["trigger_id"], view=view)
    except SlackApiError as refused:
        _log.warning("slack_form_not_opened", why=error_of(refused))
        if error_of(refused) not in ("expired_trigger_id", "trigger_expired") or container.is_person:
            return
        late = "That took too long, and Slack did not let me open the form. Please press again."
        await client.chat_postEphemeral(channel=container.id, user=body["user"]["id"], text=late)


async def facts_behind(tx: AsyncSession, where: Address, container: Mapping[str, Any]) -> tuple[Fact, ...]:
    """The facts of the newest reply that this message (or App Home) shows; none if it shows none of ours."""
    message = str(container.get("message_ts") or HOME)
    channel = str(where)
    root = HOME if where.is_person else str(container.get("thread_ts") or message)
    thread = await channels.thread_of(tx, PLATFORM, channel, root)
    query = (
        select(OutboxRow.reply)
        .where(OutboxRow.thread == f"{PLATFORM}:{channel}:{thread}", OutboxRow.message.contains(message))
        .order_by(OutboxRow.number.desc())
        .limit(1)
    )
    reply = (await tx.execute(query)).scalar()
    return () if reply is None else reply_from_json(reply).facts


class Presses:
    """Listens to buttons and to the forms behind them."""

    def __init__(self, database: Database, tenant: str, workspaces: Workspaces) -> None:
        self._database = database
        self._tenant = tenant
        self._workspaces = workspaces

    def listen(self, app: AsyncApp) -> None:
        """Register with Bolt. Every action that a card offers is a press; its value says of what."""
        app.action(re.compile(".*"))(self.pressed)
        app.view(CALLBACK)(self.submitted)

    async def pressed(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        """A button was pressed."""
        user, token = presser(body), str(action.get("value") or "")
        container = container_of(body)
        if action.get("action_id") == SHOW_WORKING:
            await ack()
            await self._show_working(body, client, container)
            return
        if not token:
            await ack()  # a link, or a choice in a list: Slack tells of it, nothing is meant by it
            return
        async with self._database.transaction(self._tenant) as tx:
            found = await ingest.button(tx, token, container)
            if found is None or found.form is None:
                key = f"press:{action['action_ts']}:{user.id}"
                await ingest.take_press(tx, user, token, key=key, values={}, container=container)
        await ack()
        if found is not None and found.form is not None:
            view = modal(found.form, token=token, private_metadata=json.dumps({"token": token}))
            await open_view(client, body, view, container)

    async def submitted(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """A form was sent. What is missing is said beside its field, and the form stays open."""
        user, token = presser(body), str(json.loads(view["private_metadata"])["token"])
        async with self._database.transaction(self._tenant) as tx:
            found = await ingest.button(tx, token, None)
            form = None if found is None else found.form
            values = values_of(form, view["state"]) if form else {}
            errors = None
            try:
                values = check_values(form, values) if form else values
            except FormIncomplete as incomplete:
                errors = errors_for(form, incomplete) if form else None
            if errors is None:
                key = f"view:{view['id']}"
                await ingest.take_press(tx, user, token, key=key, values=values, container=None)
        if errors is None:
            await ack()
        else:
            await ack(response_action="errors", errors=errors)

    async def _show_working(self, body: Body, client: AsyncWebClient, container: Address) -> None:
        """Open the facts behind an answer, as they were when it was given."""
        async with self._database.transaction(self._tenant) as tx:
            facts = await facts_behind(tx, container, body.get("container") or {})
        await open_view(client, body, working_modal(facts), container)


NEW_REQUEST = "new_request"
ASK_ABOUT = "ask_about"
REQUEST = "request"
"""The callback ids: the two shortcuts', and the form's that both open."""

_LONGEST = 3000
"""Characters that Slack lets a field hold."""


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
        thread = await channels.thread_of(tx, PLATFORM, kept["channel"], kept["thread"])
        return Place(PLATFORM, kept["channel"], thread, Audience.PUBLIC)


def _form(words: str) -> Form:
    return Form(
        title="New request",
        submit="Ask",
        inputs=(Input("words", "What would you like to ask or have done?", "text", words),),
    )


def _view(form: Form, kept: dict[str, str]) -> Body:
    return {**modal(form, token="", private_metadata=json.dumps(kept)), "callback_id": REQUEST}
