"""Processes of our own for tests: real ones, killed for real, forked from one that has imported everything."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.context import ForkServerProcess
from typing import Any

# Importing takes seconds on a busy machine; forking takes milliseconds. The server itself runs nothing.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.governance.effect_worker",
        "tests.governance.claiming_process",
        "tests.bot.fence_watch_process",
        "tests.storage.migrating_process",
    ]
)

Start = Callable[..., ForkServerProcess]


@contextmanager
def processes() -> Iterator[Start]:
    """A function that starts `target(*args)` in a process; all are killed with SIGKILL when the block ends."""
    with ExitStack() as stack:

        def start(target: Callable[..., None], *args: Any) -> ForkServerProcess:
            process = FORKS.Process(target=target, args=args, daemon=True)
            process.start()
            stack.callback(kill, process)
            return process

        yield start


def kill(process: ForkServerProcess) -> None:
    """kill -9, and wait until it is dead."""
    process.kill()
    process.join()
