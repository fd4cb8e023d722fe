"""Whether the version that a canary is compared with has trouble of its own: then no alert is held back for the
canary's sake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.canary.tables import CanaryTickRow

COMPARED = 6
"""Ticks at the beginning of a canary, and as many of its last ones: half a minute each."""

_LEAST_FAILED, _LEAST_SHARE, _TIMES_FAILED = 5, 0.02, 3
_LEAST_TIMED, _TIMES_SLOWER = 20, 2


async def stable_suffers(tx: AsyncSession, run: str) -> bool:
    """Whether the stable version does clearly worse now than when the canary of this run began. It cannot be
    told while fewer than twice COMPARED ticks were counted."""
    ticks = select(CanaryTickRow.stable).where(CanaryTickRow.run == run)
    first = (await tx.execute(ticks.order_by(CanaryTickRow.number).limit(2 * COMPARED))).scalars().all()
    last = (await tx.execute(ticks.order_by(CanaryTickRow.number.desc()).limit(COMPARED))).scalars().all()
    return len(first) == 2 * COMPARED and is_worse(last, first[:COMPARED])


def is_worse(now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what was served `now` (each a `Served` as JSON) failed at least three times as often as `before`,
    or took twice as long in the middle; and often enough to say so."""
    failed = sum(one["failed"] for one in now)
    share = failed / max(sum(one["requests"] for one in now), 1)
    share_before = sum(one["failed"] for one in before) / max(sum(one["requests"] for one in before), 1)
    if failed >= _LEAST_FAILED and share >= max(_LEAST_SHARE, _TIMES_FAILED * share_before):
        return True
    slow, usual = _seconds(now), _seconds(before)
    enough = min(len(slow), len(usual)) >= _LEAST_TIMED
    return enough and median(slow) > _TIMES_SLOWER * median(usual)


def _seconds(served: Sequence[Mapping[str, Any]]) -> list[float]:
    return [seconds for one in served for _failed, seconds in one["sample"]]
