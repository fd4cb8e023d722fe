"""The sending of one mail to a customer: the effect, and what becomes of it in the customer's books."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.customers.drafting import show_mail
from agents.customers.rows import mail_by_id
from agents.customers.tables import CustomerMailRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import RunRow, StepRow
from integrations.mail.actions import MOST_IN_THREAD, SendToCustomer

SEND, SENT = "send", "sent"
"""Keys of its steps."""

SEND_KIND, SENT_KIND = "customer_mail_send", "customer_mail_sent"


async def begin(
    tx: AsyncSession,
    run: str,
    mail: CustomerMailRow,
    action: SendToCustomer,
    effect: str,
    *,
    requester: str,
    turn: str,
) -> None:
    """Begin the run `run` of a mail that was submitted as `effect`; the row must be locked."""
    mail.state, mail.run, mail.why = "sending", run, None
    steps = [
        NewStep(SEND, SEND_KIND, action.summary(), action.body(), effect=effect),
        NewStep(SENT, SENT_KIND, "Keep what was promised", {"mail": mail.id}, (SEND,)),
    ]
    await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        action.subject,
        steps,
        requester=requester,
        subject=f"customer_mail:{mail.id}",
        place=mail.place,
        turn=turn,
        id=run,
    )


async def send_step(tx: AsyncSession, mail: CustomerMailRow) -> StepRow | None:
    """The step that is the sending itself."""
    query = select(StepRow).where(StepRow.run == mail.run, StepRow.key == SEND)
    return (await tx.execute(query.execution_options(populate_existing=True))).scalar()


async def thread_of(tx: AsyncSession, mail: CustomerMailRow) -> tuple[str, ...]:
    """The Message-IDs of what the customer was written of the same before, oldest first."""
    about = CustomerMailRow.promise == mail.promise if mail.promise else CustomerMailRow.request == mail.request
    query = select(CustomerMailRow.reference).where(
        about, CustomerMailRow.reference.is_not(None), CustomerMailRow.account == mail.account
    )
    found = (await tx.execute(query.order_by(CustomerMailRow.sent))).scalars().all()
    return tuple(one for one in found if one is not None)[-MOST_IN_THREAD:]


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    mail = await mail_by_id(tx, (run.subject or "").removeprefix("customer_mail:"))
    await show_mail(tx, mail, run.turn)


RUN = RunKind("customer_mail", _changed)
