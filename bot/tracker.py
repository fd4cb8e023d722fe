"""`POST /tracker/<vendor>`: what a tracker tells by itself comes in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from bot.webhooks import Told, add_webhooks
from integrations.tracker.webhooks import TrackerEventKind, TrackerWebhooks, store_event
from storage.database import Database


def add_tracker_webhooks(
    app: web.Application, database: Database, tenant: str, trackers: Callable[[], Mapping[str, TrackerWebhooks]]
) -> None:
    """Take a tracker's webhooks at `app`: see `add_webhooks`."""
    told = Told(
        "tracker", "tracker", trackers, store_event, lambda event: event.kind is not TrackerEventKind.ITEM
    )
    add_webhooks(app, database, tenant, told)
