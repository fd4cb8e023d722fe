"""`POST /teams/messages`: everything that Teams sends comes in here, or is refused here."""

from __future__ import annotations

import json
from typing import Any

import structlog
from aiohttp import web
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.schema import Activity as SdkActivity
from botbuilder.schema import ActivityTypes
from pydantic import ValidationError

from bot.teams.activities import Activity
from bot.teams.authentication import (
    CHANNEL,
    Claims,
    KeysUnavailable,
    NotFromTeams,
    SigningKeys,
    demand_same_service,
    verify,
)
from bot.teams.configuration import TeamsConfiguration
from bot.teams.ingest import Ingest
from bot.teams.sdk import BotAdapter
from governance.outside_text import storable_json

_log = structlog.get_logger()


class Endpoint:
    """Takes what comes for one application."""

    def __init__(
        self, configuration: TeamsConfiguration, keys: SigningKeys, adapter: BotAdapter, ingest: Ingest
    ) -> None:
        self._configuration = configuration
        self._keys = keys
        self._adapter = adapter
        self._ingest = ingest

    async def messages(self, request: web.Request) -> web.Response:
        """Prove who calls before reading a byte of the body; store; answer."""
        claims = await self._claims(request)
        body = await _json(request)
        activity = _activity(body)
        self._demand_ours(claims, activity)
        answer = await self._take(claims, body, activity)
        if answer is None or answer.body is None:
            return web.Response(status=200 if answer is None else answer.status)
        return web.json_response(answer.body, status=answer.status)

    async def warm(self) -> None:
        """Fetch the signing keys before somebody waits for them."""
        await self._keys.warm()

    async def _claims(self, request: web.Request) -> Claims:
        try:
            return await verify(request.headers.get("Authorization"), self._keys, self._configuration.app_id)
        except NotFromTeams as refused:
            _log.warning("teams_caller_refused", why=str(refused))
            raise web.HTTPUnauthorized(text=str(refused)) from refused
        except KeysUnavailable as unavailable:
            _log.warning("teams_keys_unavailable", why=str(unavailable))
            raise web.HTTPServiceUnavailable(
                text="The Bot Framework's signing keys cannot be had just now. Try again in a moment."
            ) from unavailable

    def _demand_ours(self, claims: Claims, activity: Activity) -> None:
        """Teams, the address that the token was made for, and a tenant of this company; nothing else."""
        try:
            demand_same_service(claims, activity.service_url)
        except NotFromTeams as refused:
            _log.warning("teams_caller_refused", why=str(refused))
            raise web.HTTPUnauthorized(text=str(refused)) from refused
        tenants = activity.entra_tenants
        if activity.channel_id != CHANNEL:
            _log.warning("teams_channel_refused", channel=activity.channel_id)
            raise web.HTTPForbidden(text="Countersign speaks in Microsoft Teams alone.")
        if not activity.entra_tenant or not tenants <= self._configuration.tenants:
            _log.warning("teams_tenant_refused", tenants=sorted(tenants))
            raise web.HTTPForbidden(text="This Entra tenant is not one that Countersign serves here.")

    async def _take(self, claims: Claims, body: dict[str, Any], activity: Activity) -> InvokeResponse | None:
        async def turn(context: TurnContext) -> None:
            answered = await self._ingest.take(activity)
            if answered is not None:
                value = InvokeResponse(status=answered.status, body=answered.body)
                await context.send_activity(SdkActivity(type=ActivityTypes.invoke_response, value=value))

        verified = self._adapter.authentication.verified(dict(claims))
        return await self._adapter.process_activity(verified, _for_sdk(body), turn)


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = storable_json(json.loads(await request.read()))
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body is not an activity.")
    return body


def _activity(body: dict[str, Any]) -> Activity:
    try:
        activity = Activity.model_validate(body)
    except ValidationError as invalid:
        where = ", ".join(sorted({".".join(map(str, error["loc"])) for error in invalid.errors()}))
        raise web.HTTPBadRequest(text=f"The activity cannot be read: {where}.") from invalid
    if activity.type in ("message", "invoke") and not activity.id:
        raise web.HTTPBadRequest(text="The activity has no id.")
    return activity


def _for_sdk(body: dict[str, Any]) -> SdkActivity:
    try:
        return SdkActivity().deserialize(body)
    except ValueError as invalid:
        raise web.HTTPBadRequest(text="The activity cannot be read.") from invalid
