"""A plan in Teams: how much room it takes, what it rests on, the whole of it, and changing it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from bot.teams.packing import BUDGET
from bot.teams.render import TeamsMessage
from simulators.teams import Message
from tests.bot.teams.card_reading import lines, objects
from tests.office import TeamsOffice

WITHIN = 120.0


@dataclass(frozen=True)
class Proposed:
    """A plan that was asked for in David's chat. `all` are the messages that say it, `card` is the one that is
    decided on."""

    all: tuple[Message, ...]
    card: Message


@pytest.fixture(scope="module")
async def plan(office: TeamsOffice) -> Proposed:
    david = office.person("david")
    said = await david.says("/build_feature build PRD-2025-Q1-Dashboard")
    card = await office.teams.wait_for(
        lambda each: "Plan to approve" in each.all_text, after=said, seconds=WITHIN
    )
    await office.settled()
    after = david.chat.messages[david.chat.messages.index(said) + 1 :]
    return Proposed(tuple(each for each in after if each.card), card)


def _button(card: Message, label: str) -> str:
    titles = [str(found["title"]) for found in objects(card.card) if found["type"].startswith("Action.")]
    return next(title for title in titles if title.startswith(label))


def test_a_plan_is_one_or_two_messages_that_fit_a_narrow_chat(plan: Proposed) -> None:
    assert len(plan.all) <= 2
    for message in plan.all:
        assert len(json.dumps(message.card)) <= BUDGET
        assert not [found for found in objects(message.card) if found["type"] == "Table"]
    said = lines([TeamsMessage("", message.card, "") for message in plan.all])
    assert [line for line in said if line.startswith("S1 ")]
    assert [line for line in said if line.startswith("Team: ") and " · Hours: " in line]


def _shown(dialog: dict[str, Any]) -> list[str]:
    return lines([TeamsMessage("", dialog["task"]["value"]["card"]["content"], "")])


async def test_what_it_rests_on_is_read_page_by_page(office: TeamsOffice, plan: Proposed) -> None:
    david, (card,) = (
        office.person("david"),
        [each for each in plan.all if "Show working" in json.dumps(each.card)],
    )
    label = _button(card, "Show working")
    opened = (await david.presses(label, card)).answer
    said = _shown(opened)
    while "Next" in json.dumps(opened):
        opened = (await david.turns(opened, "Next", card)).answer
        said += _shown(opened)
    facts = [line for line in said if ". Where from: " in line]
    assert label == f"Show working ({len(facts)} facts)"
    back = (await david.turns(opened, "Back", card)).answer
    assert _shown(back)[0].startswith("Page ")


async def test_it_is_shown_where_the_card_stands_and_nowhere_else(office: TeamsOffice, plan: Proposed) -> None:
    press = office.person("david").press(_button(plan.all[-1], "Show working"), plan.all[-1])
    amanda = office.person("amanda")
    theirs = await amanda.says("/whoami")
    await office.answered(theirs)
    press["from"] = {"id": amanda.human.teams_id, "aadObjectId": amanda.human.id, "name": "Amanda"}
    press["conversation"] = {"id": amanda.chat.id, "conversationType": "personal"}
    assert _shown((await office.teams.deliver(press)).answer) == ["No facts are kept for this answer."]


async def test_where_no_dialog_opens_what_it_rests_on_comes_as_messages(
    office: TeamsOffice, plan: Proposed
) -> None:
    david, card = office.person("david"), plan.all[-1]
    await david.presses_without_dialogs(_button(card, "Show working"), card)
    shown = await office.teams.wait_for(lambda each: "How this was worked out" in each.all_text, after=card)
    assert "Where from: " in shown.all_text


async def test_the_whole_plan_is_offered_as_a_file_where_no_address_leads_to_it(
    office: TeamsOffice, plan: Proposed
) -> None:
    david = office.person("david")
    offer = await office.teams.wait_for(lambda each: each.file is not None and each in david.chat.messages)
    assert (offer.file or {})["name"] == "PRD-2025-Q1-Dashboard-plan-1.md"
    await david.accepts(offer)
    await office.teams.wait_for(lambda each: "uniqueId" in json.dumps(each.file), after=offer)
    written = office.teams.onedrive.kept("david")["PRD-2025-Q1-Dashboard-plan-1.md"].decode()
    for part in (
        "# Customer Dashboard",
        "## Stories",
        "### S1 ",
        "- Done when:",
        "## Risks",
        "## How this was",
    ):
        assert part in written


async def test_it_is_changed_where_no_dialog_opens(office: TeamsOffice, plan: Proposed) -> None:
    david = office.person("david")
    await david.presses_without_dialogs("Modify", plan.card)
    form = await office.teams.wait_for(lambda each: "Modify the plan" in each.all_text, after=plan.card)
    await david.fills_in(form, {"Not before": "2027-02-01"})
    changed = await office.teams.wait_for(
        lambda each: "(version 2)" in each.all_text and "Approve" in json.dumps(each.card), seconds=WITHIN
    )
    assert "Feb 2027" in changed.all_text
    await office.settled()
