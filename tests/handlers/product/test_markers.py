"""What no customer of hers is tagged with is in nothing that customer success gets."""

from __future__ import annotations

import pytest

from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import MARKER, Product

ASKED = {
    "status": (
        "", "what runs now", "refunds", "EPIC-1", "EPIC-2", "CARD-1", "CARD-2", "CARD-3", "CARD-4", "CARD-8",
        "REQ-1", "Acme", "Halden", "payment plumbing", "rotate certificates", "zanzibar-7731", "it",
    ),
    "prioritise": (
        "", "what comes first", "refunds", "EPIC-1", "EPIC-2", "CARD-3 to P0", "zanzibar-7731", "Halden",
        "rank the backlog", "the payments team's work", "what first, refunds or payment plumbing?",
    ),
    "add_to_backlog": ("story: Refund ledger", "story: Cache the exchange rates"),
    "build_feature": ("PRD-2025-Q1-Dashboard", "zanzibar-7731", ""),
    "plan": ("show", "show the payment plumbing plan", "pause"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
async def test_untagged_items_reach_customer_success_in_no_answer(product: Product, name: str) -> None:
    talk = product.talk
    for number, words in enumerate(ASKED[name]):
        for thread in (f"{name}{number}", "one"):
            for reply in (await talk.say("rachel", f"/{name} {words}", thread=thread)).replies:
                shown = repr(reply).replace(words, "")
                assert MARKER not in shown, words
                for button in buttons(reply).values():
                    for answer in (
                        await talk.press("rachel", button.verb, button.subject, thread=thread)
                    ).replies:
                        assert MARKER not in repr(answer).replace(words, ""), (words, button)


async def test_who_may_see_it_all_does(product: Product) -> None:
    """The marker would be found if it were there."""
    for name, words in (("status", "EPIC-2"), ("prioritise", "what comes first")):
        (reply,) = (await product.talk.say("david", f"/{name} {words}", thread=name)).replies
        assert MARKER in repr(reply)
