"""Channels get digests from those who may set them, and nothing that their readers may not see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.platforms.tables import PlatformChannelRow
from governance.directory import person_by_id
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.turn import Said, Turn
from handlers.office.digest.channels import set_in_channel
from handlers.office.digests.parse import read_wish
from handlers.office.digests.settings import DigestKind, channels
from tests.handlers.conftest import Talk, buttons


async def say(talk: Talk, who: str, words: str) -> Reply:
    (reply,) = (await talk.say(who, f"/digest {words}")).replies
    return reply


async def posted(talk: Talk) -> dict[str, set[str]]:
    """What is posted where, by channel."""
    async with talk.desk() as desk:
        found = await channels(desk.tx, desk.department)
    on = {one.key: {kind.value for kind, setting in one.settings.items() if setting.is_on} for one in found}
    return {key: kinds for key, kinds in on.items() if kinds}


async def test_it_is_set_and_ended_in_words_by_buttons_and_undone(talk: Talk) -> None:
    reply = await say(talk, "david", "post the daily summary to #product at 9")
    assert "Daily summary in #product: on working days at 09:00 (America/New_York)" in reply.text
    assert await posted(talk) == {"channel:console:product": {"daily"}}
    undo = buttons(reply)["undo_digest"]
    (refused,) = (await talk.press("nathan", undo.verb, undo.subject)).replies
    assert "Your roles do not include" in refused.text
    await talk.press("amanda", undo.verb, undo.subject)
    assert await posted(talk) == {}
    await say(talk, "leila", "post the daily summary and blockers to #engineering at 8")
    assert await posted(talk) == {"channel:console:engineering": {"daily", "blockers"}}
    async with talk.desk() as desk:
        (found,) = [one for one in await channels(desk.tx, desk.department) if one.key.endswith("engineering")]
    assert found.schedule(DigestKind.DAILY).zone == "Europe/Dublin"  # Leila's eight o'clock
    assert "off" in (await say(talk, "amanda", "stop posting the daily summary to #engineering")).text
    assert await posted(talk) == {"channel:console:engineering": {"blockers"}}
    off = buttons(await say(talk, "amanda", "digest settings"))["channel_digest_off"]
    await talk.press("amanda", off.verb, off.subject)
    assert await posted(talk) == {}


@pytest.mark.parametrize("who", ["rachel", "nathan", "carlos", "mei.tanemori", "helena"])
async def test_others_do_not_set_what_everybody_gets(talk: Talk, who: str) -> None:
    assert (
        "It takes the product owner or engineering director"
        in (await say(talk, who, "post the daily summary to #product at 9")).text
    )
    assert await posted(talk) == {}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("post the daily summary to #announcements", "outside the department"),
        ("post the weekly dashboard to #product", "restricted channel"),
        ("post the approvals to #leadership", "to each directly"),
        ("post the daily summary to #nowhere", "I find no channel “nowhere”"),
        ("post the daily summary to #product on Slack", "I find no channel “product” on Slack"),
    ],
)
async def test_nothing_goes_where_its_readers_may_not_see_it(talk: Talk, words: str, why: str) -> None:
    assert why in (await say(talk, "david", words)).text
    assert await posted(talk) == {}


async def test_a_restricted_channel_may_have_the_dashboard_from_one_of_its_readers(talk: Talk) -> None:
    words = "post the weekly dashboard to #leadership"
    assert "#leadership: on Mondays" in (await say(talk, "david", words)).text
    assert await posted(talk) == {"channel:console:leadership": {"weekly"}}
    place = Place("console", "engineering", "t1", Audience.DEPARTMENT)
    async with talk.desk() as desk:
        others = tuple(
            one.model_copy(update={"members": ("carlos",)}) if one.members else one
            for one in desk.department.channels
        )
        without = replace(desk, department=desk.department.model_copy(update={"channels": others}))
        person = await person_by_id(desk.tx, "david")
        turn = Turn(talk.tenant, "tu_x", "console:david", person, place, talk.now, Said(words))
        with pytest.raises(CannotAnswer, match="You do not read #leadership"):
            await set_in_channel(turn, without, person, read_wish(words))


async def test_this_channel_is_where_it_is_said(talk: Talk) -> None:
    await say(talk, "david", "post the daily summary to this channel")
    assert await posted(talk) == {"channel:console:engineering": {"daily"}}


async def test_a_channel_of_another_platform_is_found_by_name_or_id(talk: Talk) -> None:
    async with talk.desk() as desk:
        for channel, name in (
            ("T1/C7", "product"),
            ("T1/C8", "guests"),
            ("T2/C9", "twice"),
            ("T1/C9", "twice"),
        ):
            audience = "public" if name == "guests" else "department"
            desk.tx.add(PlatformChannelRow(platform="slack", channel=channel, name=name, audience=audience))
    assert "#product" in (await say(talk, "david", "post the daily summary to #product on Slack at 9")).text
    assert await posted(talk) == {"channel:slack:T1/C7": {"daily"}}
    assert (
        "outside the department" in (await say(talk, "david", "post my digest to <#C8|guests> on Slack")).text
    )
    assert "or several" in (await say(talk, "david", "post the daily summary to #twice on Slack")).text
