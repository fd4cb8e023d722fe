"""Containers, through an engine's command line: a stand-in that keeps to what Docker's does, without a
container."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from integrations.integration import Surroundings, find_vendors
from integrations.sandbox import Bind, Command, Environment, Limit, Limits, NoSandbox, Sandbox
from integrations.sandbox.vendors import container
from integrations.sandbox.vendors.container import ContainerSandbox
from storage.database import Database
from tests.integrations.sandbox.conftest import processes_with, there

pytestmark = pytest.mark.processes

ENGINE = """#!{python} -I
# create, start --attach, kill, inspect and rm, of containers that are folders in STATE.
import datetime, json, os, pathlib, shutil, signal, subprocess, sys
STATE, TREE = pathlib.Path({state!r}), {tree!r}
verb, *words = sys.argv[1:]
with (STATE / "said").open("a") as said:
    print(verb, *words, file=said)
place = STATE / words[1 if verb in ("create", "start", "rm") else -1]
if (STATE / "hangs").exists():
    subprocess.run(["sleep", "6543.4"])
if verb == "create":
    if (STATE / "down").exists():
        sys.exit("Cannot connect to the daemon")
    place.mkdir()
    start = words.index("--entrypoint")
    (place / "command").write_text(json.dumps([words[start + 1], *words[start + 3 :]]))
elif verb == "start":
    if (STATE / "broken").exists():
        sys.exit("no such image layer")
    (place / "started").write_text(datetime.datetime.now().isoformat())
    command = json.loads((place / "command").read_text())
    # Its number stands there before it begins: whoever kills this program finds what it started.
    noted = lambda: (place / "pid").write_text(str(os.getpid()))
    running = subprocess.Popen(command, cwd=TREE, start_new_session=True, preexec_fn=noted)
    code = running.wait()
    (place / "pid").unlink()
    sys.exit(code if code >= 0 else 128 - code)
elif verb == "kill":
    os.killpg(int((place / "pid").read_text()), signal.SIGKILL)
elif verb == "ps":
    prefix = words[words.index("--filter") + 1].removeprefix("name=")
    print(*(one.name for one in STATE.iterdir() if prefix in one.name and one.is_dir()))
elif verb == "inspect":
    never = "0001-01-01T00:00:00Z"
    started = (place / "started").read_text() if (place / "started").exists() else never
    print(str((STATE / "oom").exists()).lower(), started)
