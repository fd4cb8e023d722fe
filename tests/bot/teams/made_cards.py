"""Cards of every size and with every kind of text, for Hypothesis to choose from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from governance.facts import Fact, Source
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Chart,
    Code,
    Fields,
    File,
    Form,
    Input,
    Link,
    Moment,
    Progress,
    Quote,
    Rating,
    Reply,
    Small,
    Table,
    Text,
)

FORM = Form("Why?", "Send", (Input("why", "Why", "text"),))

_written = st.sampled_from(
    [
        "It takes 6 weeks and 146 agent-hours. ", "[x](http://evil.example)", "**b** _i_ `c` ~~s~~",
        "<at>x</at>", "# h\n- a\n1. b\n> c\n---\n", "{{DATE(2026-01-01T00:00:00Z,SHORT)}}", "{{{{",
        "&amp; &lt; <b>", "\\*]\\]([", "שלום \u202eevil\u202c \u200f", "مرحبا", "日本語の文",
        "e\u0301🏳️\u200d🌈👩🏽\u200d💻👍", "a" * 70, "\t \r\n\u2028", "https://a.example/x",
        '"quoted" \\ back', "\u200b", "$100 *", "!", "x",
    ]
)  # fmt: skip
_short = st.lists(_written, min_size=1, max_size=3).map("".join)


def _repeated(times: list[int]) -> st.SearchStrategy[str]:
    return st.builds(lambda text, number: text * number, _short, st.sampled_from(times))


_some = _repeated([1, 1, 2, 9])
texts = _repeated([1, 1, 2, 9, 100, 400])
_moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_targets = st.sampled_from(["/a?b=(c)", "https://ok.example/_x_", "http://evil.example", "/" + "y" * 3000])
_inlines = st.one_of(
    _some,
    st.builds(Bold, _some),
    st.builds(Code, _short),
    st.builds(Link, _short, _targets),
    st.builds(Moment, _moments.map(lambda at: at.replace(microsecond=0))),
)  # fmt: skip
_parts = st.lists(_inlines, min_size=1, max_size=5).map(tuple)
_long_parts = st.lists(st.one_of(texts, st.builds(Bold, texts), _inlines), min_size=1, max_size=5).map(tuple)
_styles = st.sampled_from(["primary", "danger", "plain"])
_states = st.sampled_from(["done", "doing", "waiting", "failed", "skipped"])


def _many(one: st.SearchStrategy[Any], sizes: tuple[int, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples of the sizes given, made of few different things, so that large ones are quick to make."""
    pools = st.lists(one, min_size=1, max_size=4)
    return st.builds(
        lambda pool, size: tuple(pool[index % len(pool)] for index in range(size)),
        pools,
        st.sampled_from(sizes),
    )


def _table(pool: list[str], width: int, height: int, align: str) -> Table:
    cells = (pool[index % len(pool)] for index in range(width * height))
    rows = tuple(tuple(next(cells) for _ in range(width)) for _ in range(height))
    return Table(tuple(f"Column {index} {pool[0]}" for index in range(width)), rows, align)


_tables = st.builds(
    _table,
    st.lists(st.one_of(_short, st.just(""), _some), min_size=1, max_size=3),
    st.sampled_from([1, 2, 7, 8, 20]),
    st.sampled_from([0, 1, 2, 30]),
    st.sampled_from(["", "lr", "rrrr"]),
)
_button = st.builds(Button, _some, st.just("verb"), st.just("subject"), _styles, st.sampled_from([None, FORM]))
_buttons = st.builds(Buttons, _many(_button, (1, 2, 6, 7, 60)))

blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, _long_parts),
    st.builds(Small, _parts),
    st.builds(Fields, _many(st.tuples(_short, _some), (1, 2, 5, 40))),
    st.builds(Bullets, _many(_parts, (1, 3, 100)), st.booleans()),
    _tables,
    st.builds(Progress, _many(st.tuples(_states, _some), (1, 6, 40))),
    st.builds(Chart, _short, texts, texts),
    st.builds(File, _short, _short, texts),
    st.builds(Quote, texts, _short),
    _buttons,
    st.builds(Rating, _button, _button),
)
_tones = st.sampled_from(["plain", "good", "warning", "bad", "waiting"])
cards = st.builds(Card, texts, st.lists(blocks, max_size=4).map(tuple), _tones)
_facts = st.builds(
    Fact,
    st.just("f1"),
    _short,
    st.one_of(st.none(), st.integers(), _short),
    st.sampled_from(["", "USD"]),
    _moments,
    st.builds(Source, st.sampled_from(["query", "file"]), _some, st.lists(_short, max_size=2).map(tuple)),
)
_said = texts.filter(lambda text: text.strip("\u200b \t\r\n\u2028") != "")
_replies = st.builds(Reply, _said, st.lists(cards, max_size=3).map(tuple), _many(_facts, (0, 1, 5, 60)))


class Made:
    """A reply that is told in a few lines when a test fails, however large it is."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def __repr__(self) -> str:
        return f"{self.reply!r}"[:3000]


@st.composite
def replies(draw: st.DrawFn) -> Made:
    """Replies with every kind of card."""
    return Made(draw(_replies))
