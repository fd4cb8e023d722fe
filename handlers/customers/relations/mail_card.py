"""The card of a mail to a customer: its whole wording, to whom, and whether it is locked, waits, or went
out."""

from __future__ import annotations

from sqlalchemy import select

from agents.customers.mail_run import send_step
from agents.customers.tables import CustomerMailRow
from governance.moments import day_text
from governance.tables import EffectRow
from governance.visibility import EVERYTHING
from handlers.conversation.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Fields,
    Form,
    Input,
    Quote,
    Reply,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from integrations.customers import NoSuchAccount

_RESTRICTED = "it is a mail to a single customer"
_LOCKED = "Locked: nothing is sent before its work is started. You are asked then."


async def mail_reply(desk: Desk, mail: CustomerMailRow) -> Reply:
    """A mail as it stands."""
    state, why = await standing(desk, mail)
    try:
        name = (await desk.ports.customers.account(EVERYTHING, mail.account)).name
    except NoSuchAccount:
        name = mail.account
    title, says, tone = _says(name, mail, state, why)
    blocks: list[Block] = [
        Fields(
            (
                ("To", f"{mail.to_name} <{mail.to_address}>"),
                ("Subject", mail.subject),
                ("Promises", day_text(mail.due) if mail.due else "no day"),
            )
        ),
        Quote("\n\n".join(map(str, mail.paragraphs)), f"Mail to {name}"),
        Text((says,)),
    ]
    if buttons := _buttons(mail, state):
        blocks.append(Buttons(buttons))
    return Reply(
        f"{title}. {says}",
        (Card(title, tuple(blocks), tone),),
        key=f"customer_mail:{mail.id}",
        restricted=_RESTRICTED,
    )


async def standing(desk: Desk, mail: CustomerMailRow) -> tuple[str, str]:
    """How a mail stands, and why where its sending failed: what its effect came to is the truth of it."""
    if mail.state != "sending":
        return mail.state, mail.why or ""
    step = await send_step(desk.tx, mail)
    if step is not None and step.effect is not None and await _is_uncertain(desk, step.effect):
        return "unknown", step.detail or ""
    if step is not None and step.state in ("failed", "left", "cancelled"):
        return "failed", step.detail or "It was not sent."
    if step is not None and step.state == "done":
        return "sent", ""
    return "sending", ""


async def _is_uncertain(desk: Desk, effect: str) -> bool:
    """Whether nobody knows if it went out: it is not sent again then."""
    state = (await desk.tx.execute(select(EffectRow.state).where(EffectRow.id == effect))).scalar()
    return state == "unknown"


def _says(name: str, mail: CustomerMailRow, state: str, why: str) -> tuple[str, str, Tone]:
    match state:
        case "locked":
            return f"Drafted for {name}: {mail.subject}", _LOCKED, "waiting"
        case "sending":
            return f"Being sent to {name}: {mail.subject}", "This message says when it is out.", "waiting"
        case "sent":
            return f"Sent to {name}: {mail.subject}", f"It was mailed to {mail.to_address}.", "good"
        case "failed":
            return f"Not sent to {name}: {mail.subject}", why, "bad"
        case "unknown":
            says = f"Whether it went out is not known. {why} Ask {mail.to_name} before you write again."
            return f"Perhaps sent to {name}: {mail.subject}", says, "bad"
        case "dropped":
            return f"Cancelled: mail to {name}", "Nothing was sent.", "plain"
        case _:
            says = "Nothing is sent until you press Send."
            return f"Mail to {name}: {mail.subject}", says, "waiting"


def _buttons(mail: CustomerMailRow, state: str) -> tuple[Button, ...]:
    if state not in ("draft", "failed", "locked"):
        return ()
    exact = f"{mail.id} {mail.version}"
    edit = Form(
        "Edit the mail",
        "Keep it",
        (
            Input("subject", "Subject", "line", mail.subject),
            Input("text", "What it says", "text", "\n\n".join(map(str, mail.paragraphs))),
        ),
    )
    drop = Button("Cancel", "customer_mail_drop", exact, "danger")
    if state == "locked":
        return (drop,)
    return (
        Button("Send", "customer_mail_send", exact, "primary"),
        Button("Edit", "customer_mail_edit", exact, form=edit),
        drop,
    )
