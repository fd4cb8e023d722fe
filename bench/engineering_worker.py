"""A worker of the engineering benchmark: the product's own, which says at its end what its event loop's thread
spent its time on.

Every ten milliseconds the thread's stack is looked at, and the CPU time since the last look is put down to the
room whose work it was: `engine` is agents/work by itself, with the job engine and the database's driver below
it, and nothing of a step's kind or of the gate above it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from bot.bootstrap import open_installation
from bot.processes import run_until_stopped, worker_part
from bot.settings import Settings

_EVERY = 0.01
_ENGINE = ("/agents/work/", "/procrastinate/")
_OTHERS = (
    "/agents/engineering/",
    "/integrations/",
    "/governance/",
    "/agents/loop",
    "/agents/model",
    "/handlers/",
)


class Sampler(threading.Thread):
    """Looks at one thread until the process ends."""

    def __init__(self, thread: int) -> None:
        super().__init__(daemon=True)
        self._thread, self._clock = thread, time.pthread_getcpuclockid(thread)
        self.seconds: Counter[str] = Counter()

    def run(self) -> None:
        """Sample for ever."""
        before = time.clock_gettime(self._clock)
        while True:
            time.sleep(_EVERY)
            now = time.clock_gettime(self._clock)
            self.seconds[self._room()] += now - before
            before = now

    def _room(self) -> str:
        frame = sys._current_frames().get(self._thread)
        names: list[str] = []
        while frame is not None:
            names.append(frame.f_code.co_filename)
            frame = frame.f_back
        if any(part in name for name in names for part in _OTHERS):
            return "steps"
        return "engine" if any(part in name for name in names for part in _ENGINE) else "rest"


async def _work(settings: Settings, figures: Path) -> None:
    installation = await open_installation(settings)
    sampler = Sampler(threading.get_ident())
    sampler.start()
    sys.stdout.write("working\n")
    sys.stdout.flush()
    try:
        await run_until_stopped(installation, worker_part(installation))
    finally:
        await asyncio.to_thread(figures.write_text, json.dumps(dict(sampler.seconds)))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_work(Settings(_env_file=None), Path(sys.argv[1])))  # type: ignore[call-arg]
