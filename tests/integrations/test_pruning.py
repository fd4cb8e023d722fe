"""Which built releases are removed, and which stay."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from integrations.deployments import NotReady
from integrations.deployments.builds import Build
from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.building import build_release
from integrations.deployments.vendors.local.database import ServicesDatabase
from integrations.deployments.vendors.local.journal import Journal
from integrations.deployments.vendors.local.places import Places
from integrations.deployments.vendors.local.pruning import NEWEST, RAN, UNUSED_SECONDS, prune, ran_last
from integrations.deployments.vendors.local.releases import Runnable, Shelves

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    return Shelves.of(tmp_path / "keeper", tmp_path / "releases")


def made(shelves: Shelves, tmp_path: Path, number: int, command: str = '["x"]') -> str:
    tree, packages = tmp_path / f"tree{number}", tmp_path / f"packages{number}"
    tree.mkdir()
    packages.mkdir()
    (tree / "release.yaml").write_text(f"command: {command}\n")
    (packages / "one.py").write_text(f"ONE = {number}\n")
    (packages / "one.py").chmod(0o400)
    packages.chmod(0o555)
    os.utime(packages, (0, 0))  # as an environment that was made long ago
    when = BEGAN + timedelta(days=number)
    commit = f"{number:040x}"[::-1]
    return build_release(
        shelves, Build("peeks", tree, packages, commit, when, "agents", "CARD-1", "It peeks.")
    ).version


def aged(shelves: Shelves) -> None:
    for packages in (shelves.built / "_shared").iterdir():
        old = packages.stat().st_mtime - UNUSED_SECONDS - 1
        os.utime(packages, (old, old))


def test_the_newest_and_what_is_kept_stay_with_their_packages(shelves: Shelves, tmp_path: Path) -> None:
    versions = [made(shelves, tmp_path, number) for number in range(NEWEST + 3)]
    (shelves.built / ".making-left").mkdir()
    aged(shelves)
    assert prune(shelves, "peeks", {versions[1]}) == (versions[0], versions[2])
    left = [one.version for one in shelves.releases("peeks")]
    assert left == [*reversed(versions[3:]), versions[1]], "each of them can be read"
    assert len(list((shelves.built / "_shared").iterdir())) == len(left)
    assert not [one for one in shelves.built.iterdir() if one.name.startswith(".gone")]
    assert (shelves.built / ".making-left").is_dir(), "somebody may be at it"
    assert prune(shelves, "peeks", {versions[1]}) == ()


def test_packages_that_were_asked_for_just_now_stay(shelves: Shelves, tmp_path: Path) -> None:
    for number in range(NEWEST + 2):
        made(shelves, tmp_path, number)
    prune(shelves, "peeks", ())
    assert len(list((shelves.built / "_shared").iterdir())) == NEWEST + 2


def test_everybody_can_read_a_release(shelves: Shelves, tmp_path: Path) -> None:
    made(shelves, tmp_path, 1)
    for one in (shelves.built / "_shared").rglob("*"):
        assert one.stat().st_mode & 0o777 == (0o755 if one.is_dir() else 0o644)


def test_one_may_go_back_to_what_ran_last_in_each_stage(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for number in range(RAN + 2):
        for stage, service in (("staging", "peeks"), ("production", "orders")):
            journal.append(
                at=1.0, grant=f"{service}{number}", kind="deployed", service=service, stage=stage,
                version=f"{number}.0", digest="d", replicas=1, before=None,
            )  # fmt: skip
    journal.append(
        at=1.0, grant="p", kind="deployed", service="peeks", stage="production",
        version="0.0", digest="d", replicas=1, before=None,
    )  # fmt: skip
    assert ran_last(journal, "peeks") == {"0.0", *(f"{number}.0" for number in range(2, RAN + 2))}


def test_what_goes_while_releases_are_listed_is_left_out(
    shelves: Shelves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (made(shelves, tmp_path, number) for number in range(3))

    def read(folder: Path, service: str, version: str) -> Runnable:
        if version == second:
            shutil.rmtree(folder / service / version)
        return real(folder, service, version)

    real = releases.read
    monkeypatch.setattr(releases, "read", read)
    assert [one.version for one in shelves.releases("peeks")] == [third, first]
    assert shelves.unreadable() == ()


@pytest.mark.processes
async def test_what_is_about_to_run_stays(shelves: Shelves, tmp_path: Path) -> None:
    sleeps = '["{python}", "-c", "import time; time.sleep(60)"]'
    first, *_ = [made(shelves, tmp_path, number, sleeps) for number in range(NEWEST + 2)]
    async with aiohttp.ClientSession() as client:
        database = ServicesDatabase(tmp_path / "postgres", None)
        places = Places(tmp_path / "keeper", tmp_path / "releases", client, 2.0, database)
        starting = asyncio.create_task(places.started(shelves.read("peeks", first), "staging", 1))
        await asyncio.sleep(0.5)
        await places.prune("peeks")
        assert len(shelves.releases("peeks")) == NEWEST + 1
        assert shelves.read("peeks", first)
        with pytest.raises(NotReady):
            await starting
        await places.prune("peeks")
        assert len(shelves.releases("peeks")) == NEWEST


async def test_files_are_read_beside_the_loop(
    shelves: Shelves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = made(shelves, tmp_path, 1)
    digest = shelves.read("peeks", version).release.digest
    threads = []

    def read(folder: Path, service: str, name: str) -> Runnable:
        threads.append(threading.current_thread())
        return real(folder, service, name)

    real = releases.read
    monkeypatch.setattr(releases, "read", read)
    async with aiohttp.ClientSession() as client:
        database = ServicesDatabase(tmp_path / "postgres", None)
        places = Places(tmp_path / "keeper", tmp_path / "releases", client, 5.0, database)
        assert (await places.approved("peeks", version, digest)).confined
        assert [one.version for one in await places.known("peeks")] == [version]
    assert len(threads) == 2
    assert threading.main_thread() not in threads
