"""“What caused the latency spike at 3 AM?” in chat, over a stage whose figures are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.findings import Findings
from agents.operations.incident_tables import IncidentRow
from agents.sre import Suggested
from handlers.conversation.cards import Bullets, Button, Buttons, Chart, Reply, Small
from handlers.conversation.desk import Desk
from handlers.conversation.memory import Memory
from handlers.operations.explain_incident.when import when_said
from integrations.deployments import Canary, ChangeKind, Running, Status, Target
from integrations.looked import looked
from storage.look import Away, Look, NotLooked
from tests.agents.operations.recorded_stage import NOW, RecordedStage, seconds
from tests.handlers.conftest import Talk

BEGAN = NOW.replace(hour=8, minute=2)
"""03:02 in New York, where Nathan is, an hour ago."""
OUTSIDE = ("metrics", "deployments")
SPIKE = "/explain_incident what caused the latency spike at 3 AM?"


class Recorded(RecordedStage):
    """With a version that runs."""

    running = "1.43.1"
    look: Look | None = None
    begun = 0
    canary: Canary | None = None

    async def status(self, target: Target) -> Status:
        stable = Running(self.running, "d" * 64, 2, 2)
        return Status(target, stable, self.canary, "http://127.0.0.1:9", NOW)


def recorded(**planted: Any) -> Recorded:
    return Recorded(**{"began": BEGAN, "ended": BEGAN + timedelta(minutes=17)} | planted)


@pytest.fixture
def hears(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let people talk about a stage."""
    talk.now = NOW
    made = talk._desk

    def use(stage: Recorded) -> Talk:
        async def desk(tx: AsyncSession, memory: Memory) -> Desk:
            real = await made(tx, memory)
            fake = cast(Any, stage)
            seen = {name: looked(name, fake, stage.look) if stage.look else fake for name in OUTSIDE}
            stage.begun += 1
            now = real.now + seconds(stage.begun) if stage.look else real.now
            return replace(real, now=now, ports=replace(real.ports, **seen))

        monkeypatch.setattr(talk, "_desk", desk)
        return talk

    return use


async def ask(talk: Talk, text: str = SPIKE, who: str = "nathan") -> Reply:
    (reply,) = (await talk.say(who, text)).replies
    return reply


GUESS = "A pool may be too small."


