"""Feedback: read from people's words, stored as they said it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from handlers.conversation.tables import FeedbackRow
from handlers.office.feedback.handler import read_trust, read_useful
from tests.handlers.conftest import Talk, buttons


@pytest.mark.parametrize(
    ("words", "useful", "trust"),
    [
        ("that was helpful, thanks", True, None),
        ("not useful", False, None),
        ("your forecast was way off", False, None),
        ("rate this 5 out of 5", None, 5),
        ("10/10, saved me hours", True, 5),
        ("trust rating: 4", None, 4),
        ("i don't trust the estimates", None, 1),
        ("a comment on the plan: too optimistic", False, None),
        ("i have a suggestion for your reports", None, None),
        ("9 out of 5", None, None),
    ],
)
def test_words_are_read_as_they_are_meant(words: str, useful: bool | None, trust: int | None) -> None:
    assert (read_useful(words), read_trust(words)) == (useful, trust)


async def test_it_is_stored_with_the_words(talk: Talk) -> None:
    (asked,) = (await talk.say("rachel", "/feedback")).replies
    assert "feedback" in buttons(asked)
    await talk.say("rachel", "/feedback the roadmap was useless")
    await talk.press("rachel", "feedback", "", {"useful": "yes", "trust": "4", "comment": "better now"})
    async with talk.desk() as desk:
        rows = (await desk.tx.execute(select(FeedbackRow))).scalars().all()
    found = {(row.person, row.useful, row.trust, row.comment) for row in rows}
    assert found == {("rachel", False, None, "the roadmap was useless"), ("rachel", True, 4, "better now")}


@pytest.mark.parametrize(
    "words", ["thats wrong, turn it around", "not good, please reverse that", "bad call, take it back"]
)
async def test_what_wants_something_reversed_is_asked_about_and_not_filed_as_an_opinion(
    talk: Talk, words: str
) -> None:
    (reply,) = (await talk.say("amanda", f"/feedback {words}")).replies
    assert "I changed and noted nothing" in reply.text
    assert buttons(reply)["ask"].subject == f"overrule_agent {words}"
    async with talk.database.transaction(talk.tenant) as tx:
        assert (await tx.execute(select(FeedbackRow))).first() is None
