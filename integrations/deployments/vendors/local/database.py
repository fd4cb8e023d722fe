"""Where services keep their data: a PostgreSQL that an installation names, or one of the keeper's own.

The keeper's own is apart from the product's, so that neither a service's load nor its mistakes reach that. It
is started when the first service asks for it, listens on a unix socket alone, is started again when it dies,
and ends with the keeper: asked to, or by the kernel. Nobody enters it without a password, made anew for each
keeper and kept in its memory alone. What people wrote enters as a role that owns their database alone; what
agents wrote has a role and a database for each service and stage, and enters no other's.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from integrations.deployments import DeploymentError, Stage
from integrations.deployments.vendors.local.processes import end_with
from storage import embedded

SETTING = "KEEPER_DATABASE_URL"
"""Under which the keeper's process finds an address, and people set it."""

ROLE = "services"
_READY_WITHIN = 30.0
_PROBED_EVERY = 0.05
_SUPERUSER = "postgres"
_LONGEST_NAME = 63
_MOST_CONNECTIONS = 50
"""Of one service in one stage that agents wrote, so that the others find some."""
_WHO_ENTERS = "local all all scram-sha-256\n"
"""pg_hba.conf of the keeper's own server, whoever made its files."""
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
        self._starting, self._letting_in = asyncio.Lock(), asyncio.Lock()
        self._passwords: dict[str, str] = {}

    async def url(self) -> str:
        """Where a service finds its data; it takes connections by then. The server is started from the main
        thread alone, as a replica is. Raises DatabaseAway."""
        if self._given is not None:
            return self._given
        return _address(ROLE, ROLE, await self._own(), self._password(ROLE))

    async def url_of(self, service: str, stage: Stage) -> str:
        """The same for what agents wrote: a database of its own for each service and stage. Where an address is
        given, which is one database of one role, it is that in production, and its own elsewhere. Raises
        DatabaseAway."""
        if self._given is not None and stage is Stage.PRODUCTION:
            return self._given
        sockets = await self._own()
        name = f"{service}_{stage.value}"
        if len(name) > _LONGEST_NAME or name.startswith("pg_"):  # which the server keeps for itself
            name = f"{hashlib.sha256(service.encode()).hexdigest()[:32]}_{stage.value}"
        superuser = _address(_SUPERUSER, _SUPERUSER, sockets, self._password(_SUPERUSER))
        async with self._letting_in:  # two changes of the same rights at once are refused by the server
            try:
                await asyncio.to_thread(_let_in, superuser, name, self._password(name), _MOST_CONNECTIONS)
            except psycopg.Error as away:
                why = "does not answer" if isinstance(away, psycopg.OperationalError) else "lets nobody in"
                raise DatabaseAway(f"The services’ database {why} ({type(away).__name__}).") from away
        return _address(name, name, sockets, self._password(name))

    def _password(self, role: str) -> str:
        return self._passwords.setdefault(role, secrets.token_hex(24))

    async def _own(self) -> Path:
        """Where the keeper's own server has its sockets, once it takes connections."""
        async with self._starting:
            sockets = self._sockets
            if sockets is None:
                sockets = self._sockets = self._folder
                if len(str(sockets)) > _LONGEST_FOLDER:
                    sockets = self._sockets = Path(tempfile.mkdtemp(prefix="countersign-db-"))
            if self._watching is None or self._watching.done():
                await self._start(sockets)
                self._watching = asyncio.create_task(self._watch(sockets))
        return sockets

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
        who_enters = self._folder / "keeper_hba.conf"
        await asyncio.to_thread(who_enters.write_text, _WHO_ENTERS)
        who_enters.chmod(0o644)
        settings = [
            part
            for name, value in {**_SETTINGS, "hba_file": str(who_enters)}.items()
            for part in ("-c", f"{name}={value}")
        ]
        ends = monotonic() + _READY_WITHIN
        while monotonic() < ends:
            if self._server is None or self._server.returncode is not None:
                if not await self._has_its_password(program, as_owner):
                    await asyncio.sleep(_PROBED_EVERY)
                    continue
                # Not the first time where one that was killed has children left that still go.
                self._server = await asyncio.create_subprocess_exec(
                    *(str(program), "-D", str(self._folder), "-k", str(sockets), *settings),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    start_new_session=True,
                    preexec_fn=end_with(os.getpid()),
                    **as_owner,
                )
            superuser = _address(_SUPERUSER, _SUPERUSER, sockets, self._password(_SUPERUSER))
            if await asyncio.to_thread(_open_to_services, superuser, self._password(ROLE)):
                return
            await asyncio.sleep(_PROBED_EVERY)
        raise DatabaseAway(f"The services’ database in {self._folder} does not start; keeper.log says why.")

    async def _has_its_password(self, program: Path, as_owner: dict[str, Any]) -> bool:
        """Give the superuser this keeper's, with no server there that anybody could enter meanwhile (postgres
        --single). False while one that was killed has children left."""
        setting = await asyncio.create_subprocess_exec(
            *(str(program), "--single", "-D", str(self._folder), "-c", "log_min_messages=fatal", _SUPERUSER),
            stdin=PIPE,
            stdout=DEVNULL,
            preexec_fn=end_with(os.getpid()),
            **as_owner,
        )
        said = f"ALTER ROLE {_SUPERUSER} PASSWORD '{self._password(_SUPERUSER)}'\n"
        await setting.communicate(said.encode())
        return setting.returncode == 0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 — the keeper's log


def _open_to_services(superuser: str, password: str) -> bool:
    """Whether the server takes connections. What people wrote is let in then."""
    try:
        with psycopg.connect(superuser, autocommit=True) as server:
            for database in (_SUPERUSER, "template1"):
                _close_to_all(server, database)
        _let_in(superuser, ROLE, password, None)
    except psycopg.OperationalError:
        return False
    return True


def _let_in(superuser: str, name: str, password: str, most: int | None) -> None:
    """A role, into one database of the same name, which may do nothing elsewhere, with at most so many
    connections. Raises psycopg.Error, an OperationalError where the server does not answer."""
    with psycopg.connect(superuser, autocommit=True) as server:
        of = sql.Identifier(name)
        if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
            server.execute(sql.SQL("CREATE ROLE {}").format(of))
        limit = sql.Literal(-1 if most is None else most)
        server.execute(
            sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT {} PASSWORD {}").format(
                of, limit, sql.Literal(password)
            )
        )
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(of, of))
        _close_to_all(server, name)


def _close_to_all(server: psycopg.Connection, database: str) -> None:
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))


def _address(role: str, database: str, sockets: Path, password: str) -> str:
    return f"postgresql://{role}:{password}@/{database}?host={quote(str(sockets))}"
