"""The department with a little work behind it, and what those who watch it are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from governance.directory import person_by_id
from handlers.notices import find_notices
from handlers.office.subscribe.check import check_subscriptions
from storage.notices import NoticeRow
from tests.handlers.conftest import Talk
from tests.handlers.product.conftest import Product, product

__all__ = ["product"]


class Watched:
    """The sweep's look at everything that is watched, and what came of it."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk

    async def check(self) -> None:
        """Look, five minutes later."""
        self.talk.now += timedelta(minutes=5)
        async with self.talk.desk() as desk:
            await check_subscriptions(desk)

    async def told(self, *kinds: str) -> list[tuple[str, str]]:
        """Who was told what, as it would be posted now; a channel by its name."""
        found: list[tuple[str, str]] = []
        async with self.talk.desk() as desk:
            query = select(NoticeRow).where(NoticeRow.kind.in_(kinds))
            for row in (await desk.tx.execute(query.order_by(NoticeRow.created, NoticeRow.id))).scalars():
                people = [await person_by_id(desk.tx, who) for who in row.people]
                for person in people or [None]:
                    reply = await find_notices()[row.kind].render(desk, row.ids, person)
                    where = person.id if person else f"#{(row.place or {})['channel']}"
                    found += [(where, reply.text)] if reply is not None else []
        return found


@pytest.fixture
def watched(product: Product) -> Watched:
    return Watched(product.talk)
