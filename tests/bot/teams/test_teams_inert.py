"""Nothing that is written into a TextBlock acts: CommonMark reads back the same text and no markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.teams.rich_text import inert, inert_bold, inert_line, inert_link
from tests.bot.teams.card_reading import markup, shown

URL = "https://pages.example.com/a_(b)*?x=1&amp;y=2"

_bits = st.sampled_from(
    [
        *"ab1 .-_*[]()<>&;~`\\{}#+!|:/\"'=\t",
        "é",
        "中",
        "\u202e",
        "http://",
        "amp;",
        "<b>",
        "**",
        "](",
        "{{DATE(",
    ]
)
texts = st.lists(_bits, max_size=12).map("".join)


def _words(text: str) -> str:
    return " ".join(text.replace("\u200b", "").split())


@settings(max_examples=150)
@given(texts, texts, texts)
def test_text_stays_text_and_only_our_own_marks_act(before: str, inside: str, after: str) -> None:
    plain = inert_line(inert(before))
    assert _words(shown(plain)) == _words(before)
    assert markup(plain) == []

    bold = inert_line(inert(before) + inert_bold(inside) + inert(after))
    assert _words(shown(bold)) == _words(before + inside + after)
    has_letters = any(character.isalnum() for character in inside)
    assert markup(bold) == (["strong_open", "strong_close"] if has_letters else [])

    link = inert_line(inert(before) + inert_link(inside + "x", URL) + inert(after))
    assert _words(shown(link)) == _words(before + inside + "x" + after)
    assert markup(link) == ["link_open", "link_close"]


@settings(max_examples=100)
@given(texts)
def test_phones_that_know_no_escaped_brackets_find_no_link_either(text: str) -> None:
    assert "](" not in inert(text)


@settings(max_examples=100)
@given(texts, texts)
def test_dates_that_somebody_wrote_are_not_worked_out(before: str, after: str) -> None:
    assert not re.search(r"\{\{(?:DATE|TIME)\(", inert(before) + inert(after))


def test_an_exclamation_mark_before_a_link_makes_no_picture() -> None:
    assert markup(inert("Look!") + inert_link("here", URL)) == ["link_open", "link_close"]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("R&D by PRD_2025_Q1, 5 < 6 and ~5 %", "R&D by PRD_2025_Q1, 5 < 6 and ~5 %"),
        ("what’s next? (soon): a-b #7", "what’s next? (soon): a-b #7"),
        ("**b**", r"\*\*b\*\*"),
    ],
)
def test_what_means_nothing_is_left_as_it_is(text: str, markdown: str) -> None:
    assert inert_line(inert(text)) == markdown
