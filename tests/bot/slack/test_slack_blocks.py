"""Each block of a card as a person in Slack finds it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.slack.rich_text import as_markup
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
    Inline,
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
from tests.bot.slack.generated import AT, DATE, HOSTILE
from tests.bot.slack.reading import markup, said, words
from tests.bot.slack.shown import PUBLIC, blocks_of, messages_of


def test_a_paragraph_keeps_what_stands_out() -> None:
    parts = ("See ", Bold("this"), " ", Code("id_1"), ", ", Link("here", "/dashboard"), ", ", Moment(AT))
    assert blocks_of(Text(parts))[0]["elements"][0]["elements"] == [
        {"type": "text", "text": "See "},
        {"type": "text", "text": "this", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "id_1", "style": {"code": True}},
        {"type": "text", "text": ", "},
        {"type": "link", "url": "https://countersign.example/dashboard", "text": "here"},
        {"type": "text", "text": ", "},
        {
            "type": "date",
            "timestamp": 1795442700,
            "format": "{date_short_pretty} {time}",
            "fallback": "Mon 23 Nov 2026, 14:05 UTC",
        },
    ]


@pytest.mark.parametrize(
    ("target", "public", "address"),
    [
        ("/dashboard/audit/3?x=1#y", PUBLIC, "https://countersign.example/dashboard/audit/3?x=1#y"),
        ("/dashboard/audit/3", None, None),
        ("https://vendor.example/a?b=c", None, "https://vendor.example/a?b=c"),
        ("javascript:alert(1)", PUBLIC, None),
        ("//evil.example", PUBLIC, None),
        ("https://user@evil.example/", PUBLIC, None),
        ("/" + "p" * 3_000, PUBLIC, None),
    ],
)
def test_links_lead_to_the_dashboard_to_a_vendor_or_nowhere(
    target: str, public: str | None, address: str | None
) -> None:
    (block,) = blocks_of(Text((Link("here", target),)), public_url=public)
    (element,) = block["elements"][0]["elements"]
    assert element["text"] == "here"
    assert element.get("url") == address


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_was_written_acts(text: str) -> None:
    blocks: tuple[Block, ...] = (
        Text((text, Bold(text), Code(text), Link(text, "/dashboard"), Moment(AT))),
        Fields(((text, text), ("Label", text))),
        Bullets(((text,),), numbered=True),
        Table((text,), ((text,),)),
        Progress((("done", text),)),
        Chart("fi_1", text, text),
        File("fi_1", text, text),
        Small((text, Moment(AT))),
        Quote(text, text),
        Buttons((Button(text, "approve", text, token="b_1"),)),
    )
    (message,) = messages_of(Reply(text, (Card(text, blocks, "bad"),)))
    for marked in markup(message.blocks):
        rest = re.sub(r"<(!date\^|https://countersign\.example/)[^>]*>", "", marked)
        assert not re.search(r"[<_~`@]|://|:\w+:|^\s*(>|&gt;)", rest, re.MULTILINE)
        assert rest.count("*") in (0, 2)  # a name in bold
    assert said([message]).count(text) >= 16
    assert "<" not in message.text


def test_short_values_stand_two_a_row_under_their_names() -> None:
    (section,) = blocks_of(Fields((("Cost", "$934.40"), ("Risk", "R&D < 1"))))
    assert [field["text"] for field in section["fields"]] == ["*Cost*\n$934.40", "*Risk*\nR&amp;D &lt; 1"]


def test_values_that_could_act_stand_two_a_row_as_they_are() -> None:
    (section,) = blocks_of(Fields((("Service", "payment_service"), ("Rule", "*"))))
    assert [field["type"] for field in section["fields"]] == ["plain_text", "plain_text"]
    assert section["fields"][0]["text"] == "Service\npayment_service"


def test_a_value_that_is_long_once_escaped_still_has_room() -> None:
    assert words(blocks_of(Fields((("A&B", "&" * 550), ("C", "<" * 140))))) == f"A&B\n{'&' * 550}C\n{'<' * 140}"


def test_a_long_value_has_the_whole_width() -> None:
    long = "word " * 300
    first, value, last = blocks_of(Fields((("A", "1"), ("B", long), ("C", "3"))))
    assert [first["type"], value["type"], last["type"]] == ["section", "rich_text", "section"]
    assert words([value]) == f"B\n{long}"


def test_numbers_go_on_where_a_list_is_cut() -> None:
    items = tuple((f"Story {number}: {'words ' * (900 if number == 40 else 12)}",) for number in range(1, 121))
    lists = [
        element
        for message in messages_of(Reply("Many.", (Card("Many", (Bullets(items, numbered=True),)),)))
        for block in message.blocks
        if block["type"] == "rich_text"
        for element in block["elements"]
        if element["type"] == "rich_text_list"
    ]
    assert len(lists) > 2
    numbered = {
        element.get("offset", 0) + at: words([item])
        for element in lists
        for at, item in enumerate(element["elements"], 1)
    }
    assert list(numbered) == list(range(1, 121))
    assert all(text.startswith(f"Story {number}:") for number, text in numbered.items())


def test_steps_say_their_state_in_words() -> None:
    states = ("done", "doing", "waiting", "failed", "skipped")
    (block,) = blocks_of(Progress(tuple((state, "Step") for state in states)))
    lines = [words([item]) for item in block["elements"][0]["elements"]]
    assert lines == [
        "✅ Done: Step", "🔄 In progress: Step", "⏳ Waiting: Step", "❌ Failed: Step", "⏭️ Skipped: Step"
    ]  # fmt: skip


def test_the_tone_is_said_in_words() -> None:
    (message,) = messages_of(Reply("x", (Card("Approve?", (), "waiting"),)))
    assert words(message.blocks) == "Approve?⏳ Waiting"
    (message,) = messages_of(Reply("x", (Card("Approve?"),)))
    assert words(message.blocks) == "Approve?"


def test_an_uploaded_chart_is_shown_with_its_words_beside_it() -> None:
    image, text = blocks_of(Chart("fi_1", "A histogram.", "Half by Friday."), fi_1="F0123456789")
    assert image == {"type": "image", "slack_file": {"id": "F0123456789"}, "alt_text": "A histogram."}
    assert words([text]) == "Half by Friday."


def test_a_long_alternative_text_stands_whole_below_its_chart() -> None:
    alt = "word " * 500
    image, whole, _ = blocks_of(Chart("fi_1", alt, "Half by Friday."), fi_1="F0123456789")
    assert len(image["alt_text"]) <= 2_000
    assert words([whole]) == alt


def test_a_chart_that_is_not_at_slack_is_said_and_linked() -> None:
    chart = Chart("fi_1", "A histogram.", "Half by Friday.")
    text, shows, link = blocks_of(chart)
    assert words([text, shows]) == "Half by Friday.The chart shows: A histogram."
    assert markup([link]) == ["<https://countersign.example/files/fi_1|Open the chart>"]
    assert words(blocks_of(chart, public_url=None)) == "Half by Friday.The chart shows: A histogram."


def test_a_file_is_linked_where_there_is_a_dashboard() -> None:
    (block,) = blocks_of(File("fi/1", "plan.md", "The whole plan"))
    assert block["elements"][0]["elements"][1] == {
        "type": "link",
        "url": "https://countersign.example/files/fi%2F1",
        "text": "plan.md",
    }
    assert (
        words(blocks_of(File("fi_1", "plan.md", "The whole plan"), public_url=None))
        == "📄 plan.md: The whole plan"
    )


def test_a_quote_names_its_source() -> None:
    quote, source = blocks_of(Quote("It should load fast.", "PRD.md, line 42"))
    assert quote["elements"][0]["type"] == "rich_text_quote"
    assert source == {
        "type": "context",
        "elements": [{"type": "plain_text", "text": "— PRD.md, line 42", "emoji": False}],
    }


@pytest.mark.parametrize(
    ("parts", "marked"),
    [
        (("Until ", Moment(AT), "."), f"Until {DATE}."),
        (
            (Code("ap_1"), " · ", Link("the plan", "/dashboard")),
            "`ap_1` · <https://c.example/dashboard|the plan>",
        ),
        ((Bold("Risk:"), " R&D <3"), "*Risk:* R&amp;D &lt;3"),
        (("a", Bold("b")), None),
        ((Bold("a"), "b"), None),
        ((Bold("a"), Bold("b")), None),
        ((Bold(" a"),), None),
        ((Code("a`b"),), None),
        (("two * three * four", Moment(AT)), None),
        (("snake_case ", Moment(AT)), None),
        (("12:30:45 ", Moment(AT)), None),
        (("fine\n> quoted ", Moment(AT)), None),
        (("https://evil.example ", Moment(AT)), None),
        ((":ta", "da: ", Moment(AT)), None),
        ((Link("a|b", "/dashboard"),), None),
        ((Link("a", "https://vendor.example/a|b"),), None),
    ],
)
def test_small_type_is_marked_only_if_nothing_else_can_be_read_into_it(
    parts: tuple[Inline, ...], marked: str | None
) -> None:
    assert as_markup(parts, "https://c.example") == marked
    (block,) = blocks_of(Small(parts))
    assert block["type"] == ("context" if marked else "rich_text")


def test_small_type_without_anything_to_mark_is_plain() -> None:
    (block,) = blocks_of(Small(("*Not* bold, ", "<!channel>")))
    assert block["elements"] == [{"type": "plain_text", "text": "*Not* bold, <!channel>", "emoji": False}]


def test_buttons_send_their_token_and_nothing_else() -> None:
    button = Button("Approve", "approve", "ap_1", "primary", token="b_1")
    (actions,) = blocks_of(Buttons((button, replace(button, label="Modify", style="plain", token="b_2"))))
    assert actions["elements"] == [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": "Approve", "emoji": False},
            "value": "b_1",
            "style": "primary",
            "action_id": "press:1",
        },
        {
            "type": "button",
            "text": {"type": "plain_text", "text": "Modify", "emoji": False},
            "value": "b_2",
            "action_id": "press:2",
        },
    ]


def test_whether_it_was_useful_is_asked_with_thumbs_that_have_names() -> None:
    useful, not_useful = (
        Button(label, "rate", "t_1", token=f"b_{label}") for label in ("Useful", "Not useful")
    )
    (block,) = blocks_of(Rating(useful, not_useful))
    (thumbs,) = block["elements"]
    for side, button in (("positive_button", useful), ("negative_button", not_useful)):
        assert (thumbs[side]["accessibility_label"], thumbs[side]["value"]) == (button.label, button.token)


def test_many_buttons_stand_in_rows_each_under_its_own_id() -> None:
    buttons = tuple(Button(f"Approve {n}", "approve", f"ap_{n}", token=f"b_{n}") for n in range(60))
    rows = blocks_of(Buttons(buttons))
    assert max(len(row["elements"]) for row in rows) <= 25
    pressed = [(element["value"], element["action_id"]) for row in rows for element in row["elements"]]
    assert pressed == [(f"b_{n}", f"press:{n + 1}") for n in range(60)]


def test_what_has_no_room_on_a_button_or_in_a_title_stands_whole_beside_it() -> None:
    label, title = f"Approve {'and then some ' * 10}", f"Plan {'of many words ' * 20}"
    (message,) = messages_of(Reply("x", (Card(title, (Buttons((Button(label, "a", "b", token="b_1"),)),)),)))
    header, whole, listed, actions = message.blocks
    assert header["text"]["text"].endswith("…")
    assert words([whole]) == title
    assert words([listed]) == label
    assert actions["elements"][0]["text"]["text"].endswith("…")
