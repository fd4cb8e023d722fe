"""A run's card and its buttons: who may press them, and what each press is answered with."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from agents.work import runs
from agents.work.kinds import Json, NewStep, Step, Worker, WorkStep
from agents.work.tables import RunRow, StepRow
from handlers.conversation.cards import Reply
from tests.handlers.conftest import Talk, buttons


async def _nothing(_step: Step, _worker: Worker) -> Json:
    return {}


async def _begun(talk: Talk) -> str:
    place = {"platform": "console", "channel": "engineering", "thread": "t1", "audience": "department"}
    kinds = {"note": WorkStep("note", "sre", _nothing)}
    async with talk.database.transaction(talk.tenant) as tx:
        steps = [NewStep("a", "note", "Write it"), NewStep("b", "note", "Send it", depends_on=("a",))]
        run = await runs.begin(tx, kinds, "report", "The report", steps, requester="sarah", place=place)
        await runs.show(tx, run)
        return run.id


async def _state(talk: Talk, run: str) -> str:
    async with talk.database.transaction(talk.tenant) as tx:
        return (await tx.execute(select(RunRow.state).where(RunRow.id == run))).scalar_one()


async def _card(talk: Talk) -> Reply:
    reply, _ = (await talk.notices("run"))[-1]
    assert reply is not None
    return reply


async def _press(talk: Talk, who: str, verb: str, run: str) -> str:
    (reply,) = (await talk.press(who, verb, run)).replies
    return reply.text


async def test_a_run_is_paused_resumed_and_cancelled_from_its_card(talk: Talk) -> None:
    run = await _begun(talk)
    assert set(buttons(await _card(talk))) == {"pause_run", "cancel_run"}
    assert "is paused" in await _press(talk, "david", "pause_run", run)
    assert await _state(talk, run) == "paused"
    assert set(buttons(await _card(talk))) == {"resume_run", "cancel_run"}
    assert (
        await _press(talk, "david", "pause_run", run) == "“The report” is paused, so there is nothing to pause."
    )
    assert await _press(talk, "sarah", "resume_run", run) == "“The report” goes on.", "who asked for it may"
    asked = (await talk.press("david", "cancel_run", run)).replies[0]
    assert (set(buttons(asked)), await _state(talk, run)) == ({"cancel_run_now"}, "running")
    assert await _press(talk, "david", "cancel_run_now", run) == "“The report” is cancelled."
    assert await _state(talk, run) == "cancelled"
    assert buttons(await _card(talk)) == {}
    for late in ("cancel_run_now", "cancel_run", "pause_run", "resume_run", "try_run_again"):
        assert "“The report” is cancelled, so there is nothing to" in await _press(talk, "david", late, run)


async def test_a_run_that_failed_is_tried_again_once(talk: Talk) -> None:
    run = await _begun(talk)
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(StepRow).values(state="failed"))
        await tx.execute(update(RunRow).values(state="failed", why="It broke."))
    assert set(buttons(await _card(talk))) == {"try_run_again"}
    assert "goes on" in await _press(talk, "david", "try_run_again", run)
    async with talk.database.transaction(talk.tenant) as tx:
        assert set((await tx.execute(select(StepRow.state))).scalars()) == {"waiting"}
    assert "goes on, so there is nothing to try again" in await _press(talk, "david", "try_run_again", run)


@pytest.mark.parametrize("verb", ["pause_run", "resume_run", "try_run_again", "cancel_run", "cancel_run_now"])
async def test_whoever_may_not_is_told_so_and_nothing_changes(talk: Talk, verb: str) -> None:
    run = await _begun(talk)
    for who in ("nathan", "carlos", "nobody"):
        answered = await talk.press(who, verb, run)
        assert answered.replies[0].text
        assert answered.replies[0].aside == f"console:{who}"
    assert await _state(talk, run) == "running"
    assert await _press(talk, "david", verb, "rn_none") == "This run is not there any more."
