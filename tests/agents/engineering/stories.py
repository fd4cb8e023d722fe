"""Stories on their way, over the embedded code host and tracker, with the gate of the shipped matrix.

What is next is done when a test says so, and what a change is judged to be is the test's to say: suites are run
elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text

from agents.actions import specs as plan_specs
from agents.engineering import merge_step, write_step
from agents.engineering.judging import Judgement
from agents.engineering.story_rows import breaks, follows_work, story_work
from agents.engineering.story_run import assigned, begin
from agents.engineering.tables import StoryWorkRow
from agents.engineering.verdict.changes import Finding
from agents.model import ModelAccess
from agents.operations.incident_links import is_linkable
from agents.plans.limits import within_plan
from agents.work import runs
from agents.work.executor import Executor
from agents.work.kinds import find_kinds
from agents.work.scheduler import Scheduler
from agents.work.tables import ENDED, RunRow, StepRow
from governance.actions import specs as governance_specs
from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from governance.authority.policy import load
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.gate import Gate
from governance.people import Actor
from governance.performing import Performer
from governance.registry import Registry
from governance.visibility import EVERYTHING
from integrations.code_host.bare_repository import make_bare
from integrations.code_host.performing import specs as code_specs
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.environments import Environments
from integrations.ports import Ports
from integrations.sandbox import Environment, NoSandbox, Sandbox
from integrations.services.vendors.local import LocalCatalogue
from integrations.tracker.performing import specs as tracker_specs
from integrations.tracker.vendors.local.tracker import LocalTracker
from simulators.model import Script, call, serving
from storage.database import Database
from tests.integrations.code_host.workshop import Workshop
from tests.integrations.tracker_drafts import draft, grant

ACME = Path(__file__).resolve().parents[3] / "examples" / "acme"
AMANDA = Actor("person", "amanda", identity="console:amanda")
FINE = Judgement("merge", ())
_PATIENCE = 90
ASKS = Judgement("ask", (Finding("suite", "ask", "unproven", "tests not run", "", "there is no sandbox"),))
DONE = {"summary": "Pieces are counted; fixes #7, thanks @kofi.", "tests": {"1": "tests/test_a.py"}}


def writer(*reviews: str, path: str = "book.py", old: str = "line_4 = 4", new: str = "line_4 = 5") -> Script:
    """An engineer that changes one line and ends; the reviewer says these words, one after the other."""
    said = iter(reviews)

    def script(body: dict[str, Any], _number: int) -> Any:
        if "Reviewed" in {one["function"]["name"] for one in body["tools"]}:
            word = next(said, "approved")
            return call("Reviewed", verdict=word, says=f"It is {word}.")
        moves = sum(one["role"] == "tool" for one in body["messages"])
        if moves == 0:
            return call("replace_text", path=path, old=old, new=new)
        if body["messages"][-1]["content"].startswith("The reviewer asks"):
            return call("write_file", path="more.py", text="more = 1\n")
        return call("finish", **DONE)

    return script


def _looked_at(script: Script) -> Script:
    """The script, with a security review beside it that finds nothing."""

    def looked(body: dict[str, Any], number: int) -> Any:
        if "SecurityReviewed" in {one["function"]["name"] for one in body["tools"]}:
            return call("SecurityReviewed", concerns=[], not_looked_at="")
        return script(body, number)

    return looked


class NoRoom:
    """Neither commands nor packages are needed: nothing is run."""

    async def run(self, _command: object) -> object:
        raise NoSandbox("bwrap is not installed")

    async def of(self, _tree: Path) -> Environment:
        return Environment()


class NoPlatform:
    """Nothing is deployed, and nothing releases: a merge is the end of a story."""

    async def services(self) -> tuple[str, ...]:
        return ()


class Stories:
    """`judged` is what a change is judged to be, by its head; FINE where nothing else is said."""

    def __init__(self, database: Database, tenant: str, host: LocalCodeHost, model: ModelAccess | None) -> None:
        self.database, self.tenant, self.host, self.room = database, tenant, host, NoRoom()
        self.tracker = LocalTracker(database, tenant)
        self.judged: Callable[[str], Judgement] = lambda _head: FINE
        policy = load()
        known = (
            *tracker_specs(within_plan, is_linkable, follows_work),
            *code_specs(breaks),
            *plan_specs(),
            *governance_specs(policy),
        )
        self.gate = Gate(policy, Registry(known))
        ports = {"code_host": lambda _tenant: self.host, "tracker": lambda _tenant: self.tracker}
        self.performer = Performer(database, self.gate, ports, process="test")
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.sequencer = Sequencer(database, lambda tenant: signer_for(key, tenant))
        self.scheduler = Scheduler(self.gate, find_kinds())
        self.executor = Executor(
            database, self.scheduler, _unwatched, "test", lambda _tenant: self.ports, model=model
        )

    @property
    def ports(self) -> Ports:
        unused = cast(Any, None)
        return Ports(
            tracker=self.tracker,
            documents=unused,
            customers=unused,
            services=LocalCatalogue(ACME / "services"),
            deployments=cast(Any, NoPlatform()),
            metrics=unused,
            prices=unused,
            load=unused,
            code_host=self.host,
            sandbox=cast(Sandbox, self.room),
            environments=cast(Environments, self.room),
            calendar=unused,
            mail=unused,
        )

    async def story(self, title: str = "Orders say how many pieces they have", **fields: Any) -> str:
        return (await self.tracker.create_story(grant(), draft(title, **fields))).id

    async def begin(self, story: str, answers: str = "kofi.mensahl", by: Actor = AMANDA) -> str:
        given = await assigned(
            await self.tracker.story(EVERYTHING, story),
            await self.host.repository("orders"),
            answers,
            self.ports,
        )
        async with self.database.transaction(self.tenant) as tx:
            return (await begin(tx, given, by=by, why="It was asked for.", place=None, turn=None)).id

    async def rows(self, run: str) -> list[StepRow]:
        async with self.database.transaction(self.tenant) as tx:
            return await runs.steps_of(tx, run)

    async def run(self, run: str) -> RunRow:
        async with self.database.transaction(self.tenant) as tx:
            return (await tx.execute(select(RunRow).where(RunRow.id == run))).scalar_one()

    async def work(self, run: str) -> StoryWorkRow:
        async with self.database.transaction(self.tenant) as tx:
            return await story_work(tx, run)

    async def asked(self, query: str, **values: Any) -> list[Any]:
        async with self.database.transaction(self.tenant) as tx:
            found = await tx.execute(text(query), values)
            return list(found) if found.returns_rows else []

    async def round(self, run: str) -> None:
        """What is next of a run is done: its effects, its work, and a look at whatever it waits for."""
        async with self.database.transaction(self.tenant) as tx:
            await self.scheduler.advance(tx, run)
        for row in await self.rows(run):
            if row.state in ("running", "asleep"):
                await self.executor.do(self.tenant, run, row.key)
            elif row.state == "submitted" and row.effect is not None:
                while await self.sequencer.sequence(self.tenant):
                    pass
                await self.performer.perform(self.tenant, row.effect)

    async def until(self, run: str, kind: str, *states: str) -> StepRow:
        """The newest step of this kind, once it is in one of these states (any, where none is said)."""
        for _ in range(_PATIENCE):
            found = [row for row in await self.rows(run) if row.kind == kind]
            if found and (not states or found[-1].state in states):
                return found[-1]
            await self.round(run)
        stands = [(row.key, row.state, row.detail) for row in await self.rows(run)]
        raise AssertionError(f"{kind} never was {states}: {stands}")

    async def over(self, run: str) -> RunRow:
        for _ in range(_PATIENCE):
            if (found := await self.run(run)).state in ENDED:
                return found
            await self.round(run)
        stands = [(row.key, row.state, row.detail) for row in await self.rows(run)]
        raise AssertionError(f"it goes on: {stands}")

    async def told(self, kind: str = "story_blocked") -> list[tuple[tuple[str, ...], str]]:
        """Whom notices of a kind went to, and about what, oldest first."""
        query = "SELECT people, ids->>'key' FROM notices WHERE kind = :kind ORDER BY created"
        return [(tuple(people), key) for people, key in await self.asked(query, kind=kind)]

    async def effects(self) -> list[str]:
        query = "SELECT body->>'type' FROM effects WHERE state = 'done' ORDER BY created"
        return [row[0] for row in await self.asked(query)]


@asynccontextmanager
async def _unwatched(_tenant: str) -> AsyncIterator[None]:
    yield


class Town:
    """Opens `Stories` over one repository, orders, which `clone` is somebody's own clone of."""

    def __init__(self, database: Database, tenant: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.database, self.tenant, self.patch = database, tenant, patch
        self.host = LocalCodeHost(database, tenant, folder / "code", folder / "no-sample")
        self.folder = folder

    async def open(self) -> None:
        await make_bare(self.folder / "code" / "orders.git", "main")
        self.clone = Workshop(self.folder / "clone", self.folder / "code" / "orders.git")
        lines = "".join(f"line_{number} = {number}\n" for number in range(9))
        self.clone.commit("Add", {"book.py": lines, "README.md": "Orders\n", "tests/test_a.py": "\n"})
        self.clone.push("main")
        async with self.database.transaction(self.tenant) as tx:
            await open_department(tx, read_department(ACME / "department.yaml"))

    def push(self, branch: str, files: dict[str, str | bytes | None]) -> str:
        """Somebody pushes a commit on top of what a branch is at; its sha."""
        self.clone.git("fetch", "--quiet", "origin")
        self.clone.branch("theirs", f"origin/{branch}")
        sha = self.clone.commit("By hand", files)
        self.clone.push(f"theirs:{branch}")
        return sha

    @asynccontextmanager
    async def at_work(self, script: Script | None = None) -> AsyncIterator[Stories]:
        if script is None:
            yield self._stories(None)
            return
        async with serving(_looked_at(script)) as model:
            yield self._stories(ModelAccess("m", "k", model.base_url, pause_seconds=0.01))

    def _stories(self, model: ModelAccess | None) -> Stories:
        stories = Stories(self.database, self.tenant, self.host, model)

        async def judge(*_trees: object, head: str, **_about: object) -> Judgement:
            return stories.judged(head)

        self.patch.setattr(merge_step, "judge", judge)
        self.patch.setattr(write_step, "judge", judge)
        return stories


@pytest.fixture
async def town(database: Database, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    opened = Town(database, tenant, tmp_path, monkeypatch)
    await opened.open()
    return opened


def at(stamp: datetime | None) -> datetime:
    """For comparing with what a row says."""
    assert stamp is not None
    return stamp.astimezone(UTC)
