"""The main cards as they go to Slack, for reading. `WRITE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from bot.slack.modals import modal
from bot.slack.render import home_view, render, working_modal
from handlers.conversation.cards import Buttons, Card, Reply
from tests.bot.console.sample_cards import MODIFY, approved_reply, plan_facts, plan_reply, refused_reply

SNAPSHOTS = Path(__file__).parent / "snapshots"
PUBLIC = "https://countersign.example"


def _tokened(reply: Reply) -> Reply:
    """The reply as it is when it is posted: each button with a token, here always the same."""

    def tokened(card: Card) -> Card:
        return replace(
            card,
            blocks=tuple(
                Buttons(tuple(replace(button, token=f"b_{button.verb}") for button in block.buttons))
                if isinstance(block, Buttons)
                else block
                for block in card.blocks
            ),
        )

    return replace(reply, cards=tuple(tokened(card) for card in reply.cards))


def _messages(reply: Reply, public_url: str | None = PUBLIC, **images: str) -> list[dict[str, Any]]:
    return [asdict(message) for message in render(_tokened(reply), public_url=public_url, images=images)]


SHOWN: dict[str, Callable[[], Any]] = {
    "plan": lambda: _messages(plan_reply("fi_1"), fi_1="F0123456789"),
    "plan_without_dashboard": lambda: _messages(plan_reply("fi_1"), None),
    "plan_approved": lambda: _messages(approved_reply("Amanda")),
    "refused": lambda: _messages(refused_reply("Wei")),
    "text": lambda: _messages(Reply("Nothing waits for your decision.")),
    "modify": lambda: modal(MODIFY, token="b_modify", private_metadata="{}"),
    "working": lambda: working_modal(plan_facts()),
    "home": lambda: home_view(_tokened(plan_reply()), public_url=PUBLIC),
}


@pytest.mark.parametrize("name", SHOWN)
def test_it_looks_as_it_did(name: str) -> None:
    path = SNAPSHOTS / f"{name}.json"
    now = json.dumps(SHOWN[name](), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("WRITE_SNAPSHOTS"):
        path.write_text(now, encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    changed = "".join(unified_diff(before.splitlines(True), now.splitlines(True), "snapshot", "now"))
    assert not changed, f"{name} has changed:\n{changed}\nWRITE_SNAPSHOTS=1 takes it as it is now."


def test_no_snapshot_is_left_behind() -> None:
    assert {path.stem for path in SNAPSHOTS.glob("*.json")} == set(SHOWN)
