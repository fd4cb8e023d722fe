"""What a command finds in its sandbox, and how its end is told; and where there is no sandbox."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from integrations.integration import Surroundings, find_vendors
from integrations.sandbox import Bind, Command, Environment, Limits, NoSandbox, Sandbox, TreeUnusable
from integrations.sandbox.kept_outputs import DAY, Store
from integrations.sandbox.vendors.local import client
from integrations.sandbox.vendors.local.client import LocalSandbox
from integrations.system_calls import UnknownProcessor, system_call_filter
from storage.database import Database
from tests.integrations.sandbox.conftest import Run

pytestmark = [pytest.mark.sandbox, pytest.mark.processes]


@pytest.mark.parametrize(("ends", "code"), [("true", 0), ("exit 7", 7), ("kill -9 $$", 137), ("nonesuch", 127)])
async def test_an_exit_code_is_the_commands_own(run: Run, ends: str, code: int) -> None:
    ran = await run("sh", "-c", ends)
    assert (ran.exit_code, ran.limit) == (code, None)


async def test_both_outputs_are_kept_in_their_order(run: Run) -> None:
    ran = await run("sh", "-c", "echo one; echo two >&2; cat; printf 'dr\\303\\266i'")
    assert ran.output == "one\ntwo\ndröi"
    assert ran.output_file.read_text() == ran.output
    assert stat.S_IMODE(ran.output_file.parent.stat().st_mode) == 0o700


async def test_it_works_on_its_tree(run: Run, tree: Path) -> None:
    (tree / "src").mkdir(mode=0o755)
    (tree / "src" / "old").write_text("x")
    ran = await run("sh", "-c", "pwd; cat README.md; mv src/old src/new; mkdir -p a/b; echo y > README.md")
    assert (ran.exit_code, ran.output) == (0, "/work\nA service.\n")
    assert (tree / "src" / "new").read_text() == "x"
    assert (tree / "README.md").read_text() == "y\n"


async def test_what_the_host_writes_between_two_commands_can_be_written(run: Run, tree: Path) -> None:
    await run("true")
    (tree / "later").write_text("of ours")
    assert (await run("sh", "-c", "echo theirs >> later")).exit_code in (0, 2)
    ran = await run("cat", "later")
    assert ran.output.startswith("of ours")


async def test_its_environment_is_bound_and_cannot_be_written(
    sandbox: LocalSandbox, tree: Path, place: Path
) -> None:
    tools = place / "tools"
    (tools / "bin").mkdir(parents=True)
    for name in ("greet", "sh", "prlimit"):  # the last two are the system's own where the sandbox is built
        (tools / "bin" / name).write_text(f"#!/bin/sh\necho {name} $WHO; echo x > /environments/deep/tools/y\n")
        (tools / "bin" / name).chmod(0o755)
    environment = Environment(
        (Bind(tools, "/environments/deep/tools"),),
        {"WHO": "nobody", "MODE": "e"},
        ("/environments/deep/tools/bin",),
    )
    ran = await sandbox.run(Command(("greet",), tree, environment, {"WHO": "you"}))
    assert ran.output.startswith("greet you\n")
    assert "Read-only file system" in ran.output
    assert sorted(one.name for one in tools.iterdir()) == ["bin"]


async def test_a_user_and_a_loopback_of_its_own(run: Run) -> None:
    ask = """
