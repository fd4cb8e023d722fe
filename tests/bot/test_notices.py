"""Notices: posted once, to the right people, and a card that they have already is edited where it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.console.adapter import ConsoleAdapter
from bot.desks import Desks, StoredFiles
from bot.notices import Notices
from bot.platforms.adapter import PlatformAway
from bot.platforms.known_channels import KnownChannels
from bot.tables import ConsoleMessageRow, OutboxRow
from bot.wire import place_to_json
from governance.approvals.store import approval_row, hold
from governance.people import Person
from governance.places import Audience, Place
from handlers.conversation.cards import Button, Buttons, Card, Reply
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind, find_notices
from integrations.calendar.vendors.local.calendar import LocalCalendar
from integrations.code_host import CodeHost
from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.deployments import Deployments
from integrations.documents.vendors.local import LocalFolder
from integrations.environments import Environments
from integrations.load import Load
from integrations.mail.vendors.local import LocalMail
from integrations.metrics.vendors.local.reading import LocalMetrics
from integrations.metrics.vendors.local.retention import Retention
from integrations.ports import Ports
from integrations.prices.vendors.local import LocalPrices
from integrations.sandbox import Sandbox
from integrations.services.vendors.local import LocalCatalogue
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.notices import NoticeRow, notify
from tests.governance.edge_actions import deploy
from tests.governance.house import ACME, House
from tests.handlers.conftest import NothingDeployed

THREAD = Place("console", "engineering", "cm_1", Audience.DEPARTMENT)
ADAPTERS = {"console": ConsoleAdapter()}


async def _render(_desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    if ids.get("over"):
        return None
    return Reply(text=f"{ids['text']} for {person.id if person else 'all'}", key=ids.get("key"))


@pytest.fixture
def notices(house: House) -> Notices:
    acme = ACME.parent
    ports = Ports(
        tracker=LocalTracker(house.database, house.tenant),
        documents=LocalFolder(acme / "documents"),
        customers=LocalCustomers(house.database, house.tenant),
        services=LocalCatalogue(acme / "services"),
        deployments=cast(Deployments, NothingDeployed()),
        metrics=LocalMetrics(house.database, house.tenant, scrape_seconds=5.0, retention=Retention()),
        load=cast(Load, NothingDeployed()),
        code_host=cast(CodeHost, NothingDeployed()),
        prices=LocalPrices(acme / "prices.yaml", 92, lambda: date(2026, 11, 23)),
        sandbox=cast(Sandbox, NothingDeployed()),
        environments=cast(Environments, NothingDeployed()),
        calendar=LocalCalendar(house.database, house.tenant),
        mail=LocalMail(Path("/nonexistent")),
    )
    desks = Desks(house.gate, lambda _tenant: ports, StoredFiles(), KnownChannels(), has_model=False)
    kinds = {**find_notices(), "told": NoticeKind("told", _render)}
    return Notices(house.database, kinds, desks, ADAPTERS)


async def _tell(
    house: House, notices: Notices, *people: str, place: Place | None = None, kind: str = "told", **ids: Any
) -> None:
    async with house.database.transaction(house.tenant) as tx:
        stored = place_to_json(place) if place else None
        notice = await notify(tx, kind, ids, place=stored, people=people)
    await asyncio.gather(*(notices.post(house.tenant, notice) for _ in range(3)))
    await _deliver(house)


async def _deliver(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        threads = (await tx.execute(select(OutboxRow.thread).distinct())).scalars().all()
    for thread in threads:
        await outbox.post_thread(house.database, house.tenant, thread, ADAPTERS)


async def _messages(house: House) -> list[tuple[str, str]]:
    async with house.database.transaction(house.tenant) as tx:
        query = select(ConsoleMessageRow).order_by(ConsoleMessageRow.number)
        return [(row.channel, row.text_) for row in (await tx.execute(query)).scalars()]


async def test_each_is_told_once_where_they_are(house: House, notices: Notices) -> None:
    await _tell(house, notices, "amanda", "nathan", place=THREAD, text="hello")
    assert sorted(await _messages(house)) == [
        ("dm-amanda", "hello for amanda"), ("dm-nathan", "hello for nathan"), ("engineering", "hello for all"),
    ]  # fmt: skip


async def test_a_card_that_somebody_has_is_edited_there(house: House, notices: Notices) -> None:
    await _tell(house, notices, "amanda", place=THREAD, text="asked", key="ap_1")
    await _tell(house, notices, "amanda", text="another", key="ap_2")
    await _tell(house, notices, "amanda", "nathan", place=THREAD, text="closed", key="ap_1")
    assert sorted(await _messages(house)) == [
        ("dm-amanda", "another for amanda"),
        ("dm-amanda", "closed for amanda"),
        ("dm-nathan", "closed for nathan"),
        ("engineering", "closed for all"),
    ]


async def test_two_notices_before_the_first_is_posted_are_one_message(
    house: House,
    notices: Notices,
) -> None:
    async with house.database.transaction(house.tenant) as tx:
        ids = [await notify(tx, "told", {"text": t, "key": "ap_1"}, people=("amanda",)) for t in ("a", "b")]
    for notice in ids:
        await notices.post(house.tenant, notice)
    await _tell(house, notices, "amanda", text="c", key="ap_1")
    assert await _messages(house) == [("dm-amanda", "c for amanda")]


async def test_nobody_and_what_is_over_are_told_nothing(house: House, notices: Notices) -> None:
    await house.sql("UPDATE people SET active = false WHERE id = 'nathan'")
    await _tell(house, notices, "nobody", "nathan", text="hello")
    await _tell(house, notices, "amanda", text="hello", over=True)
    assert await _messages(house) == []


async def _buttons(house: House) -> dict[str, list[bool]]:
    """For each direct channel, of each message whether it has a button to approve."""
    found: dict[str, list[bool]] = {}
    async with house.database.transaction(house.tenant) as tx:
        query = select(ConsoleMessageRow).order_by(ConsoleMessageRow.number)
        for row in (await tx.execute(query)).scalars():
            found.setdefault(row.channel, []).append("'label': 'Approve'" in str(row.reply))
    return found


async def _post_all(house: House, notices: Notices) -> None:
    async with house.database.transaction(house.tenant) as tx:
        unposted = select(NoticeRow.id).where(NoticeRow.posted.is_(None)).order_by(NoticeRow.created)
        waiting = list((await tx.execute(unposted)).scalars())
    for notice in waiting:
        await notices.post(house.tenant, notice)
    await _deliver(house)


async def test_what_is_being_shown_while_somebody_decides_loses_its_buttons_too(
    house: House, notices: Notices
) -> None:
    asked = await house.submit(deploy(environment="production"), by="leila")
    assert asked.approval is not None
    place = Place("console", "dm-amanda", "cm_1", Audience.DIRECT)
    card = Card("What waits", (Buttons((Button("Approve", "approve", asked.approval),)),))
    async with house.database.transaction(house.tenant) as tx:
        await hold(tx, await approval_row(tx, asked.approval))
        deciding = asyncio.create_task(house.vote(asked.approval, "nathan", "deny"))
        async with asyncio.timeout(60):
            while not await house.sql_scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not deciding.done()
        await outbox.put(tx, place, Reply("One waits.", (card,)), turn=None)
    await deciding
    await _post_all(house, notices)
    assert not any((await _buttons(house))["dm-amanda"])


async def test_reminders_and_escalations_lose_their_buttons_when_the_approval_closes(
    house: House, notices: Notices
) -> None:
    asked = await house.submit(deploy(environment="production"), by="leila")
    deadlines = (await house.approval(asked.approval)).body["deadlines"]
    for moment in (deadlines["remind"], *deadlines["ask_next"]):
        house.now = datetime.fromisoformat(moment)
        await house.look(asked.approval)
    await _post_all(house, notices)
    assert (await _buttons(house))["dm-nathan"] == [True, True], "the card, and the reminder"
    assert (await _buttons(house))["dm-amanda"] == [True], "who was asked later has one card"
    before = {channel: len(messages) for channel, messages in (await _buttons(house)).items()}
    await house.vote(asked.approval, "nathan", "deny")
    await _post_all(house, notices)
    after = await _buttons(house)
    assert {channel: len(messages) for channel, messages in after.items()} == before, "edited, not added to"
    assert not any(any(messages) for messages in after.values())


class _Away(ConsoleAdapter):
    """A platform that cannot be asked where anybody is."""

    name = "away"

    async def direct(self, tx: AsyncSession, person: Person) -> Place | None:
        raise PlatformAway("it does not answer")


@pytest.mark.parametrize(("wanted", "told"), [((), 1), (("console",), 1), (("away",), 0)])
async def test_a_platform_that_is_away_is_waited_for_by_whoever_wants_to_be_told_there(
    house: House, notices: Notices, wanted: tuple[str, ...], told: int
) -> None:
    adapters = {**ADAPTERS, "away": _Away()}
    notices = Notices(house.database, notices._kinds, notices._desks, adapters)
    async with house.database.transaction(house.tenant) as tx:
        notice = await notify(tx, "told", {"text": "hello"}, people=("david",), platforms=wanted)
    with pytest.raises(PlatformAway) if not told else nullcontext():
        await notices.post(house.tenant, notice)
    await _deliver(house)
    assert len(await _messages(house)) == told
    async with house.database.transaction(house.tenant) as tx:
        row = await tx.get(NoticeRow, (house.tenant, notice))
    assert row is not None
    assert (row.posted is not None) == bool(told)
