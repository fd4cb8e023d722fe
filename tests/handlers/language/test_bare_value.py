"""Bare values: what says when, how long or how urgent and nothing else, and what the numbers in it are."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.language.bare_value import is_bare_value, spelt_out

TODAY = date(2026, 11, 23)
"""A Monday; 4 December is a Friday."""


@pytest.mark.parametrize(
    "words",
    [
        "then friday noon",
        "ends monday 12",
        "till mon 12",
        "next monday 12 o'clock",
        "to thursday 18h",
        "ends monday noon sharp",
        "friday noon at the latest",
        "up to friday noon",
        "over by friday noon",
        "ends 30.11. 12:00",
        "close of play friday",
    ],
)
def test_a_time_with_nothing_else_is_a_bare_value(words: str) -> None:
    assert is_bare_value(words)


@pytest.mark.parametrize(
    "words",
    [
        "is it friday?",
        "friday noon works for me",
        "monday is a holiday",
        "orders on friday noon",
        "ends the freeze friday",
        "sharp",
        "has to be done",
        "roll back friday",
    ],
)
def test_what_says_more_or_nothing_is_none(words: str) -> None:
    assert not is_bare_value(words)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("ends monday 12", "ends monday at 12:00"),
        ("tomorrow 9", "tomorrow at 9:00"),
        ("ends dec 1st 12", "ends december 1st at 12:00"),
        ("to thursday 18h", "to thursday at 18:00"),
        ("monday 12 o'clock", "monday at 12:00"),
        ("friday 4", "4 december"),
        ("friday 4h", "friday at 4:00"),
        ("friday 5", "friday at 5:00"),
        ("friday 27", "27 november"),
        ("friday 31", "friday 31"),
        ("monday 12:30", "monday 12:30"),
        ("monday 12 pm", "monday 12 pm"),
        ("monday 2 hours", "monday 2 hours"),
        ("ends 30.11. 12:00", "ends 30 november 12:00"),
        ("30.13. 12:00", "30.13. 12:00"),
    ],
)
def test_a_number_beside_a_day_is_spelt_out(words: str, meant: str) -> None:
    assert spelt_out(words, TODAY) == meant
