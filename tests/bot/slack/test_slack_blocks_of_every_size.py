"""Whatever is in a reply, Slack takes its messages, and all of it is in them."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.slack.packing import cut, length, pieces, shortened
from bot.slack.render import home_view, render
from handlers.conversation.cards import Block, Button, Buttons, Card, Rating, Reply, Table, Text
from tests.bot.slack.block_kit import check_home, check_message
from tests.bot.slack.generated import HOSTILE, replies
from tests.bot.slack.reading import markup, said, squeezed, tokens, words

_PUBLIC = "https://countersign.example"
_IMAGES = {"fi_1": "F0123456789"}
_MARKUP = re.compile(r"<[!@#](?!date\^)|evil\.example|_italic_|~struck~|```|@here|:tada:")
_SIZES = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _pressed(block: Block) -> tuple[Button, ...]:
    match block:
        case Buttons():
            return block.buttons
        case Rating():
            return (block.useful, block.not_useful)
        case _:
            return ()


@_SIZES
@given(replies(), st.sampled_from((None, _PUBLIC)))
def test_slack_takes_every_message_and_nothing_is_lost(
    made: tuple[Reply, list[str]], public: str | None
) -> None:
    reply, texts = made
    messages = render(reply, public_url=public, images=_IMAGES)
    for message in messages:
        check_message(message)
    everything = squeezed(said(messages))
    assert [text for text in texts if squeezed(text) not in everything] == []
    given_out = [button.token for card in reply.cards for block in card.blocks for button in _pressed(block)]
    assert tokens(messages) == given_out
    marked = [re.sub(r"`[^`]*`", "", text) for message in messages for text in markup(message.blocks)]
    assert not [text for text in marked if _MARKUP.search(text)]
    assert not [message for message in messages if "<" in message.text]


@_SIZES
@given(replies(), st.sampled_from((None, _PUBLIC)))
def test_slack_takes_every_app_home(made: tuple[Reply, list[str]], public: str | None) -> None:
    reply, texts = made
    view = home_view(reply, public_url=public)
    check_home(view)
    everything = squeezed(words(view["blocks"]))
    if "Noteverythinghasroomhere" not in everything:
        assert [text for text in texts if squeezed(text) not in everything] == []


@_SIZES
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300), st.integers(1, 400))
@example("👩‍👩‍👧‍👦", 900)
@example("<!channel>", 2_000)
def test_a_text_without_cards_is_said_whole(unit: str, times: int) -> None:
    text = f"Said: {unit * times}"
    messages = render(Reply(text), public_url=None, images={})
    for message in messages:
        check_message(message)
    assert said(messages) == text


@_SIZES
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), st.integers(1, 300), st.integers(12, 90))
def test_pieces_joined_are_the_text(unit: str, times: int, room: int) -> None:
    text = unit * times
    assert "".join(pieces(text, room)) == text
    for measure in (len, length):
        assert all(measure(piece) <= room for piece in pieces(text, room, measure))
    assert length(shortened(text, room)) <= room


def test_a_character_written_with_several_is_not_cut() -> None:
    family = "👩‍👩‍👧‍👦"
    for room in range(20, 60):
        head, rest = cut(family * 20, room, len)
        assert head.count(family) * family == head
        assert rest.count(family) * family == rest
    assert cut("e\u0301" * 9, 5, len)[0] == "e\u0301" * 2


def test_long_texts_are_cut_after_a_line_or_a_word() -> None:
    assert cut("one two\nthree four", 12, len) == ("one two\n", "three four")
    assert cut("one two three four", 12, len) == ("one two ", "three four")
    assert cut("onetwothreefour", 12, len) == ("onetwothreef", "our")


def test_a_large_table_keeps_its_headings_and_its_rows_whole() -> None:
    rows = tuple((f"S{row}", *(f"r{row}c{column}" for column in range(1, 30))) for row in range(300))
    table = Table(("Story", *(f"C{column}" for column in range(1, 30))), rows)
    messages = render(Reply("Large.", (Card("Large", (table,)),)), public_url=None, images={})
    seen: dict[str, set[str]] = {}
    for message in messages:
        check_message(message)
        for block in (block for block in message.blocks if block["type"] == "table"):
            heading, *body = [[cell["text"] for cell in row] for row in block["rows"]]
            assert heading[0] == "Story"
            for row in body:
                assert len(row) == len(heading)
                seen.setdefault(row[0], set()).update(row)
    assert seen == {row[0]: set(row) for row in rows}


def test_everything_hostile_together() -> None:
    card = Card(HOSTILE[0], tuple(Text((text,)) for text in HOSTILE))
    (message,) = render(Reply("<!channel> " * 10, (card,)), public_url=_PUBLIC, images={})
    check_message(message)
    assert markup(message.blocks) == []
    assert message.text == ("&lt;!channel&gt; " * 10)
    assert all(text in said([message]) for text in HOSTILE)
