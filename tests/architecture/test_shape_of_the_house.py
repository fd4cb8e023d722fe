"""Files small enough to be read in one sitting, names that mean something, nothing left half done."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

from handlers.worlds import request_worlds
from tests.architecture.source import ROOMS, ROOT, modules

LONGEST_FILE = 350
ONE_FILE_ON_PURPOSE = {"governance/audit/verifier.py"}
"""An auditor runs it anywhere by itself."""

OUTSIDE_THE_PRODUCT = ("examples", "simulators", "tests", "bench")

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc", "stuff"}


def test_no_file_is_too_long() -> None:
    too_long = {
        str(path.relative_to(ROOT)): lines
        for room in (*ROOMS, "simulators", "tests", "bench")
        for path in (ROOT / room).rglob("*.py")
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST_FILE
    }
    assert set(too_long) <= ONE_FILE_ON_PURPOSE, too_long


def test_no_request_imports_another() -> None:
    """What two of them need lies in their world, or in `conversation/`."""
    folders = {f"handlers.{world}.{name}" for name, world in request_worlds().items()}
    crossed = []
    for path, tree in modules().items():
        mine = ".".join(Path(path).parts[:3])
        for node in ast.walk(tree):
            if mine in folders and isinstance(node, ast.ImportFrom) and node.module:
                theirs = ".".join(node.module.split(".")[:3])
                if theirs in folders and theirs != mine:
                    crossed.append((path, node.module))
    assert crossed == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in modules() if Path(path).stem in EMPTY_NAMES] == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for path in modules():
        source = (ROOT / path).read_text(encoding="utf-8")
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            assert not (token.type == tokenize.COMMENT and marks.search(token.string)), (
                f"{path}:{token.start[0]}"
            )
    for path, tree in modules().items():
        for node in ast.walk(tree):
            unfinished = isinstance(node, ast.Name) and node.id == "NotImplementedError"
            assert not unfinished, path


def test_the_sample_is_named_by_the_shells_settings_alone() -> None:
    """The product imports nothing from the sample, and knows none of its people."""
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                )
                assert not any(name.startswith(OUTSIDE_THE_PRODUCT) for name in names), path
