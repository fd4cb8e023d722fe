"""Buttons and forms: a press is stored and acknowledged; one with a form opens it, and sending it counts."""

from __future__ import annotations

import json
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.forms import FormIncomplete, check_values
from bot.slack import ingest
from bot.slack.addresses import Address
from bot.slack.facts import facts_behind
from bot.slack.interactions import container_of, open_view, presser
from bot.slack.modals import CALLBACK, errors_for, modal, values_of
from bot.slack.working import SHOW_WORKING, working_modal
from bot.slack.workspaces import Workspaces
from storage.database import Database

Body = dict[str, Any]


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
