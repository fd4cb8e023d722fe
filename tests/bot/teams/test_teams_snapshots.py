"""The main cards as Teams gets them, kept as files for reviewers."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from bot.platforms.forms import Values
from bot.teams.dialogs import task_info, with_error
from bot.teams.package import manifest
from bot.teams.render import render
from handlers.conversation.cards import Buttons, Reply
from tests.bot.console.sample_cards import MODIFY, approved_reply, plan_reply, refused_reply
from tests.bot.teams.card_reading import check_against_models
from tests.bot.teams.snapshots import check_snapshot

URL = "https://countersign.example.com"


def _numbered(reply: Reply) -> Reply:
    """The reply with tokens that are the same in every run."""
    cards = tuple(
        replace(
            card,
            blocks=tuple(
                Buttons(tuple(replace(button, token=f"b_{button.label.lower()}") for button in block.buttons))
                if isinstance(block, Buttons)
                else block
                for block in card.blocks
            ),
        )
        for card in reply.cards
    )
    return replace(reply, cards=cards)


@pytest.mark.parametrize(
    ("name", "reply", "url"),
    [
        ("plan", plan_reply("fi_chart"), URL),
        ("plan_without_public_url", plan_reply("fi_chart"), None),
        ("approved", approved_reply("Amanda", "Go on."), URL),
        ("refused", refused_reply("Sam"), URL),
    ],
)
def test_cards_are_as_reviewed(name: str, reply: Reply, url: str | None) -> None:
    messages = render(_numbered(reply), public_url=url)
    for message in messages:
        assert message.card
        check_against_models(message.card)
    check_snapshot(name, [asdict(message) for message in messages])


def test_the_dialog_is_as_reviewed() -> None:
    check_snapshot("modify_dialog", task_info(MODIFY, "b_modify"))
    entered: Values = {"drop": ["S2"], "team": "delta", "budget": "90"}
    sentence = "“Budget in agent-hours” is needed."
    check_snapshot("modify_dialog_again", with_error(MODIFY, "b_modify", sentence, entered))


def test_the_manifest_is_as_reviewed() -> None:
    check_snapshot("manifest", manifest("11111111-2222-3333-4444-555555555555", URL))
