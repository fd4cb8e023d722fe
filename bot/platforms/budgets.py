"""Rate budgets: how much a platform takes, shared between processes through Redis where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from time import time

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

_A_LITTLE = 0.05
"""Seconds that are waited at least: windows end on the store's clock, not ours."""


class Budgets:
    """Spends what a platform's limits allow. With `redis_url` all processes spend from one purse.

    What Redis holds may be lost: the worst that happens is that the platform says "too many" itself.
    """

    def __init__(self, redis_url: str | None) -> None:
        storage: Storage = (
            MemoryStorage()
            if redis_url is None
            else RedisStorage(f"async+{redis_url}", implementation="redispy", key_prefix="countersign")
        )
        self._limiter = MovingWindowRateLimiter(storage)

    async def spend(self, rates: Sequence[RateLimitItem], *names: str) -> float:
        """Take one from each of these rates for what `names` name. Returns 0, or the seconds until there
        is one to take; then nothing was taken."""
        waits = [await self._wait(rate, names) for rate in rates]
        if wait := max(waits, default=0.0):
            return wait
        for rate in rates:
            # Another process may have been quicker: then the platform's own answer is the last word.
            await self._limiter.hit(rate, *names)
        return 0.0

    async def _wait(self, rate: RateLimitItem, names: tuple[str, ...]) -> float:
        if await self._limiter.test(rate, *names):
            return 0.0
        stats = await self._limiter.get_window_stats(rate, *names)
        return max(stats.reset_time - time(), _A_LITTLE)
