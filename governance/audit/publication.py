"""Publication: checkpoints leave the database, since only that can show that a log's tail was cut off."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog
from sqlalchemy import text

from storage.database import Database

INTERVAL_SECONDS = 1.0
"""Checkpoints of one log that are younger than this are published as one, the newest."""

Hook = Callable[[str, str], Awaitable[None]]
"""Takes a tenant and its newest checkpoint (a signed note) somewhere: a webhook, a channel. Raises
`NotPublished` if it could not; it is then called again with whatever is newest by then."""

_NEWEST = text("SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1")

_log = structlog.get_logger(__name__)


class NotPublished(Exception):
    """A checkpoint could not be delivered this time."""


class Publisher:
    """Carries the newest checkpoint of each log to a file and to hooks, behind the sequencer's back.

    `file` grows by blank lines and the note, once a second and log at most (`checkpoint.notes_in` reads
    it back). What a killed process did not publish, the next one does when it starts.
    """

    def __init__(self, file: Path | None = None, hooks: Sequence[Hook] = ()) -> None:
        self._targets: list[Hook] = list(hooks)
        if file is not None:
            self._targets.insert(0, _appending_to(file))
        self._waiting: list[dict[str, str]] = [{} for _ in self._targets]
        self._offered = asyncio.Event()

    def offer(self, tenant: str, note: str) -> None:
        """Publish this soon; a newer one that is offered before then takes its place."""
        for waiting in self._waiting:
            waiting[tenant] = note
        self._offered.set()

    async def offer_newest(self, database: Database) -> None:
        """Offer every tenant's newest checkpoint, as a process does when it starts."""
        async with database.untenanted() as tx:
            tenants = list((await tx.execute(text("SELECT id FROM tenants ORDER BY id"))).scalars())
        for tenant in tenants:
            async with database.transaction(tenant) as tx:
                note = (await tx.execute(_NEWEST)).scalar_one_or_none()
            if note is not None:
                self.offer(tenant, note)

    async def run(self) -> None:
        """Publish what is offered until cancelled."""
        while True:
            await self._offered.wait()
            self._offered.clear()
            await self.publish()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def publish(self) -> None:
        """Deliver what waits now, to every target; what fails waits on."""
        for target, waiting in zip(self._targets, self._waiting, strict=True):
            for tenant, note in list(waiting.items()):
                try:
                    await target(tenant, note)
                except NotPublished as error:
                    _log.warning("checkpoint_not_published", tenant=tenant, error=str(error))
                    self._offered.set()
                    continue
                if waiting.get(tenant) == note:
                    del waiting[tenant]


def _appending_to(file: Path) -> Hook:
    def append(note: str) -> None:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # Two: a text that was torn by a crash must not run into this one.
            os.write(descriptor, f"\n\n{note}".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    async def hook(_tenant: str, note: str) -> None:
        try:
            await asyncio.to_thread(append, note)
        except OSError as error:
            raise NotPublished(f"{file}: {error}") from error

    return hook
