"""Whatever customer success asks of whatever handler: nothing of what is not its customers' comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from agents.plans.tables import PlanRow
from governance.directory import person_by_identity
from governance.places import Audience, Place
from governance.tables import ApprovalRow
from handlers.catalogue import find_handlers, request_of
from handlers.conversation.cards import Reply
from handlers.conversation.memory import keep, recall
from handlers.conversation.turn import Clicked, Said, Turn
from integrations.customers.vendors.local.loading import write_customers
from integrations.tracker.vendors.local.history import History, take_over
from tests.handlers.conftest import Talk, buttons
from tests.handlers.product.conftest import CUSTOMERS, EPICS, MARKER, SPRINTS, STORIES

UTTERANCES = Path(__file__).parent / "language" / "utterances"
SAID_OF_EACH = 8
FOR_EACH = ("Halden", "CARD-3", "EPIC-2", "what waits", "all", "show")
"""Words that point at what is marked, asked of every handler besides its own utterances."""


@pytest.fixture
async def marked(talk: Talk) -> Talk:
    """A department whose untagged work, other customers, plan and open approval bear the marker."""
    async with talk.database.transaction(talk.tenant) as tx:
        await take_over(tx, "work", History(EPICS, SPRINTS, STORIES, (), ()))
        await write_customers(tx, CUSTOMERS)
    await talk.say("david", "/build_feature PRD-2025-Q1-Dashboard", thread="plan")
    await talk.say("nathan", f"/add_to_backlog story: Prove {MARKER} as P0", thread="asked")
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(PlanRow).values(title=f"The plan {MARKER}"))
        titled = select(func.count()).select_from(ApprovalRow).where(ApprovalRow.title.contains(MARKER))
        assert (await tx.execute(titled)).scalar_one() == 1
        assert (await tx.execute(select(func.count()).select_from(PlanRow))).scalar_one() == 1
    return talk


async def directly(talk: Talk, who: str, what: Said | Clicked, thread: str) -> tuple[Reply, ...]:
    """Said or pressed in a direct message."""
    place = Place("console", f"@{who}", thread, Audience.DIRECT)
    async with talk.database.transaction(talk.tenant) as tx:
        identity = f"console:{who}"
        person = await person_by_identity(tx, identity)
        memory = await recall(tx, place.key)
        turn = Turn(talk.tenant, f"tu_{thread}", identity, person, place, talk.now, what)
        answer = await talk.router.answer(turn, await talk._desk(tx, memory))
        await keep(tx, memory)
        return answer.replies


def asked_of(name: str) -> list[str]:
    """The catalogue's example, unseen utterances, and words that point at what is marked."""
    unseen = (UTTERANCES / f"{name}.txt").read_text("utf-8").splitlines()
    return [request_of(name).example, *unseen[:SAID_OF_EACH], *FOR_EACH]


@pytest.mark.parametrize("name", sorted(find_handlers()))
async def test_customer_success_gets_nothing_of_others_from(name: str, marked: Talk) -> None:
    for number, words in enumerate(asked_of(name)):
        thread = f"{name}{number}"
        for reply in await directly(marked, "rachel", Said(f"/{name} {words}"), thread):
            assert MARKER not in repr(reply), words
            for button in buttons(reply).values():
                pressed = Clicked(button.verb, button.subject, "m1", {})
                for answer in await directly(marked, "rachel", pressed, thread):
                    assert MARKER not in repr(answer), (words, button)


@pytest.mark.parametrize(
    ("who", "name", "words"),
    [
        ("david", "status", "EPIC-2"),
        ("david", "approvals", "what waits for me?"),
        ("david", "plan", "cancel it"),
        ("carlos", "status", "CARD-3"),
        ("david", "digest", "what did I miss since yesterday"),
        ("carlos", "subscribe", "tell me when EPIC-2 is done"),
    ],
)
async def test_who_may_see_it_does(who: str, name: str, words: str, marked: Talk) -> None:
    """The marker would be found if it were there."""
    assert MARKER in repr(await directly(marked, who, Said(f"/{name} {words}"), "one"))
