"""What shows an approval with its buttons is brought up to date, in whatever message it stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import select

from bot import notices, outbox
from bot.console.adapter import ConsoleAdapter
from bot.tables import ConsoleMessageRow
from bot.wire import reply_from_json
from governance.places import Audience, Place
from handlers.conversation.cards import Block, Button, Buttons, Card, Rating, Reply
from storage.database import Database

PLACE = Place("console", "dm-amanda", "cm_1", Audience.DIRECT)
VERBS = ("approve", "deny")


def _asks(approval: str, *others: Block) -> Card:
    return Card(f"Asks {approval}", (Buttons((Button("Approve", "approve", approval),)), *others))


def _closed(approval: str) -> Reply:
    return Reply(f"{approval} is over.", (Card(f"Closed {approval}"),))


WAITING = Reply("Two wait.", (_asks("ap_1"), _asks("ap_2"), Card("Waiting for others")))


class Shop:
    """A place where replies are posted, and what stands there then."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant

    async def shows(self, *replies: Reply, place: Place = PLACE) -> None:
        async with self.database.transaction(self.tenant) as tx:
            for reply in replies:
                await outbox.put(tx, place, reply, turn=None)
        await self.post(place)

    async def closes(self, approval: str, *, subject: str | None = None) -> None:
        async with self.database.transaction(self.tenant) as tx:
            await notices.bring_up_to_date(tx, subject or approval, VERBS, _closed(approval), turn=None)

    async def post(self, place: Place = PLACE) -> None:
        await outbox.post_thread(self.database, self.tenant, place.key, {"console": ConsoleAdapter()})

    async def messages(self) -> list[Reply]:
        async with self.database.transaction(self.tenant) as tx:
            query = select(ConsoleMessageRow.reply).order_by(ConsoleMessageRow.number)
            return [reply_from_json(reply) for reply in (await tx.execute(query)).scalars() if reply]

    async def titles(self) -> list[list[str]]:
        return [[card.title for card in reply.cards] for reply in await self.messages()]


async def test_a_card_changes_in_its_place_and_the_others_keep_their_buttons(
    database: Database, tenant: str
) -> None:
    shop = Shop(database, tenant)
    await shop.shows(WAITING)
    await shop.closes("ap_1")
    await shop.post()
    (message,) = await shop.messages()
    assert [card.title for card in message.cards] == ["Closed ap_1", "Asks ap_2", "Waiting for others"]
    assert message.text == "Two wait. ap_1 is over.", "what notifications and screen readers say"
    (still,) = [block for card in message.cards for block in card.blocks if isinstance(block, Buttons)]
    assert still.buttons[0].subject == "ap_2"
    assert still.buttons[0].token, "it can be pressed"
    await shop.closes("ap_2")
    await shop.post()
    assert await shop.titles() == [["Closed ap_1", "Closed ap_2", "Waiting for others"]]


async def test_every_message_that_shows_it_changes_and_nothing_else(database: Database, tenant: str) -> None:
    shop = Shop(database, tenant)
    elsewhere = replace(PLACE, channel="dm-nathan", thread="cm_2")
    other_button = Card("Show it", (Buttons((Button("Show", "show_approval", "ap_1"),)),))
    await shop.shows(WAITING, replace(WAITING, key="mine"), Reply("Hm?", (other_button,)))
    await shop.shows(Reply("One waits.", (_asks("ap_1"),)), place=elsewhere)
    await shop.closes("ap_1")
    await shop.closes("ap_1")
    await shop.post()
    await shop.post(elsewhere)
    changed = ["Closed ap_1", "Asks ap_2", "Waiting for others"]
    assert await shop.titles() == [changed, changed, ["Show it"], ["Closed ap_1"]]
    assert (await shop.messages())[0].text.count("over") == 1, "said once"


async def test_what_is_not_posted_yet_is_posted_as_it_is_by_then(database: Database, tenant: str) -> None:
    shop = Shop(database, tenant)
    async with database.transaction(tenant) as tx:
        await outbox.put(tx, PLACE, WAITING, turn=None)
    await shop.closes("ap_1")
    await shop.post()
    assert await shop.titles() == [["Closed ap_1", "Asks ap_2", "Waiting for others"]]


async def test_two_that_close_at_once_both_stand_in_the_message(database: Database, tenant: str) -> None:
    shop = Shop(database, tenant)
    many = tuple(f"ap_{number}" for number in range(6))
    await shop.shows(Reply("Six wait.", tuple(map(_asks, many))))
    await asyncio.gather(*(shop.closes(approval) for approval in many))
    await shop.post()
    assert await shop.titles() == [[f"Closed {approval}" for approval in many]]


async def test_what_one_person_alone_was_told_stays(database: Database, tenant: str) -> None:
    shop = Shop(database, tenant)
    await shop.shows(replace(WAITING, aside="console:amanda"))
    await shop.closes("ap_1")
    await shop.post()
    assert (await shop.titles())[0][0] == "Asks ap_1"


def test_the_question_whether_the_answer_was_useful_stays() -> None:
    rating = Rating(Button("Useful", "rate_useful", "tu_1"), Button("Not", "rate_not_useful", "tu_1"))
    asked = Reply("One waits.", (_asks("ap_1", rating),))
    changed = notices.with_card(asked, "ap_1", VERBS, _closed("ap_1"))
    assert changed.cards == (Card("Closed ap_1", (rating,)),)
