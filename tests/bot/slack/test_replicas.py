"""Two web servers over one database: whatever reaches both, at once and again, is stored and answered once."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulators.slack import Delivery
from storage.embedded import EmbeddedServer
from tests.bot.slack import replicas
from tests.office import Office, offices
from tests.processes import processes


@pytest.fixture(scope="module")
async def office(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """An office of which a second process serves the web too; Slack brings everything to both."""
    with processes() as start:
        async with offices(server, tmp_path_factory.mktemp("office")) as open_office:
            opened = await open_office()
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            start(replicas.serve, opened.installation.settings.model_copy(update={"port": port}))
            other = f"http://127.0.0.1:{port}/slack/events"
            await _answers(opened, other)
            opened.slack.courier.also = (other,)
            yield opened


async def _answers(office: Office, address: str) -> None:
    async def is_there() -> bool:
        try:
            async with office.slack.client.get(address):
                return True
        except aiohttp.ClientError:
            return False

    for _ in range(400):
        if await is_there():
            return
        await office.slack.state.change(0.05)
    raise AssertionError("the second web server did not start")


async def _again(office: Office, *deliveries: Delivery) -> None:
    """The same once more, at both, when all is done."""
    await office.settled()
    for delivery in deliveries:
        for address in (office.slack.events_url, *office.slack.courier.also):
            await office.slack.courier.attempt(delivery, 1, address)
        assert [attempt.status for attempt in delivery.attempts] == [200] * 4
    await office.settled()


async def _stored(office: Office, like: str) -> int:
    return int((await office.rows("SELECT count(*) FROM inbox WHERE what::text LIKE :like", like=like))[0][0])


async def _votes(office: Office) -> int:
    counted = "SELECT coalesce(sum(jsonb_array_length(body->'votes')), 0) FROM approvals"
    return int((await office.rows(counted))[0][0])


async def test_an_event_at_both_is_answered_once(office: Office) -> None:
    asked = await office.slack.user("david").says("/whoami of the event", dm=True)
    await _again(office, *[one for one in office.slack.courier.made if asked.ts in str(one.payload)])
    assert await _stored(office, "%of the event%") == 1
    assert len(office.slack.thread(asked)) == 2


async def test_a_command_at_both_is_answered_once(office: Office) -> None:
    carlos = office.slack.user("carlos")
    delivery = await carlos.runs("/eng /whoami of the command")
    await _again(office, delivery)
    assert await _stored(office, "%of the command%") == 1
    said = [m for m in office.slack.messages() if m.channel == carlos.dm.id and m.bot_id]
    assert len(said) == 1


async def test_a_click_at_both_is_one_vote_and_either_may_get_it_alone(office: Office) -> None:
    slack = office.slack
    asked = await slack.user("amanda").says("/access make Nathan an architect", dm=True)
    card = await slack.wait_for(lambda m: m.thread_ts == asked.ts and "Approve" in m.buttons)
    await _again(office, await slack.user("amanda").presses("Approve", on=card))
    assert await _stored(office, "%clicked%") == 1
    assert await _votes(office) == 1

    carlos, both = slack.user("carlos"), (slack.events_url, slack.courier.also)
    shown = await slack.wait_for(lambda m: m.channel == carlos.dm.id and "Approve" in m.buttons)
    slack.events_url, slack.courier.also = both[1][0], ()
    try:
        await carlos.presses("Approve", on=shown)
    finally:
        slack.events_url, slack.courier.also = both
    await office.settled()
    assert await _votes(office) == 2
    roles = await office.rows("SELECT role FROM person_roles WHERE person = 'nathan' ORDER BY role")
    assert [role for (role,) in roles] == ["architect", "sre_lead"]


async def test_a_form_at_both_is_opened_once_and_sent_once(office: Office) -> None:
    david = office.slack.user("david")
    await david.uses_shortcut("new_request")
    view = await office.slack.wait_for_view(david)
    assert office.slack.state.modals[david.id] == [view]
    sent = await david.submits(view, {"What would you like to ask or have done?": "/whoami of the form"})
    assert sent.is_closed
    await _again(office, sent.delivery)
    assert await _stored(office, "%of the form%") == 1
