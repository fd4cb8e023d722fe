"""Who reads along: what Graph and the connector say, narrowed by the department's file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from governance.places import Audience, Place
from simulators.teams import Conversation, activities
from tests.office import TeamsOffice

EVERYBODY_NAMED = ["nathan", "ingrid", "amanda", "leila", "carlos", "yusuf", "david", "priya"]


async def _audience(office: TeamsOffice, channel: Conversation, *, by: str = "david") -> Audience:
    """Who reads along where somebody speaks, looked up anew."""
    await office.person(by).says("@bot /status", to=channel)
    return await _asked(office, channel, by)


async def _asked(office: TeamsOffice, channel: Conversation, by: str = "david") -> Audience:
    identity = f"teams:{office.teams.world.tenant}/{office.person(by).human.id}"
    place = Place("teams", channel.id, "main", Audience.PUBLIC)
    async with office.installation.database.statements(office.tenant) as tx:
        introduced = await office.installation.adapters["teams"].introduce(tx, identity, place)
    assert introduced == replace(place, audience=introduced.audience)
    return introduced.audience


def _channel(office: TeamsOffice, name: str, team: str, members: list[str], **facts: Any) -> Conversation:
    return office.teams.world.add_channel(name, members, team=team, **facts)


@pytest.mark.parametrize(("name", "membership", "members", "audience"), [
    ("engineering", "standard", ["david", "mike"], Audience.DEPARTMENT),
    ("engineering", "private", ["david", "mike"], Audience.DEPARTMENT),
    ("engineering", "shared", ["david", "mike"], Audience.PUBLIC),
    ("engineering", "standard", ["david", "a-guest"], Audience.PUBLIC),
    ("engineering", "standard", ["david", "a-foreigner"], Audience.PUBLIC),
    ("engineering", "standard", ["david", "nobody-of-entra"], Audience.PUBLIC),
    ("Customer Requests", "standard", ["david"], Audience.DEPARTMENT),
    ("incidents", "private", EVERYBODY_NAMED, Audience.RESTRICTED),
    ("incidents", "private", ["david", "mike"], Audience.DEPARTMENT),
    ("incidents", "private", ["david", "a-guest"], Audience.PUBLIC),
    ("incidents", "standard", EVERYBODY_NAMED, Audience.DEPARTMENT),
    ("incidents", "shared", EVERYBODY_NAMED, Audience.PUBLIC),
    ("announcements", "private", ["david"], Audience.PUBLIC),
    ("watercooler", "private", ["david"], Audience.PUBLIC),
])  # fmt: skip
async def test_channels(
    empty_office: TeamsOffice, request: pytest.FixtureRequest, name: str, membership: str,
    members: list[str], audience: Audience,
) -> None:  # fmt: skip
    world = empty_office.teams.world
    world.add_person("a-guest", "Mike", "mike@example.com", is_guest=True)
    world.add_person("a-foreigner", tenant="00000000-0000-4000-8000-000000000000")
    world.add_person("nobody-of-entra", has_object_id=False)
    team = request.node.name.translate({ord(each): "-" for each in "[] ,"})
    channel = _channel(empty_office, name, team, members, membership=membership)
    assert await _audience(empty_office, channel) == audience


@pytest.mark.parametrize(("members", "audience"), [
    (["david", "amanda", "mike"], Audience.DEPARTMENT),
    (["david", "a-colleague"], Audience.PUBLIC),
    (["david", "group-guest"], Audience.PUBLIC),
    ([], Audience.PUBLIC),
])  # fmt: skip
async def test_group_chats_are_the_departments_if_all_are_of_it(
    empty_office: TeamsOffice, members: list[str], audience: Audience
) -> None:
    world = empty_office.teams.world
    world.add_person("a-colleague", "Ann Other", "ann@example.com")
    world.add_person("group-guest", "Mike", "mike@example.com", is_guest=True)
    assert await _audience(empty_office, world.add_group("-".join(["group", *members]), members)) == audience


async def test_a_personal_chat_is_direct_without_asking(empty_office: TeamsOffice) -> None:
    await empty_office.person("david").says("/status")
    asked = empty_office.teams.faults.count("members")
    assert await _asked(empty_office, empty_office.person("david").chat) == Audience.DIRECT
    assert empty_office.teams.faults.count("members") == asked


async def test_members_are_counted_over_pages(
    empty_office: TeamsOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty_office.teams.connector, "page", 2)
    empty_office.teams.world.add_person("last-guest", is_guest=True)
    members = ["david", "amanda", "mike", "priya", "last-guest"]
    channel = _channel(empty_office, "engineering", "paged", members)
    assert await _audience(empty_office, channel) == Audience.PUBLIC


async def test_a_guest_who_joins_is_noticed_at_once_with_the_event_and_soon_without(
    empty_office: TeamsOffice,
) -> None:
    world = empty_office.teams.world
    world.add_person("late-guest", is_guest=True)
    channel = _channel(empty_office, "engineering", "joining", ["david"])
    assert await _audience(empty_office, channel) == Audience.DEPARTMENT
    channel.members.append("late-guest")
    assert await _asked(empty_office, channel) == Audience.DEPARTMENT, "believed for a while"
    david = empty_office.person("david").human
    event = activities.frame(
        empty_office.teams, "conversationUpdate", david, channel, None, membersAdded=[{"id": "29:late-guest"}]
    )
    assert (await empty_office.teams.deliver(event)).status == 200
    assert await _asked(empty_office, channel) == Audience.PUBLIC


@pytest.mark.parametrize("permission", ["channels"])
async def test_what_may_not_be_looked_up_is_public(empty_office: TeamsOffice, permission: Any) -> None:
    empty_office.teams.graph.forbidden.add(permission)
    try:
        channel = _channel(empty_office, "engineering", f"without-{permission}", ["david"])
        assert await _audience(empty_office, channel) == Audience.PUBLIC
    finally:
        empty_office.teams.graph.forbidden.clear()


async def test_a_channel_of_which_the_bot_is_no_part_any_more_is_public(empty_office: TeamsOffice) -> None:
    channel = _channel(empty_office, "engineering", "left", ["david"])
    assert await _asked(empty_office, channel) == Audience.PUBLIC


async def test_restricted_answers_go_to_the_personal_chat_and_the_channel_is_told(
    own_office: TeamsOffice,
) -> None:
    world = own_office.teams.world
    world.add_person("outsider", is_guest=True)
    channel = _channel(own_office, "engineering", "mixed", ["david", "outsider"])
    said = await own_office.person("david").says("@bot /status", to=channel)
    told = await own_office.answered(said)
    assert "I answered in a direct message, because people from outside" in told.all_text
    answer = await own_office.teams.wait_for(lambda each: each.conversation == "a:1-david")
    assert "What runs now" in answer.all_text


async def test_a_group_that_is_not_told_is_asked_for_again(empty_office: TeamsOffice) -> None:
    channel = _channel(empty_office, "engineering", "newcomers", ["david"])
    team = empty_office.teams.world.teams["newcomers"]
    group, team.group = team.group, ""
    assert await _audience(empty_office, channel) is Audience.PUBLIC
    team.group = group
    await empty_office.rows("UPDATE platform_channels SET checked = '2026-01-01' RETURNING 1")
    assert await _asked(empty_office, channel) is Audience.DEPARTMENT
