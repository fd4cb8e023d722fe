"""Titles: whole, in work's own words, and never without their `not`."""

from __future__ import annotations

import re

import pytest

from agents.planning.reading.titles import LONGEST, title_of
from tests.agents.reading.test_polarity_sentences import FORBIDS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The system shall list wagons.", "List wagons"),
        ("The API must be able to list wagons.", "List wagons"),
        ("The system must not list wagons.", "Do not list wagons"),
        ("The app shall never list wagons.", "Do not list wagons"),
        ("As a clerk, I want to list wagons so that I find them.", "List wagons"),
        ("As a clerk, I want a list of wagons so that I find them.", "Give a clerk a list of wagons"),
        ("As a guest I want my name never shown, so that I am safe.", "For a guest: my name never shown"),
        ("Drivers can list wagons.", "Let drivers list wagons"),
        ("Wagons must be listed.", "Wagons must be listed"),
        ("Drivers must not list wagons.", "Drivers must not list wagons"),
        ("Listing of wagons", "Listing of wagons"),
        ("(P1) **List** wagons [Rail Team]", "List wagons"),
        ("List wagons (after A2)", "List wagons"),
        ("List wagons — needs A2", "List wagons"),
        ("list wagons;", "List wagons"),
        ("", ""),
    ],
)
def test_a_title_says_what_is_to_be_done(text: str, expected: str):
    assert title_of(text) == expected


@pytest.mark.parametrize(
    ("heading", "expected"),
    [("Wagon list", "Wagon list"), ("Wagons", "List them all"), ("`Wagon` list.", "Wagon list")],
)
def test_a_heading_of_more_than_a_word_is_the_title(heading: str, expected: str):
    assert title_of("List them all", heading) == expected


@pytest.mark.parametrize("text", FORBIDS)
def test_what_forbids_keeps_its_not(text: str):
    said = r"\b(?:not|no|never|nobody|cannot|can't|don't|avoid|refused|rejected|impossible)\b"
    assert re.search(said, title_of(text), re.IGNORECASE)


def test_a_long_sentence_loses_what_stands_beside_and_is_never_cut():
    main = "Clerks must weigh each parcel and note its weight, its sender and the shelf on which it lies"
    assert title_of(f"{main}, because a parcel without a shelf is lost within a day.") == (
        "Let clerks weigh each parcel and note its weight, its sender and the shelf"
    )
    one_clause = "Weigh " + "and weigh again " * 10 + "each parcel"
    assert len(one_clause) > LONGEST
    assert title_of(one_clause) == one_clause
