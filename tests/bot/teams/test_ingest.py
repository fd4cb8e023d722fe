"""What comes in from Teams is stored once, whatever comes twice; and where the bot is, is known."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from simulators.teams import activities
from tests.office import TeamsOffice


def _said(office: TeamsOffice, name: str, text: str) -> dict[str, Any]:
    someone = office.person(name)
    return activities.message(office.teams, someone.human, someone.chat, None, text, uuid.uuid4().hex)


async def _inbox(office: TeamsOffice, activity: dict[str, Any]) -> list[Any]:
    return await office.rows(
        "SELECT identity, place, what FROM inbox WHERE key LIKE '%/' || :id", id=activity["id"]
    )


async def test_what_comes_twice_is_stored_once(empty_office: TeamsOffice) -> None:
    said = _said(empty_office, "david", "/status")
    deliveries = await asyncio.gather(*(empty_office.teams.deliver(said) for _ in range(5)))
    assert {delivery.status for delivery in deliveries} == {200}
    ((identity, place, what),) = await _inbox(empty_office, said)
    assert identity == f"teams:{empty_office.teams.world.tenant}/{empty_office.person('david').human.id}"
    assert (place["channel"], place["thread"], place["audience"]) == ("a:1-david", "main", "direct")
    assert what == {"kind": "said", "text": "/status"}


async def test_the_same_id_elsewhere_is_another_message(empty_office: TeamsOffice) -> None:
    first, second = _said(empty_office, "david", "/status"), _said(empty_office, "amanda", "/status")
    second["id"] = first["id"]
    await empty_office.teams.deliver(first)
    await empty_office.teams.deliver(second)
    assert len(await _inbox(empty_office, first)) == 2


async def test_edits_and_deletions_change_nothing(empty_office: TeamsOffice) -> None:
    said = _said(empty_office, "david", "/status")
    await empty_office.teams.deliver(said)
    for type_ in ("messageUpdate", "messageDelete"):
        delivery = await empty_office.teams.deliver(said | {"type": type_, "text": "/halt everything"})
        assert (delivery.status, delivery.body) == (200, "")
    ((_, _, what),) = await _inbox(empty_office, said)
    assert what["text"] == "/status"


async def test_channels_are_threads_and_only_mentions_are_kept(empty_office: TeamsOffice) -> None:
    david, engineering = empty_office.person("david"), empty_office.teams.world.named("engineering")
    root = await david.says("@bot /status", to=engineering)
    reply = await david.says("@bot /blockers", to=engineering, under=root)
    await david.says("shall we have lunch?", to=engineering, under=root)
    rows = await empty_office.rows(
        "SELECT what->>'text', place->>'thread' FROM inbox WHERE place->>'channel' = :c ORDER BY received",
        c=engineering.id,
    )
    assert rows == [("/status", root.id), ("/blockers", root.id)]
    assert reply.root == root.id


async def test_somebody_without_an_object_id_is_a_stranger(empty_office: TeamsOffice) -> None:
    said = _said(empty_office, "david", "/status")
    del said["from"]["aadObjectId"]
    await empty_office.teams.deliver(said)
    ((identity, _, _),) = await _inbox(empty_office, said)
    assert identity == f"teams:{empty_office.teams.world.tenant}/29:david"


async def test_unknown_requests_are_answered_so(empty_office: TeamsOffice) -> None:
    said = _said(empty_office, "david", "/status")
    invoke = said | {"type": "invoke", "name": "composeExtension/query", "value": {"commandId": "x"}}
    delivery = await empty_office.teams.deliver(invoke)
    assert delivery.status == 501
    assert "does not know" in delivery.answer["value"]["message"]
    assert await _inbox(empty_office, said) == []


async def test_a_press_on_nothing_is_kept_and_will_be_answered(empty_office: TeamsOffice) -> None:
    said = _said(empty_office, "david", "")
    action = {"type": "Action.Execute", "verb": "press", "data": {"token": "b_invented"}}
    invoke = said | {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": action}}
    for _ in range(2):
        delivery = await empty_office.teams.deliver(invoke)
        assert delivery.answer == {
            "statusCode": 200,
            "type": "application/vnd.microsoft.activity.message",
            "value": "Working on it…",
        }
    ((_, _, what),) = await _inbox(empty_office, said)
    assert what == {"kind": "clicked", "token": "", "values": {}}


@pytest.mark.parametrize("text", [None, ""])
async def test_an_old_clients_press_is_no_empty_message(empty_office: TeamsOffice, text: str | None) -> None:
    channel = empty_office.teams.world.add_channel(f"old-{text is None}", ["david"])
    said = _said(empty_office, "david", "") | {"text": text, "entities": None}
    said["conversation"] = {"id": f"{channel.id};messageid=1", "conversationType": "channel"}
    await empty_office.teams.deliver(said | {"value": {"verb": "press", "token": "b_invented"}})
    ((_, _, what),) = await _inbox(empty_office, said)
    assert what["kind"] == "clicked"


async def test_a_form_that_is_not_there_says_so(empty_office: TeamsOffice) -> None:
    said = _said(empty_office, "david", "")
    for name in ("task/fetch", "task/submit"):
        data = {"token": "b_invented", "verb": "form", "answer_x": "y"}
        invoke = said | {"type": "invoke", "name": name, "value": {"data": data}}
        delivery = await empty_office.teams.deliver(invoke)
        assert delivery.status == 200
        assert delivery.answer["task"]["type"] == "message"
        assert "no longer connected" in delivery.answer["task"]["value"]
    assert await _inbox(empty_office, said) == []


async def _known(office: TeamsOffice, *conversations: str) -> set[str]:
    rows = await office.rows(
        "SELECT conversation FROM teams_conversations WHERE conversation = ANY(:ids)", ids=list(conversations)
    )
    return {row.conversation for row in rows}


async def test_conversations_are_known_while_the_bot_is_in_them(empty_office: TeamsOffice) -> None:
    rachel = empty_office.person("rachel")
    await rachel.says("/status")
    ((kind, service_url, identity, bot),) = await empty_office.rows(
        "SELECT kind, service_url, identity, bot FROM teams_conversations WHERE conversation = 'a:1-rachel'"
    )
    assert (kind, bot) == ("personal", empty_office.teams.bot_id)
    assert service_url == empty_office.teams.service_url
    assert identity.endswith(f"/{rachel.human.id}")
    await empty_office.teams.deliver(
        activities.frame(
            empty_office.teams, "installationUpdate", rachel.human, rachel.chat, None, action="remove"
        )
    )
    assert await _known(empty_office, "a:1-rachel") == set()


async def test_a_conversation_that_moved_is_found_where_it_is_now(empty_office: TeamsOffice) -> None:
    await empty_office.person("elena").says("/status")
    moved = _said(empty_office, "elena", "/status")
    moved["serviceUrl"] = empty_office.teams.service_url + "emea/"
    token = empty_office.teams.token(serviceurl=moved["serviceUrl"])
    delivery = await empty_office.teams.deliver(moved, authorization=f"Bearer {token}")
    assert delivery.status == 200
    ((url,),) = await empty_office.rows(
        "SELECT service_url FROM teams_conversations WHERE conversation = 'a:1-elena'"
    )
    assert url.endswith("/emea/")


async def test_leaving_a_team_forgets_its_channels_and_no_other(empty_office: TeamsOffice) -> None:
    world, nathan = empty_office.teams.world, empty_office.person("nathan")
    here = world.add_channel("alerts", ["nathan"], team="reliability")
    there = world.add_channel("rota", ["nathan"], team="elsewhere")
    teams = empty_office.teams
    for channel in (here, there):
        await teams.deliver(activities.came(teams, nathan.human, channel))
        await nathan.says("@bot /status", to=channel)
    general = world.teams["reliability"].id
    assert await _known(empty_office, here.id, there.id, general) == {here.id, there.id, general}
    ((group,),) = await empty_office.rows(
        "SELECT team FROM teams_conversations WHERE conversation = :id", id=here.id
    )
    assert group == world.teams["reliability"].group, "as the bot's arrival said"
    await teams.deliver(activities.came(teams, nathan.human, here, left=True))
    assert await _known(empty_office, here.id, there.id, general) == {there.id}
