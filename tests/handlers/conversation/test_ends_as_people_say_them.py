"""Whoever says "until Friday" reads Friday, not the midnight after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from governance.people import Person
from handlers.conversation.wording import last_minute, until_text
from tests.handlers.conftest import Talk

DUBLIN = Person("t", "p", "P", frozenset(), time_zone="Europe/Dublin")
CHICAGO = replace(DUBLIN, time_zone="America/Chicago")
SATURDAY = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ends", "person", "said"),
    [
        (SATURDAY, DUBLIN, "the end of Fri 27 Nov 2026 (GMT)"),
        (SATURDAY, None, "the end of Fri 27 Nov 2026 (UTC)"),
        (SATURDAY, CHICAGO, "Fri 27 Nov 2026, 18:00 CST"),
        (SATURDAY.replace(hour=6), CHICAGO, "the end of Fri 27 Nov 2026 (CST)"),
        (SATURDAY.replace(hour=18), DUBLIN, "Sat 28 Nov 2026, 18:00 GMT"),
        (datetime(2026, 3, 29, 23, tzinfo=UTC), DUBLIN, "the end of Sun 29 Mar 2026 (IST)"),
    ],
)
def test_an_end_at_midnight_is_the_end_of_the_day_before(
    ends: datetime, person: Person | None, said: str
) -> None:
    assert until_text(ends, person) == said


def test_a_card_shows_the_last_minute_that_is_inside() -> None:
    assert last_minute(SATURDAY, "Europe/Dublin") == datetime(2026, 11, 27, 23, 59, tzinfo=UTC)
    assert last_minute(SATURDAY, "America/Chicago") == SATURDAY


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("amanda", "/window planning mode until Friday"),
        ("carlos", "/freeze freeze all deployments until Friday because of the audit"),
        ("david", "/delegate Amanda decides for me until Friday"),
    ],
)
async def test_until_friday_reads_friday(talk: Talk, who: str, words: str) -> None:
    (reply,) = (await talk.say(who, words)).replies
    assert "until the end of Fri 27 Nov 2026" in reply.text
    assert "28" not in reply.text
