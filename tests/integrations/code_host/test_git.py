"""git over repositories that others write to: nothing of theirs runs, and nothing of it is without a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from integrations.code_host.bare_repository import make_bare
from integrations.code_host.bare_trees import checkout, commit_tree
from integrations.code_host.git import Git, GitFailed, GitTooLong, GitTooMuch
from integrations.code_host.refusals import TreeRefused
from tests.integrations.code_host.reading_contract import draft, seeded
from tests.integrations.code_host.workshop import Workshop

pytestmark = pytest.mark.processes


@pytest.fixture
async def git(tmp_path: Path) -> Git:
    return await make_bare(tmp_path / "bare.git", "main")


@pytest.fixture
def clone(git: Git, tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "clone", git.folder)


@pytest.fixture
def base(clone: Workshop) -> str:
    """The first commit, pushed before there is a trap."""
    return seeded(clone)


@pytest.fixture
def trap(git: Git, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """A program that leaves a file; everything that git could be told to run is told to run it."""
    sprung = tmp_path / "sprung"
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n")
    program.chmod(0o755)
    hooks = git.folder / "hooks"
    hooks.mkdir()
    for hook in ("reference-transaction", "post-checkout", "post-index-change", "pre-commit"):
        (hooks / hook).symlink_to(program)
    home = tmp_path / "home"
    home.mkdir()
    told = (
        f"[core]\n\tfsmonitor = {program}\n\tpager = {program}\n\thooksPath = {hooks}\n\teditor = {program}\n"
    )
    (home / ".gitconfig").write_text(
        told + f'[diff]\n\texternal = {program}\n[filter "x"]\n\tclean = {program}\n'
    )
    for name, value in {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_EXTERNAL_DIFF": str(program),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(program),
    }.items():
        monkeypatch.setenv(name, value)
    return sprung.exists


async def test_nothing_is_run_that_files_or_the_environment_name(
    git: Git, base: str, tmp_path: Path, trap: Callable[[], bool]
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    await checkout(git, base, tree)
    (tree / ".gitattributes").write_text("* filter=x diff=x merge=x\n")
    (tree / "new.txt").write_text("new")
    made = await commit_tree(git, tree, draft(base))
    await git.run("update-ref", "refs/heads/x", made.sha)
    await git.run("diff-tree", "-p", base, made.sha)
    await git.run("merge-tree", "--write-tree", base, made.sha)
    assert not trap()


async def test_its_environment_is_what_is_said_and_nothing_else(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    _, written = await git.run("-c", "alias.seen=!env", "seen")
    seen = dict(line.split("=", 1) for line in written.decode().splitlines() if "=" in line)
    assert "SECRET" not in seen
    assert (seen["GIT_DIR"], seen["HOME"], seen["GIT_ALLOW_PROTOCOL"]) == (str(git.folder), "/nonexistent", "")


async def test_it_reaches_nobody(git: Git, tmp_path: Path) -> None:
    other = await make_bare(tmp_path / "other.git", "main")
    for address in (str(other.folder), f"file://{other.folder}", "https://127.0.0.1:1/x", "ext::sh -c true"):
        with pytest.raises(GitFailed, match="not allowed"):
            await git.run("fetch", address)


async def test_what_it_writes_is_bounded(git: Git) -> None:
    with pytest.raises(GitTooMuch):
        await git.run("-c", "alias.much=!yes", "much", most=1_000_000)
    async with git.records("-c", "alias.much=!yes yes", "much", separator=b"\n") as records:
        async for record in records:
            assert record == b"yes"
            break
    long = "head -c 1000000 /dev/zero | tr '\\\\0' x; echo; echo y"
    async with git.records("-c", f"alias.long=!{long}", "long", separator=b"\n", longest=100) as records:
        assert [len(record) async for record in records] == [100, 1]


async def test_what_takes_long_ends_with_its_children(git: Git, tmp_path: Path) -> None:
    waits = f"!sleep 600 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(GitTooLong):
        await git.run("-c", f"alias.waits={waits}", "waits", seconds=0.5)
    assert await _is_gone(int((tmp_path / "child").read_text()))


async def test_whoever_is_cancelled_ends_it(git: Git, tmp_path: Path) -> None:
    waits = f"!sleep 600 & echo $! > {tmp_path}/child.new; mv {tmp_path}/child.new {tmp_path}/child; wait"
    running = asyncio.create_task(git.run("-c", f"alias.waits={waits}", "waits"))
    await eventually((tmp_path / "child").exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await _is_gone(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT", b".git ", b"."])
async def test_a_tree_with_names_that_lead_elsewhere_is_not_written(
    git: Git, tmp_path: Path, name: bytes
) -> None:
    _, blob = await git.run("hash-object", "-w", "--stdin", given=b"[core]\n\tfsmonitor = x\n")
    inner = await _tree(git, b"100644 config\0" + bytes.fromhex(blob.decode().strip()))
    outer = await _tree(git, b"40000 " + name + b"\0" + bytes.fromhex(inner))
    into = tmp_path / "in" / "out"
    into.mkdir(parents=True)
    with pytest.raises(TreeRefused):
        await checkout(git, outer, into)
    assert list((tmp_path / "in").rglob("*")) == [into]


async def test_nothing_is_written_through_a_link_of_the_tree(git: Git, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    _, link = await git.run("hash-object", "-w", "--stdin", given=str(outside).encode())
    _, blob = await git.run("hash-object", "-w", "--stdin", given=b"x")
    inner = await _tree(git, b"100644 file\0" + bytes.fromhex(blob.decode().strip()))
    both = await _tree(
        git,
        b"120000 a\0" + bytes.fromhex(link.decode().strip()) + b"40000 a\0" + bytes.fromhex(inner),
    )
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(TreeRefused, match="cannot stand beside another"):
        await checkout(git, both, into)
    assert list(outside.iterdir()) == []


async def _tree(git: Git, entries: bytes) -> str:
    """A tree that no git would make."""
    _, sha = await git.run("hash-object", "-w", "-t", "tree", "--literally", "--stdin", given=entries)
    return sha.decode().strip()


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 — a process of somebody else's tells nobody
            await asyncio.sleep(0.01)


async def _is_gone(pid: int) -> bool:
    await eventually(lambda: _has_ended(pid))
    return True


def _has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"
