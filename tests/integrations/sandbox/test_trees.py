"""Trees that commands have written to, walked and thrown away; and what commands write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from integrations.sandbox import trees
from integrations.sandbox.output import Output
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


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser is kept out of nowhere")
def test_what_cannot_be_looked_into_is_thrown_away_too(tree: Path) -> None:
    (tree / "src").chmod(0)
    assert {entry.path for entry in walk(tree)} == {"src", "run", "here"}
    throw_away(tree)
    assert not tree.exists()


def test_walking_has_an_end(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(100):
        (tree / f"n{number}").touch()
    monkeypatch.setattr(trees, "MOST_FILES", 100)
    with pytest.raises(TooDeep, match="more than 100 files"):
        list(walk(tree))


def test_a_pit_is_not_walked_to_its_end_but_thrown_away(tree: Path, tmp_path: Path) -> None:
    place = os.open(tree, os.O_RDONLY)
    for _ in range(1_200):  # deeper than a path can say, and than a program may call itself
        os.mkdir("deep", dir_fd=place)
        inner = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    with pytest.raises(TooDeep, match="more than 100 deep"):
        list(walk(tree))
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
