"""The few settings that quick commands need, read without the library that checks all of them.

`bot.settings` is the rule; a test holds the two together. What is not plain here is read there, which takes
half a second longer and says what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

_NAMES = ("env", "database_url", "var_folder", "department", "tenant")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NotPlain(Exception):
    """A setting that the quick reader leaves to `bot.settings`."""


@dataclass(frozen=True, slots=True)
class QuickSettings:
    """What a command must know to reach the database, or a server of the same installation."""

    env: str
    database_url: str | None
    var_folder: Path
    department: Path
    tenant: str

    @property
    def postgres_folder(self) -> Path:
        """Where the embedded database keeps its data."""
        return (self.var_folder / "postgres").resolve()

    @property
    def installation(self) -> str:
        """What tells one installation from another: its database, its company and its department's folder."""
        return installation_of(self.database_url, self.var_folder, self.tenant, self.department)


def installation_of(database_url: str | None, var_folder: Path, tenant: str, department: Path) -> str:
    """A name for an installation that says nothing of it. The same for a command and its server."""
    told = [database_url, str(var_folder.resolve()), tenant, str(department.resolve())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def read_quick_settings() -> QuickSettings:
    """Read them, the environment before `.env`. Raises NotPlain."""
    told = _of_the_file() | {name.lower(): value for name, value in os.environ.items()}
    if not all(told.get(name, "").isprintable() for name in _NAMES):
        raise NotPlain
    database_url = told.get("database_url")
    if database_url is not None and not database_url.startswith(("postgresql://", "postgres://")):
        raise NotPlain
    read = QuickSettings(
        env=told.get("env", "local"),
        database_url=database_url,
        var_folder=Path(told.get("var_folder", "var")),
        department=Path(told.get("department", "examples/acme")),
        tenant=told.get("tenant", "acme"),
    )
    if read.env not in ("local", "production") or not _TENANT.fullmatch(read.tenant):
        raise NotPlain
    return read


def _of_the_file() -> dict[str, str]:
    if not os.path.exists(".env"):
        return {}
    from dotenv import dotenv_values  # a twentieth of a second

    try:
        read = dotenv_values(".env", encoding="utf-8")
    except (OSError, ValueError):
        raise NotPlain from None
    return {name.lower(): value for name, value in read.items() if value is not None}
