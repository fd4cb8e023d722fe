"""`python -m bot web`: the web server alone."""

from __future__ import annotations

import argparse

from bot.command_line import Stop
from bot.command_line.opening import opened
from bot.processes import CannotListen, run_until_stopped, web_part
from bot.settings import Settings

HELP = "the web server alone"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Run until stopped."""
    installation = await opened(settings)
    try:
        await run_until_stopped(installation, web_part(installation))
    except CannotListen as refused:
        raise Stop(str(refused)) from refused
    return 0
