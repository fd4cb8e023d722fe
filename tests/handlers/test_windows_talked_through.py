"""What each window does to other people and to what they have under way, talked through in chat."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.action import Verdict
from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from governance.effects import effect_for_update
from governance.people import Actor
from governance.performing import Performer, release_held
from governance.policy_text import row_text
from handlers.notices import find_notices
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy
from tests.handlers.test_nothing_from_outside_the_catalogue import standing

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
READS = (
    "/audit show the audit log",
    "/access who holds which role",
    "/authority who may approve production deployments",
    "/status",
    "/plan show the plans",
    "/window which windows are open",
    "/approvals what waits",
    "/whoami",
)
ACTS = (
    "/freeze freeze all deployments",
    "/unfreeze unfreeze deployments",
    "/halt_agents now",
    "/resume_agents",
    "/window close the audit window",
    "/window demo mode until Friday",
    "/access make Nathan an architect",
    "/delegate Amanda decides for me until Friday",
    "/prioritise the export first",
    "/add_to_backlog Export for auditors",
    "/build_feature build PRD-2025-Q1-Dashboard",
    "/emergency_deploy orders 2.3.1, reason: because",
    "/overrule_agent the architect agent",
)


async def _perform(talk: Talk, effect: str) -> str:
    """Run an effect's job; the state that it is in then."""
    sequencer = Sequencer(talk.database, lambda tenant: signer_for(KEY, tenant))
    while await sequencer.sequence(talk.tenant):
        pass
    performer = Performer(talk.database, talk.gate, {"deployments": lambda _: None}, process="here")
    await performer.perform(talk.tenant, effect)
    async with talk.desk() as desk:
        return (await effect_for_update(desk.tx, effect)).state


async def _ends(talk: Talk, effect: str) -> str:
    """The window's end has come: what the clock's job then does, and what became of the effect."""
    async with talk.database.transaction(talk.tenant) as tx:
        await release_held(tx)
    return await _perform(talk, effect)


async def _told(talk: Talk, effect: str) -> str:
    async with talk.desk() as desk:
        reply = await find_notices()["effect_ended"].render(desk, {"effect": effect, "key": effect}, None)
    assert reply is not None
    return reply.text


async def test_an_auditor_reads_everything_while_it_is_audited_and_acts_on_nothing(talk: Talk) -> None:
    waiting = await talk.submit(deploy("orders", "2.3.1"), "leila")
    refused = await talk.say("agnes", "/audit show the audit log", thread="before")
    assert refused.refused is not None
    (reply,) = refused.replies
    assert "While an audit window is open you may read it." in reply.text
    await talk.say("carlos", "/window audit window until Friday", thread="carlos")
    before = await standing(talk)
    for words in READS:
        answer = await talk.say("agnes", words, thread=words)
        assert answer.refused is None, words
        assert "change nothing" not in answer.replies[0].text, words
    for words in ACTS:
        answer = await talk.say("agnes", words, thread=words)
        said = answer.replies[0].text
        assert answer.refused or "change nothing here" in said or "not up to your roles" in said, (words, said)
    for verb in ("approve", "deny", "emergency_approval"):
        await talk.press("agnes", verb, waiting.approval or "", {"reason": "an audit"}, thread=verb)
    assert await standing(talk) == before
    await talk.say("carlos", "/window close the audit window", thread="carlos")
    assert (await talk.say("agnes", "/audit show the audit log", thread="after")).refused is not None


async def test_an_audit_window_holds_nobody_up(talk: Talk) -> None:
    await talk.say("carlos", "/window audit window until Friday")
    submitted = await talk.submit(deploy("orders", "2.3.1", "staging"), "leila")
    assert submitted.ruling.verdict is Verdict.EXECUTE


async def test_an_incident_holds_a_directors_deployment_and_lets_it_go_on_afterwards(talk: Talk) -> None:
    asked = await talk.submit(deploy("orders", "2.3.1"), "leila")
    await talk.press("amanda", "approve", asked.approval or "")
    await talk.say("nathan", "/window incident mode for the next 2 hours", thread="incident")
    assert await _perform(talk, asked.effect) == "held"
    told = await _told(talk, asked.effect)
    assert "During incident response the SRE lead alone does this" in told
    assert "this waits until the window ends at Mon 23 Nov 2026, 17:00 UTC" in told
    assert "It goes on by itself when that ends" in told
    talk.now += timedelta(hours=2)
    assert await _ends(talk, asked.effect) == "done"


