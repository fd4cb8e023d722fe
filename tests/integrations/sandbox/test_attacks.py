"""What a command might try: each is something that agents, or the code that they run, have done elsewhere."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import shutil
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.sandbox import Command, Limit, attending
from integrations.sandbox.reading_back import NotPlain, read_back
from integrations.sandbox.trees import size
from integrations.sandbox.vendors.local.client import LocalSandbox
from storage import embedded
from tests.integrations.sandbox.conftest import Run, become_somebody, give_to_somebody, processes_with, there

pytestmark = [pytest.mark.sandbox, pytest.mark.processes]

MEGABYTE = 2**20


async def test_a_fork_storm_is_bounded(run: Run, tree: Path) -> None:
    """It goes on until no more can be made, and says how many that were."""
    storm = """
import os, time
made = 0
try:
    while made < 2_000:
        if os.fork() == 0:
            time.sleep(60)
        made += 1
except OSError:
    pass
open("made", "w").write(str(made))
time.sleep(60)
"""
    ran = await run("python3", "-c", storm, processes=300)
    assert (ran.exit_code, ran.limit) == (None, Limit.PROCESSES)
    made = tree / "made"
    assert not made.exists() or 250 < int(made.read_text()) < 300


async def test_a_fork_storm_that_nobody_looks_at_is_bounded_by_the_kernel(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its children end at once, and are waited for by nobody: they count until then."""
    monkeypatch.setattr(attending, "LOOK_SECONDS", 60.0)
    storm = """
import os
made = 0
try:
    while made < 2_000:
        if os.fork() == 0:
            os._exit(0)
        made += 1
except OSError:
    pass
print("made", made)
"""
    ran = await run("python3", "-c", storm, processes=100)
    assert ran.limit is None
    assert 50 < int(ran.output.split()[-1]) < 100


async def test_a_test_that_sleeps_is_ended(run: Run) -> None:
    ran = await run("sh", "-c", "echo before; sleep 7654.3", seconds=0.5)
    assert (ran.exit_code, ran.limit, ran.output) == (None, Limit.TIME, "before\n")
    assert ran.seconds < 1.5
    assert processes_with("7654.3") == []


async def test_a_test_that_computes_without_end_is_ended(run: Run) -> None:
    """Four processes, each below the limit by itself."""
    spin = "import os\nos.fork()\nos.fork()\nwhile True: pass"
    ran = await run("python3", "-c", spin, cpu_seconds=1.0, seconds=30.0)
    assert (ran.exit_code, ran.limit) == (None, Limit.CPU)
    assert ran.cpu_seconds is not None
    assert ran.cpu_seconds < 2.5


@pytest.mark.parametrize("target", ["/work/big", "/tmp/big"])
async def test_two_gigabytes_in_one_file_are_not_written(run: Run, target: str) -> None:
    ran = await run("dd", "if=/dev/zero", f"of={target}", "bs=1M", "count=2048", disk_bytes=200 * MEGABYTE)
    assert (ran.exit_code, ran.limit) == (None, Limit.DISK)


async def test_two_gigabytes_in_many_files_are_not_written(run: Run, tree: Path) -> None:
    many = "for i in $(seq 200); do head -c 10485760 /dev/zero > part$i || exit 1; done"
    ran = await run("sh", "-c", many, disk_bytes=200 * MEGABYTE)
    assert (ran.exit_code, ran.limit) == (None, Limit.DISK)
    assert size(tree, 2**40) < 1_200 * MEGABYTE


async def test_two_gigabytes_of_memory_are_not_used(run: Run) -> None:
    hoard = "import time\nheld = []\nwhile True:\n    held.append(b'x' * 2**20)"
    ran = await run("python3", "-c", hoard, memory_bytes=200 * MEGABYTE)
    assert ran.limit is Limit.MEMORY or (ran.exit_code == 1 and "MemoryError" in ran.output)


async def test_memory_in_many_processes_counts_together(run: Run) -> None:
    hoard = "import os, time\nos.fork()\nheld = b'x' * (150 * 2**20)\ntime.sleep(60)"
    ran = await run("python3", "-c", hoard, memory_bytes=200 * MEGABYTE)
    assert (ran.exit_code, ran.limit) == (None, Limit.MEMORY)


