"""Bring a database to the newest schema. Runs as the owner; the app role only gets rights."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from storage.database import sqlalchemy_url
from storage.migrations.row_security import APP_ROLE

# Any two processes that migrate at once wait for each other here.
_MIGRATION_LOCK = 0x636F756E


def migrate(owner_url: str) -> bool:
    """Apply what is missing, in one transaction. Returns whether anything was."""
    engine = create_engine(sqlalchemy_url(owner_url))
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            if is_current(connection):
                return False
            _ensure_app_role(connection)
            config = migration_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            # So that a process that only has the app role can tell whether the schema is its own.
            connection.execute(text(f"GRANT SELECT ON alembic_version TO {APP_ROLE}"))
            return True
    finally:
        engine.dispose()


def migration_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def is_current(connection: Connection) -> bool:
    """Whether the database's schema is this code's."""
    head = ScriptDirectory.from_config(migration_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _ensure_app_role(connection: Connection) -> None:
    found = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}
    ).scalar()
    if not found:
        connection.execute(text(f"CREATE ROLE {APP_ROLE} LOGIN"))
