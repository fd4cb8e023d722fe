"""A database and nothing more, for commands that must work when little else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.database import bring_up_to_date, locate
from bot.department import Installation
from bot.settings import Settings


@asynccontextmanager
async def light_installation(settings: Settings) -> AsyncIterator[Installation]:
    """The installation without its department file, matrix or worker being read."""
    urls = locate(settings)
    bring_up_to_date(urls)
    installation = Installation(settings, urls)
    try:
        yield installation
    finally:
        await installation.close()
