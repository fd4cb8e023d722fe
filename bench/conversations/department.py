"""The sample department in one process, and conversations in it of which nothing stays.

A conversation runs in one transaction: what the product takes for transactions are its savepoints, and in the
end all of it is rolled back. So every conversation begins with the same department.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from agents.planning.draft import PlanChanges, PlanDraft
from agents.plans.authorship import Authored, Authorship
from bench.conversations.heard import Listening
from bench.conversations.platform import Platform
from bench.conversations.stand_ins import SPECS
from bot.bootstrap import open_sample
from bot.database import DatabaseUrls
from bot.department import Installation
from bot.desks import Desks
from bot.settings import Settings
from governance.audit import sequencer
from governance.department_rows import open_department
from governance.gate import Gate
from governance.overrides.rows import read_standing
from governance.registry import Registry
from handlers.conversation.desk import Desk
from handlers.conversation.memory import Memory
from integrations.pages import Part
from integrations.ports import Ports
from storage import embedded
from storage.database import Database
from storage.migrate import migrate
from storage.schema import Tenant

ROOT = Path(__file__).resolve().parents[2]
TENANT = "acme"


@dataclass(frozen=True)
class Department:
    """The department as every conversation finds it. `drafts` keeps the plans that were worked out: the same
    document gives the same plan. The last of `platforms` is the one of the conversation that goes on."""

    installation: Installation
    registry: Registry
    recogniser: Listening
    drafts: dict[str, Authored]
    platforms: list[Platform]

    @asynccontextmanager
    async def undone(self, now: datetime, *, keep: bool = False) -> AsyncIterator[Held]:
        """A department whose clock stands at `now`, and of which nothing stays when the block ends; with
        `keep`, all of it does, for every conversation that comes after."""
        engine = self.installation.database.engine
        async with engine.connect() as connection, connection.begin():
            driver = (await connection.get_raw_connection()).driver_connection
            if not isinstance(driver, psycopg.AsyncConnection):
                raise TypeError("the database is PostgreSQL through psycopg")
            await driver.execute("BEGIN")
            await driver.execute("SELECT set_config('app.tenant', %s, true), pg_current_xact_id()", [TENANT])
            end = b"ROLLBACK"
            self.platforms.append(Platform(self.platforms[0].known))
            try:
                yield Held(self, HeldDatabase(engine, connection, driver), now)
                end = b"COMMIT" if keep else end
            finally:
                await driver.execute(end)


class HeldDatabase(Database):
    """A database whose every transaction is a savepoint of one that its owner ends."""

    def __init__(
        self, engine: AsyncEngine, connection: AsyncConnection, driver: psycopg.AsyncConnection
    ) -> None:
        super().__init__(engine)
        self.connection = connection
        self.driver = driver
        self._first = asyncio.Lock()
        self._within: ContextVar[asyncio.Lock] = ContextVar("within")

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[AsyncSession]:
        """See Database.transaction. One inside another is a savepoint in a savepoint; those that tasks open at
        the same time take turns, for savepoints of one connection are a stack."""
        session = AsyncSession(
            self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        async with self._within.get(self._first), session:
            inner = self._within.set(asyncio.Lock())
            try:
                await session.connection()
                session.info.update(driver=self.driver, tenant=tenant)
                yield session
                await session.commit()
            finally:
                self._within.reset(inner)

    @asynccontextmanager
    async def untenanted(self) -> AsyncIterator[AsyncSession]:
        """See Database.untenanted."""
        async with self.transaction(TENANT) as session:
            yield session


class Held:
    """One conversation's department: the product's own parts over a held database, with a clock that stands."""

    def __init__(self, department: Department, database: HeldDatabase, now: datetime) -> None:
        self.department = department
        self.database = database
        self.now = now
        base = department.installation
        self.gate = Gate(base.policy, department.registry, clock=lambda: self.now)
        self.installation = Installation(base.settings, base.urls)
        own: Mapping[str, Any] = {
            "database": database,
            "policy": base.policy,
            "department_file": base.department_file,
            "registry": department.registry,
            "gate": self.gate,
            "recogniser": department.recogniser,
            "watch": _NothingHalts(),
            "signing_key": base.signing_key,
            "plan_author": _Remembering(base.plan_author, department.drafts),
        }
        self.installation.__dict__.update(own)
        self.installation.__dict__["ports"] = base.ports
        self.installation.__dict__["desks"] = _Clocked(self)

    @property
    def platform(self) -> Platform:
        """What runs in this conversation."""
        return self.department.platforms[-1]

    @property
    def ports(self) -> Ports:
        """The outside world, as this conversation sees it."""
        return self.installation.ports(TENANT)

    @asynccontextmanager
    async def desk(self, memory: Memory | None = None) -> AsyncIterator[Desk]:
        """A desk over a transaction of its own."""
        async with self.database.transaction(TENANT) as tx:
            yield await self.installation.desks.desk(tx, memory or Memory("console:engineering:t1"))

    async def number(self) -> None:
        """Number what waits in the audit log, as the sequencer's process does."""
        await _Sequencer(self.database, self.installation.signer).sequence(TENANT)


