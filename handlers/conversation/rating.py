"""Asking whether an answer was useful, in the answer itself."""

from __future__ import annotations

from dataclasses import replace

from handlers.conversation.cards import Button, Form, Input, Rating, Reply

_WHY = Form("Not useful", "Send", (Input("comment", "What should be different?", "text", required=False),))


def with_rating(reply: Reply, turn: str) -> Reply:
    """The answer to `turn`, with the question at the end of its last card. Plain sentences stay plain, and
    nobody can tell yet of work under way."""
    if not reply.cards or reply.cards[-1].is_under_way:
        return reply
    rating = Rating(
        Button("Useful", "rate_useful", turn), Button("Not useful", "rate_not_useful", turn, form=_WHY)
    )
    *before, last = reply.cards
    return replace(reply, cards=(*before, replace(last, blocks=(*last.blocks, rating))))
