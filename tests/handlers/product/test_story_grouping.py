"""Stories joined and cut in words: shown first, planned so by one button, and held to."""

from __future__ import annotations

import pytest

from agents.planning.draft import PlanDraft
from agents.plans.rows import draft_of
from handlers.conversation.cards import Reply
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import Folder, Product

PARCELS = """# Parcels

**Product:** Checkout

## Requirements

- Buyers must see where their parcel is.
- The page must list the last ten parcels.
- Buyers can name a neighbour who takes the parcel.
  - The neighbour gets a mail.
  - The neighbour can refuse.
- When a parcel is late, the shop must tell the buyer by mail and must offer a refund of the postage.
"""


async def _draft(own: Product) -> PlanDraft:
    draft = draft_of(await own.plan())
    assert draft is not None
    return draft


async def _say(own: Product, words: str) -> Reply:
    (reply,) = (await own.talk.say("david", words)).replies
    return reply


async def _do(own: Product, words: str) -> PlanDraft:
    button = buttons(await _say(own, words))["group_stories"]
    await own.talk.press("david", button.verb, button.subject)
    await own.draft()
    return await _draft(own)


@pytest.fixture
async def parcels(own: Folder) -> Folder:
    await own.build(PARCELS)
    return own


def _fulfils(draft: PlanDraft) -> list[tuple[str, ...]]:
    return [story.requirements for story in draft.stories]


async def test_what_asks_for_two_things_is_two_stories(parcels: Folder) -> None:
    draft = await _draft(parcels)
    late = [story for story in draft.stories if story.requirements == ("R4",)]
    assert [story.title for story in late] == [
        "When a parcel is late, the shop must tell the buyer by mail",
        "When a parcel is late, the shop must offer a refund of the postage",
    ]


@pytest.mark.parametrize(
    "words",
    [
        "S1 and S2 are one story",
        "R1 and R2 should be one story",
        "lines 7 and 8 are one story",
        "merge stories 1 and 2",
        "S1 and S2 belong together",
    ],
)
async def test_stories_are_joined_by_one_button(parcels: Folder, words: str) -> None:
    before = await _draft(parcels)
    asked = await _say(parcels, words)
    assert {"R1", "R2"} <= set(asked.text.split()), asked.text
    assert await _draft(parcels) == before, "nothing is changed by words alone"
    after = await _do(parcels, words)
    (joined,) = [story for story in after.stories if "R1" in story.requirements]
    assert joined.requirements == ("R1", "R2")
    both = [story for story in before.stories if story.key in ("S1", "S2")]
    assert set(joined.acceptance) >= {criterion for story in both for criterion in story.acceptance}


async def test_a_joined_story_stays_joined_when_the_document_is_read_again(parcels: Folder) -> None:
    await _do(parcels, "S1 and S2 are one story")
    await parcels.build(PARCELS + "- Sellers can print a label.\n")
    assert ("R1", "R2") in _fulfils(await _draft(parcels))


async def test_a_split_takes_a_join_back(parcels: Folder) -> None:
    before = _fulfils(await _draft(parcels))
    await _do(parcels, "S1 and S2 are one story")
    assert _fulfils(await _do(parcels, "split S1")) == before


async def test_one_story_is_cut_along_its_criteria(parcels: Folder) -> None:
    after = await _do(parcels, "S3 is two stories")
    cut = [story for story in after.stories if story.requirements == ("R3",)]
    assert [story.acceptance for story in cut] == [
        ("The neighbour gets a mail.",),
        ("The neighbour can refuse.",),
    ]
    again = await _do(parcels, "R3 is one story")
    assert _fulfils(again).count(("R3",)) == 1


async def test_clauses_that_somebody_calls_one_story_are_one(parcels: Folder) -> None:
    assert _fulfils(await _draft(parcels)).count(("R4",)) == 2
    assert _fulfils(await _do(parcels, "R4 is one story")).count(("R4",)) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("split S1", "I do not know where to cut R1"),
        ("that is one story", "Which stories of"),
        ("R1 is one story", "R1 is one story already"),
    ],
)
async def test_what_cannot_be_done_says_why(parcels: Folder, words: str, said: str) -> None:
    reply = await _say(parcels, words)
    assert said in reply.text
    assert "group_stories" not in buttons(reply)


async def test_a_message_of_any_length_is_answered_at_once(parcels: Folder) -> None:
    assert "group_stories" not in buttons(await _say(parcels, f"split S1 {'.' * 30_000}x"))


@pytest.mark.parametrize(
    "words", ["are S1 and S2 one story?", "S1 and S2 are not one story", "don't merge S1 and S2"]
)
async def test_a_question_or_a_denial_joins_nothing(parcels: Folder, words: str) -> None:
    before = await _draft(parcels)
    assert "group_stories" not in buttons(await _say(parcels, words))
    assert await _draft(parcels) == before
