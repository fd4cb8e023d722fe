"""Freezing, emergencies, overruling and windows, said in chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from governance.actions.windows import coming_windows
from governance.approvals.store import approval_row
from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from governance.effects import effect_for_update, ruling_of
from governance.overrides.rows import read_standing, standing_rows
from governance.overrides.sweep import sweep_overrides
from governance.people import Actor
from governance.performing import Performer
from governance.standing import FreezeKind, Standing
from governance.tables import EffectRow
from integrations.pages import Part
from tests.governance.audit.audit_entries import PRIVATE
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy

AGENT = Actor("agent", "sre", on_behalf_of="nathan")


async def _standing(talk: Talk) -> Standing:
    async with talk.desk() as desk:
        return await read_standing(desk.tx, talk.now)


@pytest.mark.parametrize(
    ("who", "words", "kind", "scope"),
    [
        ("carlos", "Freeze all deployments", FreezeKind.DEPLOYMENTS, ""),
        ("nathan", "no more releases to production", FreezeKind.DEPLOYMENTS, ""),
        ("carlos", "freeze everything, reason: breach", FreezeKind.EVERYTHING, ""),
    ],
)
async def test_what_is_named_is_frozen(talk: Talk, who: str, words: str, kind: FreezeKind, scope: str) -> None:
    (reply,) = (await talk.say(who, f"/freeze {words}")).replies
    assert "Frozen" in reply.text
    (freeze,) = (await _standing(talk)).freezes
    assert (freeze.kind, freeze.scope, freeze.by) == (kind, scope, who)


async def test_a_service_is_frozen_until_then(talk: Talk) -> None:
    async with talk.desk() as desk:
        service = (await desk.ports.services.services(Part())).items[0]
    await talk.say("nathan", f"/freeze freeze the {service.id} service until Friday because of data loss")
    (freeze,) = (await _standing(talk)).freezes
    assert (freeze.kind, freeze.scope, freeze.reason) == (FreezeKind.SERVICE, service.id, "data loss")
    talk.now = datetime(2026, 11, 28, 5, tzinfo=UTC)
    assert not (await _standing(talk)).freezes


async def test_a_security_freeze_outranks_the_sre(talk: Talk) -> None:
    (laid,) = (await talk.say("carlos", "/freeze freeze all deployments, reason: breach")).replies
    (refused,) = (await talk.say("nathan", "/unfreeze unfreeze deployments")).replies
    assert "Carlos Benavente froze deployments as compliance officer (breach)" in refused.text
    words = f"{await _service(talk)} 2.3.1 to production, reason: customers cannot pay"
    (emergency,) = (await talk.say("nathan", f"/emergency_deploy {words}")).replies
    assert "past an approval, not past a freeze" in emergency.text
    assert not (await _standing(talk)).emergencies
    button = buttons(laid)["lift_freeze"]
    (lifted,) = (await talk.press("carlos", button.verb, button.subject)).replies
    assert "Lifted" in lifted.text
    assert not (await _standing(talk)).freezes


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("freeze", "What shall stand still"),
        ("freeze the foobar service", "foobar"),
        ("put a freeze on everything touching customer data", "What shall stand still"),
        ("freeze the SSO plan", "no plan “SSO”"),
        ("freeze everything except checkout", "cannot leave a part of it out"),
    ],
)
async def test_doubt_freezes_nothing(talk: Talk, words: str, part: str) -> None:
    (reply,) = (await talk.say("carlos", f"/freeze {words}")).replies
    assert part in reply.text
    assert not (await _standing(talk)).freezes


async def test_another_freeze_than_the_one_named_is_not_lifted(talk: Talk) -> None:
    await talk.say("carlos", "/freeze freeze all deployments")
    (reply,) = (await talk.say("carlos", f"/unfreeze unfreeze the {await _service(talk)} service")).replies
    assert "lift_freeze" in buttons(reply)
    assert (await _standing(talk)).freezes


async def test_a_question_lifts_nothing(talk: Talk) -> None:
    await talk.say("carlos", "/freeze freeze all deployments")
    (reply,) = (await talk.say("carlos", "/unfreeze can we lift the freeze?")).replies
    assert buttons(reply)["ask"].subject.startswith("unfreeze ")
    assert (await _standing(talk)).freezes


async def _service(talk: Talk) -> str:
    async with talk.desk() as desk:
        return (await desk.ports.services.services(Part())).items[0].id


async def test_an_emergency_sets_the_waiting_deployment_going_and_closes_its_approval(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), "leila")
    approval = submitted.approval or ""
    (other,) = (await talk.press("amanda", "emergency_approval", approval, {"reason": "down"})).replies
    assert "SRE lead" in other.text
    (bare,) = (await talk.press("nathan", "emergency_approval", approval, {"reason": " "})).replies
    assert "needs a reason" in bare.text
    (done,) = (
        await talk.press("nathan", "emergency_approval", approval, {"reason": "checkout is down"})
    ).replies
    assert "Set going: Deploy orders 2.3.1 to production" in done.text
    async with talk.desk() as desk:
        row = await effect_for_update(desk.tx, submitted.effect)
        assert row.state == "ready"
        assert ruling_of(row).rule == "deployments.emergency"
        assert (await approval_row(desk.tx, approval)).status == "withdrawn"
    (late,) = (await talk.press("david", "approve", approval)).replies
    assert "already withdrawn by Nathan" in late.text


async def test_what_went_past_its_approval_is_carried_out_within_the_hour_and_not_after(talk: Talk) -> None:
    for late, state in ((timedelta(minutes=59), "done"), (timedelta(hours=1), "withdrawn")):
        submitted = await talk.submit(deploy("orders", f"2.{late.seconds}"), "leila")
        await talk.press(
            "nathan", "emergency_approval", submitted.approval or "", {"reason": "checkout is down"}
        )
        talk.now += late
        assert await _performed(talk, submitted.effect) == state


async def test_what_was_overruled_before_it_was_carried_out_is_on_record_as_not_done(
    talk: Talk,
) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1", "staging"), AGENT)
    await talk.say("amanda", f"/overrule_agent {submitted.effect} because it was wrong")
    assert await _performed(talk, submitted.effect) == "withdrawn"
    async with talk.desk() as desk:
        assert (await effect_for_update(desk.tx, submitted.effect)).finished is not None


async def _performed(talk: Talk, effect: str) -> str:
    await Sequencer(talk.database, lambda tenant: signer_for(PRIVATE, tenant)).sequence(talk.tenant)
    performer = Performer(talk.database, talk.gate, {"deployments": lambda _: None}, process="here")
    await performer.perform(talk.tenant, effect)
    async with talk.desk() as desk:
        return (await effect_for_update(desk.tx, effect)).state


async def test_an_emergency_in_words_names_service_version_and_reason(talk: Talk) -> None:
    service = await _service(talk)
    (asked,) = (await talk.say("nathan", f"/emergency_deploy deploy the {service} service now")).replies
    assert "which version and the reason" in asked.text
    form = buttons(asked)["emergency_deploy"].form
    assert form is not None
    assert form.inputs[0].value == service
    (done,) = (await talk.say("nathan", f"/emergency_deploy {service} 2.3.1, reason: checkout is down")).replies
    assert "may go without its approval for one hour (checkout is down)" in done.text
    (leave,) = (await _standing(talk)).emergencies
    assert leave.decides == f"{service} 2.3.1 to production"


async def test_a_missed_review_is_shown_with_its_button(talk: Talk) -> None:
    values = {"service": await _service(talk), "version": "2.3.1", "reason": "down"}
    await talk.press("nathan", "emergency_deploy", "", values)
    async with talk.desk() as desk:
        await sweep_overrides(desk.tx, talk.now + timedelta(hours=25))
    ((reply, _),) = await talk.notices("emergency_review_due")
    assert reply is not None
    button = buttons(reply)["review_emergency"]
    (own,) = (await talk.press("nathan", button.verb, button.subject, {"finding": "fine"})).replies
    assert "somebody else" in own.text
    (done,) = (await talk.press("carlos", button.verb, button.subject, {"finding": "justified"})).replies
    assert "Reviewed" in done.text
    ((gone, _),) = await talk.notices("emergency_review_due")
    assert gone is None


async def _decided(talk: Talk, state: str = "done") -> str:
    submitted = await talk.submit(deploy("orders", "2.3.1", "staging"), AGENT)
    outcome = {"state": "done", "detail": "deployed", "reference": None} if state == "done" else None
    async with talk.desk() as desk:
        await desk.tx.execute(
            update(EffectRow).where(EffectRow.id == submitted.effect).values(state=state, outcome=outcome)
        )
    return submitted.effect


async def test_overruling_pins_and_takes_back_what_was_done(talk: Talk) -> None:
    effect = await _decided(talk)
    (reply,) = (await talk.say("amanda", f"/overrule_agent {effect} because it was wrong")).replies
    assert "No agent decides this again: orders 2.3.1 to staging" in reply.text
    assert "being taken back now: Deploy orders the version before" in reply.text
    async with talk.desk() as desk:
        undone = (await desk.tx.execute(select(EffectRow).where(EffectRow.undoes == effect))).scalar_one()
        assert undone.requester == "amanda"
        assert [pin.reason for pin in await standing_rows(desk.tx, "pin")] == ["it was wrong"]
    again = await talk.submit(deploy("orders", "2.3.1", "staging"), AGENT)
    assert again.ruling.rule == "pin"


async def test_what_is_not_unmistakable_is_chosen_by_a_button(talk: Talk) -> None:
    effect = await _decided(talk, "ready")
    (asked,) = (await talk.say("amanda", "/overrule_agent the SRE agent's call was wrong")).replies
    button = buttons(asked)["overrule_agent"]
    assert button.subject == effect
    assert not (await _standing(talk)).pins
    (done,) = (await talk.press("amanda", button.verb, button.subject, {"reason": "no"})).replies
    assert "had not been carried out" in done.text
    assert (await _standing(talk)).pins


async def test_a_persons_decision_is_not_overruled(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1", "staging"), "nathan")
    (reply,) = (await talk.say("amanda", f"/overrule_agent {submitted.effect}")).replies
    assert "A person decided that" in reply.text
    assert not (await _standing(talk)).pins


@pytest.mark.parametrize(
    ("who", "words", "starts", "ends"),
    [
        ("amanda", "start quarterly planning mode until Friday", (23, 15), (28, 5)),
        ("amanda", "demo mode for the board meeting tomorrow from 2 to 4 pm", (24, 19), (24, 21)),
        ("nathan", "incident mode for the next 2 hours", (23, 15), (23, 17)),
        ("nathan", "enter incident mode until 18:00", (23, 15), (23, 23)),
        ("carlos", "open an audit window from Tuesday to Wednesday", (24, 5), (26, 5)),
    ],
)
async def test_windows_open_with_an_end(
    talk: Talk, who: str, words: str, starts: tuple[int, int], ends: tuple[int, int]
) -> None:
    (reply,) = (await talk.say(who, f"/window {words}")).replies
    async with talk.desk() as desk:
        (row,) = await coming_windows(desk.tx, talk.now)
    assert row.starts == datetime(2026, 11, *starts, tzinfo=UTC), reply.text
    assert row.ends == datetime(2026, 11, *ends, tzinfo=UTC)


@pytest.mark.parametrize(
    ("who", "words", "part"),
    [
        ("amanda", "switch to planning mode", "Until when"),
        ("carlos", "demo mode until Friday", "opened and ended by the engineering director"),
        ("carlos", "which windows are scheduled", "No window is open"),
        ("amanda", "end the planning window", "nothing to end"),
    ],
)
async def test_no_window_without_an_end_or_the_right(talk: Talk, who: str, words: str, part: str) -> None:
    (reply,) = (await talk.say(who, f"/window {words}")).replies
    assert part in reply.text
    assert not (await _standing(talk)).windows


async def test_a_window_is_made_longer_shorter_and_ended(talk: Talk) -> None:
    await talk.say("nathan", "/window incident mode for the next 2 hours")
    await talk.say("nathan", "/window extend the incident window by 30 minutes")
    async with talk.desk() as desk:
        last = max(row.ends for row in await coming_windows(desk.tx, talk.now))
        assert last == talk.now + timedelta(minutes=150)
    (listed,) = (await talk.say("nathan", "/window what mode are we in")).replies
    assert "incident is open" in listed.text
    for _ in range(2):
        (shown,) = (await talk.say("nathan", "/window which windows")).replies
        button = buttons(shown)["close_window"]
        await talk.press("nathan", button.verb, button.subject)
    assert not (await _standing(talk)).windows


async def test_an_emergency_takes_the_version_and_not_a_part_of_the_services_name(talk: Talk) -> None:
    words = "emergency deploy of Payment service v2 2.1.1 to production, checkout is down"
    (reply,) = (await talk.say("nathan", f"/emergency_deploy {words}", thread="whole")).replies
    assert "payment-service-v2 2.1.1 to production may go" in reply.text
    (lacking,) = (
        await talk.say("nathan", "/emergency_deploy Payment service v2, checkout is down", thread="lacking")
    ).replies
    assert "which version" in lacking.text


async def test_an_emergency_for_one_of_several_services_asks_with_the_rest_filled_in(talk: Talk) -> None:
    (reply,) = (await talk.say("nathan", "/emergency_deploy payments 2.1.1, checkout is down")).replies
    assert "Payment service or Payment service v2" in reply.text
    form = buttons(reply)["emergency_deploy"].form
    assert form is not None
    assert {entry.name: entry.value for entry in form.inputs} == {
        "service": "", "version": "2.1.1", "reason": "checkout is down"
    }  # fmt: skip
