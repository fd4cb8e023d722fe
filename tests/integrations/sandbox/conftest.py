"""Sandboxes of this machine: our own user's, and where that is the superuser, also another's."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from integrations.sandbox import Command, Environment, Limits, NoSandbox, Ran
from integrations.sandbox.vendors.local.client import LocalSandbox

SOMEBODY = 23_456
"""A user that owns nothing on this machine."""

Run = Callable[..., Awaitable[Ran]]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can reach: pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tree(place: Path) -> Path:
    """A tree with one file."""
    tree = place / "tree"
    tree.mkdir()
    (tree / "README.md").write_text("A service.\n")
    return tree


@pytest.fixture
async def sandbox(place: Path) -> LocalSandbox:
    """Skips where this machine has none."""
    made = LocalSandbox(place / "ours")
    probe = place / "probe"
    probe.mkdir()
    try:
        await made.run(Command(("true",), probe))
    except NoSandbox as missing:
        pytest.skip(str(missing))
    return made


@pytest.fixture(params=["our user", "another user"])
def run(request: pytest.FixtureRequest, sandbox: LocalSandbox, place: Path, tree: Path) -> Run:
    """Runs a command over the tree, from Countersign as our user or as one without any right."""

    def command(argv: tuple[str, ...], variables: Mapping[str, str], limits: Mapping[str, float]) -> Command:
        return Command(argv, tree, Environment(), variables, Limits(**limits))  # type: ignore[arg-type]

    async def ours(*argv: str, variables: Mapping[str, str] | None = None, **limits: float) -> Ran:
        return await sandbox.run(command(argv, variables or {}, limits))

    async def anothers(*argv: str, variables: Mapping[str, str] | None = None, **limits: float) -> Ran:
        return await asyncio.to_thread(_as_somebody, place, command(argv, variables or {}, limits))

    if request.param == "our user":
        return ours
    if os.geteuid() != 0:
        pytest.skip("only the superuser can become another user")
    return anothers


def _as_somebody(place: Path, command: Command) -> Ran:
    """In a process of its own, which has what it needs loaded and gives its rights away for good."""
    folder = give_to_somebody(place, command.tree)
    forks = multiprocessing.get_context("fork")
    ours, theirs = forks.Pipe(duplex=False)
    process = forks.Process(target=_run_as_somebody, args=(folder, command, theirs))
    process.start()
    theirs.close()
    try:
        ran = ours.recv()
    finally:
        process.join()
    if isinstance(ran, Exception):
        raise ran
    return ran


def give_to_somebody(place: Path, tree: Path) -> Path:
    """A folder for a sandbox of that user's, and the tree."""
    folder = place / "theirs"
    folder.mkdir(exist_ok=True)
    for path in (folder, tree, *tree.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)
    return folder


def become_somebody() -> None:
    """For the rest of this process."""
    os.setgroups([])
    os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
    os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)


def _run_as_somebody(folder: Path, command: Command, answer: multiprocessing.connection.Connection) -> None:
    become_somebody()
    try:
        answer.send(asyncio.run(LocalSandbox(folder).run(command)))
    except Exception as failed:  # noqa: BLE001 — handed to the test
        answer.send(failed)


def processes_with(mark: str) -> list[int]:
    """Processes of this machine whose command line holds `mark`, but for the dead."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line, state = (place / "cmdline").read_bytes(), (place / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if mark.encode() in line and state.rpartition(")")[2].split()[0] != "Z":
            found.append(int(place.name))
    return found


async def there(path: Path) -> None:
    """Wait until a command has made this file."""
    while not os.path.exists(path):  # noqa: ASYNC110, ASYNC240 — another process makes it
        await asyncio.sleep(0.005)
