"""Whatever the size and text: nothing too large, nothing lost, every button once, words without the card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.console.render import fact_value
from bot.teams.packing import BUDGET, cut, wire_size
from bot.teams.render import TeamsMessage, render, working_page
from bot.wire import with_tokens
from governance.facts import Fact
from handlers.conversation.cards import (
    Block,
    Bullets,
    Buttons,
    Card,
    Chart,
    Fields,
    File,
    Inline,
    Moment,
    Progress,
    Quote,
    Rating,
    Reply,
    Small,
    Table,
    Text,
)
from tests.bot.teams.card_reading import Json, check_against_models, lines, objects, squeezed
from tests.bot.teams.made_cards import Made, replies, texts

_urls = st.sampled_from([None, "https://countersign.example.com"])
_modest = settings(
    max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)


@_modest
@given(replies(), _urls)
def test_no_message_is_too_large_and_every_card_is_one(made: Made, url: str | None) -> None:
    reply = made.reply
    messages = render(with_tokens(reply)[0], public_url=url)
    for message in messages:
        assert len(json.dumps(message.text)) <= BUDGET
        if message.card:
            assert len(json.dumps(message.card)) <= BUDGET
            check_against_models(message.card)
            for found in objects(message.card):
                assert found["type"] != "ActionSet" or 1 <= len(found["actions"]) <= 6
            ids = [found["id"] for found in objects(message.card) if "id" in found]
            assert len(ids) == len(set(ids))


@_modest
@given(replies(), _urls)
def test_the_text_stands_without_the_cards(made: Made, url: str | None) -> None:
    reply = made.reply
    messages = render(reply, public_url=url)
    assert all(message.text.strip() or message.card for message in messages)
    assert all(message.card["fallbackText"].strip() for message in messages if message.card)
    assert all(len(message.summary) <= 200 for message in messages)
    said = "".join(message.text for message in messages)
    first = next((message.card["fallbackText"] for message in messages if message.card), "")
    everything = squeezed("".join(lines(messages)))
    assert squeezed(reply.text) in (squeezed(said), squeezed(first), everything)


@_modest
@given(replies(), _urls)
def test_nothing_that_a_card_says_is_lost(made: Made, url: str | None) -> None:
    reply = made.reply
    messages = render(reply, public_url=url, kept="ou_1")
    said = squeezed("".join(lines(messages)))
    for words in (words for card in reply.cards for words in _card_words(card)):
        _find(words, said)
    working = lines(_working(messages, reply.facts))
    said += squeezed("".join(line for line in working if not line.startswith("Page ")))
    for fact in reply.facts:
        value = f"{fact_value(fact.value)} {fact.unit}".rstrip()
        for words in (
            fact.name,
            value,
            fact.source.detail,
            *fact.source.inputs,
            f"{fact.as_of:%Y-%m-%d %H:%M}",
        ):
            _find(words, said)
    shown = _columns(messages)
    for table in (block for card in reply.cards for block in card.blocks if isinstance(block, Table)):
        if len(table.columns) > 3:
            for words in _stacked(table):
                _find(words, said)
            continue
        for number, heading in enumerate(table.columns):
            column = squeezed("".join(row[number] for row in table.rows))
            assert [heading for one in shown if squeezed(heading) in one], "a heading is lost"
            assert [heading for one in shown if column in one], "a column is lost"


def test_a_cell_of_blanks_in_a_wide_table_leaves_no_mark_between_its_neighbours() -> None:
    table = Table(("Name of it", "A", "B", "C"), (("A long name", "1", "\t \r\n", "3"),))
    (message,) = render(Reply("It.", (Card("It", (table,)),)), public_url=None)
    assert "A: 1 · C: 3" in "".join(lines([message]))


@_modest
@given(replies(), _urls)
def test_every_button_is_there_once(made: Made, url: str | None) -> None:
    reply = made.reply
    tokened, buttons = with_tokens(reply)
    found = Counter(
        action["data"]["token"] for message in render(tokened, public_url=url) for action in _pressed(message)
    )
    assert found == Counter(button.token for button in buttons)
    assert "subject" not in json.dumps([message.card for message in render(tokened, public_url=url)])


@settings(max_examples=150, deadline=None)
@given(texts, st.sampled_from([12, 40, 400, 4000]))
def test_text_is_cut_into_pieces_that_fit_and_make_the_whole(text: str, room: int) -> None:
    pieces = cut(text, room)
    assert "".join(pieces) == text
    assert all(0 < wire_size(piece) - 2 <= room for piece in pieces)
    if room >= 400:
        assert not [piece for piece in pieces[1:] if piece[0] in "\u0301\u200d\ufe0f🏽"]


def _find(words: str, said: str) -> None:
    # Comparing what is this long takes pytest longer than finding it.
    if squeezed(words) not in said:
        pytest.fail(f"lost: {words[:300]!r}")


def _pressed(message: TeamsMessage) -> Iterator[Json]:
    for found in objects(message.card):
        for action in found.get("actions", []):
            if action["type"] == "Action.Execute":
                fallback = action["fallback"]
                assert fallback["data"] == {**action["data"], "verb": "press"}
                assert action["verb"] == "press"
            if action["type"] != "Action.ToggleVisibility" and "working" not in action.get("data", {}):
                yield action


def _working(messages: Sequence[TeamsMessage], facts: Sequence[Fact]) -> list[TeamsMessage]:
    """The pages of the dialog that a message's button opens, if there is one."""
    opened = [
        action["data"]
        for message in messages
        for found in objects(message.card)
        for action in found.get("actions", [])
        if "working" in action.get("data", {})
    ]
    pages: list[TeamsMessage] = []
    while opened and len(pages) < 200:
        assert opened[0]["working"] == "ou_1"
        card = working_page(facts, "ou_1", opened[0]["page"])["card"]["content"]
        assert len(json.dumps(card)) <= BUDGET
        check_against_models(card)
        pages.append(TeamsMessage("", card, ""))
        opened = [action["data"] for action in card["actions"] if action["title"] == "Next"]
    return pages


