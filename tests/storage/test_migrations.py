"""Migrations: they make exactly what the code's tables say, once, whoever else migrates at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Engine, create_engine, text

from storage import embedded
from storage.database import sqlalchemy_url
from storage.migrate import is_current, migrate, migration_config
from storage.migrations.row_security import APP_ROLE
from storage.schema import Base
from tests.processes import FORKS, processes
from tests.storage.migrating_process import run
from tests.storage.tables import all_tables


@pytest.fixture
def empty(server: embedded.EmbeddedServer) -> Iterator[str]:
    """The owner's URL of a database with nothing in it."""
    name = "migrations_from_nothing"
    yield embedded.start(Path(server.handle.pgdata), database=name).owner_url
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def migrated(server: embedded.EmbeddedServer) -> Iterator[Engine]:
    engine = create_engine(sqlalchemy_url(server.owner_url))
    yield engine
    engine.dispose()


def _is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(("procrastinate_", "alembic_")))


def test_the_migrated_database_is_what_the_tables_say(migrated: Engine) -> None:
    all_tables()
    with migrated.connect() as connection:
        connection.execute(text("SELECT set_config('app.tenant', 'any', false)"))
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": True, "include_object": _is_ours},
        )
        assert compare_metadata(context, Base.metadata) == []


def test_there_is_one_head_and_one_way_to_it() -> None:
    script = ScriptDirectory.from_config(migration_config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert all(len(revision.nextrev) <= 1 for revision in script.walk_revisions())


def test_migrating_again_does_nothing(migrated: Engine, server: embedded.EmbeddedServer) -> None:
    assert migrate(server.owner_url) is False
    with migrated.connect() as connection:
        assert is_current(connection)


def test_two_processes_that_migrate_at_once_wait_for_each_other(empty: str) -> None:
    pipes = [FORKS.Pipe() for _ in range(2)]
    with processes() as start:
        for _, there in pipes:
            start(run, empty, there)
        assert sorted(here.recv() for here, _ in pipes) == [False, True]


def test_an_interrupted_migration_leaves_nothing_behind(empty: str) -> None:
    engine = create_engine(sqlalchemy_url(empty))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE outbox (in_the_way int)"))
    with pytest.raises(Exception, match="outbox"):
        migrate(empty)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert set(left.scalars()) == {"outbox"}
    engine.dispose()


def test_the_app_role_owns_nothing_and_is_bound_by_row_security(migrated: Engine) -> None:
    with migrated.connect() as connection:
        role = connection.execute(
            text("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = :r"),
            {"r": APP_ROLE},
        ).one()
        assert not any(role)
        owned = connection.execute(
            text("SELECT relname FROM pg_class WHERE relowner = CAST(:r AS regrole)"), {"r": APP_ROLE}
        )
        assert owned.scalars().all() == []
        member = text("SELECT 1 FROM pg_auth_members WHERE member = CAST(:r AS regrole)")
        assert connection.execute(member, {"r": APP_ROLE}).first() is None
        may_create = text("SELECT has_schema_privilege(:r, 'public', 'CREATE')")
        assert connection.execute(may_create, {"r": APP_ROLE}).scalar_one() is False