@pytest.mark.parametrize("what", ["/dev/big", "/dev/shm/big", "/etc/big", "/usr/big", "/big", "/proc/big"])
async def test_memory_that_is_called_a_disk_is_bounded(run: Run, what: str) -> None:
    ran = await run("dd", "if=/dev/zero", f"of={what}", "bs=1M", "count=100")
    assert ran.exit_code == 1
    assert any(why in ran.output for why in ("Read-only", "No space left", "Permission denied", "No such file"))


async def test_memory_that_no_process_holds_cannot_be_had(run: Run) -> None:
    """Files in memory, and segments that outlive who made them, are in nobody's count."""
    ask = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
try:
    os.memfd_create("x")
    print("memfd")
except OSError as refused:
    print(refused.errno)
print(libc.shmget(0, 2**30, 0o1600), ctypes.get_errno())
print(libc.shmget(0, 56, 0o1600) >= 0)
"""
    assert (await run("python3", "-c", ask)).output.split() == ["38", "-1", "28", "True"]


async def test_a_link_to_a_file_of_this_machine_leads_nowhere(run: Run, tree: Path) -> None:
    plant = "ln -s /etc/passwd stolen; ln -s ../../../../etc up; cat stolen up/passwd"
    ran = await run("sh", "-c", plant)
    assert "root:" not in ran.output
    for path in ("stolen", "up/passwd"):
        with pytest.raises(NotPlain):
            read_back(tree, path, MEGABYTE)


async def test_the_database_cannot_be_reached(run: Run, server: embedded.EmbeddedServer) -> None:
    folder = parse_qs(urlsplit(server.owner_url).query)["host"][0]
    (name,) = (f"{folder}/{one}" for one in os.listdir(folder) if re.fullmatch(r"\.s\.PGSQL\.[0-9]+", one))
    with socket.socket(socket.AF_UNIX) as here:
        here.connect(name)  # whoever reaches it is let in
    connect = f"import socket\nsocket.socket(socket.AF_UNIX).connect({name!r})"
    ran = await run("python3", "-c", connect)
    assert ran.exit_code == 1
    assert "FileNotFoundError" in ran.output


async def test_the_network_cannot_be_reached(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX) as named:
        named.bind(abstract := f"\0countersign-{os.getpid()}")
        named.listen()
        port = listening.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        connect = f"""
import socket
for family, where in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_INET, ("192.0.2.1", 80)),
                      (socket.AF_UNIX, {abstract!r})):
    try:
        socket.socket(family).connect(where)
        print("connected")
    except OSError as refused:
        print(type(refused).__name__, refused.errno)
