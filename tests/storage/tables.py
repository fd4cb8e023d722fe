"""Every table of the product: found by importing whatever any room has, so that none can be forgotten."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import Table

from storage.schema import Base

ROOMS = ("bot", "handlers", "agents", "integrations", "governance", "storage")


def all_tables() -> list[Table]:
    """The tables of every module that defines one, in the order of their foreign keys."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            last = module.name.rpartition(".")[2]
            if (
                last == "tables"
                or last.endswith("_tables")
                or module.name in ("storage.firings", "storage.notices", "storage.schema")
            ):
                importlib.import_module(module.name)
    return list(Base.metadata.sorted_tables)


def tenant_tables() -> list[Table]:
    """Those with a tenant's rows."""
    return [table for table in all_tables() if "tenant" in table.columns]
