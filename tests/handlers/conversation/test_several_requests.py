"""Several requests in one message, small talk, what is not there yet, and other languages."""

from __future__ import annotations

import pytest

from handlers.catalogue import find_handlers
from handlers.conversation.memory import Memory
from handlers.conversation.parts import fragments, parts
from handlers.conversation.router import Router
from handlers.conversation.small_talk import small_talk
from handlers.language.languages import foreign_language
from handlers.language.mood import Mood
from handlers.language.recogniser import Recogniser
from tests.handlers.conftest import Talk, buttons


@pytest.fixture
def heard(talk: Talk, recogniser: Recogniser) -> Talk:
    talk.router = Router(find_handlers(), recogniser, recogniser)
    return talk


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("show me velocity and tell me who approved the last plan", 2),
        ("freeze orders. also, what waits for my approval?", 2),
        ("velocity, blockers and add 'csv import' to the backlog", 3),
        ("freeze orders and checkout until friday", 1),
        ("add a story: users can freeze their account, and see velocity", 1),
        ("add dark mode and a csv export to the backlog", 1),
        ("tell me when SSO is done", 1),
        ("Leila decides for me on Thursday and Friday", 1),
        ("make Sarah an architect", 1),
    ],
)
async def test_a_message_is_cut_into_its_requests(recogniser: Recogniser, text: str, found: int) -> None:
    assert len(await parts(text, recogniser.recognise)) == found


def test_what_is_quoted_or_behind_a_colon_is_not_cut() -> None:
    assert fragments("add 'freeze, then thaw' to the backlog") == ["add 'freeze, then thaw' to the backlog"]
    assert fragments("reason: it fails, and nobody knows why") == ["reason: it fails, and nobody knows why"]
    assert fragments("a, b, c, d, e, f, g") == ["a, b, c, d, e, f, g"]


async def test_each_request_is_answered_and_what_is_not_there_is_said(heard: Talk) -> None:
    answer = await heard.say("david", "show me our velocity, what waits for my approval and freeze orders")
    texts = " | ".join(reply.text for reply in answer.replies)
    assert len(answer.replies) == 3
    assert "so there is no velocity to tell" in texts
    assert "waits for" in texts
    assert "It is for the" in texts  # a product owner freezes nothing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "Hello!"),
        ("hi there", "Hello!"),
        ("thx", "You're welcome."),
        ("great, thank you!", "You're welcome."),
        ("nvm", "I did nothing."),
        ("👍", "👍"),
        ("bye", "See you!"),
        ("yes", "nothing open here"),
        ("what?", "not said anything here yet"),
    ],
)
async def test_small_talk_gets_a_short_human_answer(heard: Talk, text: str, said: str) -> None:
    (reply,) = (await heard.say("david", text)).replies
    assert said in reply.text
    assert len(reply.text) < 120


def test_a_request_is_no_small_talk() -> None:
    for text in (
        "freeze orders",
        "who approved that",
        "thanks to Tom the plan is late, replan it please",
    ):
        assert small_talk(text, Mood.REQUEST, Memory("t")) is None


async def test_what_says_the_last_answer_in_plain_words(heard: Talk) -> None:
    (before,) = (await heard.say("david", "who am I?")).replies
    (again,) = (await heard.say("david", "what?")).replies
    assert before.text in again.text


async def test_what_not_everybody_may_read_is_not_said_again(heard: Talk) -> None:
    await heard.say("carlos", "/audit")
    (again,) = (await heard.say("carlos", "what?")).replies
    assert "In plain words" not in again.text


async def test_what_is_not_there_yet_names_what_helps_now(heard: Talk) -> None:
    (reply,) = (await heard.say("nathan", "show the open vulnerabilities of orders")).replies
    assert "not there yet" in reply.text
    assert "Freeze orders" in reply.text
    assert buttons(reply)["ask"]
    (hers,) = (await heard.say("amanda", "show the open vulnerabilities of orders")).replies
    assert "not there yet" in hers.text
    assert "Freeze" not in hers.text  # a director does not freeze


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("bitte alle Agenten sofort anhalten, da läuft was schief", "German"),
        ("¿quién aprobó el último despliegue de la semana?", "Spanish"),
        ("est-ce que les agents sont tous arrêtés maintenant", "French"),
        ("could we deploy on a saturday", None),
        ("freeze the die service", None),
        ("no", None),
    ],
)
def test_languages_are_told_apart(text: str, language: str | None) -> None:
    assert foreign_language(text) == language


async def test_another_language_is_answered_honestly(heard: Talk) -> None:
    (reply,) = (await heard.say("amanda", "sind gerade alle Agenten angehalten?")).replies
    assert "No, the agents run." in reply.text
    assert "I read German only roughly without a model" in reply.text
