"""What a command leaves in its tree is read as data: not through a link, not for ever, not without end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from integrations.sandbox.reading_back import NotPlain, read_back

MOST = 1_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "out").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "results.xml").write_text("hunter2")
    return tree


def test_a_plain_file_is_read_up_to_its_bound(tree: Path) -> None:
    (tree / "out" / "results.xml").write_bytes(b"x" * MOST)
    assert read_back(tree, "out/results.xml", MOST) == b"x" * MOST
    assert read_back(tree, "out/other.xml", MOST) is None
    assert read_back(tree, "no/results.xml", MOST) is None
    with pytest.raises(NotPlain, match=r"larger than 999 bytes"):
        read_back(tree, "out/results.xml", MOST - 1)
    for path in ("", "/etc/passwd", "out/../../secret/results.xml"):
        with pytest.raises(ValueError, match="no path in a tree"):
            read_back(tree, path, MOST)


@pytest.mark.parametrize("plant", ["link", "folder link", "pipe", "socket", "folder", "device"])
def test_whatever_else_stands_there_is_not(tree: Path, tmp_path: Path, plant: str) -> None:
    at = tree / "out" / "results.xml"
    if plant == "link":
        at.symlink_to(tmp_path / "secret" / "results.xml")
    elif plant == "folder link":
        (tree / "out").rmdir()
        (tree / "out").symlink_to(tmp_path / "secret")
    elif plant == "pipe":
        os.mkfifo(at)
    elif plant == "socket":
        with socket.socket(socket.AF_UNIX) as named:
            named.bind(str(at))
    elif plant == "folder":
        at.mkdir()
    elif os.geteuid() == 0:
        os.mknod(at, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero
    else:
        pytest.skip("only the superuser makes devices")
    with pytest.raises(NotPlain, match="no plain file"):
        read_back(tree, "out/results.xml", MOST)


def test_a_file_without_an_end_is_not_read_to_it(tree: Path) -> None:
    with (tree / "endless").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(NotPlain, match="larger than"):
        read_back(tree, "endless", MOST)
