"""Processes: web (`bot.serving`), worker and clock, each by itself (Procfile) or all in one (`run`)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from bot.clock import run_clock
from bot.console.adapter import NEWS
from bot.department import Installation
from bot.worker import make_app as make_worker_app
from bot.worker import run_worker
from governance.fence import CHANNEL as FENCE
from storage.jobs import queues_of


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
