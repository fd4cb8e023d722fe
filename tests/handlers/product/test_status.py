"""Where things are, to each as far as they may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from agents.planning.draft import Scheduled
from agents.planning.working_days import WorkingDays
from agents.plans.tables import PlanRow
from handlers.conversation.cards import Reply
from handlers.delivery.whereabouts.work_state import Planned
from handlers.delivery.whereabouts.work_state import expected as at
from integrations.tracker import Sprint, StoryStatus
from tests.bot.console.sample_rows import draft
from tests.handlers.product.conftest import DONE, MARKER, NOW, Product, story


async def _ask(product: Product, person: str, words: str, thread: str = "t1") -> Reply:
    (reply,) = (await product.talk.say(person, f"/status {words}", thread=thread)).replies
    return reply


@pytest.mark.parametrize(
    "words",
    [
        "What's the status of refunds by self-service?",
        "EPIC-1",
        "where are we with the refunds",
        "epic-1 status?",
    ],
)
async def test_a_feature_is_found_and_counted(product: Product, words: str) -> None:
    reply = await _ask(product, "david", words)
    assert "Refunds by self-service (EPIC-1) is in progress: 1 of 3 stories done" in reply.text
    assert "CARD-2: Waits for the bank's answer" in reply.text
    values = {fact.id: fact.value for fact in reply.facts}
    assert (values["done"], values["total"], values["blocked"]) == (1, 3, 1)
    assert values["expected"] == "2026-12-04"  # the last working day of alpha's sprint 1, with its open stories


async def test_it_means_what_was_asked_about_last(product: Product) -> None:
    await _ask(product, "david", "refunds by self-service")
    reply = await _ask(product, "david", "is it done yet?")
    assert "EPIC-1" in reply.text
    elsewhere = await _ask(product, "david", "is it done yet?", thread="t2")
    assert "EPIC-1" not in elsewhere.text


async def test_one_story_says_what_blocks_it(product: Product) -> None:
    reply = await _ask(product, "david", "CARD-2")
    assert "is blocked (P2, Team Alpha). Waits for the bank's answer." in reply.text


@pytest.mark.parametrize("words", ["", "what runs now", "what are the agents working on right now?", "status"])
async def test_without_a_name_it_is_about_all_that_runs(product: Product, words: str) -> None:
    await product.talk.say("david", "/build_feature PRD-2025-Q1-Dashboard", thread="b")
    await product.talk.say("amanda", "/halt_agents a look at the costs", thread="h")
    reply = await _ask(product, "nathan", words)
    assert "1 plan under way; 2 stories in progress, 1 blocked; nothing waits for approval" in reply.text
    assert "All agents are halted by Amanda Reyes-Holt: Said: “a look at the costs”" in reply.text


async def test_why_a_proposal_could_not_be_changed_is_no_news_of_what_runs(product: Product) -> None:
    await product.talk.say("david", "/build_feature PRD-2025-Q1-Dashboard", thread="b")
    await product.draft()
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        await tx.execute(update(PlanRow).values(why="All agents are halted. Try again when they go on."))
    reply = await _ask(product, "nathan", "what runs now")
    assert "waits for approval" in repr(reply.cards)
    assert "halted" not in repr(reply)


async def test_what_is_not_there_is_not_made_up(product: Product) -> None:
    reply = await _ask(product, "david", "where is the teleporter")
    assert "I find no feature, plan, story or request called “teleporter”" in reply.text
    reply = await _ask(product, "david", "CARD-4711")
    assert "There is no CARD-4711" in reply.text


async def test_customer_success_gets_own_items_in_plain_words_and_counts(product: Product) -> None:
    reply = await _ask(product, "rachel", "refunds by self-service")
    assert "1 of the 2 pieces of work for your customers are finished" in reply.text
    assert "Waits for the bank's answer" in reply.text
    shown = repr(reply)
    assert "1 other item of this is not your customers'" in shown
    for word in (MARKER, "sprint 1", "alpha", "P2", "halden", "Halden"):
        assert word not in shown, word
    assert reply.restricted
    overview = await _ask(product, "rachel", "what runs now")
    assert "1 request of your customers; 1 piece of work for them under way" in overview.text
    assert "2 other pieces of work under way is not theirs" in overview.text
    assert "Refund payments without asking" in repr(overview)


async def test_what_others_are_promised_is_not_there_for_customer_success(product: Product) -> None:
    for words in ("CARD-3", "CARD-4", "CARD-8", "EPIC-2", "Halden", "rotate certificates"):
        reply = await _ask(product, "rachel", words, thread=words)
        assert MARKER not in repr(reply)
        assert "no" in reply.text.casefold()


async def test_a_request_is_followed_to_its_items(product: Product) -> None:
    for person, words in (("rachel", "where is Acme's request"), ("david", "REQ-1")):
        reply = await _ask(product, person, words)
        assert "Refund payments without asking" in reply.text
        assert "Refund several payments at once: held up" in reply.text
        assert reply.restricted


def test_the_status_says_the_date_of_the_plan_while_its_stories_are_where_it_put_them() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    sprint = Sprint("s", "alpha", "S", date(2026, 12, 7), date(2026, 12, 21), 100.0)
    placed = story(1, "a", sprint="s")
    made = replace(
        draft(),
        schedule=(
            Scheduled("S1", "s", "alpha", sprint.starts, sprint.ends, sprint.starts, date(2026, 12, 15)),
        ),
    )
    plan = Planned("pl_1", made, {placed.id: "S1"})
    found = at([placed], {"s": sprint}, now, WorkingDays(), plan)
    assert (found.day, made.scheduled_to) == (date(2026, 12, 15), date(2026, 12, 15))
    assert "85 of 100 by 22 Jan 2027" in found.why
    moved = at([replace(placed, sprint="t")], {"t": replace(sprint, id="t")}, now, WorkingDays(), plan)
    assert moved.day == date(2026, 12, 18)


def test_a_date_is_by_the_schedule_or_by_the_pace_or_not_given() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    expected = partial(at, days=WorkingDays())
    sprint = Sprint("s", "alpha", "S", date(2026, 12, 7), date(2026, 12, 21), 100.0)
    over = Sprint("old", "alpha", "S", date(2026, 11, 2), date(2026, 11, 16), 100.0)
    sprints = {"s": sprint, "old": over}
    placed, loose = story(1, "a", sprint="s"), story(2, "b")
    done = [story(n, "c", **DONE) for n in (3, 4)]
    late = story(5, "d", sprint="old")
    assert expected([placed], sprints, now).day == date(2026, 12, 18)
    closed = WorkingDays(off=frozenset({date(2026, 12, 18)}))
    assert at([placed], sprints, now, closed).day == date(2026, 12, 17)
    # Two open stories at two in eight weeks: eight weeks on.
    assert expected([placed, loose, *done], sprints, now).day == date(2027, 1, 18)
    assert expected([late, *done], sprints, now).day == date(2026, 11, 23) + timedelta(weeks=4)
    assert expected([loose], sprints, now).day is None
    assert "1 of its open stories has no sprint" in expected([loose], sprints, now).why
    long_ago = story(6, "e", **{**DONE, "finished": NOW - timedelta(weeks=9)})
    assert expected([loose, long_ago], sprints, now).day is None
    assert expected([story(7, "f", status=StoryStatus.CANCELLED)], sprints, now).day is None