class _Clocked(Desks):
    def __init__(self, held: Held) -> None:
        parts = held.department.installation.desks
        super().__init__(held.gate, held.installation.ports, parts.files, parts.channels, parts.has_model)
        object.__setattr__(self, "_held", held)

    async def desk(self, tx: AsyncSession, memory: Memory) -> Desk:
        now: datetime = self._held.now  # type: ignore[attr-defined]
        made = await Desks.desk(self, tx, memory)
        return replace(made, now=now, standing=await read_standing(tx, now))


class _NothingHalts:
    """The watch over running agents, of whom there are none between two turns."""

    @asynccontextmanager
    async def agent_work(self, _tenant: str) -> AsyncIterator[None]:
        yield

    async def check(self, _tenant: str) -> None:
        return


class _Remembering:
    """Works each plan out once."""

    def __init__(self, author: Authorship, drafts: dict[str, Authored]) -> None:
        self._author = author
        self._drafts = drafts

    async def draft(
        self, tenant: str, document: str, changes: PlanChanges, original: PlanDraft | None, narrate: Any
    ) -> Authored:
        key = f"{document} {changes!r} {original is None}"
        if key not in self._drafts:
            self._drafts[key] = await self._author.draft(tenant, document, changes, original, narrate)
        return self._drafts[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._author, name)


class _Sequencer(sequencer.Sequencer):
    """Numbers entries within the transaction that made them, which no other connection sees."""

    @asynccontextmanager
    async def _desk(self) -> AsyncIterator[sequencer._Desk]:
        if not isinstance(self._database, HeldDatabase):
            raise TypeError("only a held department is numbered from within")
        yield sequencer._Desk(self._database.driver)


@asynccontextmanager
async def opened(today: date) -> AsyncIterator[Department]:
    """The sample department on an embedded PostgreSQL of its own, its history ending in the week before
    `today`."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-")))
        server = embedded.start(folder / "postgres")
        stack.callback(server.stop)
        migrate(server.owner_url)
        installation = Installation(_settings(folder), DatabaseUrls(server.app_url, None))
        stack.push_async_callback(installation.close)
        installation.__dict__["watch"] = _NothingHalts()
        morning = datetime.combine(today, time(9), UTC)
        installation.__dict__["plan_author"] = replace(installation.plan_author, clock=lambda: morning)
        platforms = await _with_platform(installation)
        await _open(installation, today)
        registry = Registry((*installation.registry, *SPECS))
        yield Department(installation, registry, Listening(ROOT / "var" / "recogniser"), {}, platforms)


async def _with_platform(installation: Installation) -> list[Platform]:
    """Every service of the catalogue runs, on the last of these platforms."""
    outside = installation.outside
    services = (await outside.ports(TENANT).services.services(Part())).items
    platforms = [Platform(tuple(sorted(one.id for one in services)))]

    def ports(tenant: str) -> Ports:
        return replace(outside.ports(tenant), deployments=platforms[-1])

    installation.__dict__["ports"] = ports
    return platforms


def _settings(folder: Path) -> Settings:
    return Settings(
        _env_file=None,
        var_folder=folder,
        tenant=TENANT,
        department=ROOT / "examples" / "acme",
        authority=ROOT / "governance" / "authority.yaml",
        log_level="error",
        openai_api_key=None,
    )


async def _open(installation: Installation, today: date) -> None:
    database, file = installation.database, installation.department_file
    async with database.untenanted() as tx:
        tx.add(Tenant(id=TENANT, name=file.name, is_sample=True))
    async with database.transaction(TENANT) as tx:
        await open_department(tx, file)
    await open_sample(database, TENANT, installation.settings.department, today)
    await sequencer.Sequencer(database, installation.signer).sequence(TENANT)
