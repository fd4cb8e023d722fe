"""`POST /code/<vendor>`: what a code host tells by itself comes in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from bot.webhooks import Told, add_webhooks
from integrations.code_host.webhooks import CodeEventKind, CodeWebhooks, store_event
from storage.database import Database


def add_code_webhooks(
    app: web.Application, database: Database, tenant: str, hosts: Callable[[], Mapping[str, CodeWebhooks]]
) -> None:
    """Take a code host's webhooks at `app`: see `add_webhooks`."""
    told = Told("code", "code host", hosts, store_event, lambda event: event.kind is CodeEventKind.ACCESS)
    add_webhooks(app, database, tenant, told)
