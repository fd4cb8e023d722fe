"""Is it down, and what is left of its error budget? Answered with figures, or with what is not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from governance.directory import person_by_identity
from governance.objectives import Objectives
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.conversation.memory import Memory
from handlers.conversation.turn import Said, Turn
from integrations.deployments import Stage
from integrations.metrics import Answer, CallEdge, Dimension, Measure, MetricsQuery, Resolution, Series
from tests.handlers.conftest import Talk


@dataclass
class Scripted:
    """`checkout` has ten requests a second, of which `failed` fail since `bad`; `search` has never failed."""

    bad: datetime
    failed: float = 4.0
    measured: tuple[str, ...] = field(default=("checkout", "search"))
    resolution: Resolution = field(default_factory=lambda: Resolution(timedelta(seconds=15)))

    async def series(self, query: MetricsQuery) -> Answer:
        names = [one for one in self.measured if query.service in (None, one)]
        found = tuple(self._series(query, name) for name in names)
        return Answer(found, self.bad, f"{query.measure} of {query.service}")

    def _series(self, query: MetricsQuery, name: str) -> Series:
        def value(at: datetime) -> float:
            if query.measure is Measure.REQUESTS:
                return 10.0
            if query.measure is Measure.FAILED:
                return self.failed if name == "checkout" and at > self.bad else 0.0
            return 0.05

        labels = {Dimension.SERVICE: name}
        return Series(query.measure, labels, query.times, tuple(map(value, query.times)), self.bad, "scripted")

    async def call_edges(self, _stage: Stage | None, _start: datetime, _end: datetime) -> Sequence[CallEdge]:
        return ()


async def _ask(talk: Talk, words: str, metrics: Scripted) -> Reply:
    place = Place("console", "nathan", "d1", Audience.DIRECT)
    async with talk.desk(Memory(place.key)) as desk:
        objectives = Objectives(availability=0.99)
        department = desk.department.model_copy(update={"objectives": objectives})
        measured = replace(desk, department=department, ports=replace(desk.ports, metrics=metrics))
        person = await person_by_identity(desk.tx, "console:nathan")
        turn = Turn(talk.tenant, "tu_x", "console:nathan", person, place, talk.now, Said(words))
        (reply,) = (await talk.router.answer(turn, measured)).replies
        return reply


async def test_what_fails_is_said_with_figures_and_its_incident(talk: Talk) -> None:
    await talk.say("nathan", "/incident declare an incident on checkout: customers cannot pay")
    talk.now += timedelta(minutes=20)  # what was so when it was declared is not what is usual
    reply = await _ask(talk, "/service is checkout down?", Scripted(talk.now - timedelta(minutes=20)))
    assert reply.text == (
        "Checkout in production fails more often than usual: 40.0% of 300 requests failed in the last half"
        " minute (usually 0.0%), 95 of 100 took less than 50 ms (usually 50 ms). INC-1 is open for it."
    )
    facts = {fact.id: fact.value for fact in reply.facts}
    assert facts == {"requests_now": 300, "failed_now": 40.0, "p95_now": 50}


async def test_what_is_well_and_what_is_not_measured(talk: Talk) -> None:
    metrics = Scripted(talk.now + timedelta(hours=1))
    assert (await _ask(talk, "/service is checkout ok?", metrics)).text.startswith(
        "Checkout in production is as usual: 0.0% of 300 requests failed"
    )
    coarse = replace(metrics, resolution=Resolution(timedelta(minutes=1)))
    reply = await _ask(talk, "/service is checkout ok?", coarse)
    assert "0.0% of 1200 requests failed in the last 120 s" in reply.text
    assert {fact.id: fact.unit for fact in reply.facts}["requests_now"] == "in 120 s"
    blind = await _ask(talk, "/service is checkout up?", replace(metrics, measured=()))
    assert blind.text == "I cannot tell how checkout in production is: nothing is measured of it."
    assert blind.facts == ()


async def test_the_error_budget_of_one_and_of_all(talk: Talk) -> None:
    metrics = Scripted(talk.now - timedelta(hours=5))
    reply = await _ask(talk, "/service what's our error budget?", metrics)
    # 5 h of 4 failures a second are 72,000; 1 % of 30 days of 10 a second are 259,200.
    assert reply.text == (
        "checkout has 72% of its error budget left: 72,000 requests failed where 259,200 of 25,920,000 may"
        " (99.00% are promised; 100% of the 30 days was measured)."
    )
    assert {fact.id: fact.value for fact in reply.facts}["budget_search"] == 100.0
    assert "search" in str(reply.cards)
    one = await _ask(talk, "/service error budget of search", metrics)
    assert one.text.startswith("search has 100% of its error budget left: 0 requests failed")
    worse = replace(metrics, failed=10.0, bad=talk.now - timedelta(days=2))
    spent = await _ask(talk, "/service error budget of checkout", worse)
    assert "has overspent its error budget by 567%" in spent.text


@pytest.mark.parametrize("words", ["/service error budget of checkout", "/service what is our error budget?"])
async def test_without_figures_there_is_no_budget(talk: Talk, words: str) -> None:
    reply = await _ask(talk, words, Scripted(talk.now, measured=()))
    assert reply.text.startswith("I do not know: nothing is measured of")
