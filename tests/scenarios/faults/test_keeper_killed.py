"""The keeper is killed just before and just after each change that it writes down: what was asked for is done
once or not at all, a canary is over, and no process is left."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integrations.deployments import CanaryOver, ChangeQuery, Status
from integrations.deployments.vendors.local import client
from integrations.deployments.vendors.local.client import LocalDeployments
from tests.integrations.local_platform import ORDERS, deploy, gone, grant, processes_with
from tests.integrations.releases import write_release

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


_DYING = "tests.scenarios.faults.dying_keeper"


def keepers(folder: Path) -> list[int]:
    """The keepers of this folder, by their process ids."""
    return [pid for pid in processes_with(str(folder)) if pid in processes_with(_DYING)]


@dataclass
class Place:
    """A platform whose keeper dies where it is told to."""

    port: LocalDeployments
    folder: Path

    async def dies_at(self, point: str, asked: Awaitable[Status]) -> bool:
        """Whether what was asked for is said to have been done, though the keeper died at a point of it."""
        (before,) = keepers(self.folder)
        (self.folder / "keeper" / "die").write_text(point)
        done = False
        with suppress(CanaryOver):
            await asked
            done = True
        (after,) = keepers(self.folder)
        assert after != before, f"it died {point}"
        await gone(before)
        return done

    async def changes(self) -> list[tuple[str, str]]:
        """What was done since the last time, by kind and leave."""
        found = [(one.kind.value, one.grant) for one in (await self.port.history(ChangeQuery("orders"))).items]
        seen, self._seen = getattr(self, "_seen", 0), len(found)
        return list(reversed(found))[seen:]

    async def begin(self, name: str, lease: float = 60.0) -> Status:
        release = await self.port.release("orders", "1.1")
        what = ORDERS, "1.1", release.digest
        return await self.port.begin_canary(grant(name), *what, share=0.5, lease=lease, before="1.0")

    async def stands_at(self) -> tuple[str, int, bool]:
        status = await self.port.status(ORDERS)
        assert status.stable is not None
        return status.stable.version, status.stable.ready, status.canary is not None


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    releases, spawn = tmp_path / "releases", client._spawn
    write_release(releases, "orders", "1.0", "2026-11-01")
    write_release(releases, "orders", "1.1", "2026-11-02")

    def dying(command: list[str], *rest: Any) -> Any:
        return spawn([one.replace(_KEEPER, _DYING) for one in command], *rest)

    monkeypatch.setattr(client, "_spawn", dying)
    port = LocalDeployments(tmp_path / "keeper", releases, ready_seconds=20.0)
    await deploy(port, "1.0", "first")
    yield Place(port, tmp_path)
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)
    assert processes_with(str(tmp_path)) == [], "no orphan is left"


_KEEPER = "integrations.deployments.vendors.local.keeper_process"
_RETURNED = ("returned", "")
"""By the keeper that began again, and by nobody's leave."""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_is_no_canary_is_done_once(place: Place, when: str) -> None:
    assert await place.changes() == [("deployed", "first")]
    assert await place.dies_at(f"deployed {when}", deploy(place.port, "1.1", "d"))
    assert await place.stands_at() == ("1.1", 1, False)
    assert await place.dies_at(f"scaled {when}", place.port.scale(grant("s"), ORDERS, 2, before=1))
    assert await place.stands_at() == ("1.1", 2, False)
    back = await place.port.release("orders", "1.0")
    rolled = place.port.roll_back(grant("r"), ORDERS, "1.0", back.digest, before="1.1")
    assert await place.dies_at(f"rolled back {when}", rolled)
    assert await place.stands_at() == ("1.0", 2, False)
    assert await place.changes() == [("deployed", "d"), ("scaled", "s"), ("rolled back", "r")]


async def test_a_canary_is_over_and_what_was_not_written_down_was_not_done(place: Place) -> None:
    await place.changes()
    assert await place.dies_at("canary begun before", place.begin("b"))
    assert (
        await place.dies_at("canary step before", place.port.step_canary(grant("s"), ORDERS, "b", 0.9)) is False
    )
    assert await place.changes() == [("canary begun", "b"), _RETURNED]
    await place.begin("b2")
    assert await place.dies_at("promoted before", place.port.promote_canary(grant("p"), ORDERS, "b2")) is False
    await place.begin("b3")
    aborted = place.port.abort_canary(grant("a"), ORDERS, "b3", "it errs")
    assert await place.dies_at("returned before", aborted) is False
    assert await place.changes() == [("canary begun", "b2"), _RETURNED, ("canary begun", "b3"), _RETURNED]
    assert await place.stands_at() == ("1.0", 1, False)


async def test_a_canary_is_over_and_what_was_written_down_was_done_once(place: Place) -> None:
    await place.changes()
    assert await place.dies_at("canary begun after", place.begin("b"))
    assert await place.changes() == [("canary begun", "b"), _RETURNED]
    await place.begin("b2")
    assert await place.dies_at("canary step after", place.port.step_canary(grant("s"), ORDERS, "b2", 0.9))
    assert await place.changes() == [("canary begun", "b2"), ("canary step", "s"), _RETURNED]
    await place.begin("b3")
    assert await place.dies_at("returned after", place.port.abort_canary(grant("a"), ORDERS, "b3", "it errs"))
    assert await place.stands_at() == ("1.0", 1, False)
    await place.begin("b4")
    assert await place.dies_at("promoted after", place.port.promote_canary(grant("p"), ORDERS, "b4"))
    assert await place.stands_at() == ("1.1", 1, False)
    assert await place.changes() == [
        ("canary begun", "b3"),
        ("returned", "a"),
        ("canary begun", "b4"),
        ("promoted", "p"),
    ]
