"""Spending over a rolling day, so that splitting an expense does not slip under a limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.tables import EffectRow
from storage.database import tenant_of

COUNTS = ("ready", "claimed", "done", "unknown")
"""States of effects whose cost is spent, or may be: what failed, waits or was refused costs nothing."""


async def spends(
    tx: AsyncSession,
    *,
    decision_type: str,
    requester: str | None,
    service: str | None,
    moment: datetime,
    apart_from: str | None,
) -> Mapping[str, Decimal]:
    """What was spent on decisions of a type in the 24 hours before `moment`, under a lock of `tx`.

    The lock is the tenant's: two rulings that spend money cannot both read the sum before either
    counts. An effect counts from when it was claimed, or before that from when it was submitted: what a
    freeze held back for days is spent when it goes through. `apart_from` leaves out the effect that is
    being ruled on again. Amounts in the department's currency.
    """
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('spending/' || :tenant, 0))"),
        {"tenant": tenant_of(tx)},
    )
    counted = (
        EffectRow.decision_type == decision_type,
        func.coalesce(EffectRow.claimed, EffectRow.created) > moment - timedelta(hours=24),
        EffectRow.state.in_(COUNTS),
        EffectRow.cost > 0,
        EffectRow.id != (apart_from or ""),
    )
    total = func.sum(EffectRow.cost)
    row = (
        await tx.execute(
            select(
                func.coalesce(total.filter(EffectRow.requester == requester), 0).label("requester"),
                func.coalesce(total.filter(EffectRow.service == service), 0).label("service"),
                func.coalesce(total, 0).label("department"),
            ).where(*counted)
        )
    ).one()
    return {
        "spend_requester": Decimal(row.requester),
        "spend_service": Decimal(row.service),
        "spend_department": Decimal(row.department),
    }
