"""Two hundred clicks on one approval at once: it is carried out once, and every click gets an answer."""

from __future__ import annotations

import asyncio
from collections import Counter

from governance.approvals.decision import AlreadyDecided, Approved, Recorded, Refused
from tests.governance.edge_actions import deploy, scale
from tests.governance.house import House

CLICKS = 200


async def test_two_hundred_clicks_carry_it_out_once(house: House) -> None:
    submitted = await house.submit(deploy(environment="production"), by="david")
    people = ("nathan", "ingrid", "amanda", "leila", "priya", "david", "rachel", "agnes")
    casts = await asyncio.gather(
        *(house.vote(submitted.approval, people[n % len(people)]) for n in range(CLICKS))
    )
    answers = Counter(type(cast.answer) for cast in casts)
    assert answers[Approved] == 1
    assert set(answers) <= {Approved, AlreadyDecided, Refused}
    assert sum(answers.values()) == CLICKS
    assert len(await house.jobs("perform")) == 1

    await house.number()
    await asyncio.gather(*(house.performer.perform(house.tenant, submitted.effect) for _ in range(20)))
    assert await house.done_at_the_edge(submitted.effect) == 1
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]
    votes = [entry for entry in await house.entries("approval") if entry["type"] == "approval.vote"]
    assert len(votes) == CLICKS


async def test_of_two_votes_that_are_needed_no_person_gives_both(house: House) -> None:
    submitted = await house.submit(scale("50000"), by="nathan")
    casts = await asyncio.gather(*(house.vote(submitted.approval, "nathan") for _ in range(50)))
    answers = Counter(type(cast.answer) for cast in casts)
    assert answers == {Recorded: 1, Refused: 49}
    assert (await house.approval(submitted.approval)).status == "open"


async def test_an_approval_and_a_denial_at_once_end_it_one_way(house: House) -> None:
    for _ in range(10):
        submitted = await house.submit(deploy(environment="production"), by="david")
        await asyncio.gather(
            house.vote(submitted.approval, "nathan", "approve"),
            house.vote(submitted.approval, "amanda", "deny"),
        )
        await house.perform(submitted.effect)
        status = (await house.approval(submitted.approval)).status
        state = (await house.effect(submitted.effect)).state
        assert (status, state) in {("approved", "done"), ("denied", "withdrawn")}
        assert await house.done_at_the_edge(submitted.effect) == (status == "approved")
