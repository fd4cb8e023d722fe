"""Whole replies: how they are divided into messages, and what stands around their cards."""

from __future__ import annotations

from dataclasses import replace

from handlers.conversation.cards import (
    Card,
    Reply,
    Table,
    Text,
)
from tests.bot.console.sample_cards import plan_reply
from tests.bot.slack.generated import AT, DATE
from tests.bot.slack.reading import markup, said, words
from tests.bot.slack.shown import messages_of


def test_many_short_blocks_take_as_many_messages_as_they_need() -> None:
    lines = tuple(Text((f"Line {n}.",)) for n in range(120))
    messages = messages_of(Reply("Many lines.", (Card("Lines", lines),)))
    assert len(messages) == 3
    assert said(messages) == "Lines" + "".join(f"Line {n}." for n in range(120))


def test_each_table_has_a_message_that_says_which_it_is() -> None:
    table = Table(("Story", "Hours"), (("S1", ""),), "lr")
    cards = (Card("Stories", (table, table, Text(("Below.",)))), Card("Teams", (table,)))
    first, second, third = messages_of(Reply("Two & two.", cards))
    assert [message.text for message in (first, second, third)] == [
        "(1 of 3) Two &amp; two.", "(2 of 3) Two &amp; two.", "(3 of 3) Two &amp; two."
    ]  # fmt: skip
    assert words(first.blocks[:1]) == "Stories"
    assert words(second.blocks[:1]) == "Stories (2 of 3)"
    # The title of the next card stands with its table, not at the end of the message before.
    assert words(third.blocks[:2]) == "(3 of 3)Teams"
    table_block = first.blocks[1]
    assert [column["align"] for column in table_block["column_settings"]] == ["left", "right"]
    assert table_block["rows"][1][1]["text"] == " "  # Slack refuses an empty cell


def test_a_table_with_a_row_too_large_is_listed() -> None:
    cell = "word " * 2_500
    messages = messages_of(
        Reply("x", (Card("Large", (Table(("Story", "Text"), (("S1", cell), ("S2", "b"))),)),))
    )
    assert said(messages) == f"LargeStory: S1 · Text: {cell}Story: S2 · Text: b"


def test_a_few_facts_are_listed_with_their_sources() -> None:
    (message,) = messages_of(replace(plan_reply(), cards=()))
    *_, heading, lines = message.blocks
    assert markup([heading]) == [f"How this was worked out, as of {DATE}"]
    assert words([lines]).splitlines()[1:3] == [
        "budget: 146 agent-hours (query: done stories since January 2025 with hours, nearest five by words)",
        "cost: 934.4 USD (computation: hours by hourly cost, from budget)",
    ]


def test_facts_of_other_times_say_theirs() -> None:
    first, second, *_ = plan_reply().facts
    reply = Reply("x", facts=(first, replace(second, as_of=AT.replace(hour=9))))
    (message,) = messages_of(reply)
    lines = words(message.blocks).splitlines()
    assert lines[0].endswith("as of Mon 23 Nov 2026, 14:05 UTC)")
    assert lines[1].endswith("as of Mon 23 Nov 2026, 09:05 UTC)")


def test_many_facts_are_opened_with_a_button() -> None:
    facts = tuple(replace(fact, id=f"{fact.id}{n}") for n in range(4) for fact in plan_reply().facts)
    (message,) = messages_of(replace(plan_reply(), facts=facts))
    (button,) = message.blocks[-1]["elements"]
    assert button["text"]["text"] == "Show working (20 facts)"
    assert button["action_id"] == "working"
    assert "value" not in button


def test_a_text_too_long_for_a_notification_stands_in_the_message() -> None:
    text = "Said & done. " * 400
    (message,) = messages_of(Reply(text, (Card("Card"),)))
    assert message.text.endswith("…")
    assert words(message.blocks) == f"{text}Card"
