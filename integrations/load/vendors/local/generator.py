"""The process that sends: `generator PLAN REPORTS_FD LEASE STOP PARENT`.

It ends with its plan, where the file STOP appears, where nobody touches the file LEASE for as long as its plan
says, with its parent (the kernel kills it, and it looks for itself), and, whatever happens, by the kernel's
alarm a little after its plan's end. Each second's lines are written to REPORTS_FD, which is locked; the last
one says how the run ended."""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path as FilePath
from typing import Any

import aiohttp
import uvloop
from pydantic import TypeAdapter
from yarl import URL

from integrations.load import Plan, State, bucket_of
from integrations.load.reports import Lease, Reports, Tally

MOST_UNDER_WAY = 10_000
_SPARE_FILES = 64
_WATCHED_EVERY = 0.05
_SLACK_SECONDS = 10
_AT_ONCE = 20
"""Requests that are begun in a row where the schedule is behind, before answers are attended to."""
_SET_PDEATHSIG = 1


class Generator:
    """One run. What it counts of a second is complete once that has passed."""

    def __init__(
        self, plan: Plan, reports: Reports, session: aiohttp.ClientSession, most_under_way: int
    ) -> None:
        self._plan, self._reports, self._session, self._most = plan, reports, session, most_under_way
        self._loop = asyncio.get_running_loop()
        self._begin = self._loop.time()
        self._under_way = set[asyncio.Task[None]]()

    async def drive(self) -> None:
        """Send all that the plan says, when it is due, and wait for what is under way."""
        behind = 0
        for due, stage, url in self._schedule():
            wait = due - self._loop.time()
            behind = behind + 1 if wait <= 0 else 0
            if wait > 0 or behind % _AT_ONCE == 0:
                await asyncio.sleep(max(wait, 0.0))
            if len(self._under_way) >= self._most:
                self._tally(stage).unsent += 1
                continue
            task = self._loop.create_task(self._send(due, stage, url))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def report(self) -> None:
        """Write each second's lines once it has passed."""
        second = 0
        while True:
            second += 1
            await asyncio.sleep(self._begin + second - self._loop.time())
            self._reports.write(len(self._under_way), second)

    async def let_go(self) -> None:
        """Break off what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _schedule(self) -> Iterator[tuple[float, int, URL]]:
        urls = [URL(self._plan.address.rstrip("/") + one.path, encoded=True) for one in self._plan.paths]
        weights = list(accumulate(one.weight for one in self._plan.paths))
        chance, begin = random.Random(0), self._begin
        for number, stage in enumerate(self._plan.stages):
            for sent in range(int(stage.rate * stage.seconds)):
                yield begin + sent / stage.rate, number, chance.choices(urls, cum_weights=weights)[0]
            begin += stage.seconds

    def _tally(self, stage: int) -> Tally:
        return self._reports.tally(int(self._loop.time() - self._begin), stage)

    async def _send(self, due: float, stage: int, url: URL) -> None:
        begun = self._tally(stage)
        begun.sent += 1
        begun.lateness[bucket_of(self._loop.time() - due)] += 1
        failure = await self._failure(url)
        ended = self._tally(stage)
        ended.latency[bucket_of(self._loop.time() - due)] += 1
        if failure is None:
            ended.answered += 1
        else:
            ended.failed += 1
            ended.failures[failure] += 1

    async def _failure(self, url: URL) -> str | None:
        """Ask, and read the whole answer; why it is none, or None."""
        try:
            async with self._session.get(url, allow_redirects=False) as answer:
                async for _ in answer.content.iter_any():
                    pass
        except TimeoutError:
            return "timeout"
        except aiohttp.ClientConnectorError:
            return "no connection"
        except aiohttp.ClientError:
            return "broken off"
        return None if answer.status < 400 else str(answer.status)


async def _until_ended(is_asked: Callable[[], bool], lease: Lease, parent: int) -> State:
    """Returns how it is to end before its plan does."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    while not asked.is_set() and not is_asked():
        if os.getppid() != parent:
            os._exit(1)
        if lease.is_over():
            return State.LAPSED
        await asyncio.sleep(_WATCHED_EVERY)
    return State.STOPPED


async def run(plan: Plan, reports: Reports, lease: FilePath, stop: FilePath, parent: int) -> None:
    """Drive a plan until it or somebody ends it."""
    timeout = aiohttp.ClientTimeout(total=plan.timeout_seconds)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "Countersign load"},
        timeout=timeout,
        auto_decompress=False,
    ) as session:
        generator = Generator(plan, reports, session, _most_under_way())
        driving = asyncio.create_task(generator.drive())
        ended = asyncio.create_task(_until_ended(stop.exists, Lease(lease, plan.lease_seconds), parent))
        reporting = asyncio.create_task(generator.report())
        tasks: set[asyncio.Task[Any]] = {driving, ended, reporting}
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await generator.let_go()
        for task in done:
            task.result()  # an error of ours ends the run without its last line
        reports.write(0)
        reports.say({"ended": State.DONE if driving in done else ended.result()})


def _most_under_way() -> int:
    """As many as there can be files open, of which the limit is raised as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(hard - _SPARE_FILES, MOST_UNDER_WAY) if hard > 0 else MOST_UNDER_WAY


def main() -> None:
    """The process."""
    plan_file, reports, lease, stop, parent = sys.argv[1:]
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the kernel was asked
        sys.exit(1)
    plan = TypeAdapter(Plan).validate_json(FilePath(plan_file).read_bytes())
    signal.alarm(int(plan.seconds + plan.timeout_seconds + _SLACK_SECONDS))
    uvloop.run(run(plan, Reports(int(reports)), FilePath(lease), FilePath(stop), int(parent)))


if __name__ == "__main__":
    main()
