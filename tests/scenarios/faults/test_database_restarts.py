"""PostgreSQL is restarted again and again under load: every end is written, nothing stays behind a lock.

Five restarts are part of the suite; `COUNTERSIGN_RESTARTS=20` makes it twenty, with more plans to carry out
meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest

from bot.console.adapter import new_message_id
from tests.scenarios.faults.outages import Shaken

pytestmark = pytest.mark.processes

RESTARTS = int(os.environ.get("COUNTERSIGN_RESTARTS", "5"))
PLANS = ("PRD-2025-Q1-Dashboard", "PRD-2026-Q4-Webhooks-v2", "PRD-2026-Q3-Search")[: 1 + RESTARTS // 10]
SPEAKERS = ("amanda", "nathan", "carlos")
LONGEST_AWAY_SECONDS = 3.0
ANSWERS_BETWEEN = 3
"""So much is answered between two restarts, so that each of them comes upon work."""


async def _converse(shaken: Shaken, who: str, thread: str, over: asyncio.Event) -> list[str]:
    keys: list[str] = []
    while not over.is_set():
        keys.append(f"{who}-{len(keys)}")
        await shaken.say(who, f"/whoami {keys[-1]}", keys[-1], thread)
        await asyncio.sleep(0.25)
    return keys


async def _plan(shaken: Shaken, document: str) -> None:
    words = f"/build_feature Build the feature from {document}"
    await shaken.say("david", words, f"build:{document}", new_message_id())
    await shaken.approve(document)


@pytest.mark.timeout(1200 + 60 * RESTARTS)
async def test_every_restart_is_survived(shaken: Shaken) -> None:
    chance = random.Random(RESTARTS)
    over = asyncio.Event()
    for document in PLANS:
        await _plan(shaken, document)
    threads = {who: new_message_id() for who in SPEAKERS}
    talks = [asyncio.create_task(_converse(shaken, who, thread, over)) for who, thread in threads.items()]
    answered = 0
    for number in range(RESTARTS):
        answered += ANSWERS_BETWEEN
        await shaken.until(f"SELECT count(*) >= {answered} FROM inbox WHERE state = 'done'", True)
        ((answered,),) = await shaken.rows("SELECT count(*) FROM inbox WHERE state = 'done'")
        await asyncio.sleep(chance.uniform(0.0, 0.5))
        await shaken.go_away(signal.SIGQUIT if number % 2 else signal.SIGINT)
        await asyncio.sleep(chance.uniform(0.0, LONGEST_AWAY_SECONDS))
        await shaken.come_back()
    over.set()
    said = await asyncio.gather(*talks)
    await shaken.comes_to_rest()
    await shaken.every_turn_was_answered_once_and_in_order(dict(zip(threads.values(), said, strict=True)))
    await shaken.every_effect_happened_once()
