"""Handing over votes and changing roles in conversation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from governance.directory import deputies, person_by_id
from governance.people import Role
from tests.handlers.conftest import Talk, buttons


async def _deputies(talk: Talk) -> dict[str, frozenset[str]]:
    async with talk.desk() as desk:
        return dict(await deputies(desk.tx, talk.now))


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("Amanda decides for me until Friday", datetime(2026, 11, 28, 5, tzinfo=UTC)),
        ("amanda has my votes for the next 3 days", datetime(2026, 11, 26, 15, tzinfo=UTC)),
        ("I'm sick today, amanda has my votes", datetime(2026, 11, 24, 5, tzinfo=UTC)),
        ("my deputy is Amanda from now until 2026-12-01", datetime(2026, 12, 2, 5, tzinfo=UTC)),
    ],
)
async def test_votes_are_handed_over_until_then(talk: Talk, words: str, until: datetime) -> None:
    (reply,) = (await talk.say("david", f"/delegate {words}")).replies
    assert "Amanda Reyes-Holt decides for you" in reply.text
    assert await _deputies(talk) == {"amanda": {"david"}}
    talk.now = until
    assert await _deputies(talk) == {}


async def test_the_deputy_is_told_and_votes_count_once(talk: Talk) -> None:
    (reply,) = (await talk.say("david", "/delegate Amanda decides for me until Friday")).replies
    ((told, people),) = await talk.notices("delegated")
    assert told is not None
    assert "You decide for David" in told.text
    assert people == ["amanda"]
    button = buttons(reply)["end_delegation"]
    (not_yours,) = (await talk.press("carlos", button.verb, button.subject)).replies
    assert "not yours" in not_yours.text
    assert await _deputies(talk)
    await talk.press("david", button.verb, button.subject)
    assert await _deputies(talk) == {}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("Amanda decides for me", "Until when"),
        ("Amanda decides for me until 2027-03-01", "at most 30 days"),
        ("can Rachel's decisions go to Amanda until Friday", "own votes only"),
        ("Helena decides for me until Friday", "no vote of their own"),
        ("let somebody cover for me", "Nobody decides for you at present"),
        ("cancel my delegation", "nothing to take back"),
    ],
)
async def test_what_is_missing_or_wrong_is_said(talk: Talk, words: str, part: str) -> None:
    (reply,) = (await talk.say("david", f"/delegate {words}")).replies
    assert part in reply.text
    assert await _deputies(talk) == {}


async def test_votes_are_taken_back_in_words(talk: Talk) -> None:
    await talk.say("david", "/delegate Amanda decides for me until Friday")
    (reply,) = (await talk.say("david", "/delegate I take my votes back from Amanda")).replies
    assert "decide for yourself again" in reply.text
    assert await _deputies(talk) == {}


async def test_only_those_with_a_vote_delegate(talk: Talk) -> None:
    assert (await talk.say("helena", "/delegate Amanda decides for me until Friday")).refused


@pytest.mark.parametrize(
    ("who", "words", "title"),
    [
        ("amanda", "make Nathan an architect", "Give Nathan Adebayor the role architect"),
        ("carlos", "Nathan is no longer an SRE", "Take the role SRE lead from Nathan Adebayor"),
        ("amanda", "make me a compliance officer", "Give Amanda Reyes-Holt the role compliance officer"),
        ("carlos", "link slack:E1/T1/U9 to Nathan", "Link slack:E1/T1/U9 to Nathan Adebayor"),
    ],
)
async def test_changes_of_access_are_put_to_two_people(talk: Talk, who: str, words: str, title: str) -> None:
    (reply,) = (await talk.say(who, f"/access {words}")).replies
    assert title in reply.text
    assert "the engineering director and the compliance officer" in reply.text
    approval = buttons(reply)["approve"].subject
    (first,) = (await talk.press(who, "approve", approval)).replies
    assert "Still needed" in first.text
    async with talk.desk() as desk:
        assert (await person_by_id(desk.tx, "nathan")).roles == {Role.SRE_LEAD}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("make Zebulon an architect", "I know nobody"),
        ("Nathan should be SRE lead", "already holds"),
        ("take all roles from Nathan", "Which role shall go"),
        ("demote Nathan to engineer", "more than one change"),
        ("make Lena an auditor", "Did you mean Elena"),
        ("make Nathan and Tom architects", "each person by themselves"),
        ("link my slack account", "Write the identity"),
        ("unlink slack:E1/T1/U9 from Nathan", "not linked"),
        ("", "Amanda Reyes-Holt: engineering director"),
    ],
)
async def test_what_cannot_be_changed_is_said(talk: Talk, words: str, part: str) -> None:
    (reply,) = (await talk.say("amanda", f"/access {words}")).replies
    assert part in reply.text
    assert "approve" not in buttons(reply)


@pytest.mark.parametrize("who", ["david", "nathan", "rachel", "helena"])
async def test_others_do_not_change_access(talk: Talk, who: str) -> None:
    assert (await talk.say(who, "/access make me an engineering director")).refused


async def test_an_end_is_said_as_people_write_it_in_the_zone_of_whoever_hands_over(talk: Talk) -> None:
    await talk.say("david", "/delegate Amanda decides for me until Friday")
    (again,) = (await talk.say("david", "/delegate Nathan decides for me until Friday")).replies
    assert "Amanda Reyes-Holt decides for you already until the end of Fri 27 Nov 2026 (EST);" in again.text


async def test_a_list_of_days_covers_every_one_of_them(talk: Talk) -> None:
    (reply,) = (await talk.say("amanda", "/delegate im off thurs + fri, leila covers")).replies
    assert "Leila Farrokh decides for you from Thu 26 Nov" in reply.text
    assert await _deputies(talk) == {}
    talk.now = datetime(2026, 11, 27, 17, tzinfo=UTC)
    assert await _deputies(talk) == {"leila": {"amanda"}}
    talk.now = datetime(2026, 11, 28, 5, tzinfo=UTC)
    assert await _deputies(talk) == {}


async def test_days_apart_are_covered_apart(talk: Talk) -> None:
    (reply,) = (await talk.say("amanda", "/delegate leila decides for me on tue and fri")).replies
    assert len(reply.cards) == 2
    for day, covered in ((24, True), (25, False), (26, False), (27, True), (28, False)):
        talk.now = datetime(2026, 11, day, 17, tzinfo=UTC)
        assert bool(await _deputies(talk)) == covered, day


async def test_holidays_of_ones_own_calendar_count(talk: Talk) -> None:
    await talk.say("amanda", "/delegate leila decides for me until after the holiday")
    talk.now = datetime(2026, 11, 30, 4, 59, tzinfo=UTC)  # New York's Thanksgiving, and the weekend behind it
    assert await _deputies(talk) == {"leila": {"amanda"}}
    talk.now = datetime(2026, 11, 30, 5, tzinfo=UTC)
    assert await _deputies(talk) == {}