elif place.exists():
    if (place / "pid").exists():
        os.killpg(int((place / "pid").read_text()), signal.SIGKILL)
    shutil.rmtree(place)
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def sandbox(tmp_path: Path, state: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> ContainerSandbox:
    programs = tmp_path / "programs"
    programs.mkdir()
    engine = programs / "docker"
    engine.write_text(ENGINE.format(python=sys.executable, state=str(state), tree=str(tree)))
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return ContainerSandbox(tmp_path / "var", "docker", "tests@sha256:0")


async def test_a_command_runs_and_its_container_is_removed(
    sandbox: ContainerSandbox, tree: Path, state: Path
) -> None:
    ran = await sandbox.run(Command(("sh", "-c", "echo out; cat README.md; exit 3"), tree))
    assert (ran.exit_code, ran.limit, ran.output) == (3, None, "out\nA service.\n")
    assert os.listdir(state) == ["said"]


async def test_what_the_engine_is_told(sandbox: ContainerSandbox, tree: Path, state: Path, place: Path) -> None:
    environment = Environment((Bind(place, "/environments/x"),), {"A": "1"}, ("/environments/x/bin",))
    limits = Limits(memory_bytes=2**28, processes=50, cpu_seconds=9.5, disk_bytes=2**29)
    await sandbox.run(Command(("true",), tree, environment, {"B": "2 3"}, limits))
    made = (state / "said").read_text().splitlines()[0]
    user = os.geteuid() or 65_534
    for told in (
        "--pull never", "--network none", "--read-only", f"--user {user}:", "--cap-drop ALL",
        "--security-opt no-new-privileges", "--log-driver none", f"--memory {2**28}b",
        f"--memory-swap {2**28}b", "--pids-limit 50", "cpu=10", f"fsize={2**29}",
        f"type=bind,source={tree},target=/work",
        f"type=bind,source={place},target=/environments/x,readonly", "--env A=1", "--env B=2 3",
        "--env PATH=/environments/x/bin:/usr/local/bin:/usr/bin:/bin", "--entrypoint sh tests@sha256:0 -c",
    ):  # fmt: skip
        assert told in made, told
    assert "privileged " not in made.replace("no-new-privileges", "")


async def test_limits_end_it_and_are_named(sandbox: ContainerSandbox, tree: Path, state: Path) -> None:
    ran = await sandbox.run(Command(("sleep", "6543.2"), tree, limits=Limits(seconds=0.3)))
    assert (ran.exit_code, ran.limit) == (None, Limit.TIME)
    flood = Limits(output_bytes=100_000, shown_bytes=100)
    assert (await sandbox.run(Command(("yes",), tree, limits=flood))).limit is Limit.OUTPUT
    write = Command(
        ("sh", "-c", "head -c 3000000 /dev/zero > f; exit 1"), tree, limits=Limits(disk_bytes=2**21)
    )
    assert (await sandbox.run(write)).limit is Limit.DISK
    (tree / "f").unlink()
    (state / "oom").touch()
    assert (await sandbox.run(Command(("false",), tree))).limit is Limit.MEMORY
    assert processes_with("6543.2") == []


async def test_a_cancelled_command_is_killed_and_removed(
    sandbox: ContainerSandbox, tree: Path, state: Path
) -> None:
    running = asyncio.create_task(sandbox.run(Command(("sh", "-c", "touch up; sleep 6543.1"), tree)))
    await there(tree / "up")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert processes_with("6543.1") == []
    for rounds in range(0, 12, 3):
        running = asyncio.create_task(sandbox.run(Command(("sleep", "6543.1"), tree)))
        for _ in range(rounds):
            await asyncio.sleep(0.002)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert processes_with("6543.1") == []
    assert os.listdir(state) == ["said"]


async def test_a_container_that_outlives_us_is_removed(
    sandbox: ContainerSandbox, tree: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one that somebody may attend yet, and not another's."""
    waits = Command(("sh", "-c", "touch up; sleep 6543.3"), tree, limits=Limits(seconds=50))
    running = asyncio.create_task(sandbox.run(waits))
    await there(tree / "up")
    (state / "left-by-somebody-else").mkdir()
    await sandbox.remove_left_over()
    assert len(os.listdir(state)) == 3
    later = time.time() + 50 + container.GRACE_SECONDS + 1
    monkeypatch.setattr(container.time, "time", lambda: later)
    await sandbox.remove_left_over()
    assert sorted(os.listdir(state)) == ["left-by-somebody-else", "said"]
    assert processes_with("6543.3") == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_engine_that_does_not_answer_is_not_waited_for(
    sandbox: ContainerSandbox, tree: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "ENGINE_SECONDS", 0.3)
    (state / "hangs").touch()
    with pytest.raises(NoSandbox, match=r"docker took longer than 0.3 seconds"):
        await sandbox.run(Command(("true",), tree))
    assert processes_with("6543.4") == []


async def test_without_an_engine_no_command_is_run(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandbox, match="podman is not installed"):
        await ContainerSandbox(tmp_path / "var", "podman", "x").run(Command(("true",), tree))


@pytest.mark.parametrize(("wrong", "words"), [("down", "Cannot connect"), ("broken", "no such image")])
async def test_an_engine_that_cannot_runs_nothing(
    sandbox: ContainerSandbox, tree: Path, state: Path, wrong: str, words: str
) -> None:
    (state / wrong).touch()
    with pytest.raises(NoSandbox, match=words):
        await sandbox.run(Command(("sh", "-c", "touch /work/ran"), tree))
    assert set(os.listdir(state)) == {wrong, "said"}


async def test_it_is_chosen_by_its_name_and_needs_an_image(
    sandbox: ContainerSandbox, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = find_vendors().chosen({"sandbox": "container"})["sandbox"]
    assert vendor.settings is not None
    monkeypatch.setenv("SANDBOX_IMAGE", "tests@sha256:0")
    around = Surroundings(database, "t", tmp_path, {}, tmp_path / "var2", vendor.settings())
    port: Sandbox = vendor.open(around)
    assert isinstance(port, ContainerSandbox)
    (found,) = await vendor.check(around)
    assert (found.what, found.state) == ("sandbox", "well"), found.says
    for chore in vendor.chores(around):
        await chore.do()
