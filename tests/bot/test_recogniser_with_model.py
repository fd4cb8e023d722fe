"""Recognising with a model: at the wire, with the embedded recogniser behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from bot.recogniser import ModelRecogniser
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition

URL = "http://model.test/v1/chat/completions"


class Embedded:
    """An embedded recogniser that has made up its mind."""

    def __init__(
        self, name: str | None, confidence: float = 0.6, mood: Mood = Mood.REQUEST, ordered: float = 0.8
    ) -> None:
        near = (("status", 0.4), ("risks", 0.3), ("plan", 0.1))
        self.said = Recognition(name, confidence, near, mood, ordered)

    async def recognise(self, text: str) -> Recognition:
        return self.said


def recogniser(embedded: Embedded) -> ModelRecogniser:
    return ModelRecogniser(embedded, api_key="sk-test", base_url="http://model.test/v1", model="small")


def reading(name: str, confidence: float, mood: str = "request", **words: str) -> dict[str, Any]:
    return {"name": name, "mood": mood, "confidence": confidence, "words": words}


def answering(content: Any) -> httpx.Response:
    message = {"role": "assistant", "content": content if isinstance(content, str) else json.dumps(content)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return httpx.Response(
        200, json={"id": "1", "object": "chat.completion", "created": 0, "model": "small", "choices": [choice]}
    )


@respx.mock
async def test_the_models_name_is_taken_and_the_message_travels_as_data() -> None:
    route = respx.post(URL).mock(return_value=answering(reading("blockers", 0.93, "question")))
    found = await recogniser(Embedded("status")).recognise("why is checkout late?")
    assert (found.name, found.confidence) == ("blockers", 0.93)
    sent = json.loads(route.calls.last.request.content)
    assert json.loads(sent["messages"][1]["content"]) == {"message": "why is checkout late?"}
    assert "none" in sent["response_format"]["json_schema"]["schema"]["properties"]["name"]["enum"]


@respx.mock
async def test_none_offers_the_embedded_recognisers_nearest() -> None:
    respx.post(URL).mock(return_value=answering(reading("none", 0.8, "other")))
    found = await recogniser(Embedded("status")).recognise("nice weather")
    assert found.name is None
    assert [name for name, _ in found.nearest] == ["status", "risks", "plan"]


@respx.mock
@pytest.mark.parametrize("mood", [(Mood.REQUEST, 0.97), (Mood.QUESTION, 0.02)])
async def test_what_is_sure_here_is_not_put_to_the_model(mood: tuple[Mood, float]) -> None:
    route = respx.post(URL).mock(return_value=answering(reading("none", 1.0)))
    here = Embedded("halt_agents", 0.95, *mood)
    assert await recogniser(here).recognise("stop all agents now") == here.said
    assert not route.called


@respx.mock
@pytest.mark.parametrize("confidence", [0.0, 0.3, 0.69])
async def test_a_model_that_is_not_sure_of_itself_is_not_followed(confidence: float) -> None:
    respx.post(URL).mock(return_value=answering(reading("freeze", confidence)))
    here = Embedded("status")
    assert await recogniser(here).recognise("what about orders") == here.said


@respx.mock
async def test_a_sure_name_stands_against_the_models() -> None:
    respx.post(URL).mock(return_value=answering(reading("freeze", 1.0)))
    found = await recogniser(Embedded("status", 0.95)).recognise("orders?")
    assert (found.name, found.confidence) == ("status", 0.95)


@respx.mock
async def test_no_model_makes_an_order_of_what_surely_is_none() -> None:
    respx.post(URL).mock(return_value=answering(reading("halt_agents", 1.0, "request")))
    found = await recogniser(Embedded("status", 0.5, Mood.QUESTION, 0.03)).recognise("are the bots all stopped")
    assert found.name == "halt_agents"
    assert found.mood is Mood.QUESTION
    assert found.ordered < 0.1


@respx.mock
async def test_a_model_takes_back_what_only_seemed_an_order() -> None:
    respx.post(URL).mock(return_value=answering(reading("freeze", 0.9, "negation")))
    found = await recogniser(Embedded("freeze", 0.5)).recognise("better let orders be")
    assert found.mood is Mood.NEGATION
    assert found.ordered < 0.2


@respx.mock
async def test_words_for_arguments_bring_in_no_number() -> None:
    said = reading("freeze", 0.95, what="the orders service", when="until 17 December", amount="")
    respx.post(URL).mock(return_value=answering(said))
    found = await recogniser(Embedded("freeze", 0.5)).recognise("orders bis Donnerstag einfrieren")
    assert dict(found.spoken) == {"what": "the orders service"}


@respx.mock
@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, json={"error": {"message": "overloaded"}}),
        httpx.Response(429, json={"error": {"message": "slow down"}}),
        httpx.Response(200, text="<html>Sign in to the hotel's wireless</html>"),
        httpx.Response(200, json={}),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"choices": []}),
        httpx.Response(200, json={"choices": [{"message": {"content": None}}]}),
        httpx.Response(200, content=b"\xff\x00"),
        httpx.Response(200, text="[" * 100_000),
        answering("I think it is status."),
        answering("[]"),
        answering(reading("transfer_all_money", 1.0)),
        answering(reading("status", 1.0, "enthusiastic")),
        answering({"name": "status"}),
        answering({"name": "status", "mood": "request", "confidence": 0.9, "words": "none"}),
        answering('{"name": "freeze", "mood": "request", "confidence": NaN, "words": {}}'),
        answering('{"name": "freeze", "mood": "request", "confidence": Infinity, "words": {}}'),
        answering(reading("freeze", 7.0)),
    ],
)
async def test_whatever_cannot_be_read_leaves_the_embedded_reading(response: httpx.Response) -> None:
    respx.post(URL).mock(return_value=response)
    here = Embedded("risks")
    assert await recogniser(here).recognise("what could go wrong?") == here.said


@respx.mock
async def test_a_model_that_dribbles_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.recogniser.PATIENCE_SECONDS", 0.2)

    async def dribble() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    respx.post(URL).mock(return_value=httpx.Response(200, content=dribble()))
    here = Embedded("risks")
    async with asyncio.timeout(60):
        assert await recogniser(here).recognise("what could go wrong?") == here.said
