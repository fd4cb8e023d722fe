"""`customer`: one account with everything that there is about it, or the accounts that one has."""

from __future__ import annotations

from datetime import timedelta

from agents.customers.rows import NoSuchMail, mail_by_id
from governance.facts import Fact, Source
from governance.moments import day_text
from governance.people import Role
from governance.permissions import reads
from governance.visibility import scope_of
from handlers.conversation.cards import Button, Buttons, Card, Reply, Small, Table
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.subjects import reply_of
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import counted
from handlers.customers.customer.card import customer_reply
from handlers.customers.relations.case_card import RESTRICTED
from handlers.customers.relations.deciding import request_meant, show_again
from handlers.customers.relations.mail_card import mail_reply
from handlers.customers.relations.standing_card import standing_reply
from handlers.delivery.plans.formats import money_text
from handlers.delivery.whereabouts.subjects import named_in
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.customers import AccountQuery, NoSuchAccount

_SHOWN = 20
_SOON = timedelta(days=120)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """The account that is named, or else those that the asker may see, soonest renewal first."""
    scope = scope_of(turn.person)
    match await resolve(desk, asked.text, ("account",), scope):
        case Found() as found:
            desk.memory.about(item=found.id)
            return await customer_reply(desk, await desk.ports.customers.account(scope, found.id), scope)
        case (Several() | NotThere()) as unclear:
            return reply_of(unclear, "customer", asked.text)
    return await _accounts(turn, desk, asked.text)


async def _accounts(turn: Turn, desk: Desk, text: str) -> Reply:
    """The first page of accounts: nobody reads more at once, and whoever means another one names it."""
    scope = scope_of(turn.person)
    page = await desk.ports.customers.accounts(scope, AccountQuery())
    if not page.items:
        raise CannotAnswer(f"I find no customer{_named(text)} that you may see.")
    far = max((one.renewal for one in page.items if one.renewal), default=desk.now.date())
    shown = sorted(
        page.items, key=lambda one: (one.renewal or far + timedelta(days=1), -(one.arr or 0), one.id)
    )[:_SHOWN]
    currency = desk.department.currency
    rows = tuple(
        (
            one.name,
            one.tier or "not known",
            "not known" if one.arr is None else money_text(one.arr, currency),
            day_text(one.renewal) if one.renewal else "",
            "" if one.health is None else str(one.health),
        )
        for one in shown
    )
    soon = [one.name for one in shown if one.renewal and one.renewal <= desk.now.date() + _SOON]
    others = 0 if scope.everything else await desk.ports.customers.count_others(scope)
    more = len(page.items) - len(shown)
    small = (
        f"{counted(more, 'more customer')} come after these. Name one to see it."
        if more
        else "Name one to see it."
    )
    if others:
        small += f" {counted(others, 'other customer')} {'is' if others == 1 else 'are'} colleagues'."
    buttons = tuple(Button(one.name, "ask", f"customer {one.id}") for one in shown[:5])
    table = Table(("Customer", "Tier", "Yearly revenue", "Renewal", "Health"), rows, align="llrrr")
    source = Source("query", "customers: the accounts that the asker may see")
    facts = tuple(
        Fact(f"{one.id}.arr", f"{one.name}: yearly revenue", one.arr, currency, desk.now, source)
        for one in shown
        if one.arr is not None
    )
    renews = f" Renewing within {_SOON.days} days: {', '.join(soon)}." if soon else ""
    said = f"{counted(len(page.items), 'customer')}.{renews}"
    card = Card("Customers", (table, Buttons(buttons), Small((small,))))
    return Reply(said, (card,), facts, restricted=RESTRICTED)


def _named(text: str) -> str:
    named = named_in(text)
    return f" called “{named}”" if named else ""


async def _show_request(turn: Turn, desk: Desk) -> Reply:
    row = await request_meant(turn, desk, _clicked(turn).subject, lock=False)
    return await show_again(turn, desk, row) if row.state == "proposed" else await standing_reply(desk, row)


async def _show_mail(turn: Turn, desk: Desk) -> Reply:
    try:
        mail = await mail_by_id(desk.tx, _clicked(turn).subject)
        await desk.ports.customers.account(scope_of(turn.person), mail.account)
    except (NoSuchMail, NoSuchAccount):
        raise CannotAnswer("There is no such mail that you may see.") from None
    desk.memory.about(customer_mail=mail.id)
    return await mail_reply(desk, mail)


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


HANDLER = Handler(
    name="customer",
    purpose="One account: tier, renewal, health, requests, commitments",
    example="tell me about Acme Corp",
    group=Group.PLAN,
    permission=reads(Role.CUSTOMER_SUCCESS, Role.PRODUCT_OWNER),
    answer=answer,
    presses={"customer_show": _show_request, "customer_mail_show": _show_mail},
)
