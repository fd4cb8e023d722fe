"""`python -m bot worker`: a worker alone; start as many as you need."""

from __future__ import annotations

import argparse
import os

from bot.command_line.opening import opened
from bot.processes import run_until_stopped, worker_part
from bot.settings import Settings

NICENESS = 5
"""Where a machine has too much to do, what comes in is acknowledged first: a platform waits three seconds."""

HELP = "a worker alone; start as many as you need"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Run until stopped."""
    installation = await opened(settings)
    os.nice(NICENESS)  # not before: an embedded server that this started would be as patient
    await run_until_stopped(installation, worker_part(installation))
    return 0
