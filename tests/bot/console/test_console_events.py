"""News reaches an open page: new messages, edits, and where a turn is under way, and nobody else's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.console import events
from bot.console.adapter import ConsoleAdapter
from bot.tables import ConsoleMessageRow
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from tests.bot.console.conftest import Served
from tests.bot.console.sample_cards import approved_reply, plan_reply

PRODUCT = Place("console", "product", "cm_1", Audience.DEPARTMENT)


class Heard:
    """Events of a stream, in order."""

    def __init__(self, content: Any) -> None:
        self._content = content

    async def next(self, name: str) -> tuple[Any, str]:
        """The next event of this name, with its id."""
        async with asyncio.timeout(8):
            event: dict[str, str] = {}
            while True:
                line = (await self._content.readline()).decode().rstrip("\n")
                if line:
                    field, _, value = line.partition(": ")
                    event[field] = value
                    continue
                if event.get("event") == name:
                    return json.loads(event["data"]), event["id"]
                event = {}


@asynccontextmanager
async def _listening(
    served: Served, since: datetime | None = None, last: str | None = None
) -> AsyncIterator[Heard]:
    params = {"since": since.isoformat()} if since else {}
    headers = {"Last-Event-ID": last} if last else {}
    async with served.client.get("/console/events", params=params, headers=headers) as stream:
        assert stream.content_type == "text/event-stream"
        yield Heard(stream.content)


async def _post(served: Served, place: Place, reply: Reply, key: str, edits: str | None = None) -> str:
    async with served.database.transaction(served.tenant) as tx:
        return await ConsoleAdapter().post(tx, place, reply, edits=edits, key=key, again=False)


async def test_an_edit_reaches_the_page_in_place_of_the_message(served: Served) -> None:
    await served.is_("david")
    async with _listening(served) as heard:
        message = await _post(served, PRODUCT, plan_reply(), "k1")
        first, _ = await heard.next("message")
        await _post(served, PRODUCT, approved_reply("David"), "k2", edits=message)
        second, _ = await heard.next("message")
    assert first["id"] == second["id"] == message
    assert first["version"] != second["version"]
    assert "Plan: customer dashboard" in first["html"]
    assert "Approved: customer dashboard" in second["html"]
    assert second["edited"] is True


async def test_a_turn_under_way_is_told_and_its_end_too(served: Served) -> None:
    await served.is_("david")
    async with _listening(served) as heard:
        assert (await heard.next("working"))[0] == []
        said = await served.say("Hello", channel="product")
        assert (await heard.next("working"))[0] == [["product", said["thread"]]]
        await served.department.answer_next()
        assert (await heard.next("working"))[0] == []


async def test_nobody_hears_what_they_do_not_read(served: Served) -> None:
    await served.is_("rachel")
    async with _listening(served) as heard:
        await heard.next("working")
        await _post(served, Place("console", "dm-david", "x", Audience.DIRECT), Reply("For David"), "k1")
        await _post(served, Place("console", "compliance", "y", Audience.RESTRICTED), Reply("For Carlos"), "k2")
        await _post(served, PRODUCT, Reply("For all"), "k3")
        message, _ = await heard.next("message")
    assert message["text"] == "For all"


async def test_what_happened_while_the_browser_was_away_is_told_when_it_returns(served: Served) -> None:
    await served.is_("david")
    async with _listening(served) as heard:
        await _post(served, PRODUCT, Reply("Before"), "k1")
        _, last = await heard.next("message")
    message = await _post(served, PRODUCT, Reply("Meanwhile"), "k2")
    await _post(served, PRODUCT, Reply("Meanwhile, edited"), "k3", edits=message)
    async with _listening(served, last=last) as heard:
        texts = [(await heard.next("message"))[0]["text"] for _ in range(2)]
    assert texts[-1] == "Meanwhile, edited"


async def test_a_lost_notification_is_made_good_by_looking(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_WHILE_QUIET", 0.2)
    await served.is_("david")
    async with _listening(served) as heard:
        await heard.next("working")
        async with served.database.transaction(served.tenant) as tx:  # written without a notification
            tx.add(
                ConsoleMessageRow(
                    id="cm_q", channel="product", thread="cm_q", author="countersign", text_="Quiet"
                )
            )
        message, _ = await heard.next("message")
    assert message["text"] == "Quiet"


async def test_news_carry_unread_counts_of_others_words_only(served: Served) -> None:
    await served.is_("david")
    async with _listening(served) as heard:
        await served.say("Mine", channel="product")
        mine, _ = await heard.next("message")
        await _post(served, PRODUCT, Reply("Theirs"), "k1")
        newest, _ = await heard.next("newest")
    assert mine["mine"] is True
    assert set(newest) == {"product"}


async def test_a_stream_needs_somebody_and_a_time(served: Served) -> None:
    assert (await served.client.get("/console/events")).status == 401
    await served.is_("david")
    assert (await served.client.get("/console/events?since=yesterday")).status == 400
    old = datetime.now(UTC) - timedelta(days=900)
    async with _listening(served, since=old) as heard:
        assert (await heard.next("working"))[0] == []


async def test_a_server_that_ends_does_not_wait_for_open_pages(served: Served) -> None:
    await served.is_("david")
    async with _listening(served) as heard:
        await heard.next("working")
        async with asyncio.timeout(60):
            await served.client.server.close()
