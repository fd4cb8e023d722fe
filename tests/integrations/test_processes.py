"""Programs of the trusted side: bounded, alone, and gone with all that they started."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from time import monotonic

import pytest

from integrations.processes import Done, ProcessTooLong, ProcessTooMuch, run, started

pytestmark = pytest.mark.processes

MEGABYTE = 2**20


async def _sh(script: str, *, seconds: float = 20.0, most: int = MEGABYTE, given: bytes = b"") -> Done:
    return await run(["/bin/sh", "-c", script], seconds=seconds, most=most, given=given)


async def test_how_it_ended_and_what_it_said() -> None:
    done = await _sh("cat; echo wrong >&2; exit 3", given=b"given\n")
    assert done == Done(3, b"given\n", b"wrong\n")
    assert done.text == "given\n\nwrong"
    assert (await _sh("kill -9 $$")).code == -9
    with pytest.raises(FileNotFoundError):
        await run(["/no/such/program"], seconds=1.0, most=1)


async def test_its_environment_is_empty_unless_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    python = [sys.executable, "-ISc", "import os; print(sorted(os.environ))"]
    assert b"SECRET" not in (await run(python, seconds=20.0, most=MEGABYTE)).output
    assert (await run(["/usr/bin/env"], seconds=20.0, most=MEGABYTE)).output == b""
    given = await run(["/usr/bin/env"], seconds=20.0, most=MEGABYTE, environment={"A": "1"})
    assert given.output == b"A=1\n"


async def test_what_it_writes_is_bounded() -> None:
    with pytest.raises(ProcessTooMuch):
        await _sh("exec yes", most=1_000)
    assert (await _sh("head -c 1000 /dev/zero", most=1_000)).code == 0
    done = await _sh("head -c 10000000 /dev/zero >&2; echo why >&2")
    assert done.code == 0, "it is not kept waiting for a reader of its errors"
    assert len(done.errors) == 2_000
    assert done.errors.endswith(b"\0why\n")


async def test_a_deadline_ends_it_and_its_children(tmp_path: Path) -> None:
    with pytest.raises(ProcessTooLong):
        await _sh(f"sleep 600 & echo $! > {tmp_path}/child; wait", seconds=0.5)
    await _gone(int((tmp_path / "child").read_text()))


async def test_its_children_end_with_it(tmp_path: Path) -> None:
    """Though it ends well itself."""
    done = await _sh(f"sleep 600 >/dev/null 2>&1 & echo $! > {tmp_path}/child")
    assert done.code == 0
    await _gone(int((tmp_path / "child").read_text()))


async def test_cancelling_ends_all_of_it_within_a_second(tmp_path: Path) -> None:
    """One child ignores what it is asked, another has left the session and holds the pipes open."""
    says = "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600"
    group, away = says.format(tmp_path / "group"), says.format(tmp_path / "away")
    script = f"sh -c 'trap \"\" TERM HUP; {group}' & setsid sh -c '{away}' & wait"
    running = asyncio.create_task(_sh(script, seconds=600.0))
    for name in ("group", "away"):
        while not (tmp_path / name).exists():  # noqa: ASYNC110 — another process writes it
            await asyncio.sleep(0.01)
    began = monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert monotonic() - began < 1.0
    await _gone(int((tmp_path / "group").read_text()))
    os.kill(int((tmp_path / "away").read_text()), 9)


async def test_whoever_has_enough_leaves() -> None:
    async with started(["/usr/bin/yes"], seconds=20.0) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"y\n"
    assert process.returncode == -9


async def _gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while _lives(pid):  # noqa: ASYNC110 — a process of somebody else's tells nobody
            await asyncio.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
