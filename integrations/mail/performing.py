"""How the gate performs and asks about mail: its action specs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from governance.action import Grant, Outcome, OutcomeState, Subject
from governance.registry import ActionSpec, EffectFailed, OutcomeUncertain, free
from governance.visibility import EVERYTHING
from integrations import CannotTell
from integrations.calendar.invitation import written
from integrations.calendar.performing import AMONG_COLLEAGUES, establish_colleagues
from integrations.customers import AccountQuery, Customers, NoSuchAccount
from integrations.customers.own_data import foreign_data
from integrations.mail import (
    Addressee,
    Attached,
    Letter,
    Mail,
    MailError,
    MailUnsure,
    Message,
    Sent,
)
from integrations.mail.actions import SendInvitation, SendToCustomer
from integrations.pages import everything
from storage.look import Away

CustomersOf = Callable[[str], Customers]
"""The customer system of a tenant."""


def specs(customers: CustomersOf) -> tuple[ActionSpec, ...]:
    """Every effect of mail, for the gate's registry. Their port is called `mail`."""
    return (
        ActionSpec(
            SendInvitation,
            _subject,
            effect=_send,
            port="mail",
            ask=_ask,
            establish=establish_colleagues,
            establishes=(AMONG_COLLEAGUES,),
            costs=free,
        ),
        ActionSpec(
            SendToCustomer,
            _subject_of_customer,
            effect=partial(_send_to_customer, customers),
            port="mail",
            ask=_ask,
            costs=free,
        ),
    )


def _subject_of_customer(action: SendToCustomer) -> Subject:
    return Subject(process="customers", decides=f"{action.mail} {action.version} to {action.to_address}")


def _subject(action: SendInvitation) -> Subject:
    return Subject(process="meetings", decides=f"{action.meeting} mail {action.method} {action.sequence}")


async def _ask(grant: str, port: Mail) -> Outcome | None:
    try:
        sent = await port.what_happened(grant)
    except CannotTell as silent:
        return Outcome(OutcomeState.UNKNOWN, str(silent))
    return None if sent is None else _done(sent)


async def _send(action: SendInvitation, grant: Grant, port: Mail) -> Outcome:
    return await _sent(message_of(action, grant), grant, port)


async def _send_to_customer(
    customers: CustomersOf, action: SendToCustomer, grant: Grant, port: Mail
) -> Outcome:
    """Nothing goes out that another customer's data is in, or to an address that is not the customer's by
    now."""
    try:
        await _demand_own(action, customers(grant.tenant))
    except Away as away:
        raise EffectFailed(f"{away}, so nothing was sent.") from away
    return await _sent(customer_message(action), grant, port)


async def _demand_own(action: SendToCustomer, customers: Customers) -> None:
    try:
        account = await customers.account(EVERYTHING, action.account)
    except NoSuchAccount:
        raise EffectFailed(f"{action.customer} is no customer any more, so nothing was sent.") from None
    now = None if account.contact is None else account.contact.email
    if now != action.to_address:
        raise EffectFailed(
            f"The address of {action.customer} has changed since this mail was approved, so nothing was sent."
            " Look at it again, and send it anew."
        )
    accounts = await everything(partial(customers.accounts, EVERYTHING), AccountQuery())
    text = "\n".join((action.subject, *action.paragraphs))
    if foreign_data(text, action.account, accounts, await customers.requests(EVERYTHING)):
        raise EffectFailed("It names something of another customer's, so nothing was sent. Edit it first.")


def customer_message(action: SendToCustomer) -> Message:
    """The mail to a customer: its paragraphs, and who answers for it."""
    letter = Letter(
        action.subject,
        (),
        action.paragraphs,
        f"Sent for {action.answers_name}, who reads your answer to this mail.",
    )
    to = (Addressee(action.to_name, action.to_address),)
    return Message(to, action.subject, letter, action.thread, Addressee(action.answers_name, action.answers_to))


async def _sent(message: Message, grant: Grant, port: Mail) -> Outcome:
    try:
        return _done(await port.send_mail(grant, message))
    except MailError as refused:
        raise EffectFailed(f"{refused}.") from refused
    except MailUnsure as unsure:
        raise OutcomeUncertain(f"{unsure}.") from unsure


def _done(sent: Sent) -> Outcome:
    if sent.refused:
        missed = "; ".join(f"{address}: {why}" for address, why in sent.refused)
        return Outcome(OutcomeState.DONE, f"It was mailed, but not to {missed}.", sent.id)
    return Outcome(OutcomeState.DONE, "It was mailed.", sent.id)


def message_of(action: SendInvitation, grant: Grant) -> Message:
    """The mail: what it says, the invitation for calendars, and the pre-read as a file."""
    names = ", ".join(one.name for one in action.people)
    pairs = [("When", action.when), ("Who", names), ("Asked for by", action.organiser.name)]
    if action.pre_read is not None and action.method == "REQUEST":
        pairs.append(("Read before", f"{action.pre_read.name} (attached)"))
    paragraphs = tuple(filter(None, (action.says, action.about)))
    letter = Letter(
        action.subject,
        tuple(pairs),
        paragraphs,
        f"Sent by Countersign, because {action.organiser.name} asked for this meeting. To change it, tell"
        " Countersign in chat; answers to this mail reach them.",
    )
    calendar = written(action.draft, grant.minted_at, sequence=action.sequence, method=action.method)
    attached = [Attached("invite.ics", "application/ics", calendar, action.method)]
    if action.pre_read is not None and action.method == "REQUEST":
        name = "".join(one if one.isalnum() or one in "-_. " else "-" for one in action.pre_read.name)
        attached.append(
            Attached(f"{name.strip() or 'pre-read'}.md", "text/markdown", action.pre_read.text.encode())
        )
    organiser = Addressee(action.organiser.name, action.organiser.address)
    to = tuple(Addressee(one.name, one.address) for one in action.people)
    return Message(to, action.subject, letter, action.thread, organiser, tuple(attached))
