"""Changed files come back as data, and nothing but them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from integrations.sandbox import trees
from integrations.sandbox.output import Output
from integrations.sandbox.taking_back import (
    MOST_FILE_BYTES,
    MOST_FILES,
    ChangedFile,
    LeftBehind,
    TooMuchChanged,
    note,
    take_back,
)
from integrations.sandbox.trees import TooDeep, lend, size, throw_away, walk


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "src").mkdir(parents=True)
    (tree / "src" / "a.py").write_text("a = 1\n")
    (tree / "src" / "b.py").write_text("b = 1\n")
    (tree / "run").write_text("#!/bin/sh\n")
    (tree / "here").symlink_to("src/a.py")
    return tree


def test_nothing_changed_is_nothing(tree: Path) -> None:
    before = note(tree)
    (tree / "src" / "a.py").write_text("a = 1\n")
    (tree / "empty").mkdir()
    taken = take_back(tree, before)
    assert (taken.changed, taken.removed, taken.left_behind) == ((), (), ())


def test_changed_new_and_removed_files(tree: Path) -> None:
    before = note(tree)
    (tree / "src" / "a.py").write_text("a = 2\n")
    (tree / "run").chmod(0o755)
    (tree / "src" / "b.py").unlink()
    (tree / "src" / "deep").mkdir()
    (tree / "src" / "deep" / "up").symlink_to("../a.py")
    (tree / "new").write_bytes(b"\xff\0")
    (tree / "here").unlink()
    (tree / "here").write_text("a file now")
    taken = take_back(tree, before)
    assert sorted(taken.changed, key=lambda one: one.path) == [
        ChangedFile("here", b"a file now"),
        ChangedFile("new", b"\xff\0"),
        ChangedFile("run", b"#!/bin/sh\n", executable=True),
        ChangedFile("src/a.py", b"a = 2\n"),
        ChangedFile("src/deep/up", b"../a.py", is_link=True),
    ]
    assert taken.removed == ("src/b.py",)
    assert taken.left_behind == ()


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "src/../../x", "a/..", "../../tree/run"])
def test_a_link_that_may_leave_is_left(tree: Path, target: str) -> None:
    """Also where it would need another link to do so."""
    before = note(tree)
    (tree / "out").symlink_to(target)
    taken = take_back(tree, before)
    assert (taken.changed, taken.left_behind) == ((), (LeftBehind("out", "is a link out of the tree"),))


def test_a_folder_that_became_a_link_is_not_entered(tree: Path, tmp_path: Path) -> None:
    before = note(tree)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.py").write_text("secret")
    for name in ("a.py", "b.py"):
        (tree / "src" / name).unlink()
    (tree / "src").rmdir()
    (tree / "src").symlink_to(tmp_path / "elsewhere")
    taken = take_back(tree, before)
    assert taken.changed == ()
    assert taken.removed == ("src/a.py", "src/b.py")
    assert taken.left_behind == (LeftBehind("src", "is a link out of the tree"),)


def test_what_is_no_file_too_large_or_gits_own_is_left(tree: Path) -> None:
    before = note(tree)
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as named:
        named.bind(str(tree / "socket"))
    (tree / "big").write_bytes(b"x" * (MOST_FILE_BYTES + 1))
    (tree / "just").write_bytes(b"x" * MOST_FILE_BYTES)
    for name in (".git", "src/.GIT", "src/git~1"):
        (tree / name).write_text("gitdir: /x")
    (tree / "line\nbreak").write_text("x")
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff")).write_text("x")
    taken = take_back(tree, before)
    assert [one.path for one in taken.changed] == ["just"]
    assert {one.path: one.why for one in taken.left_behind} == {
        "pipe": "is no file",
        "socket": "is no file",
        "big": "is larger than 5 MB",
        ".git": "is git’s own",
        "src/.GIT": "is git’s own",
        "src/git~1": "is git’s own",
        "line\nbreak": "has a name that is no plain text",
        "\udcff": "has a name that is no plain text",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser is kept out of nowhere")
def test_what_cannot_be_looked_into_was_not_removed(tree: Path) -> None:
    before = note(tree)
    (tree / "run").chmod(0)
    (tree / "src").chmod(0)
    taken = take_back(tree, before)
    assert taken.removed == ()
    assert {one.path: one.why for one in taken.left_behind} == {"run": "cannot be read", "src": "is shut"}
    throw_away(tree)
    assert not tree.exists()


def test_a_change_has_bounds(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = note(tree)
    for number in range(MOST_FILES + 1):
        (tree / f"n{number}").touch()
    with pytest.raises(TooMuchChanged, match="2,000 files"):
        take_back(tree, before)
    monkeypatch.setattr(trees, "MOST_FILES", 100)
    with pytest.raises(TooDeep, match="more than 100 files"):
        take_back(tree, before)


def test_a_pit_is_not_walked_to_its_end_but_thrown_away(tree: Path, tmp_path: Path) -> None:
    place = os.open(tree, os.O_RDONLY)
    for _ in range(1_200):  # deeper than a path can say, and than a program may call itself
        os.mkdir("deep", dir_fd=place)
        inner = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    with pytest.raises(TooDeep, match="more than 100 deep"):
        note(tree)
    throw_away(tree)
    assert not tree.exists()


def test_throwing_away_does_not_follow_links(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "file").touch()
    (tree / "src" / "link").symlink_to(tmp_path / "ours")
    (tree / "link").symlink_to(tmp_path / "ours")
    (tmp_path / "link").symlink_to(tree)
    throw_away(tmp_path / "link")
    assert tree.exists()
    throw_away(tree)
    assert not tree.exists()
    assert (tmp_path / "ours" / "file").exists()


def test_a_hole_of_the_disks_size_counts_as_full(tree: Path) -> None:
    assert size(tree, 2**30) < 2**20
    with (tree / "hole").open("wb") as file:
        file.truncate(2**30)
    assert 2**30 <= size(tree, 2**30) < 2**30 + 2**20


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_a_file_that_is_also_elsewhere_is_not_given_away(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("x")
    os.link(tmp_path / "ours", tree / "shared")
    (tree / "out").symlink_to(tmp_path / "ours")
    lend(tree, 65_534)
    assert (tmp_path / "ours").stat().st_uid == 0
    owners = {entry.path: entry.status.st_uid for entry in walk(tree)}
    assert owners.pop("shared") == 0
    assert set(owners.values()) == {65_534}


def test_output_shows_its_beginning_and_its_end(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        output = Output(file, shown=8, most=20)
        for part in (b"ab", b"cdef", b"ghijklmnop"):
            output.take(part)
        assert output.shown() == "abcd\n[… 8 bytes left out …]\nmnop"
        assert not output.too_much
        output.take(b"0123456789")
        assert output.too_much
    assert (tmp_path / "out").read_bytes() == b"abcdefghijklmnop0123"
    with (tmp_path / "out").open("wb") as file:
        output = Output(file, shown=8, most=20)
        output.take("abcö".encode())
        output.take(b"xyz")
        assert output.shown() == "abcöxyz"
