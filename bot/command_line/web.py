"""`python -m bot web`: the web server alone."""

from __future__ import annotations

import argparse

from bot.command_line.opening import opened, run_parts
from bot.processes import web_part
from bot.settings import Settings

HELP = "the web server alone"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Run until stopped."""
    installation = await opened(settings)
    await run_parts(installation, web_part(installation))
    return 0
