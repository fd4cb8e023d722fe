"""Recognising with a model: at the wire, with the embedded recogniser behind it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import respx

from bot.model_recogniser import ModelRecogniser
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition

URL = "http://model.test/v1/chat/completions"


class Embedded:
    """An embedded recogniser that has made up its mind."""

    def __init__(self, name: str | None, confidence: float = 0.6) -> None:
        self._said = Recognition(
            name, confidence, (("status", 0.4), ("risks", 0.3), ("plan", 0.1)), Mood.REQUEST, 1.0
        )

    async def recognise(self, text: str) -> Recognition:
        return self._said


def recogniser(embedded: Embedded) -> ModelRecogniser:
    return ModelRecogniser(embedded, api_key="sk-test", base_url="http://model.test/v1", model="small")


def answering(content: Any) -> httpx.Response:
    message = {"role": "assistant", "content": content if isinstance(content, str) else json.dumps(content)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return httpx.Response(
        200, json={"id": "1", "object": "chat.completion", "created": 0, "model": "small", "choices": [choice]}
    )


@respx.mock
async def test_the_models_name_is_taken_and_the_message_travels_as_data() -> None:
    route = respx.post(URL).mock(return_value=answering({"name": "blockers", "confidence": 0.93}))
    found = await recogniser(Embedded("status")).recognise("why is checkout late?")
    assert (found.name, found.confidence) == ("blockers", 0.93)
    sent = json.loads(route.calls.last.request.content)
    assert json.loads(sent["messages"][1]["content"]) == {"message": "why is checkout late?"}
    assert "none" in sent["response_format"]["json_schema"]["schema"]["properties"]["name"]["enum"]


@respx.mock
async def test_none_offers_the_embedded_recognisers_nearest() -> None:
    respx.post(URL).mock(return_value=answering({"name": "none", "confidence": 0.8}))
    found = await recogniser(Embedded("status")).recognise("nice weather")
    assert found.name is None
    assert [name for name, _ in found.nearest] == ["status", "risks", "plan"]


@respx.mock
async def test_halting_is_never_put_to_the_model() -> None:
    route = respx.post(URL).mock(return_value=answering({"name": "none", "confidence": 1.0}))
    found = await recogniser(Embedded("halt_agents")).recognise("stop all agents now")
    assert found.name == "halt_agents"
    assert not route.called


@respx.mock
@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, json={"error": {"message": "overloaded"}}),
        httpx.Response(429, json={"error": {"message": "slow down"}}),
        answering("I think it is status."),
        answering({"name": "transfer_all_money", "confidence": 1.0}),
        answering({"name": "status"}),
    ],
    ids=["500", "429", "prose", "unknown name", "incomplete"],
)
async def test_what_the_embedded_one_says_stands_when_the_model_fails(response: httpx.Response) -> None:
    respx.post(URL).mock(return_value=response)
    found = await recogniser(Embedded("risks")).recognise("what could go wrong?")
    assert found == Recognition(
        "risks", 0.6, (("status", 0.4), ("risks", 0.3), ("plan", 0.1)), Mood.REQUEST, 1.0
    )
