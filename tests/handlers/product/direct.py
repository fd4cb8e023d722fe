"""People who talk to the department in direct messages, about customers that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from governance.directory import person_by_identity
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.conversation.memory import keep, recall
from handlers.conversation.turn import Clicked, Said, Turn
from integrations.customers import Contact, Request
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from integrations.tracker.vendors.local.history import History, take_over
from tests.handlers.conftest import Talk, buttons
from tests.handlers.product.conftest import CUSTOMERS, DONE, EPICS, MARKER, SPRINTS, STORIES, story

IRENE = Contact("Irene Falk", "Head of IT", "irene@acme.example")
NEED = "/feature_request Acme Corp needs self-service refunds by Q2 for renewal"
_OF_HISTORY = tuple(
    story(
        100 + number,
        f"Earlier work {number}",
        **DONE | {"finished": datetime(2026, 11, 20, 15, tzinfo=UTC) - timedelta(days=number)},
    )
    for number in range(60)
)


class Direct:
    """People who talk to the department in direct messages."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self._turns = 0

    async def say(self, who: str, text: str) -> Reply:
        return await self._take(who, Said(text))

    async def press(self, who: str, reply: Reply, verb: str, values: Mapping[str, Any] | None = None) -> Reply:
        button = buttons(reply)[verb]
        return await self._take(who, Clicked(button.verb, button.subject, "m1", dict(values or {})))

    async def _take(self, who: str, what: Said | Clicked) -> Reply:
        self._turns += 1
        place = Place("console", f"@{who}", "t1", Audience.DIRECT)
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            person = await person_by_identity(tx, f"console:{who}")
            turn = Turn(
                self.talk.tenant, f"tu_d{self._turns}", f"console:{who}", person, place, self.talk.now, what
            )
            memory = await recall(tx, place.key)
            answer = await self.talk.router.answer(turn, await self.talk._desk(tx, memory))
            await keep(tx, memory)
        return answer.replies[-1]

    async def rows(self, kind: Any) -> list[Any]:
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            return list((await tx.execute(select(kind))).scalars())

    async def change(self, statement: Any) -> None:
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            await tx.execute(statement)


async def with_customers(talk: Talk) -> Direct:
    """Acme has a contact, Halden asked for refunds as well, and the team has a pace."""
    accounts = tuple(replace(one, contact=IRENE) for one in CUSTOMERS.accounts)
    asked = Request(
        "REQ-2", "halden-logistics", f"Self-service refunds {MARKER}", date(2026, 9, 1), None, ("EPIC-1",)
    )
    async with talk.database.transaction(talk.tenant) as tx:
        await take_over(tx, "work", History(EPICS, SPRINTS, (*STORIES, *_OF_HISTORY), (), ()))
        await write_customers(tx, CustomersFile(accounts, (*CUSTOMERS.requests, asked), ()))
    return Direct(talk)
