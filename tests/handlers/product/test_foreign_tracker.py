"""A department whose tracker is another company's product: its ids have a shape of their own."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from integrations.tracker import Tracker
from tests.handlers.conftest import Talk
from tests.integrations import csv_tracker
from tests.integrations.tracker_drafts import draft, epic, grant


@pytest.fixture
async def shop(talk: Talk, tmp_path: Path) -> Talk:
    """SHOP-1 is a feature, SHOP-2 and SHOP-3 are its stories."""
    talk.tracker = cast(Tracker, csv_tracker.Tracker(tmp_path / "stories.csv"))
    home = await talk.tracker.create_epic(grant(), epic("Gift vouchers"))
    for title in ("Print the label", "Redeem a code"):
        await talk.tracker.create_story(grant(), draft(title, epic=home.id))
    return talk


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("what is the status of SHOP-2?", "SHOP-2 Print the label is in the backlog"),
        ("what is the status of shop-3?", "SHOP-3 Redeem a code is in the backlog"),
        ("what is the status of SHOP-1?", "Gift vouchers (SHOP-1) is in the backlog: 0 of 2 stories done"),
        ("what is the status of the gift vuochers?", "Gift vouchers (SHOP-1) is in the backlog"),
        ("what is the status of print the label?", "SHOP-2 Print the label is in the backlog"),
        ("what is the status of SHOP-99?", "There is no SHOP-99 that you may see."),
    ],
)
async def test_its_items_are_asked_after_by_its_ids_and_by_name(shop: Talk, said: str, told: str) -> None:
    (reply,) = (await shop.say("david", f"/status {said}")).replies
    assert reply.text.startswith(told)


async def test_an_id_of_another_tracker_is_no_id_here(shop: Talk) -> None:
    (reply,) = (await shop.say("david", "/status what is the status of CARD-2?")).replies
    assert "SHOP" not in reply.text
    assert "There is no CARD-2" not in reply.text


async def test_its_ids_set_priorities(shop: Talk) -> None:
    (reply,) = (await shop.say("david", "/prioritise raise SHOP-2 to P0")).replies
    assert reply.text.startswith("Setting “Print the label” to P0")
