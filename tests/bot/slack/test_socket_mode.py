"""Socket Mode: events without a public address, and a connection that dies without saying so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot.slack.connecting import web_of
from bot.slack.serving import run_socket
from tests.office import Office, OpenOffice


@pytest.fixture
async def connected(open_office: OpenOffice) -> AsyncIterator[Office]:
    """An office that Slack reaches by the socket alone, which is asked five times a second if it lives."""
    office = await open_office()
    office.slack.uses_sockets = True
    settings, workspaces = office.installation.settings, office.installation.slack
    assert workspaces is not None
    web = web_of(settings, office.installation.database, workspaces)
    (token,) = office.slack.app_tokens
    socket = asyncio.create_task(run_socket(web.bolt, token, ping_seconds=0.2))
    await office.slack.wait_until(lambda: office.slack.sockets.open)
    yield office
    socket.cancel()
    with suppress(asyncio.CancelledError):
        await socket


async def test_what_is_said_comes_by_the_socket(connected: Office) -> None:
    asked = await connected.slack.user("david").says("/whoami", dm=True)
    answer = await connected.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    assert "David" in answer.all_text


async def test_a_connection_that_fell_silent_is_noticed_and_made_anew(connected: Office) -> None:
    silent = connected.slack.sockets.open[0]
    silent.is_silent = True
    await connected.slack.wait_until(lambda: [one for one in connected.slack.sockets.open if not one.is_silent])
    asked = await connected.slack.user("david").says("/whoami", dm=True)
    await connected.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    await connected.settled()
    assert len(connected.slack.thread(asked)) == 2
