"""Every verdict's way through the gate: its row, what the log holds of it, and what happens at the edge."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from governance.action import OutcomeState, Verdict
from governance.audit.log import SequencerSilent
from governance.effects import Origin
from governance.gate import Asking
from governance.overrides.rows import lay
from governance.people import Actor, Role
from governance.tables import EffectRow
from tests.governance.edge_actions import WHY, Patch, Report, Stray, deploy, scale
from tests.governance.house import House


async def test_what_is_done_by_itself_is_intended_then_done_then_recorded(house: House) -> None:
    submitted = await house.submit(deploy(environment="staging"))
    assert submitted.ruling.verdict is Verdict.EXECUTE
    assert (await house.effect(submitted.effect)).state == "ready"
    assert await house.kinds(submitted.effect) == ["intent"]
    assert [job["effect"] for job in await house.jobs("perform")] == [submitted.effect]
    assert await house.done_at_the_edge(submitted.effect) == 0

    await house.perform(submitted.effect)
    row = await house.effect(submitted.effect)
    assert (row.state, row.outcome and row.outcome["reference"]) == ("done", f"done-{row.grant_id}")
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]
    assert await house.done_at_the_edge(submitted.effect) == 1

    await house.perform(submitted.effect, submitted.effect)
    assert await house.done_at_the_edge(submitted.effect) == 1
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]


async def test_an_intent_carries_all_eight_parts(house: House) -> None:
    submitted = await house.submit(deploy(), origin=Origin(turn="tu_1"))
    (entry,) = await house.entries("intent", effect=submitted.effect)
    assert entry["actor"]["id"] == "sre"
    assert (await house.names())[entry["actor"]["on_behalf_of"]] == "Nathan Adebayor"
    assert entry["approvals"]["verdict"] == "execute"
    for part in ("details", "rationale", "impact", "rollback_plan", "artifacts"):
        assert "not_applicable" not in str(entry[part]), part
    assert entry["turn"] == "tu_1"
    assert "." in entry["at"], "microseconds"


async def test_what_needs_approval_is_parked_and_nothing_happens(house: House) -> None:
    submitted = await house.submit(deploy(environment="production"))
    assert submitted.ruling.verdict is Verdict.APPROVE_FIRST
    assert (await house.effect(submitted.effect)).state == "parked"
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "parked"
    assert [entry["type"] for entry in await house.entries("approval")] == ["approval.requested"]
    assert await house.kinds(submitted.effect) == []
    assert await house.jobs("perform") == []
    (asked,) = await house.notices("approval_requested")
    assert sorted(asked.people) == ["ingrid", "nathan"]


async def test_an_approval_performs_it_and_the_chain_names_the_voter(house: House) -> None:
    submitted = await house.submit(deploy(environment="production"), by="david")
    await house.vote(submitted.approval, "nathan")
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "done"
    assert await house.done_at_the_edge(submitted.effect) == 1
    for entry in await house.entries(effect=submitted.effect):
        (voted,) = entry["approvals"]["votes"]
        assert ((await house.names())[voted["person"]], voted["role"]) == ("Nathan Adebayor", "sre_lead")


async def test_what_is_for_people_only_is_left_to_them(house: House) -> None:
    report = Report(**WHY, step="submit")
    submitted = await house.submit(report)
    assert submitted.ruling.verdict is Verdict.PEOPLE_ONLY
    assert (await house.effect(submitted.effect)).state == "left_to_people"
    assert await house.kinds(submitted.effect) == ["ruling"]
    for person in ("amanda", "nathan"):
        assert (await house.submit(report, by=person)).ruling.verdict is Verdict.PEOPLE_ONLY
    in_person = await house.submit(report, by="carlos")
    assert in_person.ruling.verdict is Verdict.EXECUTE
    await house.perform(submitted.effect, in_person.effect)
    assert await house.done_at_the_edge(submitted.effect) == 0
    assert await house.done_at_the_edge(in_person.effect) == 1


async def test_what_is_refused_is_recorded_as_refused(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        lay(
            tx,
            "freeze",
            "deployments",
            subject="",
            reason="a leak",
            by="carlos",
            roles=frozenset({Role.COMPLIANCE_OFFICER}),
            at=house.now,
        )
    submitted = await house.submit(deploy(environment="staging"))
    assert (submitted.ruling.verdict, submitted.ruling.rule) == (Verdict.REFUSE, "freeze")
    assert (await house.effect(submitted.effect)).state == "refused"
    assert await house.kinds(submitted.effect) == ["refusal"]
    await house.perform(submitted.effect)
    assert await house.done_at_the_edge(submitted.effect) == 0


async def test_an_action_whose_row_the_matrix_does_not_have_is_refused(house: House) -> None:
    submitted = await house.submit(Stray(**WHY), by="amanda")
    assert submitted.ruling.verdict is Verdict.REFUSE
    assert await house.kinds(submitted.effect) == ["refusal"]


@pytest.mark.parametrize(
    ("action", "verdict"),
    [
        (deploy(environment="staging"), Verdict.EXECUTE),
        (deploy(environment="nobody knows"), Verdict.REFUSE),
        (deploy(environment="the moon"), Verdict.APPROVE_FIRST),
        (Patch(**WHY, severity="critical"), Verdict.EXECUTE),
        (Patch(**WHY, severity="nobody knows"), Verdict.APPROVE_FIRST),
        (Report(**WHY, step="something else"), Verdict.PEOPLE_ONLY),
    ],
)
async def test_a_fact_that_cannot_be_established_takes_the_stricter_column(
    house: House, action: object, verdict: Verdict
) -> None:
    assert (await house.submit(action)).ruling.verdict is verdict  # type: ignore[arg-type]


async def test_a_fault_in_establishing_facts_leaves_nothing_behind(house: House) -> None:
    with pytest.raises(ValueError, match="cannot be approved as one list"):
        await house.submit_all([scale("5000"), scale("6000")])
    async with house.database.transaction(house.tenant) as tx:
        assert (await tx.execute(select(func.count()).select_from(EffectRow))).scalar_one() == 0
    assert await house.entries() == []


async def test_several_releases_are_approved_as_one_list_and_each_is_performed_once(house: House) -> None:
    actions = [deploy(environment="production", version=str(n)) for n in range(3)]
    submitted = await house.submit_all(actions, by="david")
    assert len({each.approval for each in submitted}) == 1
    await house.vote(submitted[0].approval, "nathan")
    await house.perform(*(each.effect for each in submitted))
    assert [await house.done_at_the_edge(each.effect) for each in submitted] == [1, 1, 1]


async def test_a_list_of_which_some_go_by_themselves_asks_for_the_others(house: House) -> None:
    actions = [
        deploy(environment="staging"),
        deploy(environment="production"),
        deploy(environment="production"),
    ]
    first, second, third = await house.submit_all(actions, by="david")
    assert (first.approval, first.ruling.verdict) == (None, Verdict.EXECUTE)
    assert second.approval == third.approval is not None
    await house.vote(second.approval, "nathan")
    await house.perform(first.effect, second.effect, third.effect)
    assert [(await house.effect(each.effect)).state for each in (first, second, third)] == ["done"] * 3


async def test_a_superseded_approval_withdraws_its_effects(house: House) -> None:
    old = await house.submit(deploy(environment="production", version="1"), by="david")
    new = await house.submit(
        deploy(environment="production", version="2"),
        by="david",
        asking=Asking(title="narrower", supersedes=old.approval),
    )
    assert (await house.effect(old.effect)).state == "withdrawn"
    cast = await house.vote(old.approval, "nathan")
    assert type(cast.answer).__name__ == "Superseded"
    await house.vote(new.approval, "nathan")
    await house.perform(old.effect, new.effect)
    assert await house.done_at_the_edge(old.effect) == 0
    assert await house.done_at_the_edge(new.effect) == 1


async def test_what_the_edge_refuses_has_failed_and_is_not_tried_again(house: House) -> None:
    submitted = await house.submit(deploy(mode="refuse"))
    await house.perform(submitted.effect, submitted.effect)
    row = await house.effect(submitted.effect)
    assert (row.state, row.outcome and row.outcome["detail"]) == ("failed", "this is not possible here")
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]
    assert await house.done_at_the_edge(submitted.effect) == 0


@pytest.mark.parametrize(
    ("mode", "state", "times"),
    [
        ("error", OutcomeState.DONE, 1),
        ("drop", OutcomeState.DONE, 1),
        ("lost", OutcomeState.UNKNOWN, 0),
        ("cannot_tell", OutcomeState.UNKNOWN, 1),
    ],
)
async def test_an_uncertain_call_is_asked_about_and_never_repeated(
    house: House, mode: str, state: OutcomeState, times: int
) -> None:
    submitted = await house.submit(deploy(mode=mode), by="nathan")
    await house.perform(submitted.effect, submitted.effect)
    assert (await house.effect(submitted.effect)).state == state.value
    assert await house.done_at_the_edge(submitted.effect) == times
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]
    (told,) = await house.notices("effect_ended")
    assert told.people == ["nathan"]


async def test_nothing_is_performed_before_its_intent_is_numbered(house: House) -> None:
    submitted = await house.submit(deploy())
    await house.sql("UPDATE audit_sequencer SET beat = now() - interval '1 minute'")
    with pytest.raises(SequencerSilent):
        await house.performer.perform(house.tenant, submitted.effect)
    assert (await house.effect(submitted.effect)).state == "ready"
    assert await house.done_at_the_edge(submitted.effect) == 0


async def test_the_system_acts_for_nobody_and_counts_as_its_own_requester(house: House) -> None:
    submitted = await house.submit(deploy(environment="staging"), by=Actor("system", "clock"))
    assert submitted.ruling.verdict is Verdict.EXECUTE
    assert (await house.effect(submitted.effect)).requester is None
