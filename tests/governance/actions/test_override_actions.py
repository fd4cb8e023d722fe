"""Overrides as actions: who may, what then stands, who ends it, and what was held back goes on."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select, text, update

from governance import fence
from governance.action import Action, OutcomeState, Verdict
from governance.actions.emergencies import allow_emergency_deployment, review_emergency
from governance.actions.freezing import LayFreeze, lay_freeze, lift_freeze
from governance.actions.halting import halt_agents, resume_agents
from governance.actions.overruling import overrule_agent
from governance.effects import effect_for_update
from governance.gate import Gate
from governance.overrides.halt_report import read_report
from governance.overrides.halting import SamePerson, resume_from_command_line
from governance.overrides.halting_by_driver import halt as halt_by_driver
from governance.overrides.rows import read_standing
from governance.overrides.sweep import sweep_overrides
from governance.people import Actor
from governance.standing import FreezeKind
from governance.tables import EffectRow, FenceAcknowledgementRow, OverrideRow, WorkerRow
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.notices import NoticeRow
from tests.governance.actions.conftest import Submit, Watch
from tests.governance.actions.probe import probe

AGENT = Actor("agent", "backend", on_behalf_of="david")

WHO_MAY: list[tuple[str, Action, set[str]]] = [
    ("halt", halt_agents("odd commits"), {"amanda", "helena"}),
    ("freeze deployments", lay_freeze(FreezeKind.DEPLOYMENTS, "", "breach"), {"carlos", "nathan"}),
    ("freeze a service", lay_freeze(FreezeKind.SERVICE, "orders", "breach"), {"carlos", "nathan"}),
    ("freeze a plan", lay_freeze(FreezeKind.PLAN, "pl_1", "breach"), {"carlos"}),
    ("freeze everything", lay_freeze(FreezeKind.EVERYTHING, "", "breach"), {"carlos"}),
    ("emergency", allow_emergency_deployment("orders", "2.3.1", "checkout is down"), {"nathan"}),
]


@pytest.mark.parametrize(("name", "action", "who"), WHO_MAY, ids=[name for name, _, _ in WHO_MAY])
async def test_only_the_table_lets_people_override(
    name: str, action: Action, who: set[str], submit: Submit
) -> None:
    everybody = ("david", "amanda", "carlos", "rachel", "nathan", "helena")
    verdicts = {person: (await submit(action, person)).ruling.verdict for person in everybody}
    executed = {person for person, verdict in verdicts.items() if verdict is Verdict.EXECUTE}
    assert executed == who


async def test_no_agent_overrides_whomever_it_acts_for(submit: Submit) -> None:
    agent = Actor("agent", "sre", on_behalf_of="amanda")
    submitted = await submit(halt_agents("it is time"), agent)
    assert submitted.ruling.verdict is not Verdict.EXECUTE
    assert submitted.outcome is None


async def test_a_halt_moves_the_fence_and_only_somebody_else_lets_go_on(
    database: Database, department: str, submit: Submit, watch: Watch
) -> None:
    first = await submit(halt_agents("odd commits"), "amanda")
    async with database.transaction(department) as tx:
        assert (await fence.hold(tx)).halted
    again = await submit(halt_agents("me too"), "helena")
    assert again.outcome is not None
    assert again.outcome.state is OutcomeState.FAILED
    refused = await submit(resume_agents("all clear"), "amanda")
    assert refused.ruling.verdict is Verdict.REFUSE
    resumed = await submit(resume_agents("all clear"), "nathan")
    assert resumed.outcome is not None
    assert resumed.outcome.reference == first.outcome.reference  # type: ignore[union-attr]
    async with database.transaction(department) as tx:
        assert not (await fence.hold(tx)).halted
        assert (await read_standing(tx, watch.now)).halt is None
    nothing = await submit(resume_agents("again"), "carlos")
    assert nothing.ruling.verdict is Verdict.REFUSE


async def test_an_agents_effect_waits_through_a_halt_and_is_queued_after_it(
    database: Database, department: str, submit: Submit
) -> None:
    waiting = await submit(probe("a story"), AGENT)
    await submit(halt_agents("odd commits"), "amanda")
    assert (await submit(probe("another"), AGENT)).ruling.rule == "halt"
    async with database.transaction(department) as tx:
        await tx.execute(update(EffectRow).where(EffectRow.id == waiting.effect).values(state="held", held="x"))
    await submit(resume_agents("all clear"), "carlos")
    async with database.transaction(department) as tx:
        assert (await effect_for_update(tx, waiting.effect)).state == "ready"


async def test_the_command_line_halts_as_the_systems_user_and_does_not_resume_its_own(
    server: EmbeddedServer, database: Database, department: str, watch: Watch
) -> None:
    with psycopg.connect(server.app_url, autocommit=True) as connection:
        halt_by_driver(connection, department, user="os:root", reason="chat is down", at=watch.now)
    async with database.transaction(department) as tx:
        standing = await read_standing(tx, watch.now)
        assert standing.halt is not None
        assert standing.halt.by == "os:root"
        with pytest.raises(SamePerson):
            await resume_from_command_line(tx, user="os:root", reason="fine", at=watch.now)
    async with database.transaction(department) as tx:
        await resume_from_command_line(tx, user="os:ops", reason="fine", at=watch.now)
        types = (await tx.execute(text("SELECT type FROM audit_entries WHERE kind = 'override'"))).scalars()
        assert set(types) == {"override.halt_agents", "override.resume_agents"}


async def test_the_report_says_who_acknowledged_and_who_is_silent(
    database: Database, department: str, submit: Submit
) -> None:
    one, two = f"{department}-1", f"{department}-2"
    async with database.transaction(department) as tx:
        tx.add_all([WorkerRow(id=one), WorkerRow(id=two)])
    halted = await submit(halt_agents("odd commits"), "amanda")
    assert halted.outcome is not None
    async with database.transaction(department) as tx:
        epoch = (await fence.hold(tx)).epoch
        tx.add(FenceAcknowledgementRow(epoch=epoch, worker=one, cancelled=3, already_sent=["ef_1"]))
    async with database.transaction(department) as tx:
        report = await read_report(tx, halted.outcome.reference or "")
        await tx.execute(text("DELETE FROM workers WHERE id IN (:one, :two)"), {"one": one, "two": two})
    assert report.acknowledged == (one,)
    assert two in report.silent
    assert (report.cancelled, report.already_sent) == (3, ("ef_1",))
    assert 0 <= report.seconds < 30


@pytest.mark.parametrize(
    ("layer", "lifter", "lifts"),
    [
        ("carlos", "nathan", False),
        ("carlos", "carlos", True),
        ("nathan", "carlos", True),
        ("nathan", "nathan", True),
    ],
)
async def test_a_security_freeze_is_lifted_by_security_alone(
    database: Database, department: str, submit: Submit, watch: Watch, layer: str, lifter: str, lifts: bool
) -> None:
    laid = await submit(lay_freeze(FreezeKind.DEPLOYMENTS, "", "breach"), layer)
    assert laid.outcome is not None
    freeze = laid.outcome.reference or ""
    lifted = await submit(lift_freeze(freeze, "deployments", "over"), lifter)
    assert (lifted.ruling.verdict is Verdict.EXECUTE) is lifts
    async with database.transaction(department) as tx:
        assert bool((await read_standing(tx, watch.now)).freezes) is not lifts


async def test_a_freeze_with_an_end_ends_by_itself(
    database: Database, department: str, submit: Submit, watch: Watch
) -> None:
    until = watch.now + timedelta(hours=2)
    await submit(lay_freeze(FreezeKind.SERVICE, "orders", "breach", until), "carlos")
    async with database.transaction(department) as tx:
        assert (await read_standing(tx, until - timedelta(seconds=1))).freezes
        assert not (await read_standing(tx, until)).freezes
        jobs = await tx.execute(
            text(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'release_held'"
                " AND args->>'tenant' = :t"
            ),
            {"t": department},
        )
        assert jobs.scalar_one() == 1


@pytest.mark.parametrize(("kind", "scope"), [(FreezeKind.SERVICE, ""), (FreezeKind.EVERYTHING, "orders")])
def test_a_freeze_says_exactly_what_it_freezes(kind: FreezeKind, scope: str) -> None:
    with pytest.raises(ValueError, match="scope"):
        LayFreeze(rationale="r", impact="i", rollback_plan="p", kind=kind, scope=scope)


async def test_an_emergency_is_reviewed_by_somebody_else_and_missed_reviews_are_told_once(
    database: Database, department: str, submit: Submit, watch: Watch, gate: Gate
) -> None:
    allowed = await submit(allow_emergency_deployment("orders", "2.3.1", "checkout is down"), "nathan")
    assert allowed.outcome is not None
    emergency = allowed.outcome.reference or ""
    async with database.transaction(department) as tx:
        (leave,) = (await read_standing(tx, watch.now)).emergencies
        assert leave.decides == "orders 2.3.1 to production"
        assert await sweep_overrides(tx, watch.now + timedelta(hours=23)) == 0
    for expected in (1, 0):
        async with database.transaction(department) as tx:
            assert await sweep_overrides(tx, watch.now + timedelta(hours=24)) == expected
    async with database.transaction(department) as tx:
        notices = (
            await tx.execute(select(NoticeRow).where(NoticeRow.kind == "emergency_review_due"))
        ).scalars()
        assert [notice.people for notice in notices] == [["carlos", "yusuf"]]
    assert (await submit(review_emergency(emergency, "fine"), "nathan")).ruling.verdict is Verdict.REFUSE
    assert (await submit(review_emergency(emergency, "justified"), "carlos")).outcome is not None
    twice = await submit(review_emergency(emergency, "again"), "amanda")
    assert twice.outcome is not None
    assert twice.outcome.state is OutcomeState.FAILED
    async with database.transaction(department) as tx:
        row = (await tx.execute(select(OverrideRow).where(OverrideRow.id == emergency))).scalar_one()
        assert row.reviewed_by == "carlos"


async def test_what_was_overruled_no_agent_decides_again_and_people_may(
    database: Database, department: str, submit: Submit
) -> None:
    decided = await submit(probe("cache off"), AGENT)
    ruled = await submit(overrule_agent(decided.effect, "story_creation", "cache off", "wrong call"), "amanda")
    assert ruled.outcome is not None
    assert ruled.outcome.state is OutcomeState.DONE
    async with database.transaction(department) as tx:
        assert (await effect_for_update(tx, decided.effect)).state == "withdrawn"
    assert (await submit(probe("cache off"), AGENT)).ruling.rule == "pin"
    assert (await submit(probe("cache on"), AGENT)).ruling.verdict is Verdict.EXECUTE
    assert (await submit(probe("cache off"), "david")).ruling.verdict is Verdict.EXECUTE


async def test_people_are_not_overruled_and_only_directors_overrule(submit: Submit) -> None:
    mine = await submit(probe("cache off"), "david")
    action = overrule_agent(mine.effect, "story_creation", "cache off", "wrong call")
    by_director = await submit(action, "amanda")
    assert by_director.outcome is not None
    assert by_director.outcome.state is OutcomeState.FAILED
    assert (await submit(action, "carlos")).ruling.verdict is Verdict.REFUSE
