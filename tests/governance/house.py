"""A department whose gate rules by the shipped matrix and whose effects happen at the fake port."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text

from governance.action import Action
from governance.actions import specs as governance_specs
from governance.approvals.voting import Cast, look_again, vote
from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from governance.audit.tables import EntryRow, LeafRow
from governance.authority.conditions import Term
from governance.authority.policy import load
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.directory import Names, names_of_all, person_by_id
from governance.effects import Origin
from governance.gate import Asking, Gate, Submitted
from governance.people import Actor
from governance.performing import Performer
from governance.registry import Registry
from governance.tables import ApprovalRow, EffectRow
from simulators.edge import Edge
from storage.database import Database
from storage.notices import NoticeRow
from tests.governance.edge_actions import SPECS

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme" / "department.yaml"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
AGENT = Actor("agent", "sre", on_behalf_of="nathan")
NOWHERE = Origin()


class House:
    """One tenant with the sample department. `now` is the gate's clock, and can be moved either way."""

    def __init__(self, database: Database, tenant: str, edge: Edge, process: str = "test") -> None:
        self.database = database
        self.tenant = tenant
        self.edge = edge
        self.now = MONDAY
        policy = load()
        self.gate = Gate(policy, Registry([*SPECS, *governance_specs(policy)]), clock=lambda: self.now)
        self.performer = Performer(database, self.gate, {"edge": lambda _tenant: edge}, process=process)
        self.sequencer = Sequencer(database, lambda tenant: signer_for(KEY, tenant))

    async def open(self) -> None:
        """Read the sample department in."""
        async with self.database.transaction(self.tenant) as tx:
            await open_department(tx, read_department(ACME))

    async def submit(
        self,
        action: Action,
        by: str | Actor = AGENT,
        *,
        origin: Origin = NOWHERE,
        asking: Asking | None = None,
    ) -> Submitted:
        (submitted,) = await self.submit_all([action], by, origin=origin, asking=asking)
        return submitted

    async def submit_all(
        self,
        actions: Sequence[Action],
        by: str | Actor = AGENT,
        *,
        origin: Origin = NOWHERE,
        asking: Asking | None = None,
    ) -> tuple[Submitted, ...]:
        actor = Actor("person", by, identity=f"console:{by}") if isinstance(by, str) else by
        async with self.database.transaction(self.tenant) as tx:
            return await self.gate.submit_all(tx, actions, actor=actor, origin=origin, asking=asking)

    async def vote(
        self,
        approval: str | None,
        who: str,
        choice: Literal["approve", "deny"] = "approve",
        conditions: tuple[Term, ...] = (),
    ) -> Cast:
        assert approval is not None
        async with self.database.transaction(self.tenant) as tx:
            person = await person_by_id(tx, who)
            return await vote(
                tx,
                self.gate,
                approval,
                person=person,
                identity=f"console:{who}",
                choice=choice,
                conditions=conditions,
            )

    async def look(self, approval: str | None) -> None:
        """What the approval's clock does at `now`."""
        assert approval is not None
        async with self.database.transaction(self.tenant) as tx:
            await look_again(tx, self.gate, approval)

    async def perform(self, *effects: str) -> None:
        """Number what waits, and run the jobs of these effects."""
        await self.number()
        for effect in effects:
            await self.performer.perform(self.tenant, effect)

    async def number(self) -> None:
        """Give every entry that waits its number."""
        while await self.sequencer.sequence(self.tenant):
            pass

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def effect(self, effect: str) -> EffectRow:
        async with self.database.transaction(self.tenant) as tx:
            return (await tx.execute(select(EffectRow).where(EffectRow.id == effect))).scalar_one()

    async def approval(self, approval: str | None) -> ApprovalRow:
        async with self.database.transaction(self.tenant) as tx:
            return (await tx.execute(select(ApprovalRow).where(ApprovalRow.id == approval))).scalar_one()

    async def entries(self, *kinds: str, effect: str | None = None) -> list[dict[str, Any]]:
        """The tenant's entries of these kinds (all, if none is named), numbered, in the log's order."""
        await self.number()
        query = select(EntryRow).join(
            LeafRow, (LeafRow.tenant == EntryRow.tenant) & (LeafRow.entry == EntryRow.id)
        )
        query = query.order_by(LeafRow.number)
        if kinds:
            query = query.where(EntryRow.kind.in_(kinds))
        if effect is not None:
            query = query.where(EntryRow.effect == effect)
        async with self.database.transaction(self.tenant) as tx:
            rows = (await tx.execute(query)).scalars().all()
        return [json.loads(row.data) | {"kind": row.kind, "type": row.type} for row in rows]

    async def names(self) -> Names:
        """People's names, by their ids and by what the log calls them."""
        async with self.database.transaction(self.tenant) as tx:
            return await names_of_all(tx)

    async def kinds(self, effect: str) -> list[str]:
        """What the log holds of an effect."""
        return [entry["kind"] for entry in await self.entries(effect=effect)]

    async def notices(self, *kinds: str) -> list[NoticeRow]:
        query = select(NoticeRow).order_by(NoticeRow.created)
        async with self.database.transaction(self.tenant) as tx:
            return list((await tx.execute(query.where(NoticeRow.kind.in_(kinds)))).scalars())

    async def jobs(self, name: str) -> list[dict[str, Any]]:
        """The arguments of this tenant's queued jobs of a name."""
        query = text(
            "SELECT args FROM procrastinate_jobs WHERE task_name = :name AND args->>'tenant' = :tenant"
            " AND status = 'todo' ORDER BY id"
        )
        async with self.database.untenanted() as tx:
            return list((await tx.execute(query, {"name": name, "tenant": self.tenant})).scalars())

    async def sql(self, statement: str, **values: Any) -> Any:
        """Something that nobody but a test does to the rows."""
        async with self.database.transaction(self.tenant) as tx:
            return await tx.execute(text(statement), values)

    async def sql_scalar(self, statement: str, **values: Any) -> Any:
        return (await self.sql(statement, **values)).scalar_one()

    async def done_at_the_edge(self, effect: str) -> int:
        """How often an effect happened."""
        row = await self.effect(effect)
        return (await self.edge.done()).get(row.grant_id or "", 0)

    async def balance(self) -> None:
        """What happened at the edge = what was intended = what the log says came of it."""
        await self.number()
        happened = await self.edge.done()
        logged = await self.entries("intent", "outcome")
        async with self.database.transaction(self.tenant) as tx:
            effects = (await tx.execute(select(EffectRow))).scalars().all()
        for row in effects:
            kinds = [entry["kind"] for entry in logged if entry["effect"] == row.id]
            finished = ["intent", "outcome"] if row.intent else []
            expected = {"ready": ["intent"], "claimed": ["intent"], "held": ["intent"]}.get(row.state, finished)
            assert kinds == expected, f"{row.id} is {row.state}"
            times = happened.get(row.grant_id or "", 0)
            changes_rows = self.gate.registry.spec(row.action_type).change is not None
            most = 0 if changes_rows else 1
            assert times == most if row.state == "done" else times <= most, f"{row.id} is {row.state}"
        assert {entry["effect"] for entry in logged} <= {row.id for row in effects}
