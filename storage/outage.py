"""An outage of the database: what failures mean one, and a log that tells of it twice, not at every try."""

from __future__ import annotations

from time import monotonic

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

_log = structlog.get_logger()


def is_database_away(failure: BaseException | None) -> bool:
    """Whether a failure means that the database cannot be reached now, rather than a fault of ours."""
    if isinstance(failure, DBAPIError) and failure.connection_invalidated:
        return True
    return isinstance(
        failure,
        OperationalError
        | InterfaceError
        | psycopg.OperationalError  # a pool's timeout is one, too
        | psycopg.InterfaceError
        | ConnectionError,
    )


class Outage:
    """What one part of a process knows of an outage: logged once when it begins, and once when it ends.

    `part` is what stands still meanwhile.
    """

    def __init__(self, part: str) -> None:
        self._part = part
        self._began: float | None = None

    def begins(self, why: BaseException) -> None:
        """Something failed. Says so unless that is known already."""
        if self._began is None:
            self._began = monotonic()
            # The driver's own error, without the statement.
            cause = why.__cause__ if isinstance(why.__cause__, psycopg.Error) else why
            said = str(cause).partition("\n")[0]
            _log.warning("outage_began", part=self._part, why=f"{type(cause).__name__}: {said}")

    def ends(self) -> None:
        """Something worked. Says so, with how many seconds it was away, if it had not."""
        if self._began is not None:
            seconds, self._began = round(monotonic() - self._began, 1), None
            _log.warning("outage_ended", part=self._part, seconds=seconds)
