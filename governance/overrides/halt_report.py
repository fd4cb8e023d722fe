"""Who has acknowledged a halt, how fast, and what could no longer be stopped."""

from __future__ import annotations

import asyncio
from time import monotonic

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.overrides.halted import ALIVE_WITHIN, POLL_SECONDS, WAIT_SECONDS, HaltReport
from governance.tables import EffectRow, FenceAcknowledgementRow, FenceRow, OverrideRow, WorkerRow
from storage.database import Database, tenant_of
from storage.notices import notify, tell_given_up


async def read_report(tx: AsyncSession, override: str) -> HaltReport:
    """What is known by now of a halt that stands or stood. Raises LookupError for no halt."""
    halt = (
        await tx.execute(select(OverrideRow).where(OverrideRow.id == override, OverrideRow.kind == "halt"))
    ).scalar()
    if halt is None or halt.subject is None:
        raise LookupError(f"{override} is no halt")
    moved = (await tx.execute(select(FenceRow).where(FenceRow.tenant == tenant_of(tx)))).scalar_one()
    since = moved.changed if moved.epoch == int(halt.subject) else halt.made
    acks = list(
        (
            await tx.execute(
                select(FenceAcknowledgementRow)
                .where(FenceAcknowledgementRow.epoch == int(halt.subject))
                .order_by(FenceAcknowledgementRow.worker)
            )
        ).scalars()
    )
    alive = select(WorkerRow.id).where(WorkerRow.seen >= since - ALIVE_WITHIN, WorkerRow.started <= since)
    known = set((await tx.execute(alive)).scalars())
    heard = tuple(ack.worker for ack in acks)
    sent = [effect for ack in acks for effect in ack.already_sent]
    claimed = (await tx.execute(select(EffectRow.id).where(EffectRow.state == "claimed"))).scalars()
    return HaltReport(
        override=override,
        by=halt.made_by,
        reason=halt.reason,
        acknowledged=heard,
        silent=tuple(sorted(known - set(heard))),
        seconds=max(((ack.at - since).total_seconds() for ack in acks), default=0.0),
        cancelled=sum(ack.cancelled for ack in acks),
        already_sent=tuple(dict.fromkeys([*sent, *claimed])),
    )


async def wait_for_report(database: Database, tenant: str, override: str) -> HaltReport:
    """The report once everybody has acknowledged, or after ten seconds as it is then."""
    deadline = monotonic() + WAIT_SECONDS
    while True:
        async with database.transaction(tenant) as tx:
            report = await read_report(tx, override)
        if not report.silent or monotonic() > deadline:
            return report
        await asyncio.sleep(POLL_SECONDS)


async def report_halt(database: Database, tenant: str, effect: str) -> None:
    """The job behind a halt from chat: once the workers have answered, tell the thread who did.

    The notice carries the key of the first answer, which is edited.
    """
    async with database.transaction(tenant) as tx:
        row = (await tx.execute(select(EffectRow).where(EffectRow.id == effect))).scalar_one()
        override = row.outcome["reference"] if row.outcome else None
    if override is None:
        return
    await wait_for_report(database, tenant, override)
    async with database.transaction(tenant) as tx:
        people = (row.requester,) if row.place is None and row.requester else ()
        ids = {"override": override, "key": f"halt:{override}"}
        await notify(tx, "halt_acknowledged", ids, place=row.place, people=people, turn=row.turn)


async def tell_of_halt(tx: AsyncSession, effect: str) -> None:
    """Its report was given up: the halt stands, and only who acknowledged it is not known."""
    row = (await tx.execute(select(EffectRow).where(EffectRow.id == effect))).scalar_one()
    await tell_given_up(
        tx,
        f"report_halt:{effect}",
        "Who has acknowledged the halt could not be found out: something went wrong on my side.",
        "The halt stands all the same. Ask me “status”, or look at the dashboard's overrides.",
        place=row.place,
        people=(row.requester,) if row.requester else (),
        turn=row.turn,
    )
