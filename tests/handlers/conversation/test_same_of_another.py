"""A few words behind an answer ask for the same of another, and never stand in for an order."""

from __future__ import annotations

import pytest

from handlers.conversation.meaning import request_about_it
from handlers.conversation.memory import Memory
from handlers.language.words import plain


def meant(text: str, intent: str = "velocity", topic: str = "velocity") -> str | None:
    return request_about_it(plain(text), Memory("t", intent, {topic: "x"}))


@pytest.mark.parametrize(
    "text",
    [
        "and gamma?",
        "and delta",
        "And team Delta?",
        "what about the platform team?",
        "same for beta",
        "and for the one-page checkout?",
        "as csv",
        "in hours please",
        "and in story points",
    ],
)
def test_more_of_the_same(text: str) -> None:
    assert meant(text) == "velocity"


@pytest.mark.parametrize(
    "text",
    ["and freeze orders", "and stop all agents now", "deploy it", "and tell me who approved that", "why?"],
)
def test_something_else(text: str) -> None:
    assert meant(text) is None


def test_only_behind_an_answer_that_keeps_what_was_asked() -> None:
    assert meant("and gamma?", intent="status") is None
    assert meant("and gamma?", topic="plan") is None
    assert meant("and the dashboard?", intent="risks", topic="risks") == "risks"
