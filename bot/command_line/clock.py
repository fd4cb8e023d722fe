"""`python -m bot clock`: the clock alone."""

from __future__ import annotations

import argparse

from bot.command_line.opening import opened
from bot.processes import clock_part, run_until_stopped
from bot.settings import Settings

HELP = "the clock alone"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Run until stopped."""
    installation = await opened(settings)
    await run_until_stopped(installation, clock_part(installation))
    return 0