"""
        ran = await run("python3", "-c", connect)
    assert ran.output.splitlines() == [
        "ConnectionRefusedError 111",
        "OSError 101",
        "ConnectionRefusedError 111",
    ]


async def test_our_environment_is_not_in_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-ours")
    look = "cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; env"
    ran = await run("sh", "-c", look, variables={"MODE": "test"})
    assert "MODE=test" in ran.output.splitlines()
    assert "sk-of-ours" not in ran.output
    names = {line.partition("=")[0] for line in ran.output.splitlines() if "=" in line and line[0].isupper()}
    assert names <= {"HOME", "TMPDIR", "LANG", "PATH", "MODE", "PWD", "OLDPWD", "SHLVL", "_"}


async def test_processes_and_files_of_this_machine_are_not_in_it(run: Run) -> None:
    ran = await run("sh", "-c", "ls -A /; ls /proc | grep -c '^[0-9]'; ls -A /root /home /var /tmp /run")
    top = set(ran.output.split())
    assert not {"root", "home", "var", "run", "opt", "srv", "mnt", "boot", "sys"} & top
    assert int(next(word for word in ran.output.split() if word.isdecimal())) < 8


async def test_a_child_that_daemonises_ends_with_its_command(run: Run) -> None:
    daemon = "setsid sh -c 'trap \"\" TERM HUP; sleep 8765.4' >/dev/null 2>&1 & setsid sleep 8765.4 & exit 3"
    ran = await run("sh", "-c", daemon)
    assert ran.exit_code == 3
    assert ran.seconds < 5
    assert processes_with("8765.4") == []


async def test_a_child_that_daemonises_and_holds_the_output_ends_with_its_limit(run: Run) -> None:
    ran = await run("sh", "-c", "setsid sleep 8766.4 & echo up; sleep 8766.4", seconds=0.5)
    assert (ran.limit, ran.output) == (Limit.TIME, "up\n")
    assert processes_with("8766.4") == []


async def test_a_gigabyte_of_output_is_neither_kept_nor_waited_for(run: Run) -> None:
    flood = "echo first; head -c 1073741824 /dev/zero | tr '\\0' x; echo last"
    ran = await run("sh", "-c", flood, output_bytes=8 * MEGABYTE, shown_bytes=1_000)
    assert (ran.exit_code, ran.limit) == (None, Limit.OUTPUT)
    assert ran.output_file.stat().st_size == 8 * MEGABYTE
    assert ran.output.startswith("first\nxxx")
    assert len(ran.output) < 1_100


async def test_a_hostile_makefile_gets_nothing(run: Run, tree: Path) -> None:
    (tree / "Makefile").write_text(
        "secrets := $(shell cat /root/.ssh/id_rsa /etc/shadow ~/.env ../.env 2>/dev/null)\n"
        "export LD_PRELOAD := /work/evil.so\n"
        "test:\n"
        "\t@echo secrets=[$(secrets)] as $$(id -u) 2>/dev/null\n"
        "\t-@rm -rf /work/* /etc /usr/bin /dev 2>/dev/null\n"
        "\t-@chmod u+s /usr/bin/env 2>/dev/null; kill -9 -1 2>/dev/null\n"
        "\t@echo not reached\n"
    )
    if not shutil.which("make", path="/usr/bin"):
        pytest.skip("make is not installed")
    ran = await run("make", "test")
    assert "secrets=[] as 65534" in ran.output
    assert ran.exit_code != 0
    assert os.listdir(tree) == []
    assert os.access("/usr/bin/env", os.X_OK)


async def test_it_cannot_become_somebody_with_powers(run: Run) -> None:
    shown = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"
    ran = await run("sh", "-c", f"unshare -Ur true; setpriv --reuid 0 true; {shown}")
    assert "unshare failed: Operation not permitted" in ran.output
    assert "setresuid failed" in ran.output
    zeros = "0" * 16
    said = dict(line.split(":\t") for line in ran.output.splitlines() if ":\t" in line)
    assert said == {"CapEff": zeros, "CapBnd": zeros, "NoNewPrivs": "1", "Seccomp": "2"}


async def test_a_cancelled_command_is_gone_within_a_second(sandbox: LocalSandbox, tree: Path) -> None:
    deaf = "trap '' TERM INT; setsid sh -c 'trap \"\" TERM; sleep 9876.5' & echo > up; wait"
    running = asyncio.create_task(sandbox.run(Command(("sh", "-c", deaf), tree)))
    await there(tree / "up")
    loop = asyncio.get_running_loop()
    began = loop.time()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert loop.time() - began < 1.0
    assert processes_with("9876.5") == []
    assert list((sandbox.store.folder / "runs").iterdir()) == []


async def test_a_command_cancelled_while_it_starts_leaves_nothing(sandbox: LocalSandbox, tree: Path) -> None:
    for rounds in range(12):
        running = asyncio.create_task(sandbox.run(Command(("sleep", "5432.1"), tree)))
        for _ in range(rounds):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert processes_with("5432.1") == []


@pytest.mark.parametrize("somebody", [False, True])
async def test_nothing_outlives_the_process_that_ran_it(
    sandbox: LocalSandbox, place: Path, tree: Path, somebody: bool
) -> None:
    if somebody and os.geteuid() != 0:
        pytest.skip("only the superuser can become another user")
    folder = give_to_somebody(place, tree) if somebody else place / "ours"
    command = Command(("sh", "-c", "setsid sleep 4321.9 & echo > up; sleep 4321.9"), tree)
    worker = multiprocessing.get_context("fork").Process(target=_work, args=(folder, command, somebody))
    worker.start()
    await there(tree / "up")
    assert processes_with("4321.9") != []
    worker.kill()
    worker.join()
    loop = asyncio.get_running_loop()
    began = loop.time()
    while processes_with("4321.9") and loop.time() - began < 5:  # noqa: ASYNC110 — the kernel ends them
        await asyncio.sleep(0.01)
    assert loop.time() - began < 1.0
    assert processes_with("4321.9") == []


def _work(folder: Path, command: Command, somebody: bool) -> None:
    if somebody:
        become_somebody()
    asyncio.run(LocalSandbox(folder).run(command))
