"""What a change can bring that no reader of its source would see: a person hears of it, whatever tests say."""

from __future__ import annotations

import importlib.util
import marshal
from pathlib import Path

import pytest

from agents.engineering.verdict.changes import ChangeSet, read_tree
from agents.engineering.verdict.exposure import exposure
from agents.engineering.verdict.verdict import verdict
from tests.agents.engineering.verdict.test_verdict import AT, Runs, run
from tests.agents.engineering.verdict.trees import changed, whats

CODE = {"p/a.py": "A = 1\n"}
PLAIN = "# a note\nA = 1\n"


def decided(change: ChangeSet) -> str:
    return verdict(change, Runs(run(test_p="passed"), None, None, None), "h", "b", AT).decision


@pytest.mark.parametrize("place", ["p/__pycache__/a.cpython-311.pyc", "sitecustomize.pyc"])
def test_compiled_code_is_seen(tmp_path: Path, place: str) -> None:
    change = changed(tmp_path, CODE, {"p/b.py": "B = 1\n"})
    compiled = tmp_path / "after" / place
    compiled.parent.mkdir(exist_ok=True)
    unchecked = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
    compiled.write_bytes(unchecked + marshal.dumps(compile("A = 2", "a.py", "exec")))
    seen = ChangeSet(change.before, read_tree(tmp_path / "after"))
    assert place in seen.changed
    assert whats(exposure(seen)) == ["binary or huge file"]


@pytest.mark.parametrize("cache", [".mypy_cache", ".pytest_cache", "__pycache__"])
def test_a_caches_name_hides_nothing(tmp_path: Path, cache: str) -> None:
    assert changed(tmp_path, CODE, {f"{cache}/b.py": "B = 1\n"}).changed == (f"{cache}/b.py",)


def test_a_submodule_asks_for_what_it_points_to_is_not_seen(tmp_path: Path) -> None:
    changed(tmp_path, CODE, {"README.md": "more\n"})
    for side in ("before", "after"):
        (tmp_path / side / "library").mkdir()
    both = ChangeSet(read_tree(tmp_path / "before"), read_tree(tmp_path / "after"))
    assert [(one.severity, one.what, one.where) for one in exposure(both)] == [("ask", "submodule", "library")]


@pytest.mark.parametrize(
    "text",
    [
        "# coding: utf-7\n# +AAo-import os\n",
        "# -*- coding: unicode_escape -*-\n# \\u000aimport os\n",
        "A = 1\n# vim: set fileencoding=utf-16 :\n",
        "#\r# coding=utf-7\r# +AAo-import os\n",
        "# coding: no-such-encoding\n",
    ],
)
def test_source_that_runs_otherwise_than_it_reads_is_blocked(tmp_path: Path, text: str) -> None:
    change = changed(tmp_path, CODE, {"p/a.py": text})
    assert "hidden code" in whats(exposure(change))
    assert decided(change) == "block"


@pytest.mark.parametrize(
    "text",
    [
        "# coding: utf-8\nA = 'é'\n",
        "# -*- coding: latin-1 -*-\nA = 1\n",
        "# encoding: UTF8\nA = 1\n",
        "\n\n# coding: utf-7\n",
        "A = '# coding: utf-7'\n",
        PLAIN,
    ],
)
def test_a_declaration_that_changes_nothing_is_let_pass(tmp_path: Path, text: str) -> None:
    assert whats(exposure(changed(tmp_path, CODE, {"p/a.py": text}))) == []


@pytest.mark.parametrize("name", ["docs/a\nb.md", "docs/a\u202egpj.md", "docs/a\tb.md", "a\u2028b.md"])
def test_a_name_that_reads_otherwise_is_blocked(tmp_path: Path, name: str) -> None:
    change = changed(tmp_path, CODE, {name: "x\n"})
    assert whats(exposure(change)) == ["hidden character"]
    assert all(one.where.isprintable() for one in exposure(change))


def test_where_nothing_differs_a_person_is_asked(tmp_path: Path) -> None:
    assert decided(changed(tmp_path, CODE, {})) == "ask"
