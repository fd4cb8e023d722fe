"""Which database: the one that the settings name, or the embedded one, migrated."""

from __future__ import annotations

import os
from dataclasses import dataclass

from bot.settings import Settings, SettingsUnusable
from storage import embedded
from storage.migrate import migrate


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where the database is: for work as the app role, and for migrations (None: not ours to migrate)."""

    app: str
    owner: str | None


def locate(settings: Settings) -> DatabaseUrls:
    """The database's addresses; starts the embedded server if the settings name none.

    Raises SettingsUnusable.
    """
    if settings.database_url is not None:
        return DatabaseUrls(settings.database_url, settings.database_owner_url)
    demand_var_folder(settings)
    server = embedded.start(settings.postgres_folder.resolve())
    return DatabaseUrls(server.app_url, server.owner_url)


def demand_var_folder(settings: Settings) -> None:
    """Make the folder of our own, if it is not there. Raises SettingsUnusable if it cannot be written."""
    folder = settings.var_folder.resolve()
    fix = "set it to a folder that can be written"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise SettingsUnusable(("VAR_FOLDER", f"cannot be {folder} ({refused.strerror}); {fix}.")) from refused
    if not os.access(folder, os.W_OK):
        raise SettingsUnusable(("VAR_FOLDER", f"is {folder}, which cannot be written; {fix}."))


def bring_up_to_date(urls: DatabaseUrls) -> bool:
    """Migrate, if this process may. Returns whether anything was to be done."""
    return urls.owner is not None and migrate(urls.owner)
