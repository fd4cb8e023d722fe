"""The database is gone for seconds in the middle of turns and of a plan: nothing is lost, nothing done twice.

PostgreSQL is ended as by a crash and started again on the same data; whoever speaks sends again under the same
key until it was taken, as every platform does.
"""

from __future__ import annotations

import asyncio
import signal

import pytest

from bot.console.adapter import new_message_id
from bot.worker import make_app, run_worker
from storage.jobs import defer, queues_of
from tests.scenarios.faults.outages import EFFECTS_MADE, Shaken

pytestmark = pytest.mark.processes

AWAY_SECONDS = 10.0
PLAN = "PRD-2025-Q1-Dashboard"
SPEAKERS = ("amanda", "nathan", "carlos")
TURNS = 8


async def _converse(shaken: Shaken, who: str, thread: str) -> list[str]:
    keys = [f"{who}-{number}" for number in range(TURNS)]
    for key in keys:
        await shaken.say(who, f"/whoami {key}", key, thread)
        await asyncio.sleep(0.25)
    return keys


@pytest.mark.timeout(1200)
async def test_nothing_is_lost_and_nothing_done_twice(shaken: Shaken) -> None:
    await shaken.say("david", f"/build_feature Build the feature from {PLAN}", "build", new_message_id())
    await shaken.approve(PLAN)
    threads = {who: new_message_id() for who in SPEAKERS}
    talks = [asyncio.create_task(_converse(shaken, who, thread)) for who, thread in threads.items()]
    await shaken.until(f"SELECT made.count >= 3 FROM ({EFFECTS_MADE}) AS made", True)

    await shaken.go_away(signal.SIGQUIT)
    await asyncio.sleep(AWAY_SECONDS)
    await shaken.come_back()

    said = await asyncio.gather(*talks)
    await shaken.comes_to_rest()
    await shaken.every_turn_was_answered_once_and_in_order(dict(zip(threads.values(), said, strict=True)))
    await shaken.every_effect_happened_once()
    ((made,),) = await shaken.rows(
        "SELECT count(DISTINCT story.title) FROM tracker_stories AS story JOIN plans ON plans.epic = story.epic"
    )
    assert made == 17


@pytest.mark.timeout(300)
async def test_a_worker_stops_though_the_database_is_away(shaken: Shaken) -> None:
    tenant = "elsewhere"
    began, may_end = asyncio.Event(), asyncio.Event()

    async def job(tenant: str) -> None:
        began.set()
        await may_end.wait()

    async with shaken.installation.database.transaction(tenant) as tx:
        await defer(tx, "job", {})
    app = make_app(shaken.installation.urls.app, {"job": job}, connections=4)
    async with app.open_async():
        working = asyncio.create_task(run_worker(app, queues_of(tenant), concurrency=2, name="stopped"))
        await began.wait()
        await shaken.go_away(signal.SIGQUIT)
        may_end.set()
        working.cancel()
        done, _ = await asyncio.wait([working], timeout=60)
        assert done, "it gives up writing the end, and leaves the job to others"
        await shaken.come_back()
