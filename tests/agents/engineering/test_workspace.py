"""The engineer's files: what can be read and changed, and that nothing leads out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.engineering.workspace import MOST_FILE_BYTES, Edit, NotPossible, Workspace


@pytest.fixture
def files(tmp_path: Path) -> Workspace:
    root = tmp_path / "files"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("one\ntwo\ntwo\n")
    (root / "README.md").write_text("Orders\n")
    (tmp_path / "outside.txt").write_text("secret")
    (root / "link").symlink_to(tmp_path / "outside.txt")
    (root / "way").symlink_to(tmp_path)
    return Workspace(root)


def test_what_was_done_is_an_edit_that_can_be_done_again(files: Workspace, tmp_path: Path) -> None:
    copy = Workspace(files.copy(tmp_path / "copy"))
    edits = [
        files.write("src/new/b.py", "b\n"),
        files.replace("src/a.py", "one", "1"),
        files.remove("README.md"),
    ]
    assert edits[1] == Edit("src/a.py", "1\ntwo\ntwo\n")
    for edit in edits:
        copy.apply(edit)
    assert copy.digest() == files.digest()
    assert not (files.root / "README.md").exists()


def test_the_same_files_have_the_same_digest(files: Workspace) -> None:
    before = files.digest()
    files.write("src/a.py", "else\n")
    assert files.digest() != before
    files.write("src/a.py", "one\ntwo\ntwo\n")
    assert files.digest() == before


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../outside.txt",
        "src/../../outside.txt",
        "link",
        "way/outside.txt",
        ".git/config",
        "a\0b",
        "src/.GIT/hooks/pre-commit",
        "x" * 500,
    ],
)
def test_no_path_leads_elsewhere(files: Workspace, path: str, tmp_path: Path) -> None:
    for does in (lambda: files.read(path), lambda: files.write(path, "x"), lambda: files.remove(path)):
        with pytest.raises(NotPossible):
            does()
    assert (tmp_path / "outside.txt").read_text() == "secret"


def test_links_are_listed_and_never_followed(files: Workspace) -> None:
    assert "way/outside.txt" not in files.list()
    assert files.search("secret") == "Nothing holds “secret”."


def test_only_what_stands_there_once_is_replaced(files: Workspace) -> None:
    with pytest.raises(NotPossible, match="stands there 2 times"):
        files.replace("src/a.py", "two", "2")
    with pytest.raises(NotPossible, match="does not stand there"):
        files.replace("src/a.py", "three", "3")


def test_lines_are_numbered_and_bounded(files: Workspace) -> None:
    files.write("long.txt", "line\n" * 1_000)
    shown = files.read("long.txt")
    assert shown.endswith("(600 more)")
    assert files.read("src/a.py", 2, 2) == "    2  two\n(1 more)"
    with pytest.raises(NotPossible, match="has 3 lines"):
        files.read("src/a.py", 9)


def test_what_is_no_text_or_too_large_is_said(files: Workspace) -> None:
    (files.root / "blob").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NotPossible, match="is no text"):
        files.read("blob")
    with pytest.raises(NotPossible, match="at most"):
        files.write("big.py", "x" * (MOST_FILE_BYTES + 1))
    with pytest.raises(NotPossible, match="is a file"):
        files.write("README.md/x", "y")


@pytest.mark.parametrize(
    "path", ["a" * 256, "é" * 128, "a\nb.py", "a\u202eb.py", "a\0b", ".git./config", "x/GIT~1/config", ".GIT/x"]
)
def test_a_name_that_no_repository_takes_is_refused_at_once(files: Workspace, path: str) -> None:
    for use in (files.read, files.list, files.remove, lambda one: files.write(one, "x")):
        with pytest.raises(NotPossible):
            use(path)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_what_no_row_can_hold_is_written_nowhere(files: Workspace, text: str) -> None:
    with pytest.raises(NotPossible):
        files.write("a.py", text)
    assert not (files.root / "a.py").exists()
