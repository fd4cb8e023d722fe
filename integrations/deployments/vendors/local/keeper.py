"""The keeper: a process of its own that the local services belong to, so that no worker's death ends them.

It holds what runs (`Keeper`), answers one JSON object a line on a unix socket that only its own user may open,
and after its own death begins again with what its journal says. One keeper serves a folder at a time. Nobody
asking it for a while, it ends, and all services with it; whoever asks next starts it again.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

import aiohttp

from integrations.deployments import (
    BehindMigration,
    DeploymentError,
    GrantSpent,
    NoSuchRelease,
    NothingRuns,
    NotReady,
    gone_past,
)
from integrations.deployments.vendors.local import releases as stored
from integrations.deployments.vendors.local.journal import Journal, Line
from integrations.deployments.vendors.local.processes import Replica, adopt_orphans, end, is_ready, start
from integrations.deployments.vendors.local.proxy import Proxy

LONGEST_LINE = 1_000_000
_HEARD_WITHIN = 0.2


@dataclass(slots=True)
class _Place:
    """What runs at a target. Whoever changes it holds `lock`."""

    proxy: Proxy
    line: Line | None = None
    replicas: list[Replica] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Keeper:
    """What runs on this machine, and how it changes."""

    def __init__(
        self, folder: Path, releases: Path, client: aiohttp.ClientSession, ready_seconds: float
    ) -> None:
        """A replica that does not answer within `ready_seconds` is not waited for."""
        self._ready_seconds = ready_seconds
        self._folder, self._releases, self._client = folder, releases, client
        self._journal = Journal(folder / "journal.jsonl")
        self._ports_file = folder / "ports.json"
        self._ports: dict[str, int] = (
            json.loads(self._ports_file.read_text()) if self._ports_file.exists() else {}
        )
        self._places: dict[tuple[str, str], _Place] = {}
        self._opening = asyncio.Lock()

    async def begin_again(self) -> None:
        """Start what the journal says is to run; where it is new, what the releases say that runs at first."""
        if not self._journal.lines:
            for at_first in stored.at_first(self._releases):
                self._journal.append(at=time(), grant="", kind="deployed", before=None, **at_first)
        targets = dict.fromkeys((line.service, line.stage) for line in self._journal.lines)
        await asyncio.gather(*(self._place(*target) for target in targets))

    async def status(self, service: str, stage: str) -> dict[str, Any]:
        """What runs at a target, as JSON values."""
        if self._journal.last_of(service, stage) is None:
            return {"running": None, "address": None}
        place = await self._place(service, stage)
        ready = await self._ready(place)
        if place.line is not None and ready < place.line.replicas:
            # One may have ended a moment ago, before its end was heard of.
            await asyncio.sleep(_HEARD_WITHIN)
            async with place.lock:
                await self._mend(place)
            ready = await self._ready(place)
        line = place.line
        running = line and {
            "version": line.version,
            "digest": line.digest,
            "replicas": line.replicas,
            "ready": ready,
        }
        return {"running": running, "address": place.proxy.address}

    async def _ready(self, place: _Place) -> int:
        return sum([await is_ready(one, self._client, 0.5) for one in place.replicas])

    async def deploy(
        self, grant: str, service: str, stage: str, version: str, digest: str, replicas: int
    ) -> dict[str, Any]:
        """Start a version beside the one that runs, and let it take over once it is ready."""
        return await self._change(grant, "deployed", service, stage, version, digest, replicas)

    async def roll_back(
        self, grant: str, service: str, stage: str, version: str, digest: str
    ) -> dict[str, Any]:
        """The same with an earlier version, and as many replicas as run."""
        return await self._change(grant, "rolled back", service, stage, version, digest, None)

    async def scale(self, grant: str, service: str, stage: str, replicas: int) -> dict[str, Any]:
        """More or fewer replicas of what runs."""
        return await self._change(grant, "scaled", service, stage, None, None, replicas)

    async def changes(self) -> list[dict[str, Any]]:
        """The journal, newest first."""
        return [
            {name: getattr(line, name) for name in Line.__slots__} for line in reversed(self._journal.lines)
        ]

    async def _change(
        self,
        grant: str,
        kind: str,
        service: str,
        stage: str,
        version: str | None,
        digest: str | None,
        replicas: int | None,
    ) -> dict[str, Any]:
        place = await self._place(service, stage)
        async with place.lock:
            done = self._journal.of_grant(grant)
            if done is None:
                await self._carry_out(place, grant, kind, service, stage, version, digest, replicas)
            elif (done.kind, done.service, done.stage) != (kind, service, stage):
                raise GrantSpent(
                    f"This leave was used before, for something else ({done.kind} {done.service})."
                )
        return await self.status(service, stage)

    async def _carry_out(
        self,
        place: _Place,
        grant: str,
        kind: str,
        service: str,
        stage: str,
        version: str | None,
        digest: str | None,
        replicas: int | None,
    ) -> None:
        standing = place.line
        if standing is None and kind != "deployed":
            raise NothingRuns(f"Nothing of {service} runs in {stage}. Deploy a version first.")
        wanted = version or (standing.version if standing else "")
        runnable = stored.read(self._releases, service, wanted)
        if digest is not None and runnable.release.digest != digest:
            raise NoSuchRelease(
                f"{service} {wanted} is not what was approved any more: its files have changed."
            )
        if standing is not None and version is not None:
            self._demand_reachable(service, version, standing.version)
        count = replicas if replicas is not None else (standing.replicas if standing else 1)
        same = standing is not None and standing.digest == runnable.release.digest
        kept = place.replicas[:count] if same else []
        new = await self._started(runnable, stage, count - len(kept))
        if new is None:
            raise NotReady(
                f"{service} {wanted} did not become ready in {stage}, so nothing was changed: what ran there"
                " before has all traffic."
            )
        # From this line on it holds: a crash before it leaves what ran before, one after it begins with the new
        # one.
        place.line = self._journal.append(
            at=time(),
            grant=grant,
            kind=kind,
            service=service,
            stage=stage,
            version=wanted,
            digest=runnable.release.digest,
            replicas=count,
            before=standing.version if standing else None,
        )
        over = [one for one in place.replicas if one not in kept]
        place.replicas = [*kept, *new]
        place.proxy.give_to(place.replicas)
        await place.proxy.drained(over)
        await asyncio.gather(*(end(one) for one in over))

    def _demand_reachable(self, service: str, version: str, standing: str) -> None:
        passed = gone_past(stored.releases(self._releases, service), version, standing)
        if passed is not None:
            raise BehindMigration(
                f"{service} {version} is older than {passed.version}, whose migration cannot be taken back; it"
                f" would not run with what {passed.version} made of the data. Bring out a newer one instead."
            )

    async def _started(self, runnable: stored.Runnable, stage: str, count: int) -> list[Replica] | None:
        """Replicas that are ready; None, and none is left, where one of them does not become so."""
        new = [await start(runnable, stage, {}) for _ in range(max(0, count))]
        ready = await asyncio.gather(*(is_ready(one, self._client, self._ready_seconds) for one in new))
        if all(ready):
            return new
        await asyncio.gather(*(end(one) for one in new))
        return None

    async def _place(self, service: str, stage: str) -> _Place:
        """A target, with what its journal says running again where it does not."""
        async with self._opening:
            place = self._places.get((service, stage))
            if place is None:
                place = _Place(Proxy(self._client))
                name = f"{service}/{stage}"
                self._ports[name] = await place.proxy.open(self._ports.get(name, 0))
                self._ports_file.write_text(json.dumps(self._ports))
                self._places[service, stage] = place
                place.line = self._journal.last_of(service, stage)
        async with place.lock:
            await self._mend(place)
        return place

    async def _mend(self, place: _Place) -> None:
        """Replace replicas that have ended by themselves."""
        line = place.line
        if line is None:
            return
        alive = [one for one in place.replicas if one.is_alive]
        if len(alive) == line.replicas:
            return
        runnable = stored.read(self._releases, line.service, line.version)
        alive += await self._started(runnable, line.stage, line.replicas - len(alive)) or []
        place.replicas = alive
        place.proxy.give_to(alive)

    async def close(self) -> None:
        """End all that runs."""
        for place in self._places.values():
            await place.proxy.close()
        await asyncio.gather(*(end(one) for place in self._places.values() for one in place.replicas))


_METHODS = frozenset({"status", "deploy", "roll_back", "scale", "changes"})


class _Server:
    """Answers on the socket; knows when it was asked last."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.asked = time()
        self.busy = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked, self.busy = time(), self.busy + 1
        try:
            said = await self._said(await reader.readline())
            writer.write(json.dumps(said).encode() + b"\n")
            with suppress(ConnectionError):
                await writer.drain()
        finally:
            self.busy -= 1
            self.asked = time()
            writer.close()

    async def _said(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            method, given = asked["method"], asked["given"]
        except (ValueError, TypeError, LookupError):
            return {"refused": "DeploymentError", "why": "That was no request."}
        if method not in _METHODS:
            return {"refused": "DeploymentError", "why": f"There is no {method}."}
        try:
            return {"result": await getattr(self._keeper, method)(**given)}
        except DeploymentError as refused:
            return {"refused": type(refused).__name__, "why": str(refused)}


async def serve(
    folder: Path, releases: Path, socket: Path, *, idle_seconds: float, ready_seconds: float
) -> None:
    """Keep services until told to end, or until nobody has asked for a while."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, stop.set)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False) as client:
        keeper = Keeper(folder, releases, client, ready_seconds)
        await keeper.begin_again()
        server = _Server(keeper)
        await asyncio.to_thread(socket.unlink, missing_ok=True)
        old_mask = os.umask(0o177)  # before it is there: nobody else may open it
        listening = await asyncio.start_unix_server(server.answer, str(socket), limit=LONGEST_LINE)
        os.umask(old_mask)
        try:
            while not stop.is_set() and (server.busy or time() - server.asked < idle_seconds):
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), min(1.0, idle_seconds))
        finally:
            listening.close()
            await asyncio.to_thread(socket.unlink, missing_ok=True)
            await keeper.close()


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description="Keeps the local services.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--releases", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--idle-seconds", type=float, required=True)
    parser.add_argument("--ready-seconds", type=float, required=True)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with (given.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(0)  # another keeper serves this folder already
        adopt_orphans()
        times = {"idle_seconds": given.idle_seconds, "ready_seconds": given.ready_seconds}
        asyncio.run(serve(given.folder, given.releases, given.socket, **times))


if __name__ == "__main__":
    main()
