"""The web server: one application for health, metrics, the console and its dashboard."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from bot.console.dashboard.routes import add_dashboard
from bot.console.dashboard.verifying import AuditTrail
from bot.console.frame import add_frame
from bot.console.persona_door import PersonaDoor
from bot.console.protection import demand_local
from bot.console.residents import ReadResidents
from bot.console.routes import add_console
from bot.console.session import Session
from bot.console.visit import Reception
from bot.health import HEALTH, Health, healthz, metrics, readyz
from bot.listener import Listener
from bot.settings import Settings
from bot.sign_in.pages import add_production_pages
from bot.web_library import prepare_library
from bot.web_middleware import access_log, request_id, sentences, sound_address
from governance.audit.signed_note import VerifierKey
from storage.database import Database

LARGEST_BODY = 1_000_000
"""Bytes of one request; a larger one is answered with 413."""


def make_app(
    *,
    database: Database,
    listener: Listener,
    settings: Settings,
    tenant: str,
    residents: ReadResidents,
    session_key: bytes,
    log_key: VerifierKey,
    checkpoint_file: Path | None,
) -> web.Application:
    """The application: the console and its dashboard here, the dashboard behind sign-in in production.

    `listener` must be running (in this loop) and listening on `bot.console.adapter.NEWS`; `residents`
    reads the department anew for each request; `session_key` signs the console's cookie. `log_key` is
    the public half of the audit log's key, `checkpoint_file` where its checkpoints are kept outside.
    Raises ConsoleRefused for a server that is neither in production nor on this machine alone.
    """
    prepare_library()
    passed = [request_id, access_log, sentences, sound_address]
    app = web.Application(middlewares=passed, client_max_size=LARGEST_BODY)
    app[HEALTH] = Health(
        database,
        tenant,
        folder=settings.postgres_folder if settings.database_url is None else None,
        is_local=settings.env == "local",
        public_url=settings.public_url,
    )
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    add_frame(app)
    trail = AuditTrail(log_key, checkpoint_file)
    if settings.env == "production":
        add_production_pages(app, settings, database, tenant, residents, trail)
        return app
    demand_local(settings)
    session = Session(session_key)
    add_dashboard(app, Reception(database, tenant, residents, PersonaDoor(session)), trail)
    add_console(app, session, listener)
    return app
