"""What every code host makes of files in a folder: taken out of a commit, and back as another one.

A vendor's tests bring the fixtures of the reading contract."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from integrations.code_host import CodeHost, DiffQuery, bare_trees
from integrations.code_host.contents import ChangeType
from integrations.code_host.refusals import NothingChanged, TooLarge, TreeRefused
from tests.integrations.code_host.reading_contract import draft, seeded
from tests.integrations.code_host.workshop import Workshop


class TreesContract:
    async def test_files_are_taken_out_byte_for_byte(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        seeded(clone)
        attributes = "*.txt text eol=crlf\n*.txt filter=evil ident\n*.md export-ignore\n"
        sha = clone.commit(
            "Claim", {".gitattributes": attributes, "x.txt": b"$Id$\na\n", ".gitignore": "*.pyc\n"}
        )
        clone.push("main")
        into = tmp_path / "out"
        into.mkdir()
        done = await host.checkout("orders", sha, into)
        assert (into / "x.txt").read_bytes() == b"$Id$\na\n"
        assert (into / "README.md").read_text() == "# Orders\n"
        assert os.readlink(into / "secrets") == "/etc/passwd"
        assert os.access(into / "run.sh", os.X_OK)
        assert not os.access(into / "README.md", os.X_OK)
        assert list((into / "vendor" / "lib").iterdir()) == []
        assert (done.files, done.submodules, done.lfs_pointers) == (10, ("vendor/lib",), ("data/video.mp4",))
        assert not (into / ".git").exists()

    async def test_more_than_is_taken_out_at_once_is_refused(
        self, host: CodeHost, clone: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha = seeded(clone)
        monkeypatch.setattr(bare_trees, "MOST_CHECKOUT_FILES", 3)
        with pytest.raises(TooLarge, match="more than 3 files"):
            await host.checkout("orders", sha, tmp_path)
        assert not (tmp_path / "README.md").exists()

    async def test_a_folder_becomes_a_commit_and_comes_back_the_same(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        seeded(clone)
        base = clone.commit("Ignore", {".gitignore": "*.pyc\nbuild/\n", ".gitattributes": "*.txt text\n"})
        clone.push("main")
        tree = tmp_path / "tree"
        tree.mkdir()
        await host.checkout("orders", base, tree)
        with pytest.raises(NothingChanged):
            await host.commit_tree("orders", tree, draft(base))
        (tree / "orders" / "new.txt").write_bytes(b"one\r\ntwo\r\n")
        (tree / "orders" / "x.pyc").write_text("ignored")
        (tree / "README.md").unlink()
        os.symlink("/etc/shadow", tree / "shadow")
        made = await host.commit_tree("orders", tree, draft(base, message="Add new"))
        again = await host.commit_tree("orders", tree, draft(base, message="Add new"))
        assert (made, made.parents, made.title) == (again, (base,), "Add new")
        changed = await host.diff(DiffQuery("orders", base, made.sha))
        assert [(one.path, one.change) for one in changed.files] == [
            ("README.md", ChangeType.DELETED),
            ("orders/new.txt", ChangeType.ADDED),
            ("shadow", ChangeType.ADDED),
        ]
        assert (await host.file("orders", made.sha, "orders/new.txt")).text == "one\r\ntwo\r\n"
        assert (await host.file("orders", made.sha, "shadow")).text == "/etc/shadow"

    async def test_what_is_no_file_of_a_repository_is_refused(
        self, host: CodeHost, clone: Workshop, tmp_path: Path
    ) -> None:
        base = seeded(clone)
        for name in ("nested/.git/config", ".GIT/config", "a\nb"):
            tree = tmp_path / str(abs(hash(name)))
            (tree / name).parent.mkdir(parents=True)
            (tree / name).write_text("[core]\n\tfsmonitor = touch /tmp/owned\n")
            with pytest.raises(TreeRefused):
                await host.commit_tree("orders", tree, draft(base))
        tree = tmp_path / "pipe"
        tree.mkdir()
        os.mkfifo(tree / "fifo")
        with pytest.raises(TreeRefused, match="no file, folder or link"):
            await host.commit_tree("orders", tree, draft(base))
