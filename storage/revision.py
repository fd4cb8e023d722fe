"""Which schema this code expects: asked also by what must be quick and loads no more than the driver."""

from __future__ import annotations

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"


def newest_revision() -> str:
    """The revision that this code expects: migrations are one line, named by their number."""
    return max(file.stem for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
