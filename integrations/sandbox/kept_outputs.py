"""Where sandboxes of this machine keep things: outputs for some days, and what a run needs while it lasts."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from integrations.integration import Chore, VendorSettings
from integrations.sandbox import MOST_SECONDS
from integrations.sandbox.trees import throw_away

_LEFT_OVER_SECONDS = MOST_SECONDS + 3_600.0
_HOUR = 3_600.0
DAY = 86_400.0


class OutputSettings(VendorSettings):
    """How long what commands wrote is kept."""

    sandbox_output_days: float = Field(
        default=14.0, gt=0, description="Days after which what sandboxed commands wrote is deleted."
    )
    sandbox_output_megabytes: int = Field(
        default=2_048,
        ge=64,
        description="Above so many megabytes together the oldest of it is deleted earlier.",
    )


class Store:
    """A folder of one tenant, which nobody else on this machine may enter: what commands leave in a tree
    belongs to our own user, and may carry rights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._outputs, self._runs = folder / "outputs", folder / "runs"

    def prepare(self) -> None:
        """Make its folders, where they are not there."""
        for folder in (self.folder, self._outputs, self._runs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def new_output(self) -> Path:
        """Where one command's output goes."""
        return self._outputs / f"{secrets.token_hex(12)}.log"

    @contextmanager
    def scratch(self, user: int | None) -> Iterator[Path]:
        """An empty folder for one run, of this user if one is given; thrown away with what is left in it."""
        place = self._runs / secrets.token_hex(12)
        place.mkdir(mode=0o700)
        if user is not None:
            os.chown(place, user, user)
        try:
            yield place
        finally:
            throw_away(place)

    def clear(self, output_days: float, most_bytes: int) -> None:
        """Throw away outputs that are old, then the oldest while they are too much together; and what runs that
        died have left."""
        now = time.time()
        for place in self._runs.glob("*"):
            if now - place.lstat().st_mtime > _LEFT_OVER_SECONDS:
                throw_away(place)
        total = 0
        newest_first = sorted(
            ((one.stat(), one) for one in self._outputs.glob("*.log")), key=_written, reverse=True
        )
        for status, output in newest_first:
            total += status.st_size
            if now - status.st_mtime > output_days * DAY or total > most_bytes:
                output.unlink(missing_ok=True)

    def chore(self, settings: OutputSettings) -> Chore:
        """Clearing, as the settings say, each hour."""
        days, most = settings.sandbox_output_days, settings.sandbox_output_megabytes * 2**20

        async def clear() -> None:
            await asyncio.to_thread(self.clear, days, most)

        return Chore("clear_sandbox_outputs", _HOUR, clear)


def _written(one: tuple[os.stat_result, Path]) -> float:
    return one[0].st_mtime
