"""What every code host answers of a repository, orders, that people write to with their own git.

A vendor's tests bring the fixtures `host`; `origin`, the bare repository behind each of `orders` and `empty` on
the host's side, both without a commit; and `clone`, somebody's own clone of orders."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations.code_host import (
    BranchQuery,
    CodeHost,
    CommitQuery,
    DiffQuery,
    SearchQuery,
    TreeQuery,
)
from integrations.code_host.contents import ChangeType, CommitDraft, EntryKind, FileKind
from integrations.code_host.refusals import (
    NoSuchBranch,
    NoSuchCommit,
    NoSuchPath,
    NoSuchRepository,
    NotMergeable,
)
from integrations.pages import NoSuchPage, Part, every, everything
from tests.integrations.code_host.workshop import Workshop

Origin = Callable[[str], Path]
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 7000000\n"
FILES: dict[str, str | bytes | None] = {
    "README.md": "# Orders\n",
    "orders/totals.py": "def total(lines):\n    return sum(lines)\n",
    "orders/history.py": "def history():\n    return []\n",
    "data/big.bin": b"\0\1\2",
    "data/video.mp4": POINTER,
    "run.sh": "#!/bin/sh\necho total\n",
}
AT = datetime(2026, 11, 30, 9, tzinfo=UTC)


def seeded(clone: Workshop) -> str:
    """The first commit of orders, on main: files of every kind."""
    clone.write(FILES)
    (clone.folder / "run.sh").chmod(0o755)
    os.symlink("/etc/passwd", clone.folder / "secrets")
    (clone.folder / "vendor" / "lib").mkdir(parents=True)
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    clone.git("add", "--all", "--", "README.md", "orders", "data", "run.sh", "secrets")
    clone.git("commit", "--quiet", "-m", "Add orders\n\nWith all that belongs to it.")
    clone.push("main")
    return clone.git("rev-parse", "HEAD")


def draft(*parents: str, message: str = "Change it") -> CommitDraft:
    return CommitDraft(parents, message, "Countersign", "agents@example.com", AT)


class ReadingContract:
    async def test_an_empty_repository_says_so(self, host: CodeHost) -> None:
        found = await host.repository("empty")
        assert (found.is_empty, found.default_branch, found.language) == (True, None, None)
        assert (await host.branches(BranchQuery("empty"))).items == ()
        with pytest.raises(NoSuchBranch, match="There is no branch main here"):
            await host.branch("empty", "main")

    async def test_what_is_not_there_is_named(self, host: CodeHost, clone: Workshop) -> None:
        sha = seeded(clone)
        for name in ("nothing", "../orders", "", "orders.git", "-x"):
            with pytest.raises(NoSuchRepository):
                await host.repository(name)
        for wrong in ("main", sha[:12], "0" * 40, "--help", f"{sha}^"):
            with pytest.raises(NoSuchCommit):
                await host.tree(TreeQuery("orders", wrong))
        for path in ("", "orders", "nothing", "orders/", "../README.md", "orders/*", ":(glob)**", "a\0b"):
            with pytest.raises(NoSuchPath):
                await host.file("orders", sha, path)
        with pytest.raises(NoSuchPath):
            await host.tree(TreeQuery("orders", sha, "README.md"))
        outside = "../../etc"
        for looking in (
            host.tree(TreeQuery("orders", sha, outside)),
            host.search(SearchQuery("orders", sha, "x", folder=outside)),
            host.commits(CommitQuery("orders", sha, path=outside)),
            host.diff(DiffQuery("orders", sha, sha, path=outside)),
        ):
            with pytest.raises(NoSuchPath):
                await looking

    async def test_a_repository_tells_its_branch_and_language(self, host: CodeHost, clone: Workshop) -> None:
        sha = seeded(clone)
        found = await host.repository("orders")
        assert (found.default_branch, found.language, found.is_empty) == ("main", "Python", False)
        assert found.size_bytes > 0
        assert (await host.branch("orders", "main")).sha == sha
        listed = [one.id async for one in every(host.repositories, Part(limit=1))]
        assert listed == sorted(listed)
        assert {"orders", "empty"} <= set(listed)

    async def test_a_language_that_nobody_knows_is_none(self, host: CodeHost, clone: Workshop) -> None:
        clone.commit("Only words", {"a.zzz": "x", "Makefile": "y"})
        clone.push("main")
        assert (await host.repository("orders")).language is None

    async def test_without_a_default_branch_the_others_are_there(
        self, host: CodeHost, clone: Workshop, origin: Origin
    ) -> None:
        sha = seeded(clone)
        (origin("orders") / "HEAD").write_text(f"{sha}\n")  # detached
        assert (await host.repository("orders")).default_branch is None
        (origin("orders") / "HEAD").write_text("ref: refs/heads/gone\n")
        found = await host.repository("orders")
        assert (found.default_branch, found.is_empty, found.language) == (None, False, None)
        assert (await host.branch("orders", "main")).sha == sha

    async def test_branches_come_in_pages_and_say_what_is_protected(
        self, host: CodeHost, clone: Workshop
    ) -> None:
        sha = seeded(clone)
        names = ["a", "b/c", "main", "ä"]
        clone.push(*(f"main:refs/heads/{name}" for name in names if name != "main"))
        found = await everything(host.branches, BranchQuery("orders", limit=2))
        assert [one.name for one in found] == names
        assert {one.sha for one in found} == {sha}
        assert [one.name for one in found if one.protection] == ["main"]

    async def test_a_tree_names_what_stands_in_it(self, host: CodeHost, clone: Workshop) -> None:
        sha = seeded(clone)
        top = {one.path: one.kind for one in (await host.tree(TreeQuery("orders", sha))).items}
        assert top == {
            "README.md": EntryKind.FILE,
            "data": EntryKind.FOLDER,
            "orders": EntryKind.FOLDER,
            "run.sh": EntryKind.EXECUTABLE,
            "secrets": EntryKind.SYMLINK,
            "vendor": EntryKind.FOLDER,
        }
        deep = await everything(host.tree, TreeQuery("orders", sha, "orders", deep=True, limit=1))
        assert [one.path for one in deep] == ["orders/history.py", "orders/totals.py"]
        inside = (await host.tree(TreeQuery("orders", sha, "vendor/"))).items
        assert [(one.path, one.kind) for one in inside] == [("vendor/lib", EntryKind.SUBMODULE)]
        with pytest.raises(NoSuchPage):
            await host.tree(TreeQuery("orders", sha, after="nothing"))

    async def test_each_kind_of_file_says_what_it_is(
        self, host: CodeHost, clone: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha = seeded(clone)
        kinds = {
            path: (await host.file("orders", sha, path))
            for path in ("README.md", "data/big.bin", "data/video.mp4", "secrets", "vendor/lib")
        }
        assert {path: one.kind for path, one in kinds.items()} == {
            "README.md": FileKind.TEXT,
            "data/big.bin": FileKind.BINARY,
            "data/video.mp4": FileKind.LFS_POINTER,
            "secrets": FileKind.SYMLINK,
            "vendor/lib": FileKind.SUBMODULE,
        }
        texts = {path: one.text for path, one in kinds.items()}
        assert texts["README.md"] == "# Orders\n"
        assert texts["secrets"] == "/etc/passwd"  # where it points, and nothing of what is there
        assert (texts["data/big.bin"], texts["vendor/lib"]) == (None, None)
        large = clone.commit("Add a large file", {"large.txt": "x" * 1_100_000})
        clone.push("main")
        found = await host.file("orders", large, "large.txt")
        assert (found.kind, found.text, found.size) == (FileKind.TOO_LARGE, None, 1_100_000)

    async def test_lines_are_found(self, host: CodeHost, clone: Workshop) -> None:
        sha = clone.commit(
            "Add", {"a.py": "one\ntotal = 1\n", "b/c.py": "Total\ntotal = 22\n", "d": b"\0total"}
        )
        clone.push("main")
        query = SearchQuery("orders", sha, "total", limit=1)
        found = [(one.path, one.line, one.text) async for one in every(host.search, query)]
        assert found == [("a.py", 2, "total = 1"), ("b/c.py", 2, "total = 22")]
        pattern = SearchQuery("orders", sha, "^T[o]tal$|= 2+", is_pattern=True)
        assert [one.line for one in (await host.search(pattern)).items] == [1, 2]
        anywhere = SearchQuery("orders", sha, "TOTAL", ignore_case=True, folder="b")
        assert len((await host.search(anywhere)).items) == 2
        assert (await host.search(SearchQuery("orders", sha, "--help"))).items == ()
        assert (await host.search(SearchQuery("orders", sha, "total", folder=":(top)a.py"))).items == ()
        for wrong in ("", "a\nb"):
            with pytest.raises(ValueError, match="one line"):
                await host.search(SearchQuery("orders", sha, wrong))
        with pytest.raises(ValueError, match="cannot be searched for"):
            await host.search(SearchQuery("orders", sha, "(", is_pattern=True))

    async def test_history_is_told_backwards(self, host: CodeHost, clone: Workshop) -> None:
        first = seeded(clone)
        second = clone.commit("Say more\n\nAt length.\n", {"README.md": "# Orders, again\n"})
        third = clone.commit("Add a test", {"test.py": ""})
        clone.push("main")
        found = await everything(host.commits, CommitQuery("orders", third, limit=2))
        assert [one.sha for one in found] == [third, second, first]
        assert (found[1].title, found[1].message) == ("Say more", "Say more\n\nAt length.")
        assert (found[1].parents, found[1].author.name) == ((first,), "Wren")
        assert found[1].author.at.tzinfo is not None
        of_path = await host.commits(CommitQuery("orders", third, path="README.md"))
        assert [one.sha for one in of_path.items] == [second, first]

    async def test_a_diff_is_of_what_the_head_changed(self, host: CodeHost, clone: Workshop) -> None:
        base = seeded(clone)
        clone.branch("work", base)
        clone.git("mv", "orders/history.py", "orders/past.py")
        (clone.folder / "run.sh").unlink()
        os.symlink("README.md", clone.folder / "run.sh")
        changed = {
            "README.md": "# Orders\nmore\n",
            "data/big.bin": b"\0\3",
            "new.py": "1\n2\n",
            "secrets": None,
        }
        head = clone.commit("Change it all", changed)
        clone.branch("main", base)
        ahead = clone.commit("Something else", {"elsewhere.md": "x"})
        clone.push("main", "work")
        diff = await host.diff(DiffQuery("orders", ahead, head))
        assert (diff.merge_base, diff.file_count, diff.after) == (base, 6, None)
        by_path = {one.path: one for one in diff.files}
        assert {path: one.change for path, one in by_path.items()} == {
            "README.md": ChangeType.MODIFIED,
            "data/big.bin": ChangeType.MODIFIED,
            "new.py": ChangeType.ADDED,
            "orders/past.py": ChangeType.RENAMED,
            "run.sh": ChangeType.TYPE_CHANGED,
            "secrets": ChangeType.DELETED,
        }
        assert by_path["README.md"].patch == "@@ -1 +1,2 @@\n # Orders\n+more\n"
        assert (by_path["new.py"].added, by_path["new.py"].removed) == (2, 0)
        assert (by_path["data/big.bin"].is_binary, by_path["data/big.bin"].patch) == (True, "")
        assert by_path["orders/past.py"].before == "orders/history.py"
        assert by_path["run.sh"].kind is EntryKind.SYMLINK
        assert "+README.md" in by_path["run.sh"].patch
        assert diff.added == sum(one.added for one in diff.files)
        paged = await host.diff(DiffQuery("orders", ahead, head, limit=2, after="data/big.bin"))
        assert [one.path for one in paged.files] == ["new.py", "orders/past.py"]
        assert (paged.after, paged.file_count) == ("orders/past.py", 6)
        assert paged.files[0].patch == by_path["new.py"].patch
        of_path = await host.diff(DiffQuery("orders", ahead, head, path="README.md"))
        assert [one.path for one in of_path.files] == ["README.md"]

    async def test_a_long_patch_is_cut_and_says_so(self, host: CodeHost, clone: Workshop) -> None:
        base = seeded(clone)
        lines = "".join(f"{number} diff --git a/x b/x\n" for number in range(3000))
        head = clone.commit("Add much", {"much.txt": lines, "z.txt": "z\n"})
        clone.push("main")
        much, last = (await host.diff(DiffQuery("orders", base, head))).files
        assert (much.is_cut, much.added, last.is_cut) == (True, 3000, False)
        assert 10_000 < len(much.patch) <= 20_000
        assert last.patch.endswith("+z\n")

    async def test_a_merge_is_worked_out_without_making_it(self, host: CodeHost, clone: Workshop) -> None:
        base = clone.commit("Add", {"a.txt": "1\n2\n3\n", "b.txt": "b\n"})
        clone.branch("one", base)
        one = clone.commit("One", {"a.txt": "one\n2\n3\n"})
        clone.branch("two", base)
        two = clone.commit("Two", {"a.txt": "two\n2\n3\n", "b.txt": None})
        clone.branch("three", base)
        three = clone.commit("Three", {"b.txt": "three\n"})
        clone.git("checkout", "--quiet", "--orphan", "alone")
        alone = clone.commit("Alone", {"c.txt": ""})
        clone.push("main", "one", "two", "three", "alone")
        clean = await host.merge_result("orders", one, three)
        assert (clean.conflicts, clean.merge_base) == ((), base)
        assert clean.tree is not None
        assert (await host.file("orders", clean.tree, "b.txt")).text == "three\n"
        assert (await host.file("orders", clean.tree, "a.txt")).text == "one\n2\n3\n"
        both = await host.merge_result("orders", one, two)
        assert (both.tree, both.conflicts) == (None, ("a.txt",))
        with pytest.raises(NotMergeable, match="no history in common"):
            await host.merge_result("orders", one, alone)
        with pytest.raises(NotMergeable):
            await host.diff(DiffQuery("orders", one, alone))
