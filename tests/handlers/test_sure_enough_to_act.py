"""What is done as soon as it is understood has to be understood more surely than what only reads."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import func, select

from handlers.catalogue import find_handlers
from handlers.conversation.handler import Risk
from handlers.conversation.outcome import SURE_OF_NAME
from handlers.conversation.router import Router
from handlers.conversation.turn import Said
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition
from handlers.worlds import HANDLER_MODULE
from storage.schema import Base
from tests.architecture.source import modules
from tests.handlers.conftest import Talk, buttons
from tests.handlers.test_nothing_from_outside_the_catalogue import standing

HANDLERS = find_handlers()


class Sure:
    """A recogniser that takes everything for one thing, as surely as it is told to."""

    def __init__(self, name: str, confidence: float, mood: Mood = Mood.REQUEST, ordered: float = 1.0) -> None:
        self.name, self.confidence = name, confidence
        self.mood, self.ordered = mood, ordered

    async def recognise(self, text: str) -> Recognition:
        near = (("status", 0.2), (self.name, self.confidence))
        return Recognition(self.name, self.confidence, near, self.mood, self.ordered)


def _listen(talk: Talk, name: str, confidence: float) -> None:
    recogniser = Sure(name, confidence)
    talk.router = Router(HANDLERS, recogniser, recogniser)


@pytest.mark.parametrize(
    ("who", "name", "words"),
    [
        ("carlos", "freeze", "freeze all deployments"),
        ("amanda", "window", "planning mode until Friday"),
        ("david", "delegate", "Amanda decides for me until Friday"),
        ("nathan", "emergency_deploy", "emergency deploy of orders 2.3.1, reason: checkout is down"),
    ],
)
async def test_under_the_floor_it_asks_and_over_it_acts(talk: Talk, who: str, name: str, words: str) -> None:
    before = await standing(talk)
    enough = SURE_OF_NAME[HANDLERS[name].risk]
    _listen(talk, name, enough - 0.01)
    (asked,) = (await talk.say(who, words)).replies
    assert buttons(asked)["ask"].subject == f"{name} {words}"
    assert await standing(talk) == before
    _listen(talk, name, enough)
    await talk.say(who, words)
    assert await standing(talk) != before


@pytest.mark.parametrize(
    ("who", "name", "words"),
    [
        ("carlos", "freeze", "freeze all deployments"),
        ("amanda", "halt_agents", "get all of them off the repositories"),
        ("amanda", "window", "planning mode until Friday"),
        ("david", "delegate", "Amanda decides for me until Friday"),
        ("david", "subscribe", "tell me about new P0 stories"),
        ("david", "digest", "daily summary at 9"),
        ("amanda", "access", "make Sarah an architect"),
    ],
)
@pytest.mark.parametrize("mood", list(Mood))
async def test_in_no_other_mood_is_anything_done(
    talk: Talk, who: str, name: str, words: str, mood: Mood
) -> None:
    """However sure the name is, and whatever probability of an order a reading comes with."""
    if mood in HANDLERS[name].moods:
        return
    before = await everything(talk)
    talk.router = Router(HANDLERS, sure := Sure(name, 1.0, mood), sure)
    await talk.say(who, words)
    assert await everything(talk) == before


async def everything(talk: Talk) -> dict[str, int]:
    """How many rows each table has, the thread's memory aside."""
    async with talk.database.transaction(talk.tenant) as tx:
        return {
            name: (await tx.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in Base.metadata.tables.items()
            if name != "threads"
        }


async def test_a_question_becomes_one_button_that_does_it(talk: Talk) -> None:
    talk.router = Router(HANDLERS, sure := Sure("delegate", 1.0, Mood.QUESTION, 0.0), sure)
    (asked,) = (await talk.say("david", "Amanda decides for me until Friday")).replies
    assert "changed nothing" in asked.text
    assert "Amanda Reyes-Holt decides for David Lindqvist" in asked.text
    (done,) = (await talk.press("david", "ask", buttons(asked)["ask"].subject)).replies
    assert "Amanda Reyes-Holt decides for you" in done.text


@pytest.mark.parametrize(
    ("who", "name", "words", "said"),
    [
        ("carlos", "status", "what runs now", "waits for approval"),
        ("amanda", "window", "which windows are open", "No window is open"),
        ("amanda", "halt_agents", "are all agents stopped", "No, the agents run. They have never been halted."),
        (
            "amanda",
            "resume_agents",
            "are we good to go on",
            "Yes, the agents run. They have never been halted.",
        ),
        (
            "amanda",
            "resume_agents",
            "what do the agents do now",
            "The agents run. They have never been halted.",
        ),
        ("amanda", "halt_agents", "can carlos stop all agents", "No, Carlos Benavente may not."),
        ("carlos", "freeze", "is orders frozen", "Nothing is frozen."),
    ],
)
async def test_what_is_asked_is_answered(talk: Talk, who: str, name: str, words: str, said: str) -> None:
    talk.router = Router(HANDLERS, sure := Sure(name, 0.9, Mood.QUESTION, 0.0), sure)
    (reply,) = (await talk.say(who, words)).replies
    assert said in reply.text


@pytest.mark.parametrize(
    "words", ["STOP ALL AGENTS", "sotp all agnets NOW!!", "please halt every agent immediately"]
)
async def test_a_plain_order_to_stop_needs_no_recogniser(talk: Talk, words: str) -> None:
    (reply,) = (await talk.say("amanda", words)).replies
    assert reply.text.startswith("All agents are halted")


@pytest.mark.parametrize(
    "words", ["freeze orders? not sure yet", "do not freeze orders", "freeze orders if it fails"]
)
async def test_a_doubt_in_the_words_leaves_what_is_dangerous_to_a_click(talk: Talk, words: str) -> None:
    before = await standing(talk)
    talk.router = Router(HANDLERS, sure := Sure("freeze", 1.0), sure)
    await talk.say("carlos", words)
    assert await standing(talk) == before


def test_every_handler_that_does_things_at_once_says_so() -> None:
    """Whoever submits an action from words has to say what they risk."""
    acting = set()
    for path, tree in modules().items():
        *_, name, module = Path(path).with_suffix("").parts
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if module == HANDLER_MODULE and name in HANDLERS and called & {"do_now", "submit"}:
            acting.add(name)
    assert len(acting) >= 10
    assert not {name for name in acting if HANDLERS[name].risk is Risk.LOOKS}


async def test_half_a_message_is_not_acted_on(talk: Talk) -> None:
    before = await standing(talk)
    answer = await talk._take("carlos", Said("/freeze freeze everything", cut_from=12_345), "t1")
    (reply,) = answer.replies
    assert "12,345 characters" in reply.text
    assert await standing(talk) == before
