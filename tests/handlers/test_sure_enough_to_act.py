"""What is done as soon as it is understood has to be understood more surely than what only reads."""

from __future__ import annotations

import ast

import pytest

from handlers.conversation.handler import find_handlers, only_looks
from handlers.conversation.router import SURE_ENOUGH_TO_ACT, Router
from handlers.conversation.turn import Said
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition
from tests.architecture.source import modules
from tests.handlers.conftest import Talk, buttons
from tests.handlers.test_nothing_from_outside_the_catalogue import standing

HANDLERS = find_handlers()
ON_THEIR_OWN = {"halt_agents"}
"""Halting asks for words of halting instead: stopping comes before being sure."""


class Sure:
    """A recogniser that takes everything for one thing, as surely as it is told to."""

    def __init__(self, name: str, confidence: float) -> None:
        self.name, self.confidence = name, confidence

    async def recognise(self, text: str) -> Recognition:
        return Recognition(
            self.name, self.confidence, (("status", 0.2), (self.name, self.confidence)), Mood.REQUEST, 1.0
        )


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
    _listen(talk, name, SURE_ENOUGH_TO_ACT - 0.01)
    (asked,) = (await talk.say(who, words)).replies
    assert "I am not sure" in asked.text
    assert buttons(asked)["ask"].subject.startswith(("help", name, "status"))
    assert await standing(talk) == before
    _listen(talk, name, SURE_ENOUGH_TO_ACT)
    await talk.say(who, words)
    assert await standing(talk) != before


async def test_the_first_that_is_offered_is_what_it_took_it_for(talk: Talk) -> None:
    _listen(talk, "freeze", 0.4)
    (asked,) = (await talk.say("carlos", "freeze all deployments")).replies
    subjects = [
        button.subject
        for card in asked.cards
        for block in card.blocks
        for button in getattr(block, "buttons", ())
    ]
    assert [subject.partition(" ")[0] for subject in subjects] == ["freeze", "status", "help"]


@pytest.mark.parametrize(
    ("who", "name", "words", "said"),
    [
        ("carlos", "status", "what runs now", "waits for approval"),
        ("amanda", "window", "which windows are open", "No window is open"),
        ("amanda", "halt_agents", "stop every agent", "All agents are halted"),
    ],
)
async def test_what_only_looks_and_halting_need_no_more_than_before(
    talk: Talk, who: str, name: str, words: str, said: str
) -> None:
    _listen(talk, name, 0.3)
    (reply,) = (await talk.say(who, words)).replies
    assert said in reply.text


def test_every_handler_that_does_things_at_once_says_so() -> None:
    """Whoever submits an action from words has to say of which words."""
    acting = set()
    for path, tree in modules().items():
        room, _, name = path.removesuffix(".py").partition("/")
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if room == "handlers" and name in HANDLERS and called & {"do_now", "submit"}:
            acting.add(name)
    assert len(acting) >= 10
    assert {name for name in acting if HANDLERS[name].acts is only_looks} == ON_THEIR_OWN


async def test_half_a_message_is_not_acted_on(talk: Talk) -> None:
    before = await standing(talk)
    answer = await talk._take("carlos", Said("/freeze freeze everything", cut_from=12_345), "t1")
    (reply,) = answer.replies
    assert "12,345 characters" in reply.text
    assert await standing(talk) == before
