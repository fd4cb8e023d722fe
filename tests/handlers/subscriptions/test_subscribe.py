"""Subscriptions: told when it happens, once, of what one may see; listed, ended and taken up again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from agents.plans import coordination, steps
from agents.plans.rows import plan_for_update
from agents.plans.tables import PlanRow
from governance.tables import PersonRow, WindowRow
from handlers.conversation.cards import Reply
from handlers.notices import find_notices
from handlers.office.subscribe.tables import SubscriptionRow
from integrations.tracker import StoryStatus
from integrations.tracker.vendors.local.tables import StoryRow
from tests.handlers.conftest import Talk, buttons
from tests.handlers.digests.work import move
from tests.handlers.product.conftest import MARKER, Product
from tests.handlers.subscriptions.conftest import Watched


async def say(talk: Talk, who: str, words: str, thread: str = "t1") -> Reply:
    (reply,) = (await talk.say(who, f"/subscribe {words}", thread=thread)).replies
    return reply


HAPPENED = ("subscription", "incident_begun")


async def test_done_is_told_once_and_ends(product: Product, watched: Watched) -> None:
    talk = product.talk
    reply = await say(talk, "david", "tell me when refunds by self-service is done")
    assert reply.text == "I tell you when Refunds by self-service (EPIC-1) is done. Once; then it ends."
    await watched.check()
    await move(talk, "CARD-2", StoryStatus.DONE, talk.now)
    await watched.check()
    assert await watched.told(*HAPPENED) == []
    await move(talk, "CARD-3", StoryStatus.DONE, talk.now)
    await asyncio.gather(watched.check(), watched.check(), watched.check())
    await watched.check()
    assert await watched.told(*HAPPENED) == [
        ("david", "Refunds by self-service (EPIC-1) is done, as you wanted to hear.")
    ]
    assert "subscribed to nothing" in (await say(talk, "david", "what am I subscribed to")).text


async def test_each_time_goes_on_until_it_is_stopped(product: Product, watched: Watched) -> None:
    talk = product.talk
    followed = await say(talk, "nathan", "follow the refunds")
    assert "each time" in followed.text
    await move(talk, "CARD-3", StoryStatus.BLOCKED, talk.now, "No test data")
    await watched.check()
    await watched.check()
    await move(talk, "CARD-2", StoryStatus.IN_PROGRESS, talk.now)
    await watched.check()
    lines = [line for _, line in await watched.told(*HAPPENED)]
    assert len(lines) == 2
    assert any(f"CARD-3 Refund ledger {MARKER} is blocked" in line for line in lines)
    assert any("CARD-2 Refund several payments at once is in progress" in line for line in lines)
    stop = buttons(followed)["end_subscription"]
    (nobody,) = (await talk.press("carlos", stop.verb, stop.subject)).replies
    assert "nothing to stop" in nobody.text
    (stopped,) = (await talk.press("nathan", stop.verb, stop.subject)).replies
    await move(talk, "CARD-2", StoryStatus.DONE, talk.now)
    await watched.check()
    assert len(await watched.told(*HAPPENED)) == 2
    undo = buttons(stopped)["resume_subscription"]
    await talk.press("nathan", undo.verb, undo.subject)
    await watched.check()
    assert len(await watched.told(*HAPPENED)) == 2  # what moved while it was stopped is not made up for
    await move(talk, "CARD-2", StoryStatus.IN_PROGRESS, talk.now)
    await watched.check()
    assert len(await watched.told(*HAPPENED)) == 3


async def test_customer_success_watches_her_customers_items_alone(product: Product, watched: Watched) -> None:
    talk = product.talk
    for words in ("tell me when EPIC-2 is done", "follow CARD-3", "tell me when Halden's export is done"):
        assert MARKER not in repr(await say(talk, "rachel", words))
    assert "not among them" in (await say(talk, "rachel", "alert me about incidents")).text
    mine = await say(talk, "rachel", "follow refunds by self-service")
    assert mine.restricted
    async with talk.desk() as desk:
        (row,) = (await desk.tx.execute(select(SubscriptionRow))).scalars()
        assert {mark.partition(":")[0] for mark in row.seen} == {"CARD-1", "CARD-2"}
    await move(talk, "CARD-3", StoryStatus.DONE, talk.now)  # the same feature's, and nobody's she knows
    await watched.check()
    assert await watched.told(*HAPPENED) == []
    await move(talk, "CARD-2", StoryStatus.IN_PROGRESS, talk.now)
    await watched.check()
    ((who, line),) = await watched.told(*HAPPENED)
    assert (who, "Refund several payments at once is being worked on" in line) == ("rachel", True)


async def test_what_went_out_of_sight_is_told_no_more(product: Product, watched: Watched) -> None:
    talk = product.talk
    await say(talk, "rachel", "tell me when CARD-2 is done")
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(PersonRow).where(PersonRow.id == "rachel").values(accounts=[]))
    await move(talk, "CARD-2", StoryStatus.DONE, talk.now)
    await watched.check()
    assert await watched.told(*HAPPENED) == []
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(PersonRow).where(PersonRow.id == "rachel").values(accounts=["acme-corp"]))
    await watched.check()
    assert len(await watched.told(*HAPPENED)) == 1
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(PersonRow).where(PersonRow.id == "rachel").values(accounts=[]))
    assert await watched.told(*HAPPENED) == []  # gone between firing and posting, it is not posted


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("notify me if payments error rate goes above 2%", "I cannot watch error rates, latency and load"),
        ("let me know if SSO slips", "I cannot watch dates"),
        ("tell me about every new critical CVE", "I cannot watch security findings"),
        ("tell the channel when the release is out", "I tell people"),
        ("let me know when the teleporter is done", "I find nothing called “teleporter”"),
        ("tell me when CARD-4711 is done", "There is no CARD-4711"),
        ("tell me when CARD-1 is done", "is done already"),
        ("notify me when CARD-3 is approved", "not waiting for an approval"),
        ("tell me when it is done", "What shall I watch?"),
    ],
)
async def test_what_cannot_be_watched_is_said(product: Product, words: str, why: str) -> None:
    assert why in (await say(product.talk, "nathan", words)).text
    assert "subscribed to nothing" in (await say(product.talk, "nathan", "my subscriptions")).text


async def test_it_is_listed_ended_by_name_and_never_doubled(product: Product) -> None:
    talk = product.talk
    for words in ("tell me when refunds is done", "follow CARD-3", "alert me about incidents"):
        await say(talk, "nathan", words)
    assert "You are told already" in (await say(talk, "nathan", "tell me when EPIC-1 is done")).text
    listed = await say(talk, "nathan", "what am I subscribed to")
    assert "EPIC-1" in listed.text
    assert "each time an incident begins" in listed.text
    which = await say(talk, "nathan", "stop telling me about refunds")  # EPIC-1, or CARD-3 “Refund ledger …”
    assert which.text.startswith("Which one do you mean?")
    assert "EPIC-1" in (await say(talk, "nathan", "stop telling me about refunds by self-service")).text
    assert "You are not told of “billing”" in (await say(talk, "nathan", "no more alerts about billing")).text
    assert "incident" in (await say(talk, "nathan", "unsubscribe from incidents")).text
    assert "EPIC-1" not in (await say(talk, "nathan", "unsubscribe")).text
    assert "CARD-3" in (await say(talk, "nathan", "unsubscribe me from everything")).text
    assert "subscribed to nothing" in (await say(talk, "nathan", "my subscriptions")).text


async def test_a_plan_is_followed_from_its_approval_on(product: Product, watched: Watched) -> None:
    talk = product.talk
    await talk.say("david", "/build_feature PRD-2025-Q1-Dashboard", thread="plan")
    for who, words in (("carlos", "give me a shout when the plan is approved"), ("helena", "watch the plan")):
        await say(talk, who, words, thread="plan")
    await watched.check()
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(PlanRow).values(state="executing", title="Customer Dashboard"))
    await watched.check()
    assert sorted(who for who, _ in await watched.told(*HAPPENED)) == ["carlos", "helena"]
    assert any("the plan is being set up" in line for _, line in await watched.told(*HAPPENED))
    late = await say(talk, "david", "tell me when the plan is approved", thread="plan")
    assert "approved already" in late.text


async def test_what_will_never_come_is_said_and_ends(product: Product, watched: Watched) -> None:
    talk = product.talk
    await say(talk, "carlos", "tell me when CARD-3 is done")
    await move(talk, "CARD-3", StoryStatus.CANCELLED, talk.now)
    await watched.check()
    ((_, line),) = await watched.told(*HAPPENED)
    assert "was cancelled, so what you wait for will not come" in line


async def test_what_stands_in_the_department_is_told(product: Product, watched: Watched) -> None:
    talk = product.talk
    for words in (
        "alert me about incidents",
        "tell me whenever agents are halted",
        "tell me when a freeze is lifted",
    ):
        await say(talk, "helena", words)
    await watched.check()
    span: dict[str, Any] = {"starts": talk.now, "ends": talk.now + timedelta(hours=4)}
    async with talk.database.transaction(talk.tenant) as tx:
        tx.add(WindowRow(id="wi_1", mode="incident", opened_by="nathan", reason="Checkout is down", **span))
    await talk.say("amanda", "/halt_agents a look at the costs", thread="h")
    await talk.say("nathan", "/freeze deployments: checkout is down", thread="f")
    await watched.check()
    await watched.check()
    lines = sorted(line for _, line in await watched.told(*HAPPENED))
    assert len(lines) == 2
    assert lines[0].startswith("Halt of all agents, by Amanda Reyes-Holt: ")
    assert lines[1].startswith("Incident, said by Nathan Adebayor: Checkout is down")
    await talk.say("nathan", "/unfreeze deployments", thread="f")
    await watched.check()
    assert "Freeze of deployments is over (Nathan Adebayor)." in [
        line for _, line in await watched.told(*HAPPENED)
    ]
    assert find_notices()["incident_begun"].urgent == "incident"


async def test_new_urgent_stories_are_told(product: Product, watched: Watched) -> None:
    talk = product.talk
    await say(talk, "nathan", "alert me whenever a P0 is created")
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(StoryRow).where(StoryRow.id == "CARD-5").values(priority="P0"))
    await watched.check()
    assert await watched.told(*HAPPENED) == [("nathan", f"CARD-5 Cache the exchange rates {MARKER} is P0.")]


async def test_a_plans_step_lets_watchers_know_at_once(product: Product) -> None:
    """No waiting for the next sweep; of many steps one look waits at most."""
    talk = product.talk
    await talk.say("david", "/build_feature PRD-2025-Q1-Dashboard")
    await product.draft()
    async with talk.database.transaction(talk.tenant) as tx:
        await steps.begin(tx, await plan_for_update(tx, (await product.plan()).id))
    for _ in range(3):
        async with talk.database.transaction(talk.tenant) as tx:
            await coordination.advance(tx, talk.gate, (await product.plan()).id)
    query = text(
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'check_subscriptions'"
        " AND status = 'todo' AND args->>'tenant' = :tenant"
    )
    async with talk.database.transaction(talk.tenant) as tx:
        assert (await tx.execute(query, {"tenant": talk.tenant})).scalar_one() == 1
