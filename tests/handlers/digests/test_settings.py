"""Who gets what from the start, and how people change it: in words, by the form, and back again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from governance.directory import person_by_id
from governance.tables import IdentityRow
from handlers.conversation.cards import Bullets, Button, Buttons, Reply
from handlers.office.digests.render import digest_blocks
from handlers.office.digests.settings import DigestKind, Recipient, recipient_for
from tests.handlers.conftest import Talk, buttons


async def say(talk: Talk, who: str, words: str) -> Reply:
    (reply,) = (await talk.say(who, f"/digest {words}")).replies
    return reply


async def settings(talk: Talk, who: str) -> Recipient:
    async with talk.desk() as desk:
        return await recipient_for(desk.tx, desk.department, await person_by_id(desk.tx, who), desk.now)


async def on(talk: Talk, who: str) -> set[str]:
    return {kind.value for kind, setting in (await settings(talk, who)).settings.items() if setting.is_on}


@pytest.mark.parametrize(
    ("who", "gets"),
    [
        ("david", {"daily", "approvals", "blockers"}),
        ("amanda", {"weekly", "approvals", "blockers"}),
        ("rachel", {"daily", "approvals"}),
        ("carlos", {"approvals"}),
        ("nathan", {"approvals"}),
        ("helena", set()),
        ("sarah", set()),
        ("agnes", set()),
        ("mei.tanemori", set()),
    ],
)
async def test_each_role_begins_with_what_it_needs(talk: Talk, who: str, gets: set[str]) -> None:
    assert await on(talk, who) == gets


async def test_defaults_come_at_nine_in_each_ones_own_time(talk: Talk) -> None:
    for who, zone in (("david", "America/New_York"), ("leila", "Europe/Dublin")):
        found = await settings(talk, who)
        daily, weekly = found.schedule(DigestKind.DAILY), found.schedule(DigestKind.WEEKLY)
        assert (daily.at, daily.zone, daily.days) == (time(9), zone, frozenset(range(5)))
        assert weekly.days == {0}


async def test_holidays_and_absences_are_days_off(talk: Talk) -> None:
    off = (await settings(talk, "priya")).off
    assert {datetime(2026, 12, day, tzinfo=UTC).date() for day in (14, 18, 25)} <= off
    assert datetime(2026, 12, 21, tzinfo=UTC).date() not in off


async def test_words_set_when_and_the_next_one_is_named(talk: Talk) -> None:
    reply = await say(talk, "david", "send me the daily summary at 8:30 on weekdays")
    assert reply.text == (
        "Daily summary: on working days at 08:30 (America/New_York)."
        " The next one is due Tue 24 Nov 2026, 08:30 EST."
    )
    found = (await settings(talk, "david")).settings[DigestKind.DAILY]
    assert (found.at, found.days, found.since) == (time(8, 30), frozenset(), talk.now)
    again = await say(talk, "david", "send me the daily summary at 8:30 on weekdays")
    assert "It is so already" in again.text


async def test_each_word_changes_what_it_names_and_nothing_else(talk: Talk) -> None:
    await say(talk, "amanda", "change my digest to Friday afternoon")
    weekly = (await settings(talk, "amanda")).settings[DigestKind.WEEKLY]
    assert (weekly.days, weekly.at) == (frozenset({4}), time(14))
    await say(talk, "amanda", "use Europe/Dublin for my digest")
    found = (await settings(talk, "amanda")).settings
    assert {found[DigestKind(kind)].time_zone for kind in await on(talk, "amanda")} == {"Europe/Dublin"}
    assert found[DigestKind.WEEKLY].at == time(14)
    assert await on(talk, "amanda") == {"weekly", "approvals", "blockers"}
    await say(talk, "amanda", "every Monday morning I want an overview")
    assert (await settings(talk, "amanda")).settings[DigestKind.WEEKLY].days == {0}
    assert "Which time zone?" in (await say(talk, "amanda", "change the time zone of my digest")).text


async def test_off_is_off_and_undo_brings_it_back(talk: Talk) -> None:
    reply = await say(talk, "amanda", "turn the weekly dashboard off")
    assert await on(talk, "amanda") == {"approvals", "blockers"}
    undo = buttons(reply)["undo_digest"]
    (stranger,) = (await talk.press("david", undo.verb, undo.subject)).replies
    assert "somebody else's" in stranger.text
    (undone,) = (await talk.press("amanda", undo.verb, undo.subject)).replies
    assert undone.text.startswith("Undone.")
    assert await on(talk, "amanda") == {"weekly", "approvals", "blockers"}
    (twice,) = (await talk.press("amanda", undo.verb, undo.subject)).replies
    assert "undone already" in twice.text


async def test_only_the_newest_change_is_undone(talk: Talk) -> None:
    first = buttons(await say(talk, "david", "send me the daily summary at 8"))["undo_digest"]
    await say(talk, "david", "quiet hours 20:00 to 7:00")
    (no,) = (await talk.press("david", first.verb, first.subject)).replies
    assert "changed since" in no.text
    assert (await settings(talk, "david")).settings[DigestKind.DAILY].at == time(8)


async def test_no_more_digests_leaves_the_alerts_on_and_says_so(talk: Talk) -> None:
    reply = await say(talk, "david", "no more digests")
    assert await on(talk, "david") == {"blockers"}
    assert "Blocker alerts stay on" in reply.text
    assert "nothing to turn off" in (await say(talk, "david", "no more digests")).text


async def test_a_pause_has_an_end(talk: Talk) -> None:
    reply = await say(talk, "david", "pause my digest until Monday")  # said on a Monday
    assert "paused until Mon 30 Nov 2026, 00:00 EST" in reply.text
    found = await settings(talk, "david")
    assert found.settings[DigestKind.DAILY].is_paused(talk.now)
    assert not found.settings[DigestKind.DAILY].is_paused(talk.now + timedelta(days=7))
    assert "Until when?" in (await say(talk, "david", "pause my digest until the cows come home")).text
    away = await say(talk, "priya", "no digest during my vacation")
    assert "away from 2026-12-14 to 2026-12-18" in away.text
    assert "daily" in await on(talk, "priya")


async def test_where_is_a_platform_that_knows_the_person(talk: Talk) -> None:
    assert "do not know you on Slack" in (await say(talk, "david", "send my digest to Slack")).text
    async with talk.desk() as desk:
        desk.tx.add(IdentityRow(identity="slack:T1/U7", person="david"))
    assert "on Slack" in (await say(talk, "david", "send my daily summary to Slack")).text
    found = (await settings(talk, "david")).settings
    assert found[DigestKind.DAILY].platforms == ("slack",)
    assert found[DigestKind.BLOCKERS].platforms == ()


async def test_what_is_not_there_is_said(talk: Talk) -> None:
    mail = await say(talk, "david", "mail me a summary every evening at 6")
    assert "Mail is not there" in mail.text
    again = buttons(mail)["ask"]
    (set_now,) = (await talk.press("david", again.verb, again.subject)).replies
    assert "at 18:00" in set_now.text
    assert "Nothing was changed" in (await say(talk, "david", "send my weekly report by email instead")).text
    assert "cannot make it shorter" in (await say(talk, "david", "make my daily summary shorter")).text
    weekly = await say(talk, "rachel", "send me the weekly dashboard")
    assert "you see your customers'" in weekly.text
    assert "People set their own" in (await say(talk, "david", "send Priya a daily summary at 9")).text


async def _form(talk: Talk, who: str) -> Button:
    button = buttons(await say(talk, who, "digest settings"))["digest_settings"]
    assert button.form is not None
    return button


def _as_it_stands(button: Button) -> dict[str, str | tuple[str, ...]]:
    assert button.form is not None
    return {entry.name: entry.value for entry in button.form.inputs}


async def test_the_form_shows_what_holds_and_saves_what_is_changed(talk: Talk) -> None:
    button = await _form(talk, "david")
    values = _as_it_stands(button)
    assert values["on"] == ("daily", "approvals", "blockers")
    (same,) = (await talk.press("david", button.verb, button.subject, values)).replies
    assert "nothing was changed" in same.text
    changed = {
        **values, "on": ("daily", "weekly"), "daily_at": "8.15", "daily_days": ("0", "3"), "weekly_day": "4",
        "zone": "dublin", "quiet": "20:00 to 7:00", "pierce": "yes",
    }  # fmt: skip
    (saved,) = (await talk.press("david", button.verb, button.subject, changed)).replies
    found = await settings(talk, "david")
    daily, weekly = found.settings[DigestKind.DAILY], found.settings[DigestKind.WEEKLY]
    assert await on(talk, "david") == {"daily", "weekly"}
    assert (daily.at, daily.days, daily.time_zone) == (time(8, 15), frozenset({0, 3}), "Europe/Dublin")
    assert (weekly.at, weekly.days) == (time(9), frozenset({4}))
    assert "20:00 to 07:00 (America/New_York); incidents and blockers come through" in saved.text
    undo = buttons(saved)["undo_digest"]
    await talk.press("david", undo.verb, undo.subject)
    assert _as_it_stands(await _form(talk, "david")) == values


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("daily_at", "soon", "no time of day"),
        ("zone", "Atlantis", "no time zone"),
        ("quiet", "at night", "no hours"),
        ("quiet", "10 to 7", "21 hours"),
        ("platforms", ("teams",), "do not know you on Teams"),
    ],
)
async def test_what_cannot_be_read_changes_nothing(
    talk: Talk, field: str, value: str | tuple[str, ...], why: str
) -> None:
    button = await _form(talk, "david")
    before = await settings(talk, "david")
    values = {**_as_it_stands(button), "on": (), field: value}
    (reply,) = (await talk.press("david", button.verb, button.subject, values)).replies
    assert why in reply.text
    assert await settings(talk, "david") == before


async def test_nobody_saves_anybody_elses_form(talk: Talk) -> None:
    button = await _form(talk, "david")
    values = {**_as_it_stands(button), "on": ()}
    (reply,) = (await talk.press("amanda", button.verb, button.subject, values)).replies
    assert "somebody else's settings" in reply.text
    assert await on(talk, "david") == {"daily", "approvals", "blockers"}


async def test_a_platforms_home_shows_the_settings_as_blocks(talk: Talk) -> None:
    await say(talk, "david", "post the daily summary to #product at 9")
    async with talk.desk() as desk:
        blocks = await digest_blocks(desk, await person_by_id(desk.tx, "david"))
        others = await digest_blocks(desk, await person_by_id(desk.tx, "rachel"))
    lines = next(block for block in blocks if isinstance(block, Bullets)).items
    assert len(lines) == len(DigestKind)
    (row,) = [block for block in blocks if isinstance(block, Buttons)]
    assert {button.verb for button in row.buttons} == {"digest_settings", "show_digest", "channel_digest_off"}
    assert "#product" in repr(blocks)
    assert "#product" not in repr(others)
    assert "dashboard" not in repr(others).split("Say it, too")[0]