import getpass, os, socket, tempfile, threading
print(getpass.getuser(), os.getuid(), socket.gethostname())
server = socket.create_server(("localhost", 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b"heard")).start()
print(socket.create_connection(server.getsockname()).recv(9))
print(tempfile.gettempdir(), os.listdir("/tmp"))
"""
    ran = await run("python3", "-c", ask)
    assert ran.output.splitlines() == ["nobody 65534 sandbox", "b'heard'", "/tmp []"]


async def test_what_is_left_in_its_scratch_is_thrown_away(sandbox: LocalSandbox, tree: Path) -> None:
    dig = "i=0; while [ $i -lt 90 ]; do mkdir d; chmod 700 d; cd d; i=$((i+1)); done; touch x; chmod 0 /tmp/d"
    ran = await sandbox.run(Command(("sh", "-c", f"cd /tmp; {dig}"), tree))
    assert ran.exit_code == 0
    assert list((sandbox.store.folder / "runs").iterdir()) == []


@pytest.mark.parametrize("git", ["folder", "file", "link"])
async def test_a_tree_with_a_git_folder_is_refused(sandbox: LocalSandbox, tree: Path, git: str) -> None:
    place = tree / ".git"
    match git:
        case "folder":
            place.mkdir()
        case "file":
            place.write_text("gitdir: /elsewhere")
        case "link":
            place.symlink_to("/nowhere")
    with pytest.raises(TreeUnusable, match=r"has a \.git"):
        await sandbox.run(Command(("true",), tree))


async def test_a_tree_that_is_none_is_refused(sandbox: LocalSandbox, tree: Path, place: Path) -> None:
    (place / "link").symlink_to(tree)
    for wrong in (place / "link", place / "nothing", tree / "README.md"):
        with pytest.raises(TreeUnusable, match="is no folder"):
            await sandbox.run(Command(("true",), wrong))
    (tree / "big").write_bytes(b"x" * 2**21)
    with pytest.raises(TreeUnusable, match="larger than"):
        await sandbox.run(Command(("true",), tree, limits=Limits(disk_bytes=2**20)))


async def test_without_bubblewrap_no_command_is_run(
    tree: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "missing_programs", lambda: ("bwrap",))
    with pytest.raises(NoSandbox, match="bwrap missing; install bubblewrap"):
        await LocalSandbox(place / "new").run(Command(("sh", "-c", "touch /work/ran"), tree))
    assert not (tree / "ran").exists()


async def test_where_bubblewrap_fails_its_words_are_told(
    sandbox: LocalSandbox, tree: Path, place: Path
) -> None:
    """Before it has a process inside, and after: neither is the command's own failure."""
    nowhere = Environment((Bind(place / "nowhere", "/environments/x"),))
    with pytest.raises(NoSandbox, match="nowhere"):
        await sandbox.run(Command(("true",), tree, nowhere))
    wrong = Environment((Bind(tree, "environments"),), {"A=B": "c"})
    with pytest.raises(NoSandbox, match="bwrap: "):
        await sandbox.run(Command(("true",), tree, wrong))


def test_commands_and_limits_that_are_none() -> None:
    here = Path("/")
    for argv in ((), ("",), ("a\0b",), ("x" * 100_001,)):
        with pytest.raises(ValueError):
            Command(argv, here)
    with pytest.raises(ValueError, match="name of a variable"):
        Command(("true",), here, variables={"A-B": "c"})
    for wrong in (
        {"seconds": 0.0},
        {"seconds": 7_201.0},
        {"processes": 4},
        {"disk_bytes": 1},
        {"shown_bytes": 1},
    ):
        with pytest.raises(ValueError):
            Limits(**wrong)  # type: ignore[arg-type]


def test_an_unknown_processor_has_no_filter() -> None:
    assert len(system_call_filter("x86_64")) % 8 == 0
    with pytest.raises(UnknownProcessor):
        system_call_filter("vax")


def test_old_outputs_and_what_dead_runs_left_are_cleared(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox")
    store.prepare()
    kept = []
    for days in (0, 1, 2, 30):
        kept.append(output := store.new_output())
        output.write_bytes(b"x" * 1_000)
        os.utime(output, times=(0, time.time() - days * DAY))
    dead, running = (tmp_path / "sandbox" / "runs" / name for name in ("dead", "running"))
    (dead / "a" / "b").mkdir(parents=True)
    running.mkdir()
    os.utime(dead, times=(0, time.time() - DAY))
    store.clear(output_days=14.0, most_bytes=2_500)
    assert [output.exists() for output in kept] == [True, True, False, False]
    assert (dead.exists(), running.exists()) == (False, True)


async def test_the_doctor_says_how_it_is(
    sandbox: LocalSandbox, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = find_vendors().chosen({})["sandbox"]
    assert vendor.settings is not None
    around = Surroundings(database, "t", tmp_path, {}, tmp_path / "var", vendor.settings())
    port: Sandbox = vendor.open(around)
    assert isinstance(port, LocalSandbox)
    (found,) = await vendor.check(around)
    assert (found.what, found.state) == ("sandbox", "well"), found.says
    monkeypatch.setattr(client, "missing_programs", lambda: ("bwrap",))
    (found,) = await vendor.check(around)
    assert found.state == "advice"
    assert "No command is run here" in found.says
    (chore,) = vendor.chores(around)
    await chore.do()
