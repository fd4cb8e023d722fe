"""Where services keep their data: a PostgreSQL that an installation names, or one of the keeper's own.

The keeper's own is apart from the product's, so that neither a service's load nor its mistakes reach that. It
is started when the first service asks for it, listens on a unix socket alone, is started again when it dies,
and ends with the keeper: asked to, or by the kernel. Services enter as a role that owns their database alone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
from psycopg import sql

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local.processes import end_with
from storage import embedded

SETTING = "KEEPER_DATABASE_URL"
"""Under which the keeper's process finds an address, and people set it."""

ROLE = "services"
_READY_WITHIN = 30.0
_PROBED_EVERY = 0.05
_LONGEST_FOLDER = 85
"""Of a socket, whose own name adds 16 characters; the kernel's limit is 107."""
_ENDS_WITHIN = 10.0
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # A service that errs would fill the disk with its mistakes; it counts them itself.
    "log_min_messages": "fatal",
}


class DatabaseAway(DeploymentError):
    """The services' database does not start. The text is for people."""


class ServicesDatabase:
    """The address of the services' database, and the server behind it where it is the keeper's own."""

    def __init__(self, folder: Path, given: str | None) -> None:
        """`folder` is where a server of its own has its files; none is started where an address is `given`."""
        self._folder, self._given = folder, given
        self._sockets: Path | None = None
        self._server: Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def url(self) -> str:
        """Where a service finds its data; it takes connections by then. The server is started from the main
        thread alone, as a replica is. Raises DatabaseAway."""
        if self._given is not None:
            return self._given
        async with self._starting:
            sockets = self._sockets
            if sockets is None:
                sockets = self._sockets = self._folder
                if len(str(sockets)) > _LONGEST_FOLDER:
                    sockets = self._sockets = Path(tempfile.mkdtemp(prefix="countersign-db-"))
            if self._watching is None or self._watching.done():
                await self._start(sockets)
                self._watching = asyncio.create_task(self._watch(sockets))
        return _address(ROLE, ROLE, sockets)

    async def close(self) -> None:
        """End the server; what is under way there is given up."""
        if self._watching is not None:
            self._watching.cancel()
        if self._server is not None and self._server.returncode is None:
            with suppress(ProcessLookupError):
                self._server.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(self._server.wait(), _ENDS_WITHIN)
            except TimeoutError:
                self._server.kill()
        if self._sockets not in (None, self._folder):
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets = self._server = self._watching = None

    async def _watch(self, sockets: Path) -> None:
        """Start it again when it ends by itself; one that does not start is left to whoever asks next."""
        while self._server is not None:
            await self._server.wait()
            _say("The services’ database ended by itself; it is started again.")
            try:
                await self._start(sockets)
            except DatabaseAway as away:
                _say(str(away))
                return

    async def _start(self, sockets: Path) -> None:
        program = await asyncio.to_thread(embedded.prepare, self._folder)
        owner = await asyncio.to_thread(self._folder.stat)
        another = owner.st_uid != os.getuid()
        as_owner: dict[str, Any] = (
            {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if another else {}
        )
        os.chown(sockets, owner.st_uid, owner.st_gid)
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        ends = monotonic() + _READY_WITHIN
        while monotonic() < ends:
            if self._server is None or self._server.returncode is not None:
                # Not the first time where one that was killed has children left that still go.
                self._server = await asyncio.create_subprocess_exec(
                    *(str(program), "-D", str(self._folder), "-k", str(sockets), *settings),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    start_new_session=True,
                    preexec_fn=end_with(os.getpid()),
                    **as_owner,
                )
            if await asyncio.to_thread(_open_to_services, sockets):
                return
            await asyncio.sleep(_PROBED_EVERY)
        raise DatabaseAway(f"The services’ database in {self._folder} does not start; keeper.log says why.")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 — the keeper's log


def _open_to_services(sockets: Path) -> bool:
    """Whether the server takes connections. The services are let in then: into one database, as a role that may
    do nothing elsewhere."""
    try:
        server = psycopg.connect(_address("postgres", "postgres", sockets), autocommit=True)
    except psycopg.OperationalError:
        return False
    with server:
        name = sql.Identifier(ROLE)
        if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
            server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (ROLE,)).fetchone():
            server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
    return True


def _address(role: str, database: str, sockets: Path) -> str:
    return f"postgresql://{role}@/{database}?host={sockets}"
