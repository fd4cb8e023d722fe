"""Which lines a suite ran: as the sandbox measures it, and what is believed of a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.engineering.verdict.changes import read_tree
from agents.engineering.verdict.line_coverage import FunctionCoverage, read_coverage
from agents.engineering.verdict.suite import run_suite
from bench.verdict import this_python
from integrations.sandbox.vendors.local.client import LocalSandbox

PRODUCT = """def ran(n):
    return n + 1


def half(n):
    if n > 100:
        return "large"
    return "small"
"""
UNUSED = "def never():\n    return 1\n"
TEST = "from shop.sums import half, ran\n\n\ndef test_both():\n    assert (ran(1), half(2)) == (2, 'small')\n"
SETTINGS = '[tool.pytest.ini_options]\npythonpath = ["."]\n'


def tree_of(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


@pytest.mark.sandbox
@pytest.mark.processes
async def test_a_suite_in_the_sandbox_says_which_lines_it_ran(tmp_path: Path) -> None:
    files = {
        "shop/sums.py": PRODUCT,
        "shop/unused.py": UNUSED,
        "tests/test_sums.py": TEST,
        "pyproject.toml": SETTINGS + '[tool.coverage.run]\nomit = ["shop/unused.py"]\n',
    }
    tree = read_tree(tree_of(tmp_path / "tree", files))
    sandbox = LocalSandbox(tmp_path / "sandbox")
    run = await run_suite(tree, sandbox, this_python(tmp_path / "packages"), tmp_path / "suite")
    assert (run.exit_code, set(run.outcomes.values())) == (0, {"passed"}), run.output
    assert run.coverage is not None
    found = {file.path: (file.covered, file.total) for file in run.coverage.files}
    assert found == {"shop/sums.py": (5, 6), "shop/unused.py": (0, 2)}, "what the tree leaves out counts"
    (sums,) = (file for file in run.coverage.files if file.path == "shop/sums.py")
    assert sums.functions == (FunctionCoverage("half", 5, 2, 3),)


def reported(**files: object) -> str:
    return json.dumps({"files": {f"{name}.py": said for name, said in files.items()}})


def test_lines_that_a_file_does_not_have_count_for_nothing() -> None:
    said = {"executed_lines": [1, 2, 2, 900, -3], "missing_lines": [2, 3, 901], "functions": {}}
    found = read_coverage(reported(a=said, b=said), {"a.py": "1\n2\n3\n"})
    assert found is not None
    assert [(file.path, file.covered, file.total) for file in found.files] == [("a.py", 2, 3)]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"files": []}', '{"files": {"a.py": 3}}', '{"files": {"a.py": {"executed_lines": "x"}}}'],
)
def test_what_is_no_report_is_no_measure(text: str) -> None:
    assert read_coverage(text, {"a.py": "1\n"}) is None
