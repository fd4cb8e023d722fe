"""What whoever promised something hears: that its day does not hold, or the week's news, with a drafted
mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from agents.customers.rows import NoSuchMail, mail_by_id
from agents.customers.tables import PromiseRow
from governance.facts import Fact, Source
from governance.moments import day_text
from governance.people import Person
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Card, Fields, Reply, Text
from handlers.conversation.desk import Desk
from handlers.customers.relations.mail_card import mail_reply
from handlers.notices import NoticeKind
from integrations.customers import NoSuchAccount

_HOW = "85 of 100 simulated runs over the weekly counts of finished stories of the last 26 weeks"


async def _promise(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    row = (await desk.tx.execute(select(PromiseRow).where(PromiseRow.id == ids["promise"]))).scalar()
    if row is None or row.state != "open":
        return None
    try:
        name = (await desk.ports.customers.account(EVERYTHING, row.account)).name
    except NoSuchAccount:
        return None
    reply = _slipped(desk, row, name) if ids["why"] == "slip" else _progress(desk, row, name)
    shown = await _mail(desk, ids.get("mail"))
    if shown is None:
        says = f"The customer system has no contact of {name}, so no mail is drafted."
        return replace(reply, text=f"{reply.text} {says}", key=str(ids["key"]))
    return replace(
        reply, text=f"{reply.text} {shown.text}", cards=(*reply.cards, *shown.cards), key=str(ids["key"])
    )


async def _mail(desk: Desk, mail: str | None) -> Reply | None:
    try:
        return None if mail is None else await mail_reply(desk, await mail_by_id(desk.tx, mail))
    except NoSuchMail:
        return None


def _slipped(desk: Desk, row: PromiseRow, name: str) -> Reply:
    expected = day_text(row.expected) if row.expected else "no day that can be told"
    title = f"{name} was promised {day_text(row.due)}; that does not hold"
    says = f"“{row.what}” is now expected by {expected} (85 of 100 runs). Tell {name}, or ask the owner."
    pairs = (("Promised", day_text(row.due)), ("Expected now", expected))
    card = Card(title, (Text((says,)), Fields(pairs)), "warning")
    return Reply(f"{title}. {says}", (card,), _facts(desk, row), restricted="it is about a single customer")


def _progress(desk: Desk, row: PromiseRow, name: str) -> Reply:
    title = f"A week has passed: news for {name}"
    says = f"Of “{row.what}”, promised for {day_text(row.due)}."
    return Reply(
        f"{title}. {says}",
        (Card(title, (Text((says,)),), "plain"),),
        _facts(desk, row),
        restricted="it is about a single customer",
    )


def _facts(desk: Desk, row: PromiseRow) -> tuple[Fact, ...]:
    made = Source("query", f"promise {row.id}, made on {day_text(row.made)}")
    facts = [Fact("promised", "Promised", row.due.isoformat(), "", desk.now, made)]
    if row.expected is not None:
        how = Source("computation", _HOW, tuple(map(str, row.items)))
        facts.append(Fact("expected", "Expected, 85 of 100", row.expected.isoformat(), "", desk.now, how))
    return tuple(facts)


NOTICE = NoticeKind("customer_promise", _promise)
