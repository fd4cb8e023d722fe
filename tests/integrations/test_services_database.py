"""The keeper's own database: nobody enters it without a password, and none enters what is another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from integrations.deployments import Stage
from integrations.deployments.vendors.local import database as databases
from integrations.deployments.vendors.local.database import ROLE, DatabaseAway, ServicesDatabase
from tests.integrations.test_confinement import started

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

GIVEN = "postgresql://services@elsewhere/services"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[ServicesDatabase]:
    opened = ServicesDatabase(tmp_path / "postgres", None)
    yield opened
    await opened.close()


def who(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT current_user || '/' || current_database()").fetchone()


def entered(url: str, role: str, database: str, password: str = "") -> str:
    """With the way of `url`, as somebody else: what the server answers."""
    try:
        with psycopg.connect(url, user=role, dbname=database, password=password or "guessed"):
            return "entered"
    except psycopg.OperationalError as refused:
        return str(refused)


async def test_each_enters_its_own_alone(database: ServicesDatabase) -> None:
    staging = await database.url_of("orders", Stage.STAGING)
    production = await database.url_of("orders", Stage.PRODUCTION)
    written = await database.url()
    assert who(staging) == ("orders_staging/orders_staging",)
    assert who(production) == ("orders_production/orders_production",)
    assert who(written) == (f"{ROLE}/{ROLE}",)
    assert await database.url_of("orders", Stage.STAGING) == staging, "as long as this keeper does"
    own = psycopg.conninfo.conninfo_to_dict(staging)["password"]
    for role, where, password in (
        ("postgres", "postgres", ""),
        (ROLE, ROLE, ""),
        ("orders_production", "orders_production", str(own)),
    ):
        assert "authentication failed" in entered(staging, role, where, password)
    for where in (ROLE, "postgres", "orders_production", "template1"):
        assert "permission denied" in entered(staging, "orders_staging", where, str(own))


async def test_a_name_that_the_server_keeps_for_itself_is_let_in_all_the_same(
    database: ServicesDatabase,
) -> None:
    said = who(await database.url_of("pg", Stage.STAGING))
    assert "_staging/" in str(said)


async def test_many_are_let_in_at_once(database: ServicesDatabase) -> None:
    """As when several services are written and begin together."""
    own = [(f"service{number}", stage) for number in range(6) for stage in (Stage.STAGING, Stage.PRODUCTION)]
    urls = await asyncio.gather(*(database.url_of(*one) for one in own))
    assert list(map(who, urls)) == [(f"{name}_{stage.value}/{name}_{stage.value}",) for name, stage in own]


async def test_whatever_the_server_refuses_is_said(
    database: ServicesDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.url()

    def refused(*_: object) -> None:
        raise psycopg.errors.InternalError_("tuple concurrently updated")

    monkeypatch.setattr(databases, "_let_in", refused)
    with pytest.raises(DatabaseAway, match="lets nobody in"):
        await database.url_of("orders", Stage.STAGING)


async def test_what_was_kept_is_there_for_the_next_keeper(database: ServicesDatabase, tmp_path: Path) -> None:
    before = await database.url_of("a" * 60, Stage.STAGING)
    with psycopg.connect(before, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    await database.close()
    again = ServicesDatabase(tmp_path / "postgres", None)
    try:
        after = await again.url_of("a" * 60, Stage.STAGING)
        with psycopg.connect(after) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        assert "authentication failed" in str(entered(before, "postgres", "postgres"))
    finally:
        await again.close()


async def test_where_one_is_given_staging_has_its_own_all_the_same(tmp_path: Path) -> None:
    given = ServicesDatabase(tmp_path / "postgres", GIVEN)
    try:
        assert await given.url() == GIVEN
        assert await given.url_of("orders", Stage.PRODUCTION) == GIVEN
        assert who(await given.url_of("orders", Stage.STAGING)) == ("orders_staging/orders_staging",)
    finally:
        await given.close()


async def test_a_confined_service_reaches_its_own(database: ServicesDatabase, tmp_path: Path) -> None:
    told = {"DATABASE_URL": await database.url_of("peeks", Stage.STAGING)}
    asks = "__import__('psycopg').connect(os.environ['DATABASE_URL']).execute('SELECT current_user').fetchone()"
    async with started(tmp_path, told) as (_, ask):
        assert await ask(asks) == ["peeks_staging"]
        assert await ask(f"os.path.exists({str(tmp_path / 'postgres')!r})") is False
