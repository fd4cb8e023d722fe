"""Work in the tracker is replanned: proposed with old and new, approved, and moved by one gated effect."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, text

from agents.actions import ReplanPlan
from agents.plans.replanning import Replanning
from agents.plans.rows import steps_of
from governance.approvals.store import approval_row
from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from governance.overrides.rows import lay
from governance.people import Role
from governance.performing import Performer
from governance.tables import ApprovalRow, EffectRow
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Reply, Table
from handlers.delivery.plans.approval_details import CHANGE_DETAILS
from integrations.tracker import Sprint, SprintQuery, Story, StoryChange, StoryEdit, StoryQuery, StoryStatus
from integrations.tracker.vendors.local.history import History, take_over
from integrations.tracker.vendors.local.tables import CounterRow
from storage.database import Database
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import DONE, Product, story
from tests.integrations.tracker_drafts import grant

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
BUILD = "/build_feature build PRD-2025-Q1-Dashboard"
FIRST = date(2026, 12, 7)
DISCIPLINES = ("backend", "frontend", "data", "qa", "design", "security")


def sprints_to_come() -> list[Sprint]:
    """Ten sprints of Insights to come, beside those that are there."""
    return [
        Sprint(
            f"insights-n{n}",
            "insights",
            f"Insights Team, sprint {20 + n}",
            FIRST + timedelta(weeks=2 * n),
            FIRST + timedelta(weeks=2 * n + 2),
            400.0,
        )
        for n in range(1, 11)
    ]


def work_done() -> list[Story]:
    titles = ("Show the orders of a customer", "Chart of revenue a month", "Filter the dashboard by region")
    return [
        story(
            100 + n,
            f"{titles[n % 3]} {n}",
            team="insights",
            discipline=DISCIPLINES[n % len(DISCIPLINES)],
            **DONE | {"actual_hours": 8.0 + n % 5},
        )
        for n in range(36)
    ]


class SetUp:
    """The dashboard plan with its stories in the tracker, made through the gate like everything after it."""

    def __init__(self, product: Product) -> None:
        self.product, self.talk = product, product.talk
        self.ported = {"tracker": lambda _tenant: product.tracker}
        database = product.talk.database
        self.performer = Performer(database, product.talk.gate, self.ported, process="test")
        self.sequencer = Sequencer(database, lambda tenant: signer_for(KEY, tenant))

    async def approve(self, who: str, approval: str | None) -> Reply:
        assert approval is not None
        (reply,) = (await self.talk.press(who, "approve", approval)).replies
        return reply

    async def carry_on(self) -> None:
        """Perform what is ready and advance the plan, until nothing is left to do."""
        plan = await self.product.plan()
        while True:
            while await self.sequencer.sequence(self.talk.tenant):
                pass
            async with self.talk.database.transaction(self.talk.tenant) as tx:
                ready = select(EffectRow.id).where(EffectRow.state == "ready")
                waiting = list((await tx.execute(ready.where(EffectRow.finished.is_(None)))).scalars())
            for effect in waiting:
                await self.performer.perform(self.talk.tenant, effect)
            await self.product.advance(plan.id)
            async with self.talk.database.transaction(self.talk.tenant) as tx:
                more = (await tx.execute(ready)).first()
            if more is None and not waiting:
                return

    async def replan(self, person: str = "david") -> None:
        """The job that was queued."""
        author = self.product._author()
        replanning = Replanning(self.talk.database, self.talk.gate, author, lambda _: nullcontext())  # type: ignore[arg-type, return-value]
        await replanning.replan(self.talk.tenant, (await self.product.plan()).id, person)

    async def proposal(self) -> ApprovalRow:
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            query = select(ApprovalRow).where(ApprovalRow.decision_type == "plan_change")
            return (await tx.execute(query.order_by(ApprovalRow.opened.desc()).limit(1))).scalar_one()

    async def stories(self) -> dict[str, Story]:
        epic = (await self.product.plan()).epic
        return {
            story.id: story
            for story in (await self.product.tracker.stories(EVERYTHING, StoryQuery(epic=epic))).items
        }

    async def bring(self, status: StoryStatus, *stories: str) -> None:
        edits = [StoryEdit(story, StoryChange(status=status)) for story in stories]
        await self.product.tracker.change_stories(grant(), edits)

    async def refused(self) -> str:
        ((reply, _),) = await self.talk.notices("plan_not_replanned")
        assert reply is not None
        return reply.text


@pytest.fixture
async def set_up(product: Product, database: Database, tenant: str) -> SetUp:
    async with database.transaction(tenant) as tx:
        await tx.execute(delete(CounterRow).where(CounterRow.kind == "CARD"))
        await take_over(tx, "more work", History((), sprints_to_come(), work_done(), (), ()))
    await product.talk.say("david", BUILD)
    await product.draft()
    made = SetUp(product)
    await made.approve("david", (await product.plan()).approval)
    await made.carry_on()
    assert (await product.plan()).state == "created"
    return made


async def _asked(set_up: SetUp, words: str = "/plan replan the dashboard plan") -> Reply:
    (reply,) = (await set_up.talk.say("david", words)).replies
    await set_up.replan()
    return reply


async def _card(set_up: SetUp) -> Reply:
    return [reply for reply, _ in await set_up.talk.notices("approval_requested") if reply is not None][-1]


async def test_what_is_open_is_proposed_anew_and_moved_when_it_is_approved(set_up: SetUp) -> None:
    before = await set_up.stories()
    begun = sorted(before)[:3]
    await set_up.bring(StoryStatus.IN_PROGRESS, *begun)
    await set_up.bring(StoryStatus.DONE, *begun[:2])
    set_up.talk.now += timedelta(weeks=6)
    reply = await _asked(set_up)
    assert "What is done or under way stays" in reply.text
    assert await set_up.stories() == await set_up.stories()
    proposal = await set_up.proposal()
    assert (proposal.status, proposal.title) == ("open", "Replan Customer Dashboard")
    card = await _card(set_up)
    (table,) = [block for card in card.cards for block in card.blocks if isinstance(block, Table)]
    assert {row[0] for row in table.rows}.isdisjoint(begun)
    assert any("→" in row[2] for row in table.rows)
    assert "3 stories done or under way stay" in repr(card)
    assert set(buttons(card)) == {"approve", "deny"}
    assert "being carried out" in (await set_up.approve("david", proposal.id)).text
    await set_up.carry_on()
    after = await set_up.stories()
    today = set_up.talk.now.date()
    starts = {
        sprint.id: sprint.starts for sprint in (await set_up.product.tracker.sprints(SprintQuery())).items
    }
    for name, now in after.items():
        if name in begun:
            assert now.sprint == before[name].sprint
        elif now.sprint:
            assert starts[now.sprint] >= today
    assert {row[0] for row in table.rows} == {
        name
        for name in after
        if (after[name].sprint, after[name].estimate_hours)
        != (before[name].sprint, before[name].estimate_hours)
    }
    plan = await set_up.product.plan()
    assert (plan.state, plan.version) == ("created", 2)
    progress = await set_up.product.card(plan.id, "plan_progress")
    assert f"Move {len(table.rows)} open stories" in repr(progress.cards)


async def test_it_is_one_intent_and_one_outcome_each_and_says_so_in_the_log(set_up: SetUp) -> None:
    set_up.talk.now += timedelta(weeks=6)
    await _asked(set_up)
    await set_up.approve("amanda", (await set_up.proposal()).id)
    await set_up.carry_on()
    async with set_up.talk.database.transaction(set_up.talk.tenant) as tx:
        query = text(
            "SELECT type, kind FROM audit_entries WHERE type IN ('plan.replan', 'tracker.reschedule_stories')"
            " AND kind IN ('intent', 'outcome') ORDER BY id"
        )
        recorded = [tuple(row) for row in await tx.execute(query)]
    assert sorted(recorded) == [
        (kind, stage)
        for kind in ("plan.replan", "tracker.reschedule_stories")
        for stage in ("intent", "outcome")
    ]
    (moved,) = await set_up.product.effects("tracker.reschedule_stories")
    assert (moved.state, moved.approval, moved.actor["on_behalf_of"]) == ("done", None, "david")


async def test_until_it_is_approved_nothing_moves_and_a_denied_one_never_does(set_up: SetUp) -> None:
    before = await set_up.stories()
    set_up.talk.now += timedelta(weeks=6)
    await _asked(set_up)
    await set_up.carry_on()
    assert await set_up.stories() == before
    await set_up.talk.press("amanda", "deny", (await set_up.proposal()).id, {"reason": "not now"})
    await set_up.carry_on()
    assert await set_up.stories() == before
    plan = await set_up.product.plan()
    assert (plan.state, plan.version) == ("created", 1)


async def test_a_newer_replanning_takes_the_place_of_one_that_waits(set_up: SetUp) -> None:
    set_up.talk.now += timedelta(weeks=6)
    await _asked(set_up)
    old = (await set_up.proposal()).id
    set_up.talk.now += timedelta(weeks=4)
    await _asked(set_up)
    new = (await set_up.proposal()).id
    async with set_up.talk.desk() as desk:
        assert (await approval_row(desk.tx, old)).status == "superseded"
    assert "superseded" in (await set_up.approve("david", old)).text
    await set_up.approve("david", new)
    await set_up.carry_on()
    assert (await set_up.product.plan()).version == 2


async def test_a_story_that_was_begun_since_keeps_them_all_where_they_are(set_up: SetUp) -> None:
    set_up.talk.now += timedelta(weeks=6)
    await _asked(set_up)
    card = await _card(set_up)
    (table,) = [block for card in card.cards for block in card.blocks if isinstance(block, Table)]
    await set_up.bring(StoryStatus.IN_PROGRESS, table.rows[0][0])
    before = await set_up.stories()
    await set_up.approve("david", (await set_up.proposal()).id)
    await set_up.carry_on()
    assert await set_up.stories() == before
    (moved,) = await set_up.product.effects("tracker.reschedule_stories")
    assert moved.state == "failed"
    plan = await set_up.product.plan()
    async with set_up.talk.desk() as desk:
        last = (await steps_of(desk.tx, plan.id))[-1]
    assert (plan.state, last.state) == ("created", "failed")
    assert "has changed since" in (last.detail or "")


async def test_it_starts_when_the_words_say(set_up: SetUp) -> None:
    reply = await _asked(set_up, "/plan reschedule the dashboard plan to start in February")
    assert "not before 2027-02-01" in reply.text
    await set_up.approve("david", (await set_up.proposal()).id)
    await set_up.carry_on()
    starts = {
        sprint.id: sprint.starts for sprint in (await set_up.product.tracker.sprints(SprintQuery())).items
    }
    placed = [starts[story.sprint] for story in (await set_up.stories()).values() if story.sprint]
    assert placed
    assert min(placed) >= date(2027, 2, 1)


@pytest.mark.parametrize(
    "words", ["adjust the dashboard plan to 150 hours", "change the plan: drop the last two stories"]
)
async def test_what_it_cannot_change_there_it_says(set_up: SetUp, words: str) -> None:
    (reply,) = (await set_up.talk.say("david", f"/plan {words}")).replies
    assert "single stories are changed by themselves" in reply.text


async def test_where_nothing_would_move_or_nothing_is_open_it_says_so(set_up: SetUp) -> None:
    await _asked(set_up)
    first = await set_up.talk.notices("plan_not_replanned")
    if not first:  # the estimates have learned from the day's work: what that moves is carried out first
        await set_up.approve("david", (await set_up.proposal()).id)
        await set_up.carry_on()
        await _asked(set_up)
    assert "every open story keeps its sprint" in await set_up.refused()
    await set_up.bring(StoryStatus.CANCELLED, *(await set_up.stories()))
    await _asked(set_up)
    told = [reply.text for reply, _ in await set_up.talk.notices("plan_not_replanned") if reply is not None]
    assert any("nothing is left to schedule" in one for one in told)


async def test_a_freeze_of_planning_refuses_it_and_the_thread_hears_why(set_up: SetUp) -> None:
    set_up.talk.now += timedelta(weeks=6)
    await set_up.talk.say("david", "/plan replan the dashboard plan")
    async with set_up.talk.database.transaction(set_up.talk.tenant) as tx:
        roles = frozenset({Role.COMPLIANCE_OFFICER})
        lay(
            tx,
            "freeze",
            "process",
            subject="planning",
            reason="audit",
            by="carlos",
            roles=roles,
            at=set_up.talk.now,
        )
    await set_up.replan()
    assert "froze the process planning (audit)" in await set_up.refused()


async def test_others_do_not_replan(set_up: SetUp) -> None:
    for person in ("carlos", "rachel", "nathan"):
        await set_up.talk.say(person, "/plan replan the dashboard plan", thread=person)
    async with set_up.talk.database.transaction(set_up.talk.tenant) as tx:
        queued = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'replan'")
        tenant = " AND args->>'tenant' = current_setting('app.tenant')"
        assert (await tx.execute(text(queued.text + tenant))).scalar_one() == 0


async def test_of_a_long_list_of_stories_those_that_are_not_shown_are_counted(set_up: SetUp) -> None:
    set_up.talk.now += timedelta(weeks=6)
    await _asked(set_up)
    proposal = await set_up.proposal()
    (effect,) = await set_up.product.effects("plan.replan")
    action = ReplanPlan.model_validate(
        {name: value for name, value in effect.body.items() if name in ReplanPlan.model_fields}
    )
    place = action.stories[0]
    many = action.model_copy(update={"stories": tuple(replace(place, story=f"CARD-{n}") for n in range(1, 46))})
    async with set_up.talk.desk() as desk:
        details = await CHANGE_DETAILS.describe(desk, proposal, [many])
    (table,) = [block for block in details.blocks if isinstance(block, Table)]
    assert len(table.rows) == 40
    assert "and 5 more stories." in repr(details.blocks)
