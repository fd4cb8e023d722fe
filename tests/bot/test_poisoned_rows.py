"""A poisoned row of each kind: it ends or is left out, its person is told once what to do, and its neighbours,
the sweep and the clock go on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot import outbox
from bot.console.adapter import direct_channel
from bot.department import Installation
from bot.inbox import store_words
from bot.platforms.known_channels import KnownChannels
from bot.wire import place_to_json
from governance.audit.verification_notice import ask_for_verification
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.office.digests.firing import fire_digests
from storage.jobs import defer
from storage.notices import notify
from tests.bot.one_company import (
    DAVID,
    effect_of,
    plan_in,
    queued,
    rows,
    shown,
    told,
    waiting,
    work_and_give_up,
    work_off,
)

OTHER = Place("console", direct_channel("david"), "m2", Audience.DIRECT)


async def test_a_turn_whose_place_cannot_be_read_ends_and_its_neighbour_is_answered(
    office: Installation,
) -> None:
    turns = []
    async with office.database.transaction(office.settings.tenant) as tx:
        for key in ("k1", "k2"):
            said = {"platform": "console", "identity": "console:david", "text": "/whoami"}
            turns.append(await store_words(tx, key=key, place=DAVID, **said))
    await rows(office, "UPDATE inbox SET place = '{}' WHERE key = 'k1'")
    await work_off(office, office.jobs)
    states = dict(await rows(office, "SELECT key, state FROM inbox"))
    assert states == {"k1": "failed", "k2": "done"}
    assert "David" in await shown(office)


async def test_a_message_that_cannot_be_shown_is_left_out_and_the_next_ones_go(office: Installation) -> None:
    async with office.database.transaction(office.settings.tenant) as tx:
        for text in ("first", "second"):
            await outbox.put(tx, DAVID, Reply(text=text), turn=None)
        await outbox.put(tx, OTHER, Reply(text="elsewhere"), turn=None)
    await rows(office, "UPDATE outbox SET reply = '{\"text\": 7}' WHERE reply ->> 'text' = 'first'")
    await work_off(office, office.jobs)
    found = await rows(office, "SELECT reply ->> 'text', state FROM outbox ORDER BY number")
    assert found == [
        ("7", "failed"),
        ("second", "posted"),
        ("elsewhere", "posted"),
        (outbox.NOT_SHOWN.text, "posted"),
    ]


async def test_a_notice_that_cannot_be_shown_is_told_of_in_plain_words_once(office: Installation) -> None:
    async with office.database.transaction(office.settings.tenant) as tx:
        for _ in range(2):
            await notify(tx, "plan_progress", {"plan": "pl_gone", "key": "k"}, people=("david",))
    await work_off(office, office.jobs)
    assert await rows(office, "SELECT count(*) FROM notices WHERE posted IS NULL") == [(0,)]
    text = await shown(office)
    assert text.count("I had something to tell you about the plan pl_gone") == 1
    assert "ask me “status” to see how" in text


async def test_an_effect_that_cannot_be_read_fails_and_its_neighbour_is_performed(office: Installation) -> None:
    bad, good = await effect_of(office, "Bad"), await effect_of(office, "Good")
    await rows(office, 'UPDATE effects SET body = \'{"type": "tracker.gone"}\' WHERE id = :id', id=bad)
    await work_off(office, office.jobs)
    states = dict(await rows(office, "SELECT id, state FROM effects WHERE id IN (:a, :b)", a=bad, b=good))
    assert states == {bad: "failed", good: "done"}
    ((people, what, then),) = await told(office, f"effect:{bad}")
    assert people == ["david"]
    assert "Nothing was done; ask for it again." in what
    assert "in the log" in then
    await office.jobs.sweep(office.settings.tenant)
    assert await waiting(office, "perform") == []
    outcomes = "SELECT count(*) FROM audit_entries WHERE effect = :id AND kind = 'outcome'"
    assert await rows(office, outcomes, id=bad) == [(1,)]


async def test_an_effect_at_which_the_port_always_breaks_ends_as_unknown_and_is_never_repeated(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise ValueError("the port is poisoned")

    bad = await effect_of(office, "Bad")
    monkeypatch.setattr("integrations.tracker.vendors.local.tracker.LocalTracker.create_epic", breaks)
    await work_off(office, office.jobs)
    ((state, detail),) = await rows(
        office, "SELECT state, outcome ->> 'detail' FROM effects WHERE id = :id", id=bad
    )
    assert state == "unknown"
    assert "It may have been done all the same; look there" in detail
    assert "Nobody knows whether this happened" in await shown(office)
    await office.jobs.sweep(office.settings.tenant)
    assert await waiting(office, "perform") == []


_BAD_APPROVAL = (
    "INSERT INTO approvals (id, title, decision_type, digest, ruling, notifications, actor, requester, status,"
    " body, opened) VALUES ('ap_bad', 'Bad', 'plan_execution', '', '{}', '[]', '{}', 'david', 'open', '{}',"
    " now())"
)


async def test_an_approval_that_cannot_be_read_is_withdrawn_by_the_sweep_and_its_requestertold(
    office: Installation,
) -> None:
    await rows(office, _BAD_APPROVAL)
    plan = await plan_in(office, "proposed", approval="ap_bad")
    for _ in range(2):
        await office.jobs.sweep(office.settings.tenant)
    assert await queued(office, "approval_due") == [{"tenant": office.settings.tenant, "approval": "ap_bad"}]
    await work_off(office, office.jobs)
    assert await rows(office, "SELECT status FROM approvals WHERE id = 'ap_bad'") == [("withdrawn",)]
    ((people, what, then),) = await told(office, "approval:ap_bad")
    assert people == ["david"]
    assert "“Bad” cannot be read any more, so it is withdrawn and nothing of it is done." in what
    assert then.startswith("Ask for it again.")
    await office.jobs.advance_plan(office.settings.tenant, plan)
    assert await rows(office, "SELECT state FROM plans WHERE id = :p", p=plan) == [("cancelled",)]


_SUBSCRIPTION = (
    "INSERT INTO subscriptions (id, person, kind, subject, name, event, each_time, seen)"
    " VALUES (:id, :person, :kind, :subject, :name, 'changes', true, '[]')"
)


async def test_a_subscription_that_cannot_be_looked_at_stops_no_other(office: Installation) -> None:
    plan = await plan_in(office, "created")
    for id, person, kind, subject in (
        ("su_bad", "david", "gone", "x"),
        ("su_nobody", "gone", "plan", plan),
        ("su_good", "david", "plan", plan),
    ):
        await rows(office, _SUBSCRIPTION, id=id, person=person, kind=kind, subject=subject, name=f"my {id}")
    for _ in range(2):
        await office.jobs.check_subscriptions(office.settings.tenant)
    ((people, what, then),) = await told(office, "subscription:su_bad")
    assert people == ["david"]
    assert "“my su_bad”" in what
    assert "watch it anew" in then
    looked = dict(await rows(office, "SELECT id, seen::text FROM subscriptions"))
    assert plan in looked["su_good"]
    ended = await rows(office, "SELECT id FROM subscriptions WHERE ended IS NOT NULL")
    assert ended == [("su_nobody",)]


async def test_what_got_blocked_failing_stops_no_subscription(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_desk: object) -> None:
        raise ValueError("a blocker is poisoned")

    monkeypatch.setattr("handlers.office.subscribe.check.tell_blocked", broken)
    plan = await plan_in(office, "created")
    await rows(office, _SUBSCRIPTION, id="su_good", person="david", kind="plan", subject=plan, name="it")
    await office.jobs.check_subscriptions(office.settings.tenant)
    ((seen,),) = await rows(office, "SELECT seen::text FROM subscriptions")
    assert plan in seen


_SETTING = (
    "INSERT INTO digest_settings (recipient, kind, is_on, at, days, time_zone, platforms, set_by, changed)"
    " VALUES (:who, :kind, true, '09:00', '[]', :zone, '[]', 'david', '2026-01-01')"
)


async def test_a_digest_that_cannot_be_put_together_stops_no_other_and_is_told_of_once(
    office: Installation,
) -> None:
    await rows(office, _SETTING, who="person:david", kind="daily", zone="Mars/Olympus")
    await rows(office, _SETTING, who="person:rachel", kind="hourly", zone=None)
    today = datetime.now(UTC).replace(
        hour=12, minute=0
    )  # whoever has a role since today gets one from tomorrow on
    noon = today + timedelta(days=(1 - today.weekday()) % 7 or 7)
    made = [
        await fire_digests(office.database, office.settings.tenant, noon, KnownChannels()) for _ in range(2)
    ]
    assert made[0] > 1
    assert made[1] == 0
    ((people, what, then),) = await told(office, "digest:person:david")
    assert people == ["david"]
    assert what.startswith("Your digest could not be put together")
    assert "digest settings" in then


async def test_standing_work_of_which_one_cannot_be_told_is_told_for_the_others(office: Installation) -> None:
    tenant = office.settings.tenant
    plan = await plan_in(office, "drafting")
    async with office.database.transaction(tenant) as tx:
        await defer(tx, "turn", {"turns": "gone"})
        await defer(tx, "draft_plan", {"plan": plan}, slow=True)
    await rows(
        office,
        "UPDATE procrastinate_events SET at = at - interval '1 hour' FROM procrastinate_jobs AS job"
        " WHERE job.id = job_id AND job.args->>'tenant' = :t",
        t=tenant,
    )
    await office.jobs.sweep(tenant)
    ((ids,),) = await rows(office, "SELECT ids::text FROM notices WHERE kind = 'work_stands_still'")
    assert json.loads(ids)["plan"] == plan


async def test_a_verification_that_always_fails_says_that_nothing_is_known(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("this log is poisoned")

    monkeypatch.setattr("governance.audit.verification_notice.verify", broken)
    async with office.database.transaction(office.settings.tenant) as tx:
        await ask_for_verification(tx, place=place_to_json(DAVID), people=(), turn=None)
    await work_off(office, office.jobs)
    text = await shown(office)
    assert "I cannot say whether it holds. Ask again, or run `python -m bot audit verify`" in text


async def test_a_halt_whose_report_always_fails_stands_and_its_thread_istold(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("this report is poisoned")

    monkeypatch.setattr("bot.jobs.report_halt", broken)
    effect = await effect_of(office, "Stands for a halt")
    text = await work_and_give_up(office, office.jobs, "report_halt", {"effect": effect})
    assert "Who has acknowledged the halt could not be found out" in text
    assert "The halt stands all the same." in text


async def test_a_checkpoint_that_cannot_be_posted_is_told_to_the_compliance_officers(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("this channel is poisoned")

    monkeypatch.setattr("bot.jobs.post_checkpoint", broken)
    await work_and_give_up(office, office.jobs, "post_checkpoint", {})
    ((people, what, _),) = await told(office, "post_checkpoint")
    assert "carlos" in people
    assert "#compliance" in what


async def test_an_end_that_fails_itself_keeps_the_worker_from_nothing(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = await work_and_give_up(office, office.jobs, "draft_plan", {"plan": "pl_gone"})
    assert text == ""
    async with office.database.transaction(office.settings.tenant) as tx:
        await outbox.put(tx, DAVID, Reply(text="still here"), turn=None)
    await work_off(office, office.jobs)
    assert "still here" in await shown(office)
