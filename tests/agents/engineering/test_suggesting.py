"""The patch of a change that is only suggested: git takes it, and comes to exactly the same files."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from agents.engineering.suggesting import PatchTooLarge, patch

BEFORE = {
    "kept.py": "a = 1\n",
    "changed.py": "".join(f"line {number}\n" for number in range(40)),
    "no_newline.txt": "one\ntwo",
    "gone.py": "print('gone')\n",
    "windows.txt": "one\r\ntwo\r\n",
    "emptied.txt": "something\n",
}
AFTER = {
    "kept.py": "a = 1\n",
    "changed.py": "".join(f"line {number}\n" for number in range(40) if number != 7) + "more\n",
    "no_newline.txt": "one\nthree",
    "new/deep.py": "b = 2\n",
    "windows.txt": "one\r\nthree\r\n",
    "emptied.txt": "",
    "also_empty.txt": "",
    "separators.txt": "a\x0cb\u2028c\nd\n",
}


def tree(at: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_bytes(text.encode())
    return at


def contents(at: Path) -> dict[str, str]:
    return {str(path.relative_to(at)): path.read_bytes().decode() for path in at.rglob("*") if path.is_file()}


def applied(at: Path, text: str) -> dict[str, str]:
    subprocess.run(["git", "apply", "-"], cwd=at, input=text.encode(), check=True)
    return contents(at)


def test_git_comes_to_exactly_the_same_files(tmp_path: Path) -> None:
    before, after = tree(tmp_path / "before", BEFORE), tree(tmp_path / "after", AFTER)
    assert applied(before, patch(before, after)) == contents(after)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_becomes_of_a_file_git_takes_it(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)

    def text() -> str:
        return "".join(chance.choice(["a\n", "b\n", "\n", "c\r\n", "--- d\n", "+++", "é\n"]) for _ in range(12))

    before = tree(tmp_path / "before", {f"{name}.txt": text() for name in "abc"})
    after = tree(tmp_path / "after", {f"{name}.txt": text() for name in "bcd"})
    assert applied(before, patch(before, after)) == contents(after)


def test_what_is_no_text_is_named_and_the_rest_still_applies(tmp_path: Path) -> None:
    before, after = tree(tmp_path / "before", {"a.txt": "a\n"}), tree(tmp_path / "after", {"a.txt": "b\n"})
    (after / "logo.png").write_bytes(b"\x89PNG\0")
    said = patch(before, after)
    assert said.startswith("Not in this patch, for it is no text: logo.png\n")
    assert applied(before, said) == {"a.txt": "b\n"}


def test_more_than_anybody_reads_is_refused(tmp_path: Path) -> None:
    before, after = tree(tmp_path / "before", {}), tree(tmp_path / "after", {"a.txt": "a line\n" * 400_000})
    before.mkdir()
    with pytest.raises(PatchTooLarge, match="characters long"):
        patch(before, after)
