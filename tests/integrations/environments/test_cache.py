"""Folders that are made once, shared, and removed when they are unused and too many."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from pathlib import Path

import pytest

from integrations.environments.vendors.local.cache import IN_USE_SECONDS, Cache

MONTH = 30 * 86_400.0
KILOBYTES_400 = b"x" * 409_600


async def _fill(folder: Path) -> None:
    (folder / "bin").mkdir(mode=0o700)
    (folder / "bin" / "run").write_bytes(KILOBYTES_400)
    (folder / "bin" / "run").chmod(0o700)
    (folder / "data").write_bytes(b"x")
    (folder / "link").symlink_to("/etc/passwd")


async def test_what_is_made_can_be_read_by_all_and_written_by_none(tmp_path: Path) -> None:
    mode = os.umask(0o077)
    try:
        place = await Cache(tmp_path / "kept", 2**30, MONTH).get("a", _fill)
    finally:
        os.umask(mode)
    assert stat.S_IMODE(place.stat().st_mode) == 0o755
    assert stat.S_IMODE((place / "bin").stat().st_mode) == 0o555
    assert stat.S_IMODE((place / "bin" / "run").stat().st_mode) == 0o555
    assert stat.S_IMODE((place / "data").stat().st_mode) == 0o444
    assert os.stat(place / "link").st_mode & stat.S_IWUSR  # what it leads to stays as it is


async def test_two_caches_of_one_folder_make_a_key_once(tmp_path: Path) -> None:
    made = 0
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def make(folder: Path) -> None:
        nonlocal made
        made += 1
        begun.set()
        await go_on.wait()
        await _fill(folder)

    caches = [Cache(tmp_path / "kept", 2**30, MONTH) for _ in range(2)]
    asking = [asyncio.create_task(caches[number % 2].get("a", make)) for number in range(6)]
    await begun.wait()
    asking[5].cancel()
    go_on.set()
    places = await asyncio.gather(*asking[:5])
    assert (made, set(places)) == (1, {tmp_path / "kept" / "a"})


async def test_what_fails_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "kept", 2**30, MONTH)

    async def fail(folder: Path) -> None:
        await _fill(folder)
        raise RuntimeError("no")

    (tmp_path / "kept" / "a.making" / "left").mkdir(parents=True)  # by one that was killed
    with pytest.raises(RuntimeError):
        await cache.get("a", fail)
    assert os.listdir(tmp_path / "kept") == ["a.lock"]
    assert (await cache.get("a", _fill) / "data").exists()


async def test_the_longest_unused_go_first_and_what_is_in_use_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    cache = Cache(kept, 1_000_000, MONTH)
    for hours, key in ((4, "old"), (3, "older-used-again"), (5, "oldest"), (0, "now")):
        await Cache(kept, 2**30, MONTH).get(key, _fill)
        then = time.time() - hours * IN_USE_SECONDS / 2
        os.utime(kept / f"{key}.lock", times=(then, then))
    await cache.get("older-used-again", _fill)
    cache.clear()
    assert {one.name for one in kept.iterdir() if one.is_dir()} == {"now", "older-used-again"}
    await cache.get("new", _fill)  # three that are all in use: more than there may be, and none goes
    assert {one.name for one in kept.iterdir() if one.is_dir()} == {"now", "older-used-again", "new"}


async def test_what_nobody_asked_for_in_a_month_goes_though_there_is_room(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    cache = Cache(kept, 2**30, MONTH)
    for key in ("old", "new"):
        await cache.get(key, _fill)
    asked = time.time() - MONTH - 60
    os.utime(kept / "old.lock", (asked, asked))
    cache.clear()
    assert [one.name for one in kept.iterdir() if one.is_dir()] == ["new"]
