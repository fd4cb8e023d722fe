"""What each agent has used of its models: for one piece of work, and in a month."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.model_tables import ModelUseRow


@dataclass(frozen=True, slots=True)
class UsedSoFar:
    """What calls came to together. `priced` is USD of those whose price was known, `unpriced` the tokens of the
    others."""

    calls: int
    tokens: int
    priced: Decimal
    unpriced: int

    @property
    def cost(self) -> Decimal | None:
        """USD; None where the price of some of it is not known."""
        return None if self.unpriced else self.priced


NOTHING = UsedSoFar(0, 0, Decimal(0), 0)

_TOKENS = ModelUseRow.input_tokens + ModelUseRow.output_tokens
_SUMS = (
    func.count(),
    func.coalesce(func.sum(_TOKENS), 0),
    func.coalesce(func.sum(ModelUseRow.cost), 0),
    func.coalesce(func.sum(_TOKENS).filter(ModelUseRow.cost.is_(None)), 0),
)


async def used_for(tx: AsyncSession, role: str, subject: str) -> UsedSoFar:
    """What an agent has used so far for a subject."""
    return await _used(tx, ModelUseRow.role == role, ModelUseRow.subject == subject)


async def used_in_runs(tx: AsyncSession, runs: Collection[str]) -> UsedSoFar:
    """What all agents have used so far in some runs."""
    return await _used(tx, ModelUseRow.run.in_(runs))


async def used_by_run(tx: AsyncSession, runs: Collection[str]) -> Mapping[tuple[str, str], UsedSoFar]:
    """What each agent has used so far in each of some runs, by the run and its role."""
    by = (ModelUseRow.run, ModelUseRow.role)
    rows = await tx.execute(select(*by, *_SUMS).where(ModelUseRow.run.in_(runs)).group_by(*by))
    return {(run, role): _so_far(sums) for run, role, *sums in rows if run is not None}


async def used_in_month(tx: AsyncSession, role: str, at: datetime, zone: str) -> UsedSoFar:
    """What an agent has used in the calendar month of `at`, in the IANA `zone`."""
    began = at.astimezone(ZoneInfo(zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return await _used(tx, ModelUseRow.role == role, ModelUseRow.at >= began)


async def used_since(tx: AsyncSession, since: datetime) -> UsedSoFar:
    """What all agents have used from `since` on."""
    return await _used(tx, ModelUseRow.at >= since)


async def _used(tx: AsyncSession, *where: ColumnElement[bool]) -> UsedSoFar:
    return _so_far((await tx.execute(select(*_SUMS).where(*where))).one())


def _so_far(sums: Sequence[Any]) -> UsedSoFar:
    calls, tokens, priced, unpriced = sums
    return UsedSoFar(calls, int(tokens), Decimal(priced), int(unpriced))
