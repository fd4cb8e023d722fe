"""What a digest says: what moved, what is blocked, what waits, what comes next; and nothing where there is
nothing to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, update

from agents.engineering.story_releases import keep_release
from agents.engineering.story_run import RUN
from agents.engineering.tables import StoryWorkRow
from agents.model_tables import ModelUseRow
from agents.work import runs
from agents.work.kinds import find_kinds
from governance.directory import person_by_id
from governance.tables import EffectRow, WindowRow
from handlers.conversation.cards import Button, Chart, Reply
from handlers.notices import find_notices
from handlers.office.digest.compose import digest_reply
from handlers.office.digests.settings import DigestKind
from integrations.tracker import StoryStatus
from integrations.tracker.vendors.local.tables import StoryRow
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy
from tests.handlers.digests.work import move
from tests.handlers.product.conftest import MARKER, NOW, Product, story

FRIDAY = NOW - timedelta(days=3)


async def given(talk: Talk, who: str | None, *kinds: DigestKind, since: datetime = FRIDAY) -> Reply | None:
    """A person's digest, or a channel's, as it is posted when it is due."""
    async with talk.desk() as desk:
        person = await person_by_id(desk.tx, who) if who else None
        return await digest_reply(desk, person, dict.fromkeys(kinds or (DigestKind.DAILY,), since))


async def test_it_says_what_moved_what_is_blocked_and_what_comes_next(product: Product) -> None:
    talk = product.talk
    await move(talk, "CARD-3", StoryStatus.DONE, NOW - timedelta(hours=20))
    await move(talk, "CARD-5", StoryStatus.IN_PROGRESS, NOW - timedelta(hours=2))
    await move(talk, "CARD-4", StoryStatus.BLOCKED, NOW - timedelta(hours=1), "The key is lost")
    await move(talk, "CARD-8", StoryStatus.SCHEDULED, NOW - timedelta(days=30))
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(StoryRow).where(StoryRow.id == "CARD-8").values(sprint="alpha-s1"))
    reply = await given(talk, "david")
    assert reply is not None
    assert reply.text.startswith("Daily summary. 1 story finished, 1 story started and 1 story newly blocked.")
    assert "CARD-4 (The key is lost) and CARD-2 (Waits for the bank's answer)" in reply.text
    assert f"Next: Halden's own export {MARKER}" in reply.text
    assert reply.personal
    shown = repr(reply.cards)
    assert "worked out without a model" in shown
    values = {fact.id: fact.value for fact in reply.facts}
    assert (values["daily.finished"], values["daily.started"], values["daily.blocked"]) == (1, 1, 2)
    assert all(fact.source.detail for fact in reply.facts)
    # What moved before the last one is not told again.
    later = await given(talk, "david", since=NOW - timedelta(minutes=30))
    assert later is not None
    assert "Nothing moved" in later.text


async def test_where_there_is_nothing_to_say_nothing_is_sent_unless_asked_for(product: Product) -> None:
    talk = product.talk
    assert await given(talk, "david", since=NOW) is not None  # CARD-2 is blocked
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(delete(StoryRow).where(StoryRow.status == StoryStatus.BLOCKED))
    everything = (DigestKind.DAILY, DigestKind.APPROVALS)
    for who in ("david", "rachel", None):
        assert await given(talk, who, *everything) is None
    ids = {"since": {kind.value: FRIDAY.isoformat() for kind in everything}}
    async with talk.desk() as desk:
        person = await person_by_id(desk.tx, "david")
        assert await find_notices()["digest"].render(desk, ids, person) is None
    (asked,) = (await talk.say("david", "/digest show me my digest now")).replies
    assert asked.text.startswith("Nothing moved since Mon 23 Nov 2026, 09:00 EST")


async def test_what_waits_comes_with_its_buttons_and_is_not_said_twice(product: Product) -> None:
    talk = product.talk
    await talk.submit(deploy("orders", "2.3.1"), "leila")
    daily = await given(talk, "nathan")
    assert daily is not None
    assert "1 decision waits for you: Deploy orders 2.3.1" in daily.text
    both = await given(talk, "nathan", DigestKind.DAILY, DigestKind.APPROVALS)
    assert both is not None
    assert both.text.count("Deploy orders 2.3.1") == 1
    assert {"approve", "deny"} <= set(buttons(both))
    leila = await given(talk, "leila", DigestKind.APPROVALS)
    assert leila is None  # she asked for it herself
    channel = await given(talk, None)
    assert channel is not None
    assert "orders" not in repr(channel)
    assert not channel.personal


async def test_customer_success_hears_of_her_customers_items_alone(product: Product) -> None:
    talk = product.talk
    await move(talk, "CARD-3", StoryStatus.DONE, NOW - timedelta(hours=20))
    await move(talk, "CARD-8", StoryStatus.DONE, NOW - timedelta(hours=20))
    await move(talk, "CARD-2", StoryStatus.DONE, NOW - timedelta(hours=3))
    await talk.say("david", "/build_feature PRD-2025-Q1-Dashboard")
    reply = await given(talk, "rachel")
    assert reply is not None
    assert "For your customers: 1 story finished." in reply.text
    shown = repr(reply)
    assert "Refund several payments at once" in shown
    for word in (MARKER, "alpha", "Team", "halden", "Halden", "PRD-2025", "CARD-"):
        assert word not in shown, word


async def test_the_dashboard_has_charts_with_words_and_a_forecast_where_history_allows(
    product: Product,
) -> None:
    talk = product.talk
    few = await given(talk, "amanda", DigestKind.WEEKLY)
    assert few is not None
    assert "too little history" in repr(few.cards)
    charts = [block for card in few.cards for block in card.blocks if isinstance(block, Chart)]
    assert len(charts) == 2
    done: dict[str, Any] = {"status": StoryStatus.DONE}
    async with talk.database.transaction(talk.tenant) as tx:
        for number in range(100, 160):
            made = story(number, f"Done {number}", finished=NOW - timedelta(days=3 * (number - 99)), **done)
            columns = {column.name for column in StoryRow.__table__.columns} - {"tenant", "number"}
            values = {name: getattr(made, name) for name in columns}
            for name in ("acceptance", "customers", "labels"):
                values[name] = list(values[name])
            tx.add(StoryRow(number=number, **values))
    reply = await given(talk, "amanda", DigestKind.WEEKLY)
    assert reply is not None
    charts = [block for card in reply.cards for block in card.blocks if isinstance(block, Chart)]
    assert len(charts) == 3
    assert all(chart.alt and chart.summary for chart in charts)
    assert "is done by" in reply.text
    values = {fact.id: fact.value for fact in reply.facts}
    assert values["weekly.blocked"] == 1
    assert datetime.fromisoformat(str(values["weekly.p50"])) <= datetime.fromisoformat(
        str(values["weekly.p85"])
    )
    assert reply.restricted


async def test_the_dashboard_tells_of_what_agents_did_this_week(product: Product) -> None:
    talk, last_week = product.talk, FRIDAY - timedelta(days=7)
    async with talk.database.transaction(talk.tenant) as tx:
        for number, finished, state in ((1, NOW, "done"), (2, NOW, "failed"), (3, last_week, "done")):
            tx.add(_merge(f"ef_{number}", finished, state))
        for cost, at in ((Decimal("1.25"), NOW), (Decimal("9"), last_week)):
            tx.add(
                ModelUseRow(
                    run=None,
                    subject="x",
                    role="qa",
                    model="m",
                    input_tokens=1,
                    output_tokens=1,
                    cost=cost,
                    at=at,
                )
            )
        run = await runs.begin(tx, find_kinds(), RUN.name, "CARD-3", (), requester="david")
        tx.add(
            StoryWorkRow(
                run=run.id, story="CARD-3", repository="orders", discipline="backend", answers="nathan",
                brief={}, base_branch="main", base="0" * 40, branch="countersign/x",
            )
        )  # fmt: skip
        await tx.flush()
        await keep_release(tx, run.id, service="orders", version="1.0", staged=NOW, produced=last_week)
    reply = await given(talk, "amanda", DigestKind.WEEKLY)
    assert reply is not None
    values = {fact.id: (fact.value, fact.unit) for fact in reply.facts}
    assert values["weekly.merged"] == (1, "")
    assert (values["weekly.staging"], values["weekly.production"]) == ((1, ""), (0, ""))
    assert (Decimal(str(values["weekly.models"][0])), values["weekly.models"][1]) == (Decimal("1.25"), "USD")
    assert "('Models cost', '1.25 USD')" in repr(reply.cards)
    async with talk.database.transaction(talk.tenant) as tx:
        tx.add(
            ModelUseRow(run=None, subject="x", role="qa", model="n", input_tokens=1, output_tokens=1, at=NOW)
        )
    reply = await given(talk, "amanda", DigestKind.WEEKLY)
    assert reply is not None
    assert "('Models cost', 'not known')" in repr(reply.cards)
    values = {fact.id: (fact.value, fact.unit) for fact in reply.facts}
    assert values["weekly.models"] == ("not known", ""), "what is known of it is not all of it"


def _merge(id: str, finished: datetime, state: str) -> EffectRow:
    return EffectRow(
        id=id, action_type="code.merge_pull_request", decision_type="merge_nonbreaking", body={}, digest="d",
        actor={}, requester=None, process="p", cost=Decimal(0), state=state, ruling={}, created=finished,
        finished=finished,
    )  # fmt: skip


async def test_two_directors_who_ask_get_the_same_figures(product: Product) -> None:
    one, other = [await given(product.talk, who, DigestKind.WEEKLY) for who in ("amanda", "leila")]
    assert one is not None
    assert other is not None
    assert [fact.value for fact in one.facts] == [fact.value for fact in other.facts]


@pytest.mark.parametrize(
    ("who", "may"), [("carlos", True), ("yusuf", True), ("amanda", False), ("priya", False)]
)
async def test_somebodys_digest_is_read_by_them_and_by_compliance(
    product: Product, who: str, may: bool
) -> None:
    (reply,) = (await product.talk.say(who, "/digest show me David's digest")).replies
    assert ("Blocked: CARD-2" in reply.text) is may
    assert reply.personal is may
    if not may:
        assert "read by David Lindqvist and the compliance officer alone" in reply.text


async def test_an_auditor_reads_it_while_an_audit_lasts(product: Product) -> None:
    talk = product.talk
    (no,) = (await talk.say("agnes", "/digest show me David's digest")).replies
    assert not no.personal
    async with talk.database.transaction(talk.tenant) as tx:
        span = {"starts": datetime(2026, 11, 1, tzinfo=UTC), "ends": datetime(2026, 12, 1, tzinfo=UTC)}
        tx.add(WindowRow(id="wi_1", mode="audit", opened_by="carlos", reason="SOC 2", **span))
    (yes,) = (await talk.say("agnes", "/digest show me David's digest")).replies
    assert yes.personal


async def test_asked_for_a_day_it_begins_with_that_day(product: Product) -> None:
    talk = product.talk
    await move(talk, "CARD-3", StoryStatus.DONE, datetime(2026, 11, 22, 16, 0, tzinfo=UTC))
    (now,) = (await talk.say("david", "/digest what happened today")).replies
    assert "Nothing moved" in now.text
    (yesterday,) = (await talk.say("david", "/digest what happened yesterday in short")).replies
    assert "1 story finished" in yesterday.text


async def test_turned_off_between_firing_and_posting_it_is_not_posted(product: Product) -> None:
    talk = product.talk
    ids = {"since": {"daily": FRIDAY.isoformat()}}

    async def posted() -> Reply | None:
        async with talk.desk() as desk:
            person = await person_by_id(desk.tx, "david")
            return await find_notices()["digest"].render(desk, ids, person)

    assert await posted() is not None
    await talk.say("david", "/digest turn off my daily summary")
    assert await posted() is None


async def test_the_button_shows_whoever_presses_it_their_own(product: Product) -> None:
    button = Button("Show me my digest now", "show_digest", "david")
    (reply,) = (await product.talk.press("rachel", button.verb, button.subject)).replies
    assert "For your customers" in reply.text
    assert MARKER not in repr(reply)
