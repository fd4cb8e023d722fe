"""A process that migrates a database, and says whether there was anything to do."""

from __future__ import annotations

from multiprocessing.connection import Connection

from storage.migrate import migrate


def run(url: str, news: Connection) -> None:
    """Migrate; a fault closes the pipe."""
    with news:
        news.send(migrate(url))
