"""What a neutral card looks like in Teams."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from bot.teams.packing import BUDGET
from bot.teams.render import TeamsMessage, render
from bot.wire import reply_from_json, reply_to_json
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
    Link,
    Moment,
    Progress,
    Quote,
    Reply,
    Table,
    Text,
)
from tests.bot.console.sample_cards import MODIFY, plan_facts, plan_reply
from tests.bot.teams.card_reading import Json, check_against_models, lines, markup, objects

URL = "https://countersign.example.com"
AT = datetime(2026, 11, 24, 23, 0, 5, 123456, tzinfo=timezone(timedelta(hours=1)))
EVIL = "[x](http://evil.example) **b** <at>x</at> <!channel> {{DATE(2026-01-01T00:00:00Z,SHORT)}}"


def _card(*blocks: Block, title: str = "Plan", url: str | None = URL) -> Json:
    (message,) = render(Reply("Said.", (Card(title, blocks),)), public_url=url)
    assert message.card
    check_against_models(message.card)
    return message.card


def _of_type(card: Json, name: str) -> list[Json]:
    return [found for found in objects(card) if found["type"] == name]


def test_a_reply_without_a_card_is_its_text() -> None:
    assert render(Reply("Hello\nthere"), public_url=URL) == (TeamsMessage("Hello\nthere", None, "Hello there"),)


def test_a_reply_that_says_nothing_posts_nothing() -> None:
    assert render(Reply(" \n"), public_url=URL) == ()


def test_with_a_card_the_text_stands_behind_it_and_in_the_notification() -> None:
    reply = plan_reply()
    (message,) = render(reply, public_url=URL)
    assert message.text == ""
    assert message.summary == reply.text
    assert message.card
    assert message.card["fallbackText"] == reply.text
    assert message.card["version"] == "1.5"


def test_a_text_with_no_room_behind_the_card_goes_before_it_whole() -> None:
    text = "It is a long story. " * 300
    first, second = render(Reply(text, (Card("Plan"),)), public_url=URL)
    assert (first.text, first.card) == (text.strip(), None)
    assert second.card
    assert second.card["fallbackText"] == second.summary
    assert second.summary.endswith("…")


@pytest.mark.parametrize(
    ("tone", "words", "style"),
    [
        ("good", "Done", "good"), ("warning", "Attention", "warning"), ("bad", "Problem", "attention"),
        ("waiting", "Waiting", "accent"), ("plain", None, None),
    ],
)  # fmt: skip
def test_a_tone_is_said_in_words(tone: str, words: str | None, style: str | None) -> None:
    messages = render(Reply("x", (Card("Title", (), tone),)), public_url=None)  # type: ignore[arg-type]
    assert lines(messages) == ([words, "Title"] if words else ["Title"])
    assert messages[0].card
    assert messages[0].card["body"][0].get("style") == (style or "heading")


def test_nothing_that_was_written_becomes_markup_a_mention_or_a_link() -> None:
    blocks = (
        Text((EVIL, Bold(EVIL), Code(EVIL))),
        Text((EVIL, Moment(AT), Bold(EVIL), Code(EVIL), Link(EVIL, "http://evil.example"))),
        Fields(((EVIL, EVIL),)),
        Bullets(((EVIL,),)),
        Table((EVIL,), ((EVIL,),)),
        Progress((("done", EVIL),)),
        Chart("f", EVIL, EVIL),
        File("f", EVIL, EVIL),
        Quote(EVIL, EVIL),
    )
    card = _card(*blocks, title=EVIL, url=None)
    for block in _of_type(card, "TextBlock"):
        assert set(markup(block["text"])) <= {"strong_open", "strong_close"}
        assert block["text"].count("{{") == (2 if "2026-11-24" in block["text"] else 0)
    assert not [run for run in _of_type(card, "TextRun") if "{{DATE" in run["text"]]
    assert _of_type(card, "Action.OpenUrl") == []
    assert "entities" not in card["msteams"]
    said = lines(render(Reply("x", (Card(EVIL, blocks),)), public_url=None))
    assert sum(line.count(EVIL) for line in said) == 20


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "http://a.example/", "//a.example", "https://u@a.example"]
)
def test_links_lead_nowhere_dangerous(target: str) -> None:
    card = _card(Text((Link("here", target),)), Text((Link("there", target), Moment(AT))))
    assert _of_type(card, "Action.OpenUrl") == []
    assert markup(_of_type(card, "TextBlock")[1]["text"]) == []
    assert "here" in json.dumps(card)


def test_our_own_pages_are_reached_under_the_public_url_and_not_without_it() -> None:
    text = Text(
        (Link("entry", "/dashboard/audit/3?x=1#y"), " and ", Link("docs", "https://docs.example.com/a"))
    )
    urls = [action["url"] for action in _of_type(_card(text, url=f"{URL}/"), "Action.OpenUrl")]
    assert urls == [f"{URL}/dashboard/audit/3?x=1#y", "https://docs.example.com/a"]
    urls = [action["url"] for action in _of_type(_card(text, url=None), "Action.OpenUrl")]
    assert urls == ["https://docs.example.com/a"]


def test_times_are_shown_in_the_reader_s_zone_to_the_second() -> None:
    card = _card(Text(("Until ", Moment(AT), ", ", Bold("then it expires"), ": ", Link("why", "/audit"), ".")))
    (text,) = (block["text"] for block in _of_type(card, "TextBlock") if "style" not in block)
    assert text == (
        "Until {{DATE(2026-11-24T22:00:05Z,SHORT)}} {{TIME(2026-11-24T22:00:05Z)}}, **then it expires**: "
        f"\u200b[why]({URL}/audit)."
    )


def test_charts_and_files_are_described_and_linked_but_never_fetched() -> None:
    blocks = (Chart("fi/1", "Two bars.", "It doubled."), File("fi_2", "plan.md", "The whole plan"))
    said = lines(render(Reply("x", (Card("c", blocks),)), public_url=URL))
    assert said == ["c", "It doubled.", "Chart: Two bars.", "Open the chart", "plan.md: The whole plan"]
    card = _card(*blocks)
    assert [action["url"] for action in _of_type(card, "Action.OpenUrl")] == [
        f"{URL}/files/fi%2F1",
        f"{URL}/files/fi_2",
    ]
    assert _of_type(card, "Image") == []
    said = lines(render(Reply("x", (Card("c", blocks),)), public_url=None))
    assert said == ["c", "It doubled.", "Chart: Two bars.", "plan.md: The whole plan"]


def test_buttons_carry_their_token_and_nothing_else_of_what_they_mean() -> None:
    card = _card(
        Buttons(
            (
                Button("Approve", "the_verb", "the_subject", "primary", token="b_1"),
                Button("Modify", "the_verb", "the_subject", form=MODIFY, token="b_2"),
                Button("Cancel", "the_verb", "the_subject", "danger", token="b_3"),
            )
        )
    )
    approve, modify, cancel = card["body"][1]["actions"]
    assert approve == {
        "type": "Action.Execute",
        "title": "Approve",
        "style": "positive",
        "verb": "press",
        "data": {"token": "b_1"},
        "fallback": {
            "type": "Action.Submit",
            "title": "Approve",
            "style": "positive",
            "data": {"verb": "press", "token": "b_1"},
        },
    }
    assert modify == {
        "type": "Action.Submit",
        "title": "Modify",
        "data": {"msteams": {"type": "task/fetch"}, "token": "b_2"},
    }
    assert cancel["style"] == "destructive"
    assert "the_" not in json.dumps(card)


def test_a_label_with_no_room_in_its_button_stands_above_it() -> None:
    label = "Approve " + "this plan and " * 10 + "all"
    reply = Reply("x", (Card("c", (Buttons((Button(label, "v", "s", token="b_1"),)),)),))
    (message,) = render(reply, public_url=None)
    assert message.card
    title = message.card["body"][-1]["actions"][0]["title"]
    assert title.endswith("…")
    assert lines((message,)) == ["c", f"{title} {label}"]


def test_steps_say_their_state_in_words() -> None:
    steps = Progress((("done", "a"), ("doing", "b"), ("waiting", "c"), ("failed", "d"), ("skipped", "e")))
    said = lines(render(Reply("x", (Card("t", (steps,)),)), public_url=None))
    assert said == ["t", "Done: a", "In progress: b", "Waiting: c", "Failed: d", "Skipped: e"]


def test_facts_are_folded_away_and_each_says_its_value_time_and_source() -> None:
    kept = reply_from_json(reply_to_json(Reply("x", (Card("t"),), plan_facts())))
    (message,) = render(kept, public_url=None)
    assert message.card
    fold = message.card["body"][-1]
    button, hidden = fold["items"]
    assert button["actions"][0]["title"] == "Show working (5 facts)"
    assert button["actions"][0]["targetElements"] == [hidden["id"]]
    assert hidden["isVisible"] is False
    source = "Where from: computation, hours by hourly cost, from budget"
    said = lines((message,))
    assert f"cost: 934.40 USD. {source}" in said
    assert "As of 2026-11-23 14:05:" in said, "said once, for all were looked up then"


def test_facts_that_take_more_room_than_a_card_has_wait_for_a_press() -> None:
    facts = tuple(replace(fact, name=f"{fact.name}.{number}") for number in range(40) for fact in plan_facts())
    (message,) = render(Reply("x", (Card("t"),), facts), public_url=URL, kept="ou_1")
    assert message.card
    check_against_models(message.card)
    (button,) = message.card["body"][-1]["actions"]
    assert button["title"] == "Show working (200 facts)"
    assert button["data"] == {"msteams": {"type": "task/fetch"}, "working": "ou_1", "page": 1}


def test_up_to_three_columns_stand_side_by_side() -> None:
    (table,) = _of_type(_card(Table(("a", "b", "c"), (("1", "2", "3"),), "lr")), "Table")
    rows = [[_cell(cell) for cell in row["cells"]] for row in table["rows"]]
    assert rows == [["a", "b", "c"], ["1", "2", "3"]]
    assert table["columns"][1]["horizontalCellContentAlignment"] == "Right"
    assert "horizontalCellContentAlignment" not in table["columns"][2]
    assert table["firstRowAsHeaders"]


@pytest.mark.parametrize(
    ("columns", "row", "shown"),
    [
        (("Service", "Owner", "State", "Since"), ("search-index", "Delta", "down", "9:00"),
         ["Service", "search-index", "Owner: Delta · State: down · Since: 9:00"]),
        (("", "Story", "Team", "Hours"), ("S12", "Sign in", "Beta", "4"),
         ["Story", "S12 Sign in", "Team: Beta · Hours: 4"]),
        (("No.", "When", "Who", "What"), ("7", "today", "", "signed in"),
         ["No., When", "7 today", "What: signed in"]),
        (("", "", "", "Hours"), ("S1", "Sign in", "Beta", "4"), ["S1 Sign in", "Beta · Hours: 4"]),
    ],
)  # fmt: skip
def test_more_columns_stand_one_below_the_other(
    columns: tuple[str, ...], row: tuple[str, ...], shown: list[str]
) -> None:
    card = _card(Table(columns, (row,)))
    assert _of_type(card, "Table") == [], "at 420 pixels its words would break within"
    assert lines((TeamsMessage("", card, ""),))[1:] == shown


def test_a_row_goes_on_in_no_other_message_unless_it_must() -> None:
    row = ("S1", "Sign in", "Beta", "x" * 300)
    messages = render(Reply("x", (Card("t", (Table(("", "a", "b", "c"), (row,) * 200),)),)), public_url=None)
    for message in messages:
        said = [line for line in lines((message,)) if line not in ("t", "a")]
        assert said[0] == "S1 Sign in"
        assert said[-1].startswith("b: Beta")


def test_a_cell_too_long_for_its_row_goes_on_in_the_next() -> None:
    long = " ".join(str(number) for number in range(400))
    (table,) = _of_type(_card(Table(("a", "b"), (("short", long), ("next", "1")))), "Table")
    rows = [[_cell(cell) for cell in row["cells"]] for row in table["rows"]]
    assert "".join(row[1] for row in rows[1:-1]) == long
    assert [row[0] for row in rows] == ["a", "short", *[""] * (len(rows) - 3), "next"]
    assert len(rows) > 5


def _cell(cell: Json) -> str:
    return "".join(found["text"] for found in objects(cell) if found["type"] == "TextRun")


def test_a_heading_of_any_length_is_shown_in_full_once() -> None:
    heading = "heading " * 3000
    messages = render(Reply("x", (Card("c", (Table((heading, "b"), (("1", "2"),)),)),)), public_url=None)
    assert all(len(json.dumps(message.card)) <= BUDGET for message in messages)
    assert (
        heading.split()
        == [word for line in lines(messages) for word in line.split() if word == "heading"][:3000]
    )


def test_hundreds_of_bullets_are_all_there_in_order_and_numbered_on() -> None:
    items = tuple((f"Story {number}",) for number in range(1, 501))
    messages = render(Reply("x", (Card("c", (Bullets(items, numbered=True),)),)), public_url=None)
    assert len(messages) > 1
    assert lines(messages) == ["c", *(f"{number}. Story {number}" for number in range(1, 501))]


def test_a_wide_table_without_rows_says_its_headings_and_is_a_card() -> None:
    columns = tuple(f"Column {number} " + "“quoted” " * 40 for number in range(20))
    (message,) = render(Reply("x", (Card("Empty", (Table(columns, ()),)),)), public_url=None)
    assert message.card
    assert len(json.dumps(message.card)) <= BUDGET
    assert "Column 19" in " ".join(lines((message,)))


def test_a_huge_table_goes_on_in_more_messages_under_its_headings() -> None:
    columns = ("c0", "c1", "c2")
    rows = tuple(tuple(f"{row}/{column}" for column in columns) for row in range(900))
    messages = render(Reply("x", (Card("Huge", (Table(columns, rows),), "good"),)), public_url=None)
    assert all(message.card and len(json.dumps(message.card)) <= BUDGET for message in messages)
    said = set(lines(messages))
    assert said >= {cell for row in rows for cell in row}
    for number, message in enumerate(messages[1:], 2):
        assert message.card
        assert message.card["body"][0]["items"][-1]["text"] == "Huge (continued)"
        assert message.summary == message.card["fallbackText"] == f"Part {number} of {len(messages)}: x"
        assert message.card["body"][1]["rows"][0]["cells"][0]["items"][0]["inlines"][0]["text"] == "c0"


def test_cards_share_a_message_while_they_fit_and_stay_whole_if_they_can() -> None:
    small = Card("Small", (Text(("x" * 3000,)),))
    large = Card("Large", tuple(Text(("y" * 3500,)) for _ in range(4)))
    messages = render(Reply("x", (small, small, large, small, small)), public_url=None)
    titles = [
        [found["text"] for found in objects(message.card) if found["type"] == "TextBlock"]
        for message in messages
    ]
    assert titles == [["Small", "Small"], ["Large", "Small"], ["Small"]]


def test_a_line_too_long_for_one_element_goes_on_in_the_next() -> None:
    words = "word " * 3000
    messages = render(Reply("x", (Card("t", (Text((words, Moment(AT), words)),)),)), public_url=None)
    said = " ".join(" ".join(lines(messages)).replace("t (continued)", "").split())
    assert said == f"t {words.strip()} 2026-11-24 22:00 {words.strip()}"


def test_what_makes_markdown_inert_is_counted_too() -> None:
    marks = "]*" * 4000
    messages = render(Reply("x", (Card("t", (Text((Moment(AT), marks)),)),)), public_url=None)
    assert all(len(json.dumps(message.card)) <= BUDGET for message in messages)
    assert "".join(line for line in lines(messages) if line != "t") == f"2026-11-24 22:00{marks}"


def test_lines_stay_lines() -> None:
    (message,) = render(Reply("x", (Card("t", (Text(("a\nb\r\n\n", Bold("c\nd"))),)),)), public_url=None)
    assert lines((message,)) == ["t", "a", "b", "c", "d"]
