"""Processes: web, worker and clock, each by itself (Procfile) or all in one (`run`)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiohttp import web

from bot.alerts import add_alerts
from bot.clock import run_clock
from bot.console.adapter import NEWS
from bot.console.dashboard.approvals import ADAPTERS
from bot.console.personas import session_key
from bot.console.residents import read_residents
from bot.department import Installation
from bot.teams.serving import add_teams
from bot.web import make_app
from bot.worker import make_app as make_worker_app
from bot.worker import run_worker
from governance.fence import CHANNEL as FENCE
from storage.jobs import queues_of

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
    add_alerts(app, installation.database, settings.tenant, lambda: installation.outside.alert_sources)
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


_log = structlog.get_logger()


async def run_until_stopped(installation: Installation, *parts: Coroutine[Any, Any, None]) -> None:
    """Run parts side by side until one fails or the process is told to stop (SIGTERM, SIGINT)."""
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    tasks = [asyncio.create_task(part) for part in (*parts, installation.listener.run((FENCE, NEWS)))]
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            await task  # a part that ended by itself failed, and says so here
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)
        await installation.close()


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


async def worker_part(installation: Installation) -> None:
    """Take turns, perform effects, post answers, number the audit log, until cancelled."""
    installation.recogniser.start()
    concurrency = installation.settings.worker_concurrency
    queues = queues_of(installation.settings.tenant)
    app = make_worker_app(installation.urls.app, installation.jobs.by_name(), connections=2 * concurrency + 4)
    try:
        await app.open_async()
        _heed_cancellation()
        async with asyncio.TaskGroup() as group:
            group.create_task(
                run_worker(
                    app,
                    queues,
                    concurrency=concurrency,
                    name=installation.process,
                    ends=installation.jobs.ends(),
                )
            )
            group.create_task(installation.watch.run())
            group.create_task(installation.sequencer.run())
            group.create_task(_publish(installation))
    finally:
        await app.close_async()  # also when it was cancelled while it opened


def _heed_cancellation() -> None:
    """Raise CancelledError if this task was told to stop: in Python 3.11 `asyncio.wait_for` may swallow that,
    as it does in the job engine's pool while that opens, and the task would go on for ever."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def clock_part(installation: Installation) -> None:
    """Fire what is due, until cancelled."""
    tenant = installation.settings.tenant
    await run_clock(installation.database, tenant, installation.outside.chores(tenant))


async def _publish(installation: Installation) -> None:
    await installation.publisher.offer_newest(installation.database)
    await installation.publisher.run()
