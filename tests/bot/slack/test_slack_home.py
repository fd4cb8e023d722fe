"""The App Home shows whole cards, and says what has no room."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.render import home_view, working_modal
from handlers.conversation.cards import Button, Buttons, Card, Rating, Reply, Small, Table, Text
from tests.bot.console.sample_cards import plan_reply
from tests.bot.slack.block_kit import check_home, check_modal
from tests.bot.slack.reading import markup, words

PUBLIC = "https://countersign.example"


def _home(*cards: Card, public_url: str | None = PUBLIC) -> dict[str, Any]:
    view = home_view(Reply("Nothing waits for you.", cards), public_url=public_url)
    check_home(view)
    return view


def _card(title: str, lines: int) -> Card:
    button = Button("Approve", "approve", title, token=f"b_{title}")
    said = tuple(Text((f"{title}, line {line}",)) for line in range(lines))
    return Card(title, (*said, Buttons((button,))))


def test_home_says_a_text_where_there_is_no_card() -> None:
    assert words(_home()["blocks"]) == "Nothing waits for you."


def test_home_shows_a_plan_with_its_table_as_a_list() -> None:
    view = home_view(plan_reply("fi_1"), public_url=PUBLIC)
    check_home(view)
    text = words(view["blocks"])
    assert "Story: S1 · Title: Usage events arrive in the warehouse · Team: Insights" in text
    assert "How this was worked out" in text


def test_home_asks_with_buttons_whether_it_was_useful() -> None:
    useful, not_useful = (
        Button(label, "rate", "t_1", token=f"b_{label}") for label in ("Useful", "Not useful")
    )
    (row,) = _home(Card("Card", (Rating(useful, not_useful),)))["blocks"][1:]
    assert [button["value"] for button in row["elements"]] == ["b_Useful", "b_Not useful"]


def test_home_shows_the_headings_of_an_empty_table() -> None:
    assert words(_home(Card("Plans", (Table(("Plan", "State"), ()),)))["blocks"]) == "PlansPlan, State"


@pytest.mark.parametrize(
    ("public", "where"), [(PUBLIC, "on the dashboard."), (None, "in what I answer in a message.")]
)
def test_home_leaves_out_whole_cards_and_counts_them(public: str | None, where: str) -> None:
    view = _home(*(_card(f"Approval {n}", 30) for n in range(6)), public_url=public)
    assert len(view["blocks"]) <= 100
    text = words(view["blocks"])
    assert text.endswith(f"Not everything has room here: 3 more entries stand {where}")
    assert [f"Approval {n}, line 29Approve" in text for n in range(6)] == [True] * 3 + [False] * 3
    if public:
        assert "<https://countersign.example/dashboard|on the dashboard>" in markup(view["blocks"])[-1]


def test_a_card_too_long_for_home_is_begun() -> None:
    text = words(_home(_card("Long", 150))["blocks"])
    assert "Long, line 90" in text
    assert text.endswith("Not everything has room here: 1 more entry stands on the dashboard.")


def test_home_stays_within_what_slack_takes_in_bytes() -> None:
    view = _home(Card("Large", tuple(Small(("語" * 900,)) for _ in range(95))))
    assert "Not everything has room here" in words(view["blocks"])


def test_the_working_names_every_fact_with_its_source_and_time() -> None:
    facts = plan_reply().facts * 30
    view = working_modal(facts)
    check_modal(view)
    text = words(view["blocks"])
    assert text.count("934.4 USD\ncomputation: hours by hourly cost, from budget, as of Mon 23 Nov 2026") == 30


def test_the_working_of_an_answer_without_facts_says_so() -> None:
    view = working_modal(())
    check_modal(view)
    assert words(view["blocks"]) == "No facts are kept for this answer."
