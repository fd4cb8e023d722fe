"""An open approval names the people who can decide on it."""

from __future__ import annotations

from governance.approvals.store import approval_row
from handlers.conversation.approval_card import approval_reply
from tests.handlers.conftest import Talk
from tests.handlers.deployment import deploy


async def _shown(talk: Talk, approval: str) -> str:
    async with talk.desk() as desk:
        return (await approval_reply(desk, await approval_row(desk.tx, approval))).text


async def test_whoever_asked_is_not_named_where_their_own_vote_does_not_count(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), "nathan")
    text = await _shown(talk, submitted.approval or "")
    assert "(Amanda Reyes-Holt, David Lindqvist, Ingrid Solvang, Leila Farrokh or Priya Ramaswell)" in text


async def test_whoever_has_voted_is_not_named_again(talk: Talk) -> None:
    answer = await talk.say("carlos", "/access make Bao Nguyenh an architect")
    key = answer.replies[0].key or ""
    assert "Carlos Benavente" in await _shown(talk, key)
    await talk.press("carlos", "approve", key)
    after = await _shown(talk, key)
    assert "Amanda Reyes-Holt or Leila Farrokh" in after
    assert "Benavente or" not in after
