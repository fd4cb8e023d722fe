"""The database is gone for seconds in the middle of turns and of a plan: nothing is lost, nothing done twice.

PostgreSQL is ended as by a crash (SIGQUIT) and started again on the same data. The worker and the listener run
on as they are; whoever speaks sends again under the same key until it was taken, as every platform does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot import inbox
from bot.console.adapter import NEWS, add_message, direct_channel, new_message_id
from bot.department import Installation
from bot.opening import open_installation
from bot.processes import worker_part
from bot.settings import Settings
from governance.fence import CHANNEL
from governance.places import Audience, Place
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition
from storage import embedded

AWAY_SECONDS = 10.0
TENANT = "away"
BUILD = "/build_feature Build the customer dashboard feature from PRD-2025-Q1-Dashboard"
SPEAKERS = ("amanda", "nathan", "carlos")
TURNS = 8
_RECEIPTS = "SELECT grant_id FROM tracker_receipts WHERE grant_id LIKE 'gr_%'"


class Deaf:
    """No sentence model: everything here is said as an exact command."""

    def start(self) -> None:
        """Nothing to load."""

    def begin(self, text: str) -> None:
        """Nothing to work out ahead."""

    async def recognise(self, text: str) -> Recognition:
        return Recognition(None, 0.0, (), Mood.OTHER, 0.0)


@pytest.fixture
def own_server() -> Iterator[embedded.EmbeddedServer]:
    folder = Path(tempfile.mkdtemp(prefix="countersign-away-"))
    started = embedded.start(folder / "data")
    yield started
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def installation(own_server: embedded.EmbeddedServer, tmp_path: Path) -> AsyncIterator[Installation]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        tenant=TENANT,
        database_url=own_server.app_url,
        database_owner_url=own_server.owner_url,
        var_folder=tmp_path,
        openai_api_key=None,
        log_level="error",
    )
    opened = await open_installation(settings)
    opened.__dict__["recogniser"] = Deaf()
    parts = [
        asyncio.create_task(worker_part(opened)),
        asyncio.create_task(opened.listener.run((CHANNEL, NEWS))),
    ]
    yield opened
    assert not [part for part in parts if part.done()], "worker and listener recover by themselves"
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
    await opened.close()


async def _all(installation: Installation, query: str, **values: Any) -> list[Any]:
    async with installation.database.transaction(TENANT) as tx:
        return [tuple(row) for row in (await tx.execute(text(query), values)).all()]


async def _say(installation: Installation, who: str, words: str, key: str, thread: str) -> None:
    """Say it until it was taken. The same key every time."""
    place = Place("console", direct_channel(who), thread, Audience.DIRECT)
    identity = f"console:{who}"
    while True:
        try:
            async with installation.database.transaction(TENANT) as tx:
                await add_message(tx, place, author=identity, text=words, key=f"said:{key}")
                await inbox.store_words(
                    tx, platform="console", key=key, identity=identity, place=place, text=words
                )
            return
        except SQLAlchemyError:
            await asyncio.sleep(0.2)


async def _until(installation: Installation, query: str, expected: Any, seconds: float = 120.0) -> None:
    deadline = monotonic() + seconds
    found: Any = None
    while monotonic() < deadline:
        try:
            found = await _all(installation, query)
        except SQLAlchemyError as away:
            found = type(away).__name__
        if found == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{query}: {found}, not {expected}")


async def _approve(installation: Installation) -> None:
    await _until(installation, "SELECT count(*) > 0 FROM buttons WHERE verb = 'approve'", [(True,)])
    ((token, place),) = (
        await _all(
            installation,
            "SELECT button.token, card.place FROM buttons AS button"
            " JOIN outbox AS card ON card.id = button.outbox WHERE button.verb = 'approve'"
            " ORDER BY card.number DESC LIMIT 1",
        )
    )[:1]
    async with installation.database.transaction(TENANT) as tx:
        await inbox.store_click(
            tx,
            platform="console",
            key="approve",
            identity="console:david",
            place=Place(**{**place, "audience": Audience(place["audience"])}),
            token=token,
            values={},
        )


async def _converse(installation: Installation, who: str, thread: str) -> None:
    for number in range(TURNS):
        await _say(installation, who, f"/whoami {number}", f"{who}-{number}", thread)
        await asyncio.sleep(0.25)


@pytest.mark.timeout(300)
async def test_nothing_is_lost_and_nothing_done_twice(
    installation: Installation, own_server: embedded.EmbeddedServer
) -> None:
    await _say(installation, "david", BUILD, "build", new_message_id())
    await _approve(installation)
    threads = {who: new_message_id() for who in SPEAKERS}
    talks = [asyncio.create_task(_converse(installation, who, thread)) for who, thread in threads.items()]
    await _until(installation, f"SELECT count(*) >= 3 FROM ({_RECEIPTS}) AS made", [(True,)])

    os.kill(own_server.handle.get_pid(), signal.SIGQUIT)
    await asyncio.sleep(AWAY_SECONDS)
    await asyncio.to_thread(own_server.handle.ensure_postgres_running)

    await asyncio.gather(*talks)
    await _until(installation, "SELECT state FROM plans", [("created",)])
    await _until(installation, "SELECT count(*) FROM inbox WHERE state <> 'done'", [(0,)])
    await _until(installation, "SELECT count(*) FROM outbox WHERE state <> 'posted'", [(0,)])
    await _until(
        installation, "SELECT count(*) FROM effects WHERE state IN ('ready', 'claimed', 'held')", [(0,)]
    )
    await _every_turn_was_answered_once_and_in_order(installation, threads)
    await _every_effect_happened_once(installation)


async def _every_turn_was_answered_once_and_in_order(
    installation: Installation, threads: dict[str, str]
) -> None:
    turns = await _all(installation, "SELECT id, key FROM inbox WHERE key LIKE '%-%'")
    assert len(turns) == len(SPEAKERS) * TURNS
    answers = Counter(turn for (turn,) in await _all(installation, "SELECT turn FROM outbox"))
    assert {answers[turn] for turn, _ in turns} == {1}
    for who, thread in threads.items():
        said = await _all(
            installation,
            "SELECT author FROM console_messages WHERE thread = :thread ORDER BY number",
            thread=thread,
        )
        assert Counter(author for (author,) in said) == {f"console:{who}": TURNS, "countersign": TURNS}
        answered = await _all(
            installation,
            "SELECT inbox.key FROM outbox JOIN inbox ON inbox.id = outbox.turn WHERE outbox.thread LIKE :t"
            " ORDER BY outbox.number",
            t=f"%{thread}",
        )
        assert [key for (key,) in answered] == [f"{who}-{number}" for number in range(TURNS)]


async def _every_effect_happened_once(installation: Installation) -> None:
    """What the tracker did = what was intended = what the log says came of it."""
    receipts = {grant for (grant,) in await _all(installation, _RECEIPTS)}
    effects = await _all(
        installation, "SELECT id, grant_id FROM effects WHERE action_type LIKE 'tracker.%' AND state = 'done'"
    )
    assert {grant for _, grant in effects} == receipts
    for kind in ("intent", "outcome"):
        logged = Counter(
            effect
            for (effect,) in await _all(installation, f"SELECT effect FROM audit_entries WHERE kind = '{kind}'")
        )
        assert {logged[effect] for effect, _ in effects} == {1}, kind
    titles = await _all(
        installation,
        "SELECT story.title FROM tracker_stories AS story JOIN plans ON plans.epic = story.epic",
    )
    assert len(titles) == len(set(titles)) == 17
