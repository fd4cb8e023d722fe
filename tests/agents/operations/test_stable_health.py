"""Trouble that the version shows which a canary is compared with."""

from __future__ import annotations

from typing import Any

import pytest

from agents.operations.canary.stable_health import COMPARED, is_worse


def ticks(failed: int, seconds: float = 0.02, requests: int = 50) -> list[dict[str, Any]]:
    one = {"requests": requests, "failed": failed, "sample": [[False, seconds]] * min(requests, 10)}
    return [one] * COMPARED


@pytest.mark.parametrize(
    ("now", "before", "worse"),
    [
        (ticks(0), ticks(0), False),
        (ticks(2), ticks(0), True),  # 4 %
        (ticks(5), ticks(2), False),  # it was so before
        (ticks(10), ticks(2), True),
        (ticks(1, requests=60), ticks(0), False),  # under 2 %
        (ticks(1, requests=2)[:4], ticks(0), False),  # four of eight: too few to say so
        (ticks(0, seconds=0.041), ticks(0), True),
        (ticks(0, seconds=0.039), ticks(0), False),
        (ticks(0, seconds=0.9, requests=3), ticks(0, requests=3), False),  # 18 answers say little
        (ticks(0, requests=0), ticks(0), False),
    ],
)
def test_worse_is_clearly_worse(now: list[dict[str, Any]], before: list[dict[str, Any]], worse: bool) -> None:
    assert is_worse(now, before) is worse
