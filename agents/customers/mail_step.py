"""The kinds of steps of a mail to a customer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents import project_manager
from agents.customers.mail_run import SEND, SEND_KIND, SENT_KIND
from agents.customers.rows import mail_by_id, new_promise_id, request_by_id
from agents.customers.tables import CustomerMailRow, PromiseRow
from agents.work.kinds import ActionStep, Json, Step, Worker, WorkStep
from governance.action import Action
from integrations.mail.actions import SendToCustomer

_ACTOR = project_manager.ROLE.name


def _send(step: Step) -> Action:
    return SendToCustomer.of_body(step.args)


async def _sent(step: Step, worker: Worker) -> Json:
    """Keep that it was sent; a day that it names is promised from now on."""
    now = worker.now()
    async with worker.transaction() as tx:
        mail = await mail_by_id(tx, step.args["mail"], lock=True)
        if mail.state == "sent":
            return {}
        mail.state, mail.sent = "sent", now
        mail.reference = str(step.results[SEND].get("reference") or "") or None
        if mail.promise is not None:
            await _promised_anew(tx, mail)
        else:
            await _promised(tx, mail)
    return {}


async def _promised(tx: AsyncSession, mail: CustomerMailRow) -> None:
    if mail.request is None or mail.due is None or mail.sent is None:
        return
    request = await request_by_id(tx, mail.request)
    tx.add(
        PromiseRow(
            id=new_promise_id(),
            account=mail.account,
            request=request.id,
            mail=mail.id,
            what=request.what,
            made=mail.sent.date(),
            by=mail.by,
            due=mail.due,
            state="open",
            items=[item for item in (request.epic, request.story) if item is not None],
            progress=mail.sent.date(),
        )
    )


async def _promised_anew(tx: AsyncSession, mail: CustomerMailRow) -> None:
    """A later mail about a promise: the day that it names takes the place of the one before."""
    query = select(PromiseRow).where(PromiseRow.id == mail.promise).with_for_update()
    promise = (await tx.execute(query)).scalar()
    if promise is None or mail.sent is None:
        return
    promise.progress = mail.sent.date()
    if mail.due is not None:
        promise.due, promise.mail, promise.told = mail.due, mail.id, None


KINDS = (
    ActionStep(SEND_KIND, _ACTOR, _send),
    WorkStep(SENT_KIND, _ACTOR, _sent, longest=timedelta(minutes=1)),
)
