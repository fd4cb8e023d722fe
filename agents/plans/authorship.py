"""Authorship: gathering what a plan is worked out from, and working it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.planning.draft import PlanChanges, PlanDraft
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Authorship:
    """Works plans out from the department's own documents, history and capacity."""

    database: Database
    ports: Callable[[str], object]

    async def draft(self, tenant: str, document: str, changes: PlanChanges, *, on_behalf_of: str) -> PlanDraft:
        """See PlanAuthor.draft."""
        raise RuntimeError("no planning yet")
