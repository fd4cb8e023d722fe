"""Authorship: gathering what a plan is worked out from, and working it out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from agents.planning.draft import PlanChanges, PlanDraft
from agents.planning.request import ImpossibleChange, PlanningInput
from agents.planning.requirements import UnplannableDocument
from governance.department_rows import read_department
from governance.visibility import EVERYTHING
from integrations.documents import DocumentError, Documents
from integrations.services import CatalogueError, ServiceCatalogue
from integrations.tracker import StoryQuery, Tracker, TrackerError
from storage.database import Database

_ALL = StoryQuery(limit=1_000_000)


class CannotPlan(Exception):
    """No plan can be worked out; the message is a sentence for people."""


class Sources(Protocol):
    """What a plan is worked out from, read and never changed."""

    @property
    def tracker(self) -> Tracker:
        """The department's work so far."""

    @property
    def documents(self) -> Documents:
        """What is to be built."""

    @property
    def services(self) -> ServiceCatalogue:
        """What runs, and who owns it."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Authorship:
    """Works plans out from the department's own documents, history and capacity."""

    database: Database
    sources: Callable[[str], Sources]
    clock: Callable[[], datetime] = _now

    async def draft(self, tenant: str, document: str, changes: PlanChanges, *, on_behalf_of: str) -> PlanDraft:
        """See PlanAuthor.draft."""
        try:
            given = await self.gather(tenant, document, changes)
            return await asyncio.to_thread(_by_rule, given)
        except (DocumentError, UnplannableDocument, ImpossibleChange, CatalogueError, TrackerError) as cannot:
            raise CannotPlan(str(cannot)) from cannot

    async def gather(self, tenant: str, document: str, changes: PlanChanges) -> PlanningInput:
        """Everything that a plan for this document depends on, as it stands now."""
        sources = self.sources(tenant)
        read = await sources.documents.read(document)
        async with self.database.transaction(tenant) as tx:
            department = await read_department(tx)
        as_of = self.clock()
        here = ZoneInfo(department.calendar_of(None).time_zone)
        return PlanningInput(
            document=read,
            stories=tuple(await sources.tracker.stories(EVERYTHING, _ALL)),
            epics=tuple(await sources.tracker.epics(EVERYTHING)),
            sprints=tuple(await sources.tracker.sprints()),
            teams=department.teams,
            products=department.products,
            services=tuple(await sources.services.services()),
            today=as_of.astimezone(here).date(),
            as_of=as_of,
            changes=changes,
        )


def _by_rule(given: PlanningInput) -> PlanDraft:
    # The solver and the learning it rests on take a second to import: not at start-up.
    from agents.planning.plan import plan

    return plan(given)
