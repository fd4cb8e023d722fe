"""Authorship: gathering what a plan is worked out from, and working it out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from agents.model import Meter, ModelAccess, Narrate
from agents.planning.draft import PlanChanges, PlanDraft
from agents.planning.request import ImpossibleChange, PlanningInput
from agents.planning.requirements import UnplannableDocument
from agents.planning.working_days import working_days
from agents.plans import feasibility, gathering
from agents.plans.corrections import corrections_of, groupings_of
from agents.plans.feasibility import Hindrance
from agents.terms import AgentTerms
from governance.department_rows import read_department
from governance.overrides.rows import read_standing
from governance.standing import WindowMode
from governance.visibility import EVERYTHING
from integrations.documents import Document, DocumentError, Documents
from integrations.pages import Part, everything
from integrations.services import CatalogueError, ServiceCatalogue
from integrations.tracker import EpicQuery, Tracker, TrackerError
from storage.database import Database

if TYPE_CHECKING:
    from agents.planning.replan import Replanned


class CannotPlan(Exception):
    """No plan can be worked out; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Authored:
    """A draft, the `text` that it was worked out from, what keeps it from being carried out, and what the model
    that wrote it cost in USD (0 without one)."""

    draft: PlanDraft
    text: str
    cost: Decimal
    hindrances: tuple[Hindrance, ...] = ()


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
    model: ModelAccess | None
    fence: Callable[[str], Awaitable[None]]
    clock: Callable[[], datetime] = _now

    async def draft(
        self,
        tenant: str,
        document: str,
        changes: PlanChanges,
        original: PlanDraft | None,
        narrate: Narrate,
    ) -> Authored:
        """See PlanAuthor.draft. In a demo window no model is asked: what is shown is repeatable.

        A document that was edited since is read anew.
        """
        # The solver and the learning it rests on take a second to import: not at start-up.
        from agents.drafting import draft_plan
        from agents.planning.revision import revise

        meter = Meter()
        model = None
        if self.model is not None and not await self._demo(tenant):
            own = partial(self.database.transaction, tenant)
            terms = AgentTerms(own, f"document:{document}", self.clock)
            model = replace(self.model, meter=meter, narrate=narrate, terms=terms)
        try:
            given = await self.gather(tenant, document, changes)
            if original is not None and original.document_digest == given.document.digest:
                draft = await asyncio.to_thread(revise, original, given)
            else:
                if original is not None:
                    given = replace(given, changes=changes.without_stories())
                draft = await draft_plan(given, model, partial(self.fence, tenant))
            hindrances = await asyncio.to_thread(feasibility.hindrances, draft, given)
        except (DocumentError, UnplannableDocument, ImpossibleChange, CatalogueError, TrackerError) as cannot:
            raise CannotPlan(str(cannot)) from cannot
        return Authored(draft, given.document.text, meter.cost, hindrances)

    async def replan(
        self, tenant: str, draft: PlanDraft, made: Mapping[str, str], changes: PlanChanges
    ) -> Replanned:
        """See PlanReviser.replan. The document is not read again: what is asked for is in the tracker."""
        from agents.planning.replan import replan

        document = Document(draft.document, "", draft.document_digest, draft.document)
        try:
            given = await self._gather(tenant, document, changes)
            given = await gathering.with_work_of(given, self.sources(tenant).tracker, draft, made)
            return await asyncio.to_thread(replan, draft, made, given)
        except (ImpossibleChange, CatalogueError, TrackerError) as cannot:
            raise CannotPlan(str(cannot)) from cannot

    async def _demo(self, tenant: str) -> bool:
        now = self.clock()
        async with self.database.transaction(tenant) as tx:
            return WindowMode.DEMO in (await read_standing(tx, now)).modes(now)

    async def gather(self, tenant: str, document: str, changes: PlanChanges) -> PlanningInput:
        """Everything that a plan for this document depends on, as it stands now."""
        sources = self.sources(tenant)
        given = await self._gather(tenant, await sources.documents.read(document), changes)
        return await gathering.with_work(given, sources.tracker)

    async def _gather(self, tenant: str, document: Document, changes: PlanChanges) -> PlanningInput:
        """All but the sprints and the stories."""
        sources = self.sources(tenant)
        async with self.database.transaction(tenant) as tx:
            department = await read_department(tx)
            told = await corrections_of(tx, document.name)
            groupings = await groupings_of(tx, document.name)
        as_of = self.clock()
        here = ZoneInfo(department.calendar_of(None).time_zone)
        return PlanningInput(
            document=document,
            stories=(),
            epics=await everything(partial(sources.tracker.epics, EVERYTHING), EpicQuery()),
            sprints=(),
            teams=department.teams,
            products=department.products,
            services=await everything(sources.services.services, Part()),
            today=as_of.astimezone(here).date(),
            as_of=as_of,
            changes=changes,
            told=told,
            groupings=groupings,
            days=working_days(department),
        )