def _stacked(table: Table) -> Iterator[str]:
    """Each row of a wide table as it is read, one below the other."""
    if not table.rows:
        return
    names = 2 if all(len(row[0]) <= 8 for row in table.rows) else 1
    yield ", ".join(table.columns[:names])
    for row in table.rows:
        told = zip(table.columns[names:], row[names:], strict=True)
        cells = [f"{heading}: {cell}" if heading.strip() else cell for heading, cell in told if cell.strip()]
        yield " ".join(row[:names]) + " · ".join(cells)


def _columns(messages: Sequence[TeamsMessage]) -> list[str]:
    """What stands in the same columns of tables that go on in one another."""
    columns: dict[tuple[str, int], str] = {}
    for message in messages:
        for table in (found for found in objects(message.card) if found["type"] == "Table"):
            rows = [["".join(_cell(cell)) for cell in row["cells"]] for row in table["rows"]]
            for place in range(len(table["columns"])):
                told = (" ".join(squeezed(cell)[:12] for cell in rows[0][1:2]), place)
                begun = told in columns
                columns[told] = columns.get(told, "") + "".join(row[place] for row in rows[1 if begun else 0 :])
    return [squeezed(column) for column in columns.values()]


def _cell(cell: Json) -> Iterator[str]:
    for found in objects(cell):
        if found["type"] == "TextRun":
            yield found["text"]


def _card_words(card: Card) -> Iterator[str]:
    yield card.title
    for block in card.blocks:
        yield from _words(block)


def _words(block: Block) -> Iterator[str]:
    match block:
        case Text() | Small():
            yield _inline(block.parts)
        case Fields():
            yield "".join(f"{name}{value}" for name, value in block.pairs)
        case Bullets():
            marks = [f"{number}." if block.numbered else "•" for number in range(1, len(block.items) + 1)]
            # A bullet without text is no bullet.
            yield from (mark + _inline(item) for mark, item in zip(marks, block.items, strict=True))
        case Progress():
            yield from (step for _, step in block.steps)
        case Chart():
            yield from (block.summary, block.alt)
        case File():
            yield block.name + (f": {block.description}" if block.description else "")
        case Quote():
            yield block.text + block.source
        case Buttons():
            yield from (button.label for button in block.buttons if len(" ".join(button.label.split())) > 80)
        case Table() | Rating():
            return


def _inline(parts: Sequence[Inline]) -> str:
    return "".join(
        part
        if isinstance(part, str)
        else f"{part.at.astimezone(UTC):%Y-%m-%d %H:%M}"
        if isinstance(part, Moment)
        else part.text
        for part in parts
    )