@pytest.mark.parametrize("answers", [True, False])
async def test_what_a_model_adds_is_said_to_be_its_own(
    hears: Any, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    talk = hears(recorded(slower={"payments": 6.0}))
    without = await ask(talk)
    made = talk._desk

    async def suggested(_findings: Findings) -> Suggested | None:
        if not answers:
            raise Away("The model", "did not answer")
        return Suggested("Payments waited.", (GUESS,))

    async def desk(tx: AsyncSession, memory: Memory) -> Desk:
        return replace(await made(tx, memory), suggest=suggested)

    monkeypatch.setattr(talk, "_desk", desk)
    reply = await ask(talk)
    assert reply.text == without.text, "the answer is what was computed"
    assert [fact.id for fact in reply.facts] == [fact.id for fact in without.facts]
    assert ("model" in repr(without.cards), GUESS in repr(without.cards)) == (False, False)
    assert (GUESS in repr(reply.cards), "neither measured nor computed" in repr(reply.cards)) == (
        answers,
        answers,
    )


async def test_where_nothing_was_worse_no_model_is_asked(hears: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = hears(recorded())
    made, asked = talk._desk, []

    async def suggested(findings: Findings) -> Suggested | None:
        asked.append(findings)
        return None

    async def desk(tx: AsyncSession, memory: Memory) -> Desk:
        return replace(await made(tx, memory), suggest=suggested)

    monkeypatch.setattr(talk, "_desk", desk)
    assert "was not worse" in (await ask(talk, "/explain_incident why was checkout slow at 3 AM?")).text
    assert asked == []


def pressable(reply: Reply) -> list[Button]:
    blocks = (block for card in reply.cards for block in card.blocks)
    return [button for block in blocks if isinstance(block, Buttons) for button in block.buttons]


async def test_the_cause_is_said_in_one_sentence_with_what_changed_before_it(hears: Any) -> None:
    stage = recorded(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN - seconds(40), before="1.43.0")
    reply = await ask(hears(stage))
    share = next(fact.value for fact in reply.facts if fact.id == "latency_1_share")
    assert reply.text == (
        f"Payments' own time explains {share:.0f} % of the added waiting of checkout in production, from 03:02"
        " to 03:19; 1.43.1 was deployed there 40 s before (commit c0ffee1, by wei.zhangwen, for CARD-7)."
    )
    (card,) = reply.cards
    assert card.title == "checkout in production: latency"
    causes, changes = [block for block in card.blocks if isinstance(block, Bullets)]
    assert "a request took" in str(causes.items)
    assert "payments: 1.43.1 was deployed 40 s before" in str(changes.items)
    assert any(isinstance(block, Chart) for block in card.blocks)
    rollback, service = pressable(reply)
    assert (rollback.verb, rollback.subject) == (
        "ask",
        "rollback roll back payments to 1.43.0 in production",
    )
    assert service.subject == "service what of payments runs in production?"


async def test_what_does_not_stand_any_more_cannot_be_taken_back(hears: Any) -> None:
    stage = recorded(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN - seconds(40), before="1.43.0")
    stage.running = "1.43.2"
    assert [one.label for one in pressable(await ask(hears(stage)))] == ["What runs of payments?"]
    stage.running = "1.43.1"
    product_owner = pressable(await ask(hears(stage), who="priya"))
    assert [one.label for one in product_owner] == ["What runs of payments?"], "who may not roll back"


async def test_a_canary_under_way_can_be_aborted(hears: Any) -> None:
    stage = recorded(slower={"payments": 6.0})
    stage.deployed("payments", "1.44.0", BEGAN - seconds(10), ChangeKind.CANARY_BEGUN)
    stage.changes[0] = replace(stage.changes[0], canary="k1", share=0.25)
    stage.canary = Canary("k1", "1.44.0", "d" * 64, 1, 1, 0.25, 9.0)
    reply = await ask(hears(stage))
    assert "a canary of 1.44.0 began (25 % of the traffic) there 10 s before" in reply.text
    assert pressable(reply)[0].subject == "deploy abort the canary of payments in production"


async def test_a_change_that_came_later_is_told_and_cleared(hears: Any) -> None:
    stage = recorded(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN + timedelta(minutes=5))
    reply = await ask(hears(stage))
    assert reply.text.endswith("nothing is known to have changed there in the hour before.")
    assert "1.43.1 was deployed 5 min after it had begun" in str(reply.cards)
    assert "so it did not begin it" in str(reply.cards)


async def test_nobody_is_named_where_only_traffic_rose(hears: Any) -> None:
    stage = recorded(traffic=6.0)
    stage.deployed("payments", "1.43.1", BEGAN - seconds(40))
    reply = await ask(hears(stage))
    assert reply.text == (
        "None of 4 measured services in production took longer than usual at its traffic from 02:00 to 04:00."
    )
    assert "payments" not in reply.text
    assert pressable(reply) == []


async def test_i_do_not_know_says_what_was_looked_at_and_what_to_do(hears: Any) -> None:
    lost = await ask(hears(recorded(slower={"payments": 6.0}, nan=frozenset({"payments"}))))
    assert lost.text.startswith("I do not know: checkout in production took longer than usual, from 03:02 to")
    assert "Look at payments first" in str(lost.cards)
    (small,) = [block for block in lost.cards[0].blocks if isinstance(block, Small)]
    assert "Silent meanwhile, so that its callers are not judged: payments." in str(small.parts)
    blip = await ask(hears(recorded(slower={"payments": 20.0}, ended=BEGAN + timedelta(minutes=1))))
    assert "in one window of 60 s alone at 03:02, which may be chance" in blip.text
    short = recorded(slower={"payments": 6.0}, since=NOW - timedelta(minutes=8))
    text = (await ask(hears(short), "/explain_incident why is checkout slow?")).text
    assert text.startswith("I do not know: of checkout in production only")
    assert "it takes 10 to compare with" in text


async def test_the_outside_is_asked_six_times_and_nothing_twice(hears: Any) -> None:
    """An act begins again after each look, a little later."""
    stage = recorded(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN - seconds(40), before="1.43.0")
    stage.look = Look()
    talk, looks, reply = hears(stage), 0, None
    while reply is None:
        try:
            reply = await ask(talk, "/explain_incident what caused the latency spike in the last 2 hours?")
        except NotLooked as wanted:
            looks += 1
            assert looks < 20
            await wanted.look_up()
    assert looks == 6, "requests, latency, calls; history, releases; what runs"
    assert reply.text.startswith("Payments' own time explains")


async def test_what_nobody_measures_is_said_and_what_is(hears: Any) -> None:
    reply = await ask(hears(recorded()), "/explain_incident why was search slow at 3 AM?")
    assert reply.text.startswith("I do not know: nobody measures search in production. I have metrics of auth,")
    nothing = await ask(hears(recorded(since=NOW)))
    assert "there are no metrics of production since 02:00" in nothing.text


async def test_follow_ups_keep_the_rest_of_the_question(hears: Any) -> None:
    stage = recorded(slower={"payments": 6.0}, failing={"orders": 0.2})
    talk = hears(stage)
    first = await ask(talk)
    assert first.cards[0].title == "checkout in production: latency"
    again = await ask(talk, "why?")
    assert again.text == first.text
    errors = await ask(talk, "What about errors?")
    assert errors.text.startswith("Orders' own failures explain ")
    staging = await ask(talk, "and on staging?")
    assert "no metrics of staging" in staging.text
    other = await ask(talk, "/explain_incident why was orders slow at 3 AM?")
    assert other.text.startswith("orders in production was not worse than usual"), "another service, anew"


async def test_an_incident_is_explained_at_its_service_and_time(hears: Any, talk: Talk) -> None:
    hears(recorded(slower={"orders": 20.0}, ended=NOW))
    async with talk.database.transaction(talk.tenant) as tx:
        row = {"id": "INC-1", "number": 1, "service": "orders", "stage": "production", "severity": "critical"}
        started = BEGAN + timedelta(minutes=3)
        tx.add(IncidentRow(**row, title="Slow", started=started, detected=started))
    for words in ("explain INC-1", "explain the incident"):
        reply = await ask(talk, f"/explain_incident {words}")
        assert reply.text.startswith("Orders' own time explains"), words
        assert "of orders in production, since 03:02;" in reply.text, words
    missing = await ask(talk, "/explain_incident INC-7")
    assert missing.text.startswith("There is no INC-7.")


async def test_several_services_may_be_named_and_a_week_may_not(hears: Any) -> None:
    stage = recorded(slower={"orders": 20.0})
    reply = await ask(hears(stage), "/explain_incident what made checkout or orders slow at 3 AM?")
    assert reply.text.startswith("Orders' own time explains")
    week = await ask(hears(stage), "/explain_incident why was checkout slow last week?")
    assert week.text.startswith("That is more than a day at once.")


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("at 3 AM", "25 02:00", "25 04:30"),
        ("around 3", "25 02:00", "25 04:30"),
        ("the alert at 2:15", "25 01:15", "25 03:45"),
        ("at noon", "24 11:00", "24 13:30"),
        ("last night", "24 18:00", "25 04:30"),
        ("last night at 3", "25 02:00", "25 04:30"),
        ("last night at 11", "24 22:00", "25 00:30"),
        ("this morning", "25 00:00", "25 04:30"),
        ("yesterday at 3", "24 14:00", "24 16:30"),
        ("yesterday evening", "24 18:00", "25 00:00"),
        ("between 14 and 15h", "24 14:00", "24 15:00"),
        ("just now", "25 03:50", "25 04:30"),
        ("two hours ago", "25 01:30", "25 04:00"),
        ("yesterday", "24 00:00", "25 00:00"),
    ],
)
def test_when_is_the_nearest_time_in_the_past(words: str, start: str, end: str) -> None:
    """It is Wednesday, 25 November 2026, 04:30 in New York."""
    zone = ZoneInfo("America/New_York")
    said = when_said(f"what happened {words}?", datetime(2026, 11, 25, 4, 30, tzinfo=zone), zone.key, None)
    assert said is not None
    assert tuple(f"{at.astimezone(zone):%d %H:%M}" for at in (said.start, said.end)) == (start, end)


def test_without_a_time_none_is_made_up() -> None:
    assert when_said("what caused the latency spike?", NOW, "UTC", None) is None