async def test_in_an_incident_others_are_told_to_ask_again_and_the_sre_goes_on(talk: Talk) -> None:
    await talk.say("nathan", "/window incident mode for the next 2 hours")
    director = await talk.submit(deploy("orders", "2.3.1", "staging"), "amanda")
    assert director.ruling.rule == "window.incident"
    assert "ask for this again when the window has ended, at Mon 23 Nov 2026, 17:00 UTC" in director.ruling.why
    sre = await talk.submit(deploy("orders", "2.3.1", "staging"), "nathan")
    assert sre.ruling.verdict is Verdict.EXECUTE
    agent = await talk.submit(
        deploy("orders", "2.3.2", "staging"), Actor("agent", "sre", on_behalf_of="nathan")
    )
    assert agent.ruling.verdict is Verdict.EXECUTE
    others = await talk.submit(
        deploy("orders", "2.3.3", "staging"), Actor("agent", "sre", on_behalf_of="amanda")
    )
    assert others.ruling.rule == "window.incident"


async def test_a_window_that_ends_early_lets_go_at_once_what_it_held(talk: Talk) -> None:
    asked = await talk.submit(deploy("orders", "2.3.1"), "leila")
    await talk.press("amanda", "approve", asked.approval or "")
    (opened,) = (await talk.say("nathan", "/window incident mode for the next 2 hours", thread="i")).replies
    assert await _perform(talk, asked.effect) == "held"
    end = buttons(opened)["close_window"]
    talk.now += timedelta(minutes=5)
    (ended,) = (await talk.press("nathan", end.verb, end.subject, thread="i")).replies
    assert "1 thing that was held back is looked at anew now" in ended.text
    assert await _perform(talk, asked.effect) == "done"


async def test_while_people_plan_agents_only_read_and_people_act_as_ever(talk: Talk) -> None:
    under_way = await talk.submit(
        deploy("orders", "2.3.1", "staging"), Actor("agent", "sre", on_behalf_of="nathan")
    )
    await talk.say("amanda", "/window quarterly planning mode until Friday", thread="planning")
    assert await _perform(talk, under_way.effect) == "held"
    assert "During planning agents only read" in await _told(talk, under_way.effect)
    new = await talk.submit(deploy("orders", "2.4", "staging"), Actor("agent", "sre", on_behalf_of="nathan"))
    assert new.ruling.rule == "window.planning"
    (made,) = (
        await talk.say("nathan", "/add_to_backlog Rotate the certificates of team Alpha", thread="n")
    ).replies
    assert "being done" in made.text or "Rotate the certificates" in made.text
    person = await talk.submit(deploy("orders", "2.4", "staging"), "nathan")
    assert person.ruling.verdict is Verdict.EXECUTE
    talk.now += timedelta(days=5)
    assert await _ends(talk, under_way.effect) == "done"


async def test_during_a_demo_nothing_starts_by_itself_and_the_policy_stays(talk: Talk) -> None:
    by_itself = Actor("system", "clock")
    under_way = await talk.submit(deploy("orders", "2.3.1", "staging"), by_itself)
    policy = talk.gate.policy
    row = row_text(policy.text, policy, "role_change").replace(
        "requester may vote: yes", "requester may vote: no"
    )
    proposed = await talk.press(
        "amanda", "propose_row", "role_change", {"row": row, "reason": "stricter"}, thread="p"
    )
    approval = buttons(proposed.replies[0])["approve"].subject
    await talk.press("amanda", "approve", approval, thread="p")
    await talk.press("carlos", "approve", approval, thread="p")
    async with talk.desk() as desk:
        (change,) = await _effects(desk, approval)
    await talk.say("amanda", "/window demo mode for the next 2 hours", thread="demo")
    new = await talk.submit(deploy("orders", "2.4", "staging"), by_itself)
    assert new.ruling.rule == "window.demo"
    assert await _perform(talk, under_way.effect) == "done", "what was set going before ends"
    assert await _perform(talk, change) == "held"
    again = await talk.press(
        "amanda", "propose_row", "role_change", {"row": row, "reason": "stricter"}, thread="q"
    )
    assert "the policy stays as it is" in again.replies[0].text
    assert "ask for this again when the window has ended" in again.replies[0].text
    (status,) = (await talk.say("david", "/status", thread="s")).replies
    assert "Demo window" in repr(status)
    talk.now += timedelta(hours=2)
    assert await _ends(talk, change) == "done"


async def _effects(desk: object, approval: str) -> list[str]:
    from governance.effects import effects_of

    return [row.id for row in await effects_of(desk.tx, approval)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", ["planning mode", "incident mode", "demo mode", "audit window"])
async def test_status_names_the_window_that_is_open_and_its_end(talk: Talk, words: str) -> None:
    who = "carlos" if "audit" in words else "amanda"
    await talk.say(who, f"/window {words} until Friday")
    (status,) = (await talk.say("david", "/status", thread="s")).replies
    assert f"{words.partition(' ')[0].capitalize()} window by" in status.text
    assert "until Sat 28 Nov 2026, 04:59 UTC" in status.text  # Friday's end in New York
