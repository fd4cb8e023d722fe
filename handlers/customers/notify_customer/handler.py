"""`notify_customer`: a mail to a customer, drafted, edited, and sent when its sender says so."""

from __future__ import annotations

import re

from agents.customers import letters
from agents.customers.delivery_date import Delivery
from agents.customers.drafting import NobodyToWriteTo, contact_of, draft_timeline
from agents.customers.letters import Addressed, Started
from agents.customers.rows import new_mail_id, requests_of
from agents.customers.tables import CustomerMailRow, CustomerRequestRow
from governance.moments import day_text
from governance.people import Role
from governance.permissions import acts
from governance.visibility import scope_of
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known, place_json
from handlers.conversation.subjects import reply_of
from handlers.conversation.turn import Clicked, Turn
from handlers.customers.notify_customer.sending import AddressChanged, pressed_mail, send
from handlers.customers.relations.case import look
from handlers.customers.relations.deciding import approve, demand_private, request_meant
from handlers.customers.relations.mail_card import mail_reply, standing
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.customers import Account
from integrations.tracker.lines import plain_line, plain_text

_APPROVES = re.compile(r"^\s*(?:approved?|yes|go ahead|ok(?:ay)?)\b", re.IGNORECASE)
_SAYS = re.compile(r"(?::|\bthat\b)\s*(?P<text>\S.{2,})$", re.IGNORECASE | re.DOTALL)
_LONGEST = 8_000
_MOST = 20


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Draft a mail about what a customer asked for, or with the words that are given. Raises CannotAnswer,
    NotOrdered."""
    match await resolve(desk, asked.text, ("account",), scope_of(turn.person)):
        case Found() as found:
            account = await desk.ports.customers.account(scope_of(turn.person), found.id)
        case (Several() | NotThere()) as unclear:
            return reply_of(unclear, "notify_customer", asked.text)
        case _:
            account = await _of_thread(turn, desk)
    desk.demand_order(f"draft a mail to {account.name}")
    if (own := _SAYS.search(asked.text)) is not None:
        return await _in_own_words(turn, desk, account, own["text"])
    row = await _request(turn, desk, account)
    if row is None:
        raise CannotAnswer(
            f"{account.name} waits for nothing that was asked for here. Say what to write:"
            f" “notify {account.name}: your export is mended”."
        )
    if row.state in ("proposed", "deferred"):
        if _APPROVES.match(asked.text):
            return await approve(turn, desk, row, tell=True)
        raise CannotAnswer(f"“{row.what}” is not approved yet, so there is nothing to tell. Approve it first.")
    return await _about(turn, desk, account, row)


async def _of_thread(turn: Turn, desk: Desk) -> Account:
    request = desk.memory.topic.get("customer_request")
    if request is None:
        raise CannotAnswer("Which customer? For example: “notify Acme Corp of timeline”.")
    row = await request_meant(turn, desk, request, lock=False)
    return await desk.ports.customers.account(scope_of(turn.person), row.account)


async def _request(turn: Turn, desk: Desk, account: Account) -> CustomerRequestRow | None:
    """The request that the thread is about, or else the customer's newest."""
    there = await requests_of(desk.tx, account.id, _MOST)
    topic = desk.memory.topic.get("customer_request")
    row = next((one for one in there if one.id == topic), next(iter(there), None))
    return None if row is None else await request_meant(turn, desk, row.id)


async def _about(turn: Turn, desk: Desk, account: Account, row: CustomerRequestRow) -> Reply:
    """A mail about when: with a day where its work is started, locked where it is not."""
    demand_private(turn)
    at = None
    if row.state == "started":
        case = await look(desk, row, scope_of(turn.person))
        at = Started(None, case.delivery.most if isinstance(case.delivery, Delivery) else None)
    try:
        mail = await draft_timeline(desk.tx, row, account, known(turn).id, place_json(turn.place), at=at)
    except NobodyToWriteTo as nobody:
        raise CannotAnswer(str(nobody)) from None
    return await mail_reply(desk, mail)


async def _in_own_words(turn: Turn, desk: Desk, account: Account, text: str) -> Reply:
    demand_private(turn)
    person = known(turn)
    try:
        contact = contact_of(account)
    except NobodyToWriteTo as nobody:
        raise CannotAnswer(str(nobody)) from None
    said = plain_text(text.strip()[:_LONGEST])
    mail = CustomerMailRow(
        id=new_mail_id(),
        account=account.id,
        kind="message",
        state="draft",
        version=1,
        to_name=contact.name,
        to_address=contact.email,
        subject=plain_line(said, 80),
        paragraphs=list(letters.in_own_words(Addressed(contact.name, account.name, "", person.name), said)),
        by=person.id,
        place=place_json(turn.place),
    )
    desk.tx.add(mail)
    await desk.tx.flush()
    return await mail_reply(desk, mail)


async def _send(turn: Turn, desk: Desk) -> Reply:
    mail = await pressed_mail(turn, desk)
    try:
        return await send(turn, desk, mail)
    except AddressChanged as changed:
        # Not raised: the draft keeps the new address, and is shown with it.
        reply = await mail_reply(desk, mail)
        return Reply(f"{changed} {reply.text}", reply.cards, key=reply.key, restricted=reply.restricted)


async def _edit(turn: Turn, desk: Desk) -> Reply:
    mail = await pressed_mail(turn, desk)
    if (await standing(desk, mail))[0] not in ("draft", "failed"):
        return await mail_reply(desk, mail)
    values = turn.what.values if isinstance(turn.what, Clicked) else {}
    subject = plain_line(str(values.get("subject") or ""), 200)
    text = plain_text(str(values.get("text") or "")).strip()[:_LONGEST]
    if not subject or not text:
        raise CannotAnswer("A mail has a subject and says something. Press Edit again.")
    mail.subject = subject
    mail.paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()][:40]
    mail.state, mail.run = "draft", None
    if mail.due is not None and day_text(mail.due) not in text:
        mail.due = None  # it promises no day any more, or one that only its reader can tell
    mail.version += 1
    await desk.tx.flush()
    return await mail_reply(desk, mail)


async def _drop(turn: Turn, desk: Desk) -> Reply:
    mail = await pressed_mail(turn, desk)
    if (await standing(desk, mail))[0] in ("draft", "failed", "locked"):
        mail.state = "dropped"
        await desk.tx.flush()
    return await mail_reply(desk, mail)


HANDLER = Handler(
    name="notify_customer",
    purpose="Draft, edit and send a message to a customer",
    example="notify Acme Corp of timeline",
    group=Group.PLAN,
    permission=acts(Role.CUSTOMER_SUCCESS, Role.PRODUCT_OWNER),
    answer=answer,
    presses={"customer_mail_send": _send, "customer_mail_edit": _edit, "customer_mail_drop": _drop},
    risk=Risk.ACTS,
)
