"""Rate budgets: how much a platform takes, shared between processes through Redis where there is one."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from time import monotonic, time
from typing import Protocol

import structlog
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter as SharedLimiter
from limits.errors import StorageError

_log = structlog.get_logger()

_A_LITTLE = 0.05
"""Seconds that are waited at least: windows end on the store's clock, not ours."""

_PATIENCE_SECONDS = 0.5
"""A Redis that says nothing for so long is away."""

_LEFT_ALONE_SECONDS = 5.0
"""So long a Redis that was away is not asked again, lest every post waits for it."""


_FORGOTTEN_SECONDS = 60.0
"""So often what nobody spends from any more is let go."""


class _Purse(Protocol):
    async def hit(self, rate: RateLimitItem, *names: str) -> bool:
        """Take one; False if there was none."""

    async def full_until(self, rate: RateLimitItem, *names: str) -> float | None:
        """When there is one to take again, in seconds since 1970; None if there is one now."""


class _OwnPurse:
    """What one process alone spends: for each name the moments within its window. Not the library's memory,
    which starts a thread for nearly every post, to see what is over."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[deque[float], float]] = {}
        self._forgotten = time()

    async def hit(self, rate: RateLimitItem, *names: str) -> bool:
        taken = self._within(rate, names)
        if len(taken) >= rate.amount:
            return False
        taken.append(time())
        return True

    async def full_until(self, rate: RateLimitItem, *names: str) -> float | None:
        taken = self._within(rate, names)
        return None if len(taken) < rate.amount else taken[0] + rate.get_expiry()

    def _within(self, rate: RateLimitItem, names: tuple[str, ...]) -> deque[float]:
        now = time()
        if now - self._forgotten > _FORGOTTEN_SECONDS:
            self._forgotten = now
            self._taken = {
                key: (taken, window)
                for key, (taken, window) in self._taken.items()
                if taken and taken[-1] > now - window
            }
        taken, window = self._taken.setdefault(rate.key_for(*names), (deque(), rate.get_expiry()))
        while taken and taken[0] <= now - window:
            taken.popleft()
        return taken


class _SharedPurse:
    """What all processes spend together, in Redis. Raises StorageError while that is away."""

    def __init__(self, redis_url: str) -> None:
        storage = RedisStorage(
            f"async+{redis_url}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="countersign",
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
        )
        self._limiter = SharedLimiter(storage)

    async def hit(self, rate: RateLimitItem, *names: str) -> bool:
        return await self._limiter.hit(rate, *names)

    async def full_until(self, rate: RateLimitItem, *names: str) -> float | None:
        if await self._limiter.test(rate, *names):
            return None
        return (await self._limiter.get_window_stats(rate, *names)).reset_time


class Budgets:
    """Spends what a platform's limits allow. With `redis_url` all processes spend from one purse.

    What Redis holds may be lost, and Redis be away: each process then spends from a purse of its own, and
    the worst that happens is that the platform says "too many" itself.
    """

    def __init__(self, redis_url: str | None) -> None:
        self._own = _OwnPurse()
        self._shared = None if redis_url is None else _SharedPurse(redis_url)
        self._left_alone_until = 0.0

    async def spend(self, rates: Sequence[RateLimitItem], *names: str) -> float:
        """Take one from each of these rates for what `names` name. Returns 0, or the seconds until there
        is one to take; then nothing was taken, unless another process was quicker at a later rate."""
        if self._shared is not None and monotonic() >= self._left_alone_until:
            try:
                return await _spend(self._shared, rates, names)
            except StorageError as away:
                self._left_alone_until = monotonic() + _LEFT_ALONE_SECONDS
                _log.warning("redis_away", why=type(away.storage_error).__name__)
        return await _spend(self._own, rates, names)


async def _spend(purse: _Purse, rates: Sequence[RateLimitItem], names: tuple[str, ...]) -> float:
    until = [await purse.full_until(rate, *names) for rate in rates]
    if full := [moment for moment in until if moment is not None]:
        return max(max(full) - time(), _A_LITTLE)
    for rate in rates:
        if not await purse.hit(rate, *names):
            return max((await purse.full_until(rate, *names) or 0.0) - time(), _A_LITTLE)
    return 0.0


LONGEST_SECONDS = 3600.0
"""So long we let anybody make us wait at a time."""


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer's headers ask for, within bounds; None where they say nothing of use."""
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        seconds = float(told)
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_SECONDS) if math.isfinite(seconds) else None
