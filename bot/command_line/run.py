"""`python -m bot run`: everything in one process, and the page at http://127.0.0.1:8300."""

from __future__ import annotations

import argparse

from bot.command_line.opening import opened, run_parts
from bot.processes import clock_part, web_part, worker_part
from bot.settings import Settings

HELP = "everything in one process, and the page at http://127.0.0.1:8300"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Run until stopped."""
    installation = await opened(settings)
    parts = web_part(installation), worker_part(installation), clock_part(installation)
    await run_parts(installation, *parts)
    return 0
