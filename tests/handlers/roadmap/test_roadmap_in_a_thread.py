"""Roadmaps as people talk about them: asked about, supposed otherwise, adopted, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.roadmap.actions import AdoptRoadmap
from agents.roadmap.draw_step import KIND
from agents.roadmap.kept import kept_roadmap
from agents.roadmap.tables import RoadmapRow
from agents.work.kinds import Step, StepFailed
from agents.work.tables import RunRow
from governance.action import Action, Grant, Outcome, OutcomeState
from governance.registry import EffectFailed
from handlers.catalogue import find_handlers
from handlers.conversation.cards import File, Reply
from handlers.conversation.router import Router
from handlers.delivery.roadmap.document import as_csv, as_markdown
from handlers.language.recogniser import Recogniser
from handlers.notices import find_notices
from integrations.ports import Ports
from integrations.tracker.vendors.local.history import History, take_over
from storage.database import Database
from tests.agents.acme_input import history
from tests.agents.roadmap.planted import SPAN, department, story
from tests.agents.roadmap.test_roadmap_drawn import drawn
from tests.handlers.conftest import Talk, buttons

ASKS = "/roadmap generate the roadmap for next quarter"


class Bench:
    """A worker that draws at once, for a test that has no processes."""

    def __init__(self, talk: Talk, ports: Ports) -> None:
        self._talk, self.ports = talk, ports
        self.model = None
        self.open_pull_requests = 0
        self.told: list[str] = []

    def now(self) -> datetime:
        return self._talk.now

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._talk.database.transaction(self._talk.tenant) as tx:
            yield tx

    async def keep(self, cursor: Any) -> None:
        raise AssertionError(cursor)

    async def tell(self, detail: str) -> None:
        self.told.append(detail)


@pytest.fixture
async def planned(talk: Talk, database: Database, tenant: str, recogniser: Recogniser) -> Talk:
    """The sample with its backlog, and somebody who understands."""
    stories, epics, sprints = history()
    async with database.transaction(tenant) as tx:
        await take_over(tx, "sample", History(epics, sprints, stories, (), ()))
    talk.router = Router(find_handlers(), recogniser, recogniser)
    return talk


async def _draw(talk: Talk) -> RoadmapRow:
    """Work out the roadmap that was asked for last."""
    async with talk.desk() as desk:
        ports = desk.ports
        query = select(RoadmapRow).where(RoadmapRow.draft.is_(None)).order_by(RoadmapRow.created.desc())
        row = (await desk.tx.execute(query.limit(1))).scalar_one()
    step = Step(talk.tenant, row.run or "", "", "", {"roadmap": row.id}, None, None, None, 1, None, {})
    await KIND.work(step, Bench(talk, ports))  # type: ignore[arg-type]
    async with talk.desk() as desk:
        return (await desk.tx.execute(select(RoadmapRow).where(RoadmapRow.id == row.id))).scalar_one()


async def _shown(talk: Talk, row: RoadmapRow) -> Reply:
    """Its card, as a notice shows it."""
    async with talk.desk() as desk:
        reply = await find_notices()["roadmap"].render(desk, {"run": row.run}, None)
    assert reply is not None
    return reply


async def test_a_roadmap_is_asked_about_in_its_thread(planned: Talk) -> None:
    asked = await planned.say("david", ASKS)
    assert "Working out the roadmap Q1 2027" in asked.replies[0].text
    row = await _draw(planned)
    card = await _shown(planned, row)
    assert card.key == f"run:{row.run}"
    assert {"adopt_roadmap", "roadmap_what_if"} <= set(buttons(card))
    names = [block.name for one in card.cards for block in one.blocks if isinstance(block, File)]
    assert names == ["roadmap-q1-2027.md", "roadmap-q1-2027.csv", "roadmap-q1-2027.png"]
    shown = json.loads(row.draft or "")
    facts = {fact.id: fact.value for fact in card.facts}
    assert facts["in"] == len(shown["chosen"])
    assert facts["EPIC-36.chance"] == round(
        100 * next(o["chance"] for o in shown["chosen"] if o["id"] == "EPIC-36"), 1
    )
    assert not any(fact.unit == "USD" for fact in card.facts)

    why = await planned.say("david", "why is single sign-on groundwork in?")
    assert "Single sign-on groundwork (EPIC-36) is in: priority P1." in why.replies[0].text
    supposed = await planned.say("david", "what if we had two more engineers in Gamma?")
    assert "Working out the roadmap" in supposed.replies[0].text
    second = await _draw(planned)
    assert second.parent == row.id
    assert json.loads(second.wishes)["more"] == [{"team": "gamma", "count": 2, "discipline": ""}]
    less = await planned.say("david", "without the admin console")
    assert "Working out the roadmap" in less.replies[0].text, less.replies[0].text
    third = await _draw(planned)
    assert third.parent == second.id
    assert json.loads(third.wishes)["more"], "one adds to the other"
    out = await planned.say("david", "why is the admin console out?")
    assert "is out: left out, as asked" in out.replies[0].text


async def test_words_alone_adopt_nothing_and_the_button_asks_by_the_matrix(planned: Talk) -> None:
    await planned.say("david", ASKS)
    row = await _draw(planned)
    for words in ("make it the plan of record", "approved", "approve the roadmap"):
        said = await planned.say("david", words)
        assert "Press the button" in said.replies[0].text, words
        assert buttons(said.replies[0])["adopt_roadmap"].subject == row.id
    refused = await planned.press("mei.tanemori", "adopt_roadmap", row.id)
    assert "roles" in refused.replies[0].text
    reader = await planned.press("carlos", "adopt_roadmap", row.id)
    assert "change nothing here" in reader.replies[0].text
    done = await planned.press("priya", "adopt_roadmap", row.id)
    assert "approved" in done.replies[0].text
    async with planned.desk() as desk:
        asked = (await desk.tx.execute(text("SELECT title, status FROM approvals"))).all()
    assert [tuple(one) for one in asked] == [("Roadmap Q1 2027 as the plan of record", "approved")]


async def _adopt(talk: Talk, row: RoadmapRow, **different: Any) -> str:
    """Submit the adoption of a roadmap, approve it, and have it performed; what came of it."""
    action = AdoptRoadmap(
        roadmap=row.id,
        name=row.name,
        drawn=row.digest or "",
        starts=row.starts,
        ends=row.ends,
        items=1,
        hours="1",
        rationale="so",
        impact="so",
        rollback_plan="so",
    )
    return await _change(talk, action.model_copy(update=different))


async def _change(talk: Talk, action: Action) -> str:
    grant = Grant("gr_1", talk.tenant, "ef_1", action.digest(), 0, talk.now)
    async with talk.database.transaction(talk.tenant) as tx:
        spec = talk.gate.registry.spec(action.type)
        assert spec.change is not None
        return (await spec.change(action, grant, tx)).detail


async def test_the_plan_of_record_is_one_for_its_time_and_can_be_taken_back(planned: Talk) -> None:
    await planned.say("david", ASKS)
    first = await _draw(planned)
    await planned.say("david", "/roadmap generate the roadmap for the first half of 2027", "t2")
    second = await _draw(planned)
    with pytest.raises(EffectFailed, match="not what was put to the vote"):
        await _adopt(planned, first, drawn="0" * 64)
    await _adopt(planned, first)
    with pytest.raises(EffectFailed, match="already"):
        await _adopt(planned, first)
    await _adopt(planned, second)
    assert await _states(planned) == {first.id: "superseded", second.id: "of_record"}
    spec = planned.gate.registry.spec("roadmap.adopt")
    async with planned.desk() as desk:
        row = await kept_roadmap(desk.tx, second.id)
        assert row.adopted == planned.now
    assert spec.undo is not None
    action = AdoptRoadmap(
        roadmap=second.id,
        name=second.name,
        drawn=second.digest or "",
        starts=second.starts,
        ends=second.ends,
        items=1,
        hours="1",
        rationale="so",
        impact="so",
        rollback_plan="so",
    )
    back = spec.undo(action, Outcome(OutcomeState.DONE, "", None))
    assert back is not None
    assert "Q1 2027 of before is the plan of record again" in await _change(planned, back)
    assert await _states(planned) == {first.id: "of_record", second.id: "withdrawn"}
    shown = await planned.say("amanda", "/roadmap show the roadmap", "t3")
    assert "Working out the roadmap Q1 2027" in shown.replies[0].text
    look = await _draw(planned)
    assert look.looks_at == first.id
    assert "Nothing drifted" in (await _shown(planned, look)).text


async def _states(talk: Talk) -> dict[str, str]:
    async with talk.desk() as desk:
        return {row.id: row.state for row in (await desk.tx.execute(select(RoadmapRow))).scalars()}


async def test_what_was_put_to_the_vote_is_what_is_adopted(planned: Talk) -> None:
    await planned.say("david", ASKS)
    row = await _draw(planned)
    async with planned.desk() as desk:
        other = update(RoadmapRow).where(RoadmapRow.id == row.id).values(draft=None, digest="0" * 64)
        await desk.tx.execute(other)
    said = await planned.press("david", "adopt_roadmap", row.id)
    assert "nothing on this roadmap" in said.replies[0].text


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("/roadmap generate the roadmap for Q1 2026", "Q1 2026 is over."),
        ("/roadmap generate the roadmap for 2029", "ends within two years"),
        (
            "/roadmap generate the Q2 roadmap with two more engineers",
            "In which team would “2 more engineers” be?",
        ),
    ],
)
async def test_what_cannot_be_planned_says_the_next_step(planned: Talk, words: str, answer: str) -> None:
    said = await planned.say("david", words)
    assert answer in said.replies[0].text
    async with planned.desk() as desk:
        assert (await desk.tx.execute(select(RunRow))).scalars().all() == []


async def test_who_asks_to_see_what_is_not_there_yet_is_told_so(planned: Talk) -> None:
    said = await planned.say("amanda", "/roadmap show the roadmap for Q1 2027")
    assert said.replies[0].text.startswith("No roadmap for Q1 2027 is the plan of record yet")
    early = await planned.say("amanda", "without the admin console")
    assert "Say it again once it is here" in early.replies[0].text
    row = await _draw(planned)
    assert row.looks_at is None


async def test_nothing_is_begun_while_agents_are_halted(planned: Talk) -> None:
    await planned.say("david", ASKS)
    await _draw(planned)
    await planned.say("amanda", "/halt_agents")
    for words in (ASKS, "what if we had two more engineers in Gamma?", "without the admin console"):
        said = await planned.say("david", words)
        assert "Nothing was begun" in said.replies[0].text, words
    async with planned.desk() as desk:
        assert len((await desk.tx.execute(select(RoadmapRow))).scalars().all()) == 1


async def test_a_form_that_supposes_nothing_is_asked_again(planned: Talk) -> None:
    await planned.say("david", ASKS)
    row = await _draw(planned)
    said = await planned.press("david", "roadmap_what_if", row.id, {"supposed": "make it nicer"})
    assert "I do not see what is to be different" in said.replies[0].text
    fine = await planned.press("david", "roadmap_what_if", row.id, {"supposed": "80% of the capacity"})
    assert "Working out" in fine.replies[0].text
    gone = await planned.press("david", "roadmap_what_if", "rm_000000000000", {"supposed": "80% capacity"})
    assert "not there any more" in gone.replies[0].text


async def test_a_time_that_ends_before_it_is_worked_out(planned: Talk) -> None:
    await planned.say("david", "/roadmap generate the roadmap for Q4 2026")
    planned.now = planned.now.replace(year=2027, month=2)
    with pytest.raises(StepFailed, match="Q4 2026 is over"):
        await _draw(planned)


def test_files_take_nothing_for_a_formula_or_markup() -> None:
    bad = [
        story("CARD-1", title='=HYPERLINK("http://example.org")', product="payments"),
        story("CARD-2", title="[here](http://example.org) | <b>bold</b>\n# Heading"),
    ]
    roadmap = drawn(bad)
    rows = list(csv.DictReader(io.StringIO(as_csv(roadmap, department()))))
    assert {row["title"] for row in rows} >= {'\'=HYPERLINK("http://example.org")'}
    document = as_markdown(roadmap, department())
    assert "[here](" not in document
    assert "\n# Heading" not in document
    assert "<b>" not in document.replace("\\<b", "")
    assert SPAN.name in document
