"""Syntax trees that several threads make at the same time."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.engineering.verdict.python_source import syntax_tree

SOURCE = "".join(
    f"def f{n}(a, b):\n    return [x * {n} for x in (a, b) if x and (a or b)]\n" for n in range(60)
)


class Loop:
    """Garbage whose end runs Python, in the middle of whatever else goes on."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


@pytest.fixture
def busy() -> Iterator[None]:
    """Threads change often, and garbage is collected often."""
    every, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-5)
    gc.set_threshold(50)
    yield
    sys.setswitchinterval(every)
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("busy")
def test_threads_do_not_fail_each_other() -> None:
    def made(_number: int) -> int:
        Loop()
        return len(syntax_tree(SOURCE).body)

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(made, range(400))) == {60}
