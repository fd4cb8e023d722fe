"""A fake Slack of its own for each test, and a Bolt app that it speaks to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack
from tests.simulators.bolt_app import BoltEnd, served


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with await FakeSlack.start() as started:
        yield started


@pytest.fixture
async def bolt(slack: FakeSlack) -> AsyncIterator[BoltEnd]:
    async with served(slack) as end:
        yield end


@pytest.fixture
def web(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
