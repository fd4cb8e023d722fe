"""What a request says of a roadmap."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from agents.roadmap.items import MoreHands, Wishes
from handlers.delivery.roadmap.parse import read_asks
from tests.agents.roadmap.planted import department

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name", "starts", "ends"),
    [
        (
            "Generate the Q2 roadmap based on backlog and capacity",
            "Q2 2027",
            date(2027, 4, 1),
            date(2027, 7, 1),
        ),
        ("make me a roadmap for next quarter", "Q1 2027", date(2027, 1, 1), date(2027, 4, 1)),
        ("what should we build in Q4 2026", "Q4 2026", date(2026, 10, 1), date(2027, 1, 1)),
        ("roadmap for the first half of 2027", "H1 2027", date(2027, 1, 1), date(2027, 7, 1)),
        ("build a roadmap for 2027", "2027", date(2027, 1, 1), date(2028, 1, 1)),
    ],
)
def test_the_time(text: str, name: str, starts: date, ends: date) -> None:
    span = read_asks(text, NOW, department()).span
    assert span is not None
    assert (span.name, span.starts, span.ends) == (name, starts, ends)


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("without the mobile app", Wishes(without=("mobile app",))),
        ("generate the Q2 roadmap without the mobile items", Wishes(without=("mobile",))),
        ("leave out EPIC-22 and the admin console", Wishes(without=("epic-22", "admin console"))),
        ("the Q1 roadmap excluding search, please", Wishes(without=("search",))),
        ("two more engineers in Gamma", Wishes(more=(MoreHands("gamma", 2),))),
        ("what if we had 2 more engineers in team gamma?", Wishes(more=(MoreHands("gamma", 2),))),
        ("what if we hire a backend engineer for Alpha", Wishes(more=(MoreHands("alpha", 1, "backend"),))),
        ("with one tester less in Beta", Wishes(more=(MoreHands("beta", -1, "qa"),))),
        ("without two engineers of Gamma", Wishes(more=(MoreHands("gamma", -2),))),
        ("another security engineer in gamma", Wishes(more=(MoreHands("gamma", 1, "security"),))),
        ("roadmap Q2, 80% capacity", Wishes(share=0.8)),
        ("at 120 % of our capacity", Wishes(share=1.2)),
        ("update the Q2 roadmap with the SSO epic", Wishes(include=("sso",))),
        ("put the export first", Wishes(include=("export",))),
        ("roadmap for search, Q2", Wishes(product="search")),
        ("the roadmap of Team Delta for next quarter", Wishes(team="delta")),
        ("Generate the Q2 roadmap based on backlog and capacity", Wishes()),
        ("make me a roadmap based on ROI", Wishes()),
        ("put together a roadmap", Wishes()),
    ],
)
def test_what_is_supposed(text: str, wishes: Wishes) -> None:
    assert read_asks(text, NOW, department()).wishes == wishes


@pytest.mark.parametrize(
    ("text", "shows", "makes"),
    [
        ("show the roadmap", True, False),
        ("show me the Q2 roadmap", True, False),
        ("what's on the roadmap for next quarter", True, False),
        ("is the roadmap on track?", True, False),
        ("generate the Q2 roadmap", False, True),
        ("plan next quarter from the backlog", False, True),
        ("update the roadmap", False, True),
    ],
)
def test_shown_or_made(text: str, shows: bool, makes: bool) -> None:
    asks = read_asks(text, NOW, department())
    assert (asks.shows, asks.makes) == (shows, makes)


def test_people_without_a_team_are_asked_about() -> None:
    asks = read_asks("draft roadmap Q3 assuming two more engineers", NOW, department())
    assert asks.teamless == "2 more engineers"
    assert asks.wishes.more == ()


@pytest.mark.parametrize("text", ["make it the plan of record", "adopt this roadmap", "approve the roadmap"])
def test_words_that_adopt(text: str) -> None:
    assert read_asks(text, NOW, department()).adopts
    assert not read_asks("generate the roadmap", NOW, department()).adopts


def test_long_and_odd_words_end_in_time() -> None:
    for text in ("without " + "a and " * 5_000, "two more " * 3_000, "show " * 4_000, "\u202eroadmap\x00 без"):
        read_asks(text[:8_000], NOW, department())
