"""Which database: the one that the settings name, or the embedded one, migrated."""

from __future__ import annotations

from dataclasses import dataclass

from bot.settings import Settings
from storage import embedded
from storage.migrate import migrate


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where the database is: for work as the app role, and for migrations (None: not ours to migrate)."""

    app: str
    owner: str | None


def locate(settings: Settings) -> DatabaseUrls:
    """The database's addresses; starts the embedded server if the settings name none."""
    if settings.database_url is not None:
        return DatabaseUrls(settings.database_url, settings.database_owner_url)
    server = embedded.start(settings.postgres_folder.resolve())
    return DatabaseUrls(server.app_url, server.owner_url)


def bring_up_to_date(urls: DatabaseUrls) -> bool:
    """Migrate, if this process may. Returns whether anything was to be done."""
    return urls.owner is not None and migrate(urls.owner)
