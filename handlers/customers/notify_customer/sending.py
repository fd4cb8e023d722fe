"""From a draft to what is submitted: checked first, then sent on the word of who presses, in exactly the
wording that was shown."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select

from agents.customers import mail_run
from agents.customers.rows import NoSuchMail, mail_by_id
from agents.customers.tables import CustomerMailRow
from agents.work import runs
from governance.action import Verdict
from governance.gate import Asking
from governance.tables import PersonRow
from governance.visibility import EVERYTHING, scope_of
from handlers.conversation.cards import Reply
from handlers.conversation.deciding import decide_on
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known, place_json
from handlers.conversation.submitting import not_done, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed
from handlers.customers.relations.mail_card import mail_reply, standing
from integrations.customers import Account, AccountQuery, NoSuchAccount
from integrations.customers.own_data import foreign_data
from integrations.mail import is_address
from integrations.mail.actions import SendToCustomer
from integrations.pages import everything

_NOT_YET = "Nothing is decided yet of when, so this mail stays locked until its work is started."


async def pressed_mail(turn: Turn, desk: Desk) -> CustomerMailRow:
    """The mail of a button, in the wording that it was shown in, locked until the turn ends. Raises
    CannotAnswer."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    name, _, version = turn.what.subject.partition(" ")
    try:
        mail = await mail_by_id(desk.tx, name, lock=True)
        await desk.ports.customers.account(scope_of(turn.person), mail.account)
    except (NoSuchMail, NoSuchAccount):
        raise CannotAnswer("There is no such mail that you may see.") from None
    if version and version != str(mail.version):
        raise CannotAnswer("This mail reads otherwise by now. Look at its latest card.")
    return mail


async def send(turn: Turn, desk: Desk, mail: CustomerMailRow) -> Reply:
    """Send a mail as it reads. Raises CannotAnswer, NotOrdered."""
    state, _ = await standing(desk, mail)
    if state == "locked":
        raise CannotAnswer(_NOT_YET)
    if state not in ("draft", "failed"):
        return await mail_reply(desk, mail)
    account = await _account(desk, mail)
    await demand_sendable(desk, mail, account)
    action = await _action(turn, desk, mail, account)
    run = runs.new_id()
    submitted = await submit(turn, desk, action, Asking(title=action.summary()), run=run)
    if submitted.ruling.verdict not in (Verdict.EXECUTE, Verdict.APPROVE_FIRST):
        raise CannotAnswer(not_done(submitted.ruling))
    mail.place = place_json(turn.place)
    await mail_run.begin(desk.tx, run, mail, action, submitted.effect, requester=known(turn).id, turn=turn.id)
    if submitted.approval is not None:
        await decide_on(turn, desk, submitted.approval, "approve", words="Pressed “Send”.")
    desk.memory.about(customer_mail=mail.id)
    return await mail_reply(desk, mail)


async def demand_sendable(desk: Desk, mail: CustomerMailRow, account: Account) -> None:
    """What is demanded when it is sent is looked at before anybody is asked. Raises CannotAnswer."""
    contact = account.contact
    if contact is None:
        raise CannotAnswer(
            f"The customer system has no contact of {account.name}, so there is nobody to write to."
        )
    if not is_address(contact.email):
        raise CannotAnswer(f"“{contact.email}” is no mail address. Correct it in the customer system.")
    if contact.email != mail.to_address:
        greeting = f"Dear {mail.to_name},"
        said = [f"Dear {contact.name}," if one == greeting else one for one in mail.paragraphs]
        was, mail.to_address, mail.to_name = mail.to_address, contact.email, contact.name
        mail.paragraphs = said
        mail.version += 1
        await desk.tx.flush()
        raise AddressChanged(
            f"The address has changed since this was drafted: {was} is now {contact.email}. Nothing was sent."
            " Look at it, and press Send again."
        )
    accounts = await everything(partial(desk.ports.customers.accounts, EVERYTHING), AccountQuery())
    text = "\n".join((mail.subject, *map(str, mail.paragraphs)))
    found = foreign_data(text, mail.account, accounts, await desk.ports.customers.requests(EVERYTHING))
    if found:
        named = listed(dict.fromkeys(f"“{one.what}”" for one in found))
        raise CannotAnswer(
            f"It says something of another customer's: {named}. Nothing was sent; edit it first."
        )


class AddressChanged(CannotAnswer):
    """The draft has the new address by now, and nobody has seen it with that."""


async def _account(desk: Desk, mail: CustomerMailRow) -> Account:
    try:
        return await desk.ports.customers.account(EVERYTHING, mail.account)
    except NoSuchAccount:
        raise CannotAnswer("This customer is in the customer system no more, so nothing is sent.") from None


async def _action(turn: Turn, desk: Desk, mail: CustomerMailRow, account: Account) -> SendToCustomer:
    person = known(turn)
    address = (await desk.tx.execute(select(PersonRow.email).where(PersonRow.id == person.id))).scalar()
    if not address or not is_address(address):
        raise CannotAnswer(
            "The department has no mail address of yours, so the customer could not answer. Have it added."
        )
    return SendToCustomer(
        mail=mail.id,
        version=mail.version,
        account=account.id,
        customer=account.name,
        to_name=mail.to_name,
        to_address=mail.to_address,
        subject=mail.subject,
        paragraphs=tuple(map(str, mail.paragraphs)),
        answers_name=person.name,
        answers_to=address,
        thread=await mail_run.thread_of(desk.tx, mail),
        rationale=f"{person.name} decided that {account.name} is told this.",
        impact=f"{mail.to_name} of {account.name} reads it; what it promises is kept as promised.",
        rollback_plan="A mail cannot be taken back; write another one that corrects it.",
    )
