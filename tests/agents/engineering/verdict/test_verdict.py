"""Rules and runs in one verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread, current_thread

import pytest

from agents.engineering.verdict.changes import TreeTooLarge, read_tree
from agents.engineering.verdict.suite import FOLDER, Runs, SuiteRun, outcomes_of, run_suite
from agents.engineering.verdict.verdict import Verdict, verdict
from integrations.sandbox import Command, Environment, Ran
from tests.agents.engineering.verdict.trees import changed, whats

AT = datetime(2026, 11, 30, tzinfo=UTC)
TEST = "def test_p():\n    assert True\n"
REPORT = """<testsuites><testsuite><testcase classname="tests.test_p" name="test_p"/>
<testcase classname="tests.test_p" name="test_q[1]"><failure/></testcase>
<testcase classname="tests.test_p" name="test_r"><skipped/></testcase></testsuite></testsuites>"""


def run(exit_code: int | None = 0, limit: str = "", **outcomes: str) -> SuiteRun:
    named = {f"tests.test_p::{name}": outcome for name, outcome in (outcomes or {"test_p": "passed"}).items()}
    return SuiteRun(exit_code, limit, named, "", 0.1)


def judged(folder: Path, suite: SuiteRun, again: SuiteRun | None = None) -> Verdict:
    change = changed(folder, {"tests/test_p.py": TEST, "README.md": "a"}, {"README.md": "b"})
    return verdict(change, Runs(suite, again, None, None), "b1", "h1", AT)


@pytest.mark.parametrize(
    ("suite", "again", "decision", "what"),
    [
        (run(), None, "merge", []),
        (run(1, test_p="failed"), run(1, test_p="failed"), "block", ["tests fail"]),
        (run(1, test_p="failed"), run(), "merge", []),
        (
            run(1, test_p="failed", test_q="passed"),
            run(1, test_p="passed", test_q="failed"),
            "ask",
            ["other tests fail each time"],
        ),
        (run(5, test_p="passed"), None, "ask", ["no test was run"]),
        (SuiteRun(0, "", {}, "", 0.1), None, "ask", ["no test was run"]),
        (SuiteRun(None, "time", {}, "", 600), None, "ask", ["tests not run to their end"]),
        (run(test_other="passed"), None, "ask", ["test not run"]),
    ],
)
def test_what_the_suite_decides(
    suite: SuiteRun, again: SuiteRun | None, decision: str, what: list[str], tmp_path: Path
) -> None:
    given = judged(tmp_path, suite, again)
    assert given.decision == decision
    assert whats(given.findings) == what


def test_a_flaky_test_is_named(tmp_path: Path) -> None:
    assert judged(tmp_path, run(1, test_p="failed"), run()).flaky == ("tests.test_p::test_p",)


def test_it_speaks_of_one_pair_of_commits_and_shows_its_working(tmp_path: Path) -> None:
    given = judged(tmp_path, run())
    assert (given.base, given.head) == ("b1", "h1")
    last = given.facts[-1]
    assert (last.name, last.value, last.as_of) == ("verdict", "merge", AT)
    assert set(last.source.inputs) == {fact.id for fact in given.facts[:-1]}
    assert "h1" in last.source.detail


def test_without_a_sandbox_a_person_is_asked(tmp_path: Path) -> None:
    change = changed(tmp_path, {"README.md": "a"}, {"README.md": "b"})
    assert verdict(change, None, "b", "h", AT).decision == "ask"


def test_results_are_read_from_the_report_and_entities_are_refused() -> None:
    assert outcomes_of(REPORT) == {
        "tests.test_p::test_p": "passed",
        "tests.test_p::test_q[1]": "failed",
        "tests.test_p::test_r": "skipped",
    }
    assert outcomes_of('<!DOCTYPE a [<!ENTITY b "c">]>' + REPORT) == {}
    assert outcomes_of("<testsuites") == {}


class Reports:
    """A sandbox in which each command leaves a report of its tests."""

    async def run(self, command: Command) -> Ran:
        (command.tree / FOLDER / "results.xml").write_text(REPORT)
        return Ran(0, None, "", command.tree / "output", 0.1, 0.1, 1)


async def test_what_a_run_left_is_read_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[Thread] = []

    def noted(text: str) -> dict[str, str]:
        readers.append(current_thread())
        return outcomes_of(text)

    monkeypatch.setattr("agents.engineering.verdict.suite.outcomes_of", noted)
    tree = read_tree(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    ran = await run_suite(tree, Reports(), Environment((), {}, ()), tmp_path / "place")
    assert len(ran.outcomes) == 3
    assert readers
    assert current_thread() not in readers


def test_a_tree_is_read_without_its_links_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "out").symlink_to("/etc")
    tree = read_tree(tmp_path)
    assert set(tree.files) == {"a.txt", "out"}
    assert tree.files["out"].text is None
    monkeypatch.setattr("agents.engineering.verdict.changes.MAXIMUM_FILES", 1)
    with pytest.raises(TreeTooLarge):
        read_tree(tmp_path)
