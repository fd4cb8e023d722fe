"""The sample department, and people who talk to it: each turn in a transaction of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.actions import specs as plan_specs
from agents.customers.actions import specs as customer_specs
from agents.delivery_causes.actions import specs as delivery_specs
from agents.engineering.story_rows import breaks
from agents.meetings.meeting_run import in_meeting
from agents.operations.incident_links import is_linkable
from agents.plans.limits import within_plan
from agents.roadmap.actions import specs as roadmap_specs
from bot.desks import StoredFiles
from bot.platforms.known_channels import KnownChannels
from governance.action import Action
from governance.actions import specs as governance_specs
from governance.authority.policy import load
from governance.department_file import read_department as read_department_file
from governance.department_rows import open_department, read_department
from governance.directory import person_by_identity
from governance.effects import Origin
from governance.gate import Gate, Submitted
from governance.overrides.rows import read_standing
from governance.people import Actor
from governance.places import Audience, Place
from governance.registry import Registry
from handlers.catalogue import find_handlers
from handlers.conversation.cards import Button, Buttons, Reply
from handlers.conversation.desk import Desk
from handlers.conversation.memory import Memory, keep, recall
from handlers.conversation.origin import place_json
from handlers.conversation.outcome import Answer
from handlers.conversation.router import Router
from handlers.conversation.turn import Clicked, Said, Turn
from handlers.language.mood import Mood
from handlers.language.recogniser import Recogniser
from handlers.language.recognition import Recognition
from handlers.notices import find_notices
from integrations.calendar.performing import specs as calendar_specs
from integrations.calendar.vendors.local.calendar import LocalCalendar
from integrations.code_host import CodeHost
from integrations.code_host.performing import specs as code_specs
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.deployments import Deployments
from integrations.documents.vendors.local import LocalFolder
from integrations.environments import Environments
from integrations.load import Load
from integrations.mail.performing import specs as mail_specs
from integrations.mail.vendors.local import LocalMail
from integrations.metrics.vendors.local.reading import LocalMetrics
from integrations.metrics.vendors.local.retention import Retention
from integrations.pages import Page
from integrations.ports import Ports
from integrations.prices.vendors.local import LocalPrices
from integrations.sandbox import Sandbox
from integrations.services.vendors.local import LocalCatalogue
from integrations.tracker import Tracker
from integrations.tracker.performing import specs as tracker_specs
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from storage.notices import NoticeRow
from tests.handlers import deployment

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"


class NothingDeployed:
    """A platform without a release: what is deployed is tried with real processes (`tests/scenarios`)."""

    async def services(self) -> tuple[str, ...]:
        return ()


class NoRepositories:
    """A code host with nothing in it: code is tried with real repositories (`tests/integrations/code_host`)."""

    async def repositories(self, _query: object) -> Page[Any]:
        return Page((), None)

    async def pull_requests(self, _query: object) -> Page[Any]:
        return Page((), None)


class Deaf:
    """A recogniser that understands nothing: these tests speak in exact commands."""

    async def recognise(self, text: str) -> Recognition:
        return Recognition(None, 0.0, (), Mood.OTHER, 0.0)


class Talk:
    """People talking to the department. `now` is its clock, and can be moved."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database = database
        self.tenant = tenant
        self.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
        policy = load()
        known = (
            *tracker_specs(within_plan, is_linkable),
            *plan_specs(),
            *roadmap_specs(),
            *delivery_specs(),
            *calendar_specs(in_meeting),
            *mail_specs(lambda tenant: LocalCustomers(database, tenant)),
            *customer_specs(),
            *code_specs(breaks),
            *governance_specs(policy),
            deployment.SPEC,
        )
        self.gate = Gate(policy, Registry(known), clock=lambda: self.now)
        self.router = Router(find_handlers(), Deaf(), Deaf())
        self.folder = ACME / "documents"
        self.tracker: Tracker = LocalTracker(database, tenant)
        self.code_host = cast(CodeHost, NoRepositories())
        self.deployments = cast(Deployments, NothingDeployed())
        self._turns = 0

    @asynccontextmanager
    async def desk(self, memory: Memory | None = None) -> AsyncIterator[Desk]:
        """A desk over a transaction of its own."""
        async with self.database.transaction(self.tenant) as tx:
            yield await self._desk(tx, memory or Memory("console:eng:t1"))

    async def _desk(self, tx: AsyncSession, memory: Memory) -> Desk:
        return Desk(
            tx=tx,
            now=self.now,
            department=await read_department(tx),
            gate=self.gate,
            ports=Ports(
                tracker=self.tracker,
                documents=LocalFolder(self.folder),
                customers=LocalCustomers(self.database, self.tenant),
                services=LocalCatalogue(ACME / "services"),
                deployments=self.deployments,
                metrics=LocalMetrics(self.database, self.tenant, scrape_seconds=5.0, retention=Retention()),
                load=cast(Load, NothingDeployed()),
                code_host=self.code_host,
                prices=LocalPrices(ACME / "prices.yaml", 92, lambda: date(2026, 11, 23)),
                sandbox=cast(Sandbox, NothingDeployed()),
                environments=cast(Environments, NothingDeployed()),
                calendar=LocalCalendar(self.database, self.tenant),
                mail=LocalMail(Path("/nonexistent")),
            ),
            files=StoredFiles(),
            channels=KnownChannels(),
            memory=memory,
            standing=await read_standing(tx, self.now),
            has_model=False,
        )

    async def say(self, who: str, text: str, thread: str = "t1") -> Answer:
        """A person says something in the department's channel."""
        return await self._take(who, Said(text), thread)

    async def press(
        self, who: str, verb: str, subject: str, values: Mapping[str, Any] | None = None, thread: str = "t1"
    ) -> Answer:
        """A person presses a button."""
        return await self._take(who, Clicked(verb, subject, "m1", dict(values or {})), thread)

    async def _take(self, who: str, what: Said | Clicked, thread: str) -> Answer:
        self._turns += 1
        place = Place("console", "engineering", thread, Audience.DEPARTMENT)
        async with self.database.transaction(self.tenant) as tx:
            identity = f"console:{who}"
            person = await person_by_identity(tx, identity)
            turn = Turn(self.tenant, f"tu_{self._turns}", identity, person, place, self.now, what)
            memory = await recall(tx, place.key)
            answer = await self.router.answer(turn, await self._desk(tx, memory))
            await keep(tx, memory)
            return answer

    async def submit(self, action: Action, by: str | Actor, thread: str = "t1") -> Submitted:
        """Something else in the department submits an action."""
        actor = Actor("person", by, identity=f"console:{by}") if isinstance(by, str) else by
        place = place_json(Place("console", "engineering", thread, Audience.DEPARTMENT))
        async with self.database.transaction(self.tenant) as tx:
            return await self.gate.submit(tx, action, actor=actor, origin=Origin(None, place))

    async def notices(self, kind: str) -> list[tuple[Reply | None, list[Any]]]:
        """Every notice of a kind as it would be posted in its thread, with the people it goes to."""
        render = find_notices()[kind].render
        async with self.desk() as desk:
            rows = (await desk.tx.execute(select(NoticeRow).where(NoticeRow.kind == kind))).scalars().all()
            return [(await render(desk, row.ids, None), row.people) for row in rows]


def buttons(reply: Reply) -> dict[str, Button]:
    """The buttons of a reply, by their verb."""
    return {
        button.verb: button
        for card in reply.cards
        for block in card.blocks
        if isinstance(block, Buttons)
        for button in block.buttons
    }


@pytest.fixture(scope="session")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    """The recogniser of the catalogue, which changes nothing in being asked."""
    return Recogniser.load(tmp_path_factory.mktemp("recogniser"))


@pytest.fixture
async def talk(database: Database, tenant: str) -> Talk:
    async with database.transaction(tenant) as tx:
        await open_department(tx, read_department_file(ACME / "department.yaml"))
    return Talk(database, tenant)
