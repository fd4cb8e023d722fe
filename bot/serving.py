"""What the web process serves: the console, the dashboard, and the chat platforms that are configured.

A platform's library takes half a second and more to load, so it is imported only where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from bot.console.dashboard.deciding import ADAPTERS
from bot.console.residents import read_residents
from bot.console.session import session_key
from bot.department import Installation
from bot.teams.serving import add_teams
from bot.web import make_app

Part = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Served:
    """The application, and what runs `beside` it until cancelled (connections that we open ourselves)."""

    app: web.Application
    beside: tuple[Part, ...]


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
    app[ADAPTERS] = lambda: installation.adapters
    _teams(installation, app)
    return Served(app, tuple(_slack(installation, app)))


def _teams(installation: Installation, app: web.Application) -> None:
    settings = installation.settings
    if settings.speaks_teams:
        add_teams(app, lambda: installation.teams.endpoint(installation.database, settings.tenant))


def _slack(installation: Installation, app: web.Application) -> list[Part]:
    if installation.slack is None:
        return []
    from bot.slack.connecting import web_of
    from bot.slack.serving import add_slack, run_socket

    slack = web_of(installation.settings, installation.database, installation.slack)
    add_slack(app, slack)
    return [partial(run_socket, slack.bolt, slack.app_token)] if slack.app_token else []
