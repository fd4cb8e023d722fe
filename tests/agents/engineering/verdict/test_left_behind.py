"""What a hostile suite leaves where its results are looked for: it proves nothing, and leads nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.engineering.verdict import suite
from agents.engineering.verdict.changes import read_tree
from agents.engineering.verdict.suite import run_suite
from bench.verdict import this_python
from integrations.sandbox.vendors.local.client import LocalSandbox

pytestmark = [pytest.mark.sandbox, pytest.mark.processes]

FORGED = '<testsuite><testcase classname="tests.test_p" name="test_p"/></testsuite>'
CONFTEST = """import atexit, os, shutil
at = ".verdict/results.xml"
def leave():
    os.unlink(at)
    {leave}
atexit.register(leave)
"""


@pytest.mark.parametrize(
    "leave",
    [
        "os.symlink({secret!r}, at)",
        "shutil.rmtree('.verdict'); os.symlink({folder!r}, '.verdict')",
        "os.mkfifo(at)",
        "os.truncate(os.open(at, os.O_CREAT | os.O_WRONLY), 2**30)",
        "os.mkdir(at)",
    ],
)
async def test_results_are_no_link_no_pipe_and_not_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leave: str
) -> None:
    monkeypatch.setattr(suite, "_MOST_BYTES", 100_000)
    secret = tmp_path / "secret" / "results.xml"
    secret.parent.mkdir()
    secret.write_text(FORGED)
    tree = tmp_path / "tree"
    (tree / "tests").mkdir(parents=True)
    (tree / "tests" / "test_p.py").write_text("def test_p():\n    assert True\n")
    said = leave.format(secret=str(secret), folder=str(secret.parent))
    (tree / "conftest.py").write_text(CONFTEST.format(leave=said))
    sandbox = LocalSandbox(tmp_path / "sandbox")
    ran = await run_suite(read_tree(tree), sandbox, this_python(tmp_path / "packages"), tmp_path / "place")
    assert (ran.exit_code, ran.outcomes) == (0, {}), ran.output
