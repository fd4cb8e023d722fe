"""Rate budgets: how much a platform takes, shared between processes through Redis where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from time import time

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter as SharedLimiter
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter as OwnLimiter

_A_LITTLE = 0.05
"""Seconds that are waited at least: windows end on the store's clock, not ours."""


class _OwnPurse:
    """What one process alone spends. Not the library's asynchronous memory: that takes a thread a name, every
    few milliseconds, to see what is over."""

    def __init__(self) -> None:
        self._limiter = OwnLimiter(MemoryStorage())

    async def hit(self, rate: RateLimitItem, *names: str) -> None:
        self._limiter.hit(rate, *names)

    async def full_until(self, rate: RateLimitItem, *names: str) -> float | None:
        if self._limiter.test(rate, *names):
            return None
        return self._limiter.get_window_stats(rate, *names).reset_time


class _SharedPurse:
    """What all processes spend together, in Redis."""

    def __init__(self, redis_url: str) -> None:
        storage = RedisStorage(f"async+{redis_url}", implementation="redispy", key_prefix="countersign")
        self._limiter = SharedLimiter(storage)

    async def hit(self, rate: RateLimitItem, *names: str) -> None:
        await self._limiter.hit(rate, *names)

    async def full_until(self, rate: RateLimitItem, *names: str) -> float | None:
        if await self._limiter.test(rate, *names):
            return None
        return (await self._limiter.get_window_stats(rate, *names)).reset_time


class Budgets:
    """Spends what a platform's limits allow. With `redis_url` all processes spend from one purse.

    What Redis holds may be lost: the worst that happens is that the platform says "too many" itself.
    """

    def __init__(self, redis_url: str | None) -> None:
        self._purse = _OwnPurse() if redis_url is None else _SharedPurse(redis_url)

    async def spend(self, rates: Sequence[RateLimitItem], *names: str) -> float:
        """Take one from each of these rates for what `names` name. Returns 0, or the seconds until there
        is one to take; then nothing was taken."""
        until = [await self._purse.full_until(rate, *names) for rate in rates]
        if full := [moment for moment in until if moment is not None]:
            return max(max(full) - time(), _A_LITTLE)
        for rate in rates:
            # Another process may have been quicker: then the platform's own answer is the last word.
            await self._purse.hit(rate, *names)
        return 0.0
