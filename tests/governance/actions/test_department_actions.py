"""Teams and products added in chat: who may, what comes of it, and what the department's file makes of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from governance.action import Action, OutcomeState, Verdict
from governance.actions.department import (
    AgentsWanted,
    CannotAdd,
    RemoveTeam,
    add_product,
    add_team,
    check_addition,
)
from governance.audit.search import entry
from governance.audit.tables import EntryRow
from governance.department import AgentRole, Department, Discipline
from governance.department_file import parse_department
from governance.department_renewal import Renewal, renew_department
from governance.department_rows import open_department, read_department
from governance.effects import Origin
from governance.gate import Gate, Submitted
from governance.people import Actor
from storage.database import Database
from tests.examples.own_departments import TWO_PEOPLE

ANN, BEN = "ann-testperson", "ben-testperson"
ONE_TEAM = TWO_PEOPLE + "teams:\n  - name: Written\n"


class Small:
    """A department of a product owner and a director, and its file."""

    def __init__(self, database: Database, tenant: str, gate: Gate) -> None:
        self.database, self.tenant, self.gate = database, tenant, gate

    async def submit(self, action: Action, by: str) -> Submitted:
        async with self.database.transaction(self.tenant) as tx:
            actor = Actor("person", by, identity=f"console:{by}")
            return await self.gate.submit(tx, action, actor=actor, origin=Origin())

    async def now(self) -> Department:
        async with self.database.transaction(self.tenant) as tx:
            return await read_department(tx)

    async def start(self, text: str) -> Renewal | None:
        async with self.database.transaction(self.tenant) as tx:
            return await renew_department(tx, parse_department(text))


@pytest.fixture
async def small(database: Database, tenant: str, gate: Gate) -> Small:
    async with database.transaction(tenant) as tx:
        await open_department(tx, parse_department(TWO_PEOPLE))
    return Small(database, tenant, gate)


async def test_the_director_adds_a_team_and_it_counts_at_once(small: Small) -> None:
    done = await small.submit(add_team("The Team", BEN, (), (), "needed"), BEN)
    assert done.ruling.rule == "team_change.auto"
    assert done.outcome is not None
    assert done.outcome.state is OutcomeState.DONE
    (team,) = (await small.now()).teams
    assert (team.id, team.lead, len(team.agents)) == ("the-team", BEN, 10)
    (product,) = (await small.now()).products
    assert (product.id, product.owner, product.teams) == ("two-lamps", ANN, ("the-team",))


async def test_anybody_else_needs_the_director(small: Small) -> None:
    asked = await small.submit(add_team("The Team", BEN, (), (), "needed"), ANN)
    assert asked.ruling.verdict is Verdict.APPROVE_FIRST
    assert (await small.now()).teams == ()


async def test_agents_are_counted_and_products_named(small: Small) -> None:
    wanted = (AgentsWanted(role=AgentRole.BACKEND_ENGINEER, count=3), AgentsWanted(role=AgentRole.QA, count=1))
    await small.submit(add_team("The Team", BEN, wanted, ("Lamp", "Shade"), "needed"), BEN)
    now = await small.now()
    assert {one.role: (one.count, one.weekly_hours) for one in now.teams[0].agents} == {
        AgentRole.BACKEND_ENGINEER: (3, 75),
        AgentRole.QA: (1, 10),
    }
    assert now.teams[0].capacity == {Discipline.BACKEND: 60, Discipline.QA: 8}
    assert [product.name for product in now.products] == ["Lamp", "Shade"]
    await small.submit(add_team("Other", ANN, (), ("Shade",), "needed"), BEN)
    now = await small.now()
    assert [(one.id, one.teams) for one in now.products] == [
        ("lamp", ("the-team",)),
        ("shade", ("the-team", "other")),
    ]


async def test_the_product_owner_adds_products_to_the_teams_that_there_are(small: Small) -> None:
    product = add_product("Lamp", ANN, (), "needed")
    async with small.database.transaction(small.tenant) as tx:
        with pytest.raises(CannotAdd, match="add a team first"):
            await check_addition(tx, product)
    await small.submit(add_team("The Team", BEN, (), (), "needed"), BEN)
    done = await small.submit(product, ANN)
    assert done.ruling.rule == "product_change.auto"
    assert [one.id for one in (await small.now()).products] == ["two-lamps", "lamp"]


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (add_team("Nobody's", "nobody", (), (), "needed"), "nobody active called nobody"),
        (add_team("There", BEN, (), (), "needed"), "called There already"),
        (add_product("Lamp", BEN, (), "needed"), "Ben Testperson is no product owner"),
        (add_product("Lamp", ANN, ("gone",), "needed"), "no team gone any more"),
        (add_product("Two Lamps", ANN, (), "needed"), "called Two Lamps already"),
    ],
)
async def test_what_could_not_be_carried_out_is_said_before(small: Small, action: Action, why: str) -> None:
    await small.submit(add_team("There", BEN, (), (), "needed"), BEN)
    async with small.database.transaction(small.tenant) as tx:
        with pytest.raises(CannotAdd, match=why):
            await check_addition(tx, action)  # type: ignore[arg-type]
    done = await small.submit(action, ANN if action.decision_type == "product_change" else BEN)
    assert done.outcome is not None
    assert done.outcome.state is OutcomeState.FAILED


async def test_an_added_team_is_taken_back_with_what_it_alone_builds(small: Small) -> None:
    action = add_team("The Team", BEN, (), (), "needed")
    done = await small.submit(action, BEN)
    undo = small.gate.registry.spec(action.type).undo
    assert undo is not None
    assert done.outcome is not None
    opposite = undo(action, done.outcome)
    assert isinstance(opposite, RemoveTeam)
    await small.submit(opposite, BEN)
    assert ((await small.now()).teams, (await small.now()).products) == ((), ())
    again = await small.submit(opposite, BEN)
    assert again.outcome is not None
    assert again.outcome.state is OutcomeState.FAILED


async def test_what_was_added_is_kept_while_the_file_names_none(small: Small) -> None:
    await small.submit(add_team("The Team", BEN, (), (), "needed"), BEN)
    before = await small.now()
    assert await small.start(TWO_PEOPLE) is None
    renewal = await small.start(
        TWO_PEOPLE.replace("Ann Testperson", "Ann Maria Testperson, id: ann-testperson")
    )
    assert renewal is not None
    assert (renewal.parts, renewal.replaced) == (("people",), ())
    assert ((await small.now()).teams, (await small.now()).products) == (before.teams, before.products)


async def test_who_leaves_the_file_leads_and_owns_nothing(small: Small) -> None:
    await small.submit(add_team("The Team", ANN, (), (), "needed"), BEN)
    lines = TWO_PEOPLE.splitlines(keepends=True)
    await small.start("".join(line for line in lines if "Ann" not in line))
    now = await small.now()
    assert (now.teams[0].lead, now.products[0].owner) == (BEN, BEN)
    await small.submit(add_team("Other", BEN, (), (), "needed"), BEN)
    assert [team.lead for team in (await small.now()).teams] == [BEN, BEN]


async def test_a_file_that_names_teams_itself_rules_from_then_on(small: Small) -> None:
    await small.submit(add_team("The Team", BEN, (), ("Lamp",), "needed"), BEN)
    renewal = await small.start(ONE_TEAM)
    assert renewal is not None
    assert renewal.replaced == ("The Team", "Lamp")
    assert [team.id for team in (await small.now()).teams] == ["written"]
    assert [product.id for product in (await small.now()).products] == ["two-lamps"]
    async with small.database.transaction(small.tenant) as tx:
        query = select(EntryRow).where(EntryRow.type == "department.renewed")
        (row,) = (await tx.execute(query)).scalars()
        recorded = await entry(tx, row.id, opened=True)
    assert "added_in_chat_replaced" in str(recorded)
    assert "Lamp" in str(recorded)
    late = add_team("Late", BEN, (), (), "needed")
    async with small.database.transaction(small.tenant) as tx:
        with pytest.raises(CannotAdd, match=r"department\.yaml names the teams itself"):
            await check_addition(tx, late)
    await small.start(TWO_PEOPLE)
    assert (await small.now()).teams == ()
