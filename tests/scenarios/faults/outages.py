"""A department whose PostgreSQL is ended and started again, and what must be so when it is back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot import inbox
from bot.console.adapter import add_message, direct_channel
from bot.department import Installation
from governance.places import Audience, Place
from storage.embedded import EmbeddedServer

_START_SECONDS = 120.0
"""The wheel gives a server ten seconds to start, and fails on one that is still at it, as on a busy machine."""

_RECEIPTS = "SELECT grant_id FROM tracker_receipts WHERE grant_id LIKE 'gr_%'"

_GONE_ON = (
    "SELECT (SELECT count(*) FROM audit_entries), (SELECT max(number) FROM outbox WHERE state = 'posted')"
)

PATIENCE_SECONDS = 120.0

EFFECTS_MADE = f"SELECT count(*) FROM ({_RECEIPTS}) AS made"

_AT_REST = {
    "SELECT count(*) FROM inbox WHERE state <> 'done'": 0,
    "SELECT count(*) FROM outbox WHERE state NOT IN ('posted', 'superseded')": 0,
    "SELECT count(*) FROM effects WHERE state IN ('ready', 'claimed', 'held')": 0,
    "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'": 0,
    "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'": 0,
    "SELECT count(*) FROM plans WHERE state <> 'created'": 0,
}


@dataclass(frozen=True)
class Shaken:
    """A department at work on a server of its own."""

    installation: Installation
    server: EmbeddedServer

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """What the database says."""
        async with self.installation.database.transaction(self.installation.settings.tenant) as tx:
            return [tuple(row) for row in (await tx.execute(text(query), values)).all()]

    async def until(self, query: str, expected: Any) -> None:
        """Wait until a query's first value is as expected, whether or not the database is there now.

        Fails once nothing has gone on for PATIENCE_SECONDS, however long that takes on a busy machine.
        """
        deadline, found, gone_on = monotonic() + PATIENCE_SECONDS, None, None
        while monotonic() < deadline:
            try:
                ((found,),) = await self.rows(query)
                if found == expected:
                    return
                before, gone_on = gone_on, await self.rows(_GONE_ON)
                if gone_on != before:
                    deadline = monotonic() + PATIENCE_SECONDS
            except SQLAlchemyError as away:
                found = type(away).__name__
            await asyncio.sleep(0.1)
        raise AssertionError(f"{query}: {found}, not {expected}; {await self._unfinished()}")

    async def _unfinished(self) -> list[Any]:
        query = "SELECT id, task_name, status, attempts, worker_id, lock, scheduled_at FROM procrastinate_jobs"
        return await self.rows(f"{query} ORDER BY id LIMIT 30")

    async def go_away(self, how: signal.Signals) -> None:
        """End the server: as by a crash (SIGQUIT), or in order, but with nobody asked (SIGINT)."""
        pid = self.server.handle.get_pid()
        os.kill(pid, how)
        async with asyncio.timeout(60):
            while _is_alive(pid):  # noqa: ASYNC110 — another's process
                await asyncio.sleep(0.02)

    async def come_back(self) -> None:
        """Start the server again, on the same data."""
        deadline = monotonic() + _START_SECONDS
        while True:
            try:
                await asyncio.to_thread(self.server.handle.ensure_postgres_running)
                return
            except (subprocess.SubprocessError, AssertionError):
                if monotonic() > deadline:
                    raise
            await asyncio.sleep(0.5)

    async def say(self, who: str, words: str, key: str, thread: str) -> None:
        """Say it until it was taken: the same key every time, as every platform does."""
        place = Place("console", direct_channel(who), thread, Audience.DIRECT)
        identity = f"console:{who}"
        while True:
            try:
                async with self.installation.database.transaction(self.installation.settings.tenant) as tx:
                    await add_message(tx, place, author=identity, text=words, key=f"said:{key}")
                    await inbox.store_words(
                        tx, platform="console", key=key, identity=identity, place=place, text=words
                    )
                return
            except SQLAlchemyError:
                await asyncio.sleep(0.2)

    async def approve(self, plan: str) -> None:
        """David approves a plan, once it is proposed."""
        tokens = (
            "FROM buttons AS button JOIN outbox AS card ON card.id = button.outbox"
            " JOIN plans ON plans.approval = button.subject"
            f" WHERE button.verb = 'approve' AND plans.document = '{plan}'"
        )
        await self.until(f"SELECT count(*) > 0 {tokens}", True)
        ((token, place), *_) = await self.rows(
            f"SELECT button.token, card.place {tokens} ORDER BY card.number DESC"
        )
        async with self.installation.database.transaction(self.installation.settings.tenant) as tx:
            await inbox.store_click(
                tx,
                platform="console",
                key=f"approve:{plan}",
                identity="console:david",
                place=Place(**{**place, "audience": Audience(place["audience"])}),
                token=token,
                values={},
            )

    async def comes_to_rest(self) -> None:
        """Everything that was said is answered, everything that was approved is done, and no job is stuck."""
        for query, expected in _AT_REST.items():
            await self.until(query, expected)

    async def every_turn_was_answered_once_and_in_order(self, said: Mapping[str, Sequence[str]]) -> None:
        """`said`: the keys of what was said in each thread, in order."""
        for thread, keys in said.items():
            answered = await self.rows(
                "SELECT inbox.key FROM outbox JOIN inbox ON inbox.id = outbox.turn WHERE outbox.thread LIKE :t"
                " ORDER BY outbox.number",
                t=f"%{thread}",
            )
            assert [key for (key,) in answered] == list(keys)
            authors = await self.rows("SELECT author FROM console_messages WHERE thread = :t", t=thread)
            assert Counter(author for (author,) in authors)["countersign"] == len(keys)
            assert len(authors) == 2 * len(keys)

    async def every_effect_happened_once(self) -> None:
        """What the tracker did = what was intended = what the log says came of it."""
        receipts = {grant for (grant,) in await self.rows(_RECEIPTS)}
        effects = await self.rows(
            "SELECT id, grant_id FROM effects WHERE action_type LIKE 'tracker.%' AND state = 'done'"
        )
        assert {grant for _, grant in effects} == receipts
        for kind in ("intent", "outcome"):
            query = "SELECT effect FROM audit_entries WHERE kind = :kind"
            logged = Counter(effect for (effect,) in await self.rows(query, kind=kind))
            assert {logged[effect] for effect, _ in effects} == {1}, kind
        made = await self.rows(
            "SELECT plans.id, story.title FROM tracker_stories AS story JOIN plans ON plans.epic = story.epic"
        )
        assert made
        assert len(made) == len(set(made))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
