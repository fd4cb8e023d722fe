"""`python -m bot run`: everything in one process, and the page at http://127.0.0.1:8300."""

from __future__ import annotations

import argparse

from bot.command_line import Stop
from bot.command_line.opening import opened
from bot.processes import CannotListen, clock_part, run_until_stopped, web_part, worker_part
from bot.settings import Settings

HELP = "everything in one process, and the page at http://127.0.0.1:8300"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Run until stopped."""
    installation = await opened(settings)
    try:
        await run_until_stopped(
            installation, web_part(installation), worker_part(installation), clock_part(installation)
        )
    except CannotListen as refused:
        raise Stop(str(refused)) from refused
    return 0
