"""Verifying the whole log on request: asked for in one transaction, worked out by a job, told by a notice."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.signed_note import VerifierKey
from governance.audit.verification import Report, verify
from storage.database import Database
from storage.jobs import defer
from storage.notices import NoticeRow, tell_given_up

KIND = "log_verified"
_TOLD = 10


async def ask_for_verification(
    tx: AsyncSession, *, place: Mapping[str, Any] | None, people: tuple[str, ...], turn: str | None
) -> str:
    """Store whom to tell, and queue the work. Returns the notice's id."""
    notice = f"no_{secrets.token_hex(6)}"
    tx.add(NoticeRow(id=notice, kind=KIND, ids={}, place=place and dict(place), people=list(people), turn=turn))
    await defer(tx, "verify_log", {"notice": notice}, queueing_lock=f"verify:{notice}", slow=True)
    return notice


async def verify_log(
    database: Database, tenant: str, key: VerifierKey, checkpoint_file: Path | None, notice: str
) -> None:
    """The job: work the log out anew, put what was found into the notice, and have it posted."""
    report = await verify(database, tenant, key, checkpoint_file)
    async with database.transaction(tenant) as tx:
        row = (await tx.execute(select(NoticeRow).where(NoticeRow.id == notice).with_for_update())).scalar_one()
        if row.posted is not None or row.ids:
            return
        row.ids = _found(report)
        await defer(tx, "post_notice", {"id": notice}, lock=f"notice:{notice}")


def _found(report: Report) -> dict[str, Any]:
    return {
        "origin": report.origin,
        "size": report.size,
        "root": report.root.hex(),
        "checkpoints": report.checkpoints,
        "kept_outside": report.kept_outside,
        "erased": report.erased,
        "warnings": list(report.warnings),
        "count": report.count,
        "findings": [finding.sentence for finding in report.findings[:_TOLD]],
    }


async def tell_not_verified(tx: AsyncSession, notice: str) -> None:
    """The work was given up: whoever asked hears that nothing is known of the log, and what to do."""
    row = (await tx.execute(select(NoticeRow).where(NoticeRow.id == notice).with_for_update())).scalar_one()
    if row.posted is not None or row.ids:
        return
    row.posted = datetime.now(UTC)
    await tell_given_up(
        tx,
        f"verify_log:{notice}",
        "The audit log could not be worked out anew, so I cannot say whether it holds.",
        "Ask again, or run `python -m bot audit verify`; whoever runs Countersign finds the fault in the log.",
        place=row.place,
        people=tuple(row.people),
        turn=row.turn,
    )
