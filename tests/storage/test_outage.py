"""An outage is told of when it begins and when it ends, however often it is noticed."""

from __future__ import annotations

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from storage.outage import Outage, is_database_away

pytestmark = pytest.mark.processes


def _wrapped(cause: Exception) -> ConnectorException:
    try:
        raise ConnectorException from cause
    except ConnectorException as wrapped:
        return wrapped


def test_an_outage_is_logged_twice() -> None:
    outage = Outage("fence")
    with capture_logs() as logs:
        outage.ends()
        for _ in range(100):
            outage.begins(_wrapped(psycopg.OperationalError("the server is starting up\nHINT: wait")))
        outage.ends()
        outage.ends()
    began, ended = logs
    assert (began["event"], began["part"]) == ("outage_began", "fence")
    assert began["why"] == "OperationalError: the server is starting up"
    assert (ended["event"], ended["part"], ended["seconds"]) == (
        "outage_ended",
        "fence",
        pytest.approx(0, abs=5),
    )


@pytest.mark.parametrize(
    ("failure", "away"),
    [
        (PoolTimeout("no connection after 4 s"), True),
        (psycopg.errors.ForeignKeyViolation("no such worker"), False),
        (None, False),
        (psycopg.OperationalError("the connection is closed"), True),
        (DBAPIError("SELECT 1", None, ValueError(), connection_invalidated=True), True),
        (DBAPIError("SELECT 1", None, ValueError()), False),
        (ConnectionRefusedError(), True),
        (ValueError("a fault of ours"), False),
    ],
)
def test_what_means_that_the_database_is_away(failure: Exception | None, away: bool) -> None:
    assert is_database_away(failure) is away
