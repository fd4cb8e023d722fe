"""`python -m bot migrate`: bring the database up to date (the release step)."""

from __future__ import annotations

import argparse

from bot.command_line import Stop
from bot.database import bring_up_to_date, locate
from bot.settings import Settings

HELP = "bring the database up to date"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


async def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Migrate, and say whether there was anything to do."""
    urls = locate(settings)
    if urls.owner is None:
        raise Stop("DATABASE_URL is set and DATABASE_OWNER_URL is not: migrations need the owner's URL.")
    print("migrated" if bring_up_to_date(urls) else "already up to date")
    return 0
