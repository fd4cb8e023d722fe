"""Bring a database to the newest schema. Runs as the owner; the app role only gets rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, text

from storage.app_role import APP_ROLE
from storage.database import sqlalchemy_url
from storage.revision import MIGRATIONS, newest_revision

if TYPE_CHECKING:
    from alembic.config import Config

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
            from alembic import command  # a third of a second, and most starts have nothing to migrate

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
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def is_current(connection: Connection) -> bool:
    """Whether the database's schema is this code's."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return bool(found == newest_revision())


def _ensure_app_role(connection: Connection) -> None:
    found = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}
    ).scalar()
    if not found:
        connection.execute(text(f"CREATE ROLE {APP_ROLE} LOGIN"))
