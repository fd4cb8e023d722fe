"""The facts behind an answer: a few below it, many behind a button, each with its source."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.blocks import SlackMessage, render
from handlers.conversation.cards import Reply
from tests.bot.console.sample_cards import plan_reply
from tests.bot.slack.block_kit import check_message
from tests.bot.slack.generated import AT
from tests.bot.slack.reading import markup, words

DATE = "<!date^1795442700^{date_short_pretty} {time}|Mon 23 Nov 2026, 14:05 UTC>"


def _messages(reply: Reply) -> tuple[SlackMessage, ...]:
    messages = render(reply, public_url=None, images={})
    for message in messages:
        check_message(message)
    return messages


def test_a_few_facts_are_listed_with_their_sources() -> None:
    (message,) = _messages(replace(plan_reply(), cards=()))
    *_, heading, lines = message.blocks
    assert markup([heading]) == [f"How this was worked out, as of {DATE}"]
    assert words([lines]).splitlines()[1:3] == [
        "budget: 146 agent-hours (query: done stories since January 2025 with hours, nearest five by words)",
        "cost: 934.4 USD (computation: hours by hourly cost, from budget)",
    ]


def test_facts_of_other_times_say_theirs() -> None:
    first, second, *_ = plan_reply().facts
    reply = Reply("x", facts=(first, replace(second, as_of=AT.replace(hour=9))))
    (message,) = _messages(reply)
    lines = words(message.blocks).splitlines()
    assert lines[0].endswith("as of Mon 23 Nov 2026, 14:05 UTC)")
    assert lines[1].endswith("as of Mon 23 Nov 2026, 09:05 UTC)")


def test_many_facts_are_opened_with_a_button() -> None:
    facts = tuple(replace(fact, id=f"{fact.id}{n}") for n in range(4) for fact in plan_reply().facts)
    (message,) = _messages(replace(plan_reply(), facts=facts))
    (button,) = message.blocks[-1]["elements"]
    assert button["text"]["text"] == "Show working (20 facts)"
    assert button["action_id"] == "working"
    assert "value" not in button
