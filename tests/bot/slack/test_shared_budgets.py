"""What Slack takes is shared: two processes that post into one channel keep within it together."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot import outbox
from bot.bootstrap import open_installation
from bot.settings import Settings
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from simulators.slack import FakeSlack
from storage.embedded import EmbeddedServer
from tests.bot.slack import replicas
from tests.office import office_settings
from tests.processes import FORKS, Start, processes
from tests.redis_server import RedisServer, redis_server

EACH = 4
"""Messages that each process has to post: either could do its own at once, both together cannot."""


@pytest.fixture
def start() -> Iterator[Start]:
    with processes() as started:
        yield started


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


async def _waiting(settings: Settings, slack: FakeSlack) -> list[str]:
    """Messages for one channel, each in a thread of its own, waiting in the outbox; returns the threads."""
    installation = await open_installation(settings)
    channel = f"T0ACME/{slack.channel('engineering').id}"
    places = [
        Place("slack", channel, f"new-{number}", Audience.DEPARTMENT) for number in range(1, 2 * EACH + 1)
    ]
    async with installation.database.transaction(settings.tenant) as tx:
        for place in places:
            await outbox.put(tx, place, Reply(f"Message in {place.thread}."), turn=None)
    await installation.close()
    return [place.key for place in places]


async def _posting(slack: FakeSlack, settings: Settings, start: Start, threads: Sequence[str]) -> None:
    """Two processes begin to post at the same moment."""
    barrier = FORKS.Barrier(2)
    for mine in (threads[:EACH], threads[EACH:]):
        start(replicas.post, settings, mine, barrier)
    await slack.wait_until(lambda: slack.messages("engineering"), within=30)


@asynccontextmanager
async def _two_posting(
    server: EmbeddedServer, tmp_path: Path, start: Start, redis: RedisServer
) -> AsyncIterator[FakeSlack]:
    """A Slack into one of whose channels two processes have begun to post."""
    async with await FakeSlack.start() as slack:
        settings = office_settings(server, tmp_path, slack, redis_url=redis.url)
        threads = await _waiting(settings, slack)
        # A little less than five seconds, for what was allowed at once need not arrive at once.
        slack.faults.burst = (5, 4.0)
        await _posting(slack, settings, start, threads)
        yield slack


def _said(slack: FakeSlack) -> Counter[str]:
    return Counter(re.findall(r"in (new-\d+)", " ".join(m.text for m in slack.messages("engineering"))))


async def test_two_processes_together_post_no_more_than_slack_takes(
    server: EmbeddedServer, tmp_path: Path, start: Start, redis: RedisServer
) -> None:
    async with _two_posting(server, tmp_path, start, redis) as slack:
        await slack.wait_until(lambda: len(_said(slack)) == 2 * EACH, within=30)
        assert set(_said(slack).values()) == {1}
        assert [call.error for call in slack.called("chat.postMessage") if call.error] == []


async def test_a_redis_that_goes_away_in_the_middle_stops_no_post(
    server: EmbeddedServer, tmp_path: Path, start: Start, redis: RedisServer
) -> None:
    async with _two_posting(server, tmp_path, start, redis) as slack:
        redis.stop()
        await slack.wait_until(lambda: len(_said(slack)) == 2 * EACH, within=30)
        await asyncio.sleep(0.2)
        assert set(_said(slack).values()) == {1}
