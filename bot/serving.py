"""The web process: everything that it serves, and that it listens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog
from aiohttp import web

from bot.alerts import add_alerts
from bot.code import add_code_webhooks
from bot.console.dashboard.approvals import ADAPTERS
from bot.console.dashboard.outbox import OUTBOX
from bot.console.personas import session_key
from bot.console.residents import read_residents
from bot.department import Installation
from bot.teams.serving import add_teams
from bot.tracker import add_tracker_webhooks
from bot.web import make_app
from integrations.integration import Serving
from integrations.mail import KeepsOutbox

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Served:
    """The application, and what runs `beside` it until cancelled (connections that we open ourselves)."""

    app: web.Application
    beside: tuple[Serving, ...]


def make_served(installation: Installation) -> Served:
    """Everything that one web process serves."""
    settings = installation.settings
    app = make_app(
        database=installation.database,
        listener=installation.listener,
        settings=settings,
        tenant=settings.tenant,
        residents=read_residents,
        session_key=session_key(settings.var_folder),
        log_key=installation.signer(settings.tenant).verifier,
        checkpoint_file=installation.checkpoint_file,
    )
    mail = installation.ports(settings.tenant).mail
    if isinstance(mail, KeepsOutbox):
        app[OUTBOX] = mail
    app[ADAPTERS] = lambda: installation.adapters
    add_alerts(app, installation.database, settings.tenant, lambda: installation.outside.alert_sources)
    outside = installation.outside
    add_code_webhooks(app, installation.database, settings.tenant, lambda: outside.code_webhooks)
    add_tracker_webhooks(app, installation.database, settings.tenant, lambda: outside.tracker_webhooks)
    _teams(installation, app)
    return Served(app, (*_slack(installation, app), *installation.outside.served(settings.tenant)))


def _teams(installation: Installation, app: web.Application) -> None:
    settings = installation.settings
    if settings.speaks_teams:
        add_teams(app, lambda: installation.teams.endpoint(installation.database, settings.tenant))


def _slack(installation: Installation, app: web.Application) -> list[Serving]:
    if installation.slack is None:
        return []
    from bot.slack.connecting import web_of
    from bot.slack.serving import add_slack, run_socket

    slack = web_of(installation.settings, installation.database, installation.slack)
    add_slack(app, slack)
    return [partial(run_socket, slack.bolt, slack.app_token)] if slack.app_token else []


class CannotListen(Exception):
    """The web server cannot have its address; the message says what to do."""


async def web_part(installation: Installation) -> None:
    """Serve the page until cancelled. Raises CannotListen."""
    settings = installation.settings
    served = make_served(installation)
    runner = web.AppRunner(served.app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except (OSError, UnicodeError) as refused:  # the latter for a HOST that could be nobody's name
            why = getattr(refused, "strerror", None) or str(refused)
            raise CannotListen(
                f"{settings.host}:{settings.port} cannot be listened on ({why}). Stop what listens there, which"
                " may be another Countersign, or set HOST and PORT."
            ) from refused
        _log.info("web_ready", url=f"http://{settings.host}:{settings.port}")
        async with asyncio.TaskGroup() as group:
            for part in served.beside:
                group.create_task(part())
            await asyncio.Event().wait()
    finally:
        await runner.cleanup()
