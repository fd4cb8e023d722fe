"""What help says: a handful for this person, and more when asked."""

from __future__ import annotations

import pytest

from handlers.catalogue import catalogue, find_handlers
from handlers.conversation.cards import Bullets, Reply
from tests.handlers.conftest import Talk, buttons


def examples(reply: Reply) -> list[str]:
    """The examples that a card shows, in its order."""
    lines = [
        str(item[0]) for block in reply.cards[0].blocks if isinstance(block, Bullets) for item in block.items
    ]
    return [
        entry.example
        for line in lines
        for entry in catalogue().values()
        if line.startswith(f"“{entry.example}”")
    ]


async def _help(talk: Talk, who: str, words: str = "") -> Reply:
    return (await talk.say(who, f"/help {words}")).replies[0]


@pytest.mark.parametrize(
    ("who", "first"),
    [
        ("david", "Build the customer dashboard feature from PRD-2025-Q1-Dashboard"),
        ("carlos", "Who approved the last production deployment?"),
        ("rachel", "What's the status of the SSO integration?"),
        ("nathan", "deploy orders 2.1 to staging"),
    ],
)
async def test_each_gets_a_handful_that_works_their_own_first(talk: Talk, who: str, first: str) -> None:
    shown = examples(await _help(talk, who))
    assert shown[0] == first
    assert len(shown) <= 8
    by_example = {entry.example: entry.name for entry in catalogue().values()}
    assert {by_example[example] for example in shown} <= set(find_handlers())


async def test_more_shows_all_of_it_and_what_is_to_come(talk: Talk) -> None:
    few = await _help(talk, "david")
    button = buttons(few)["ask"]
    (everything,) = (await talk.press("david", button.verb, button.subject)).replies
    assert len(examples(everything)) > len(examples(few))
    assert "not there yet" in repr(everything)
    assert examples(await _help(talk, "david", "what else can you do?")) == examples(everything)


async def test_a_stranger_is_offered_only_what_a_stranger_may_ask(talk: Talk) -> None:
    assert set(examples(await _help(talk, "stranger"))) == {"who am I?"}
