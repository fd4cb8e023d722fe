"""The planted changes: what the rules alone say of each, and what the runs add to that."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.engineering.verdict.rules import findings_of
from agents.engineering.verdict.suite import run_all
from agents.engineering.verdict.verdict import verdict
from bench.verdict import this_python
from integrations.sandbox.vendors.local.client import LocalSandbox
from tests.agents.engineering.verdict.trees import ALL, planted

DANGERS = {
    "breaking": {"breaking", "unproven", "tampered"},
    "tampered": {"tampered", "breaking"},
    "harmful": {"harmful", "unproven"},
}
RUN = [
    "helper-inlined",
    "private-renamed-with-its-test",
    "cli-option-added",
    "error-code-reworded",
    "rounding-mode",
    "shell",
    "anyone-may-close",
    "knows-of-tests",
]


def test_the_planted_changes_are_many_and_of_every_kind() -> None:
    said = [verdict for _, verdict, _ in ALL.values()]
    assert len(said) >= 80
    assert said.count("fine") >= 18


@pytest.mark.parametrize("name", ALL)
def test_the_rules_ask_about_what_is_not_fine_alone(name: str, tmp_path: Path) -> None:
    _, said, _ = ALL[name]
    found = findings_of(planted(tmp_path, name))
    if said == "fine":
        assert not found
    else:
        assert {finding.danger for finding in found} & DANGERS[said]


@pytest.mark.sandbox
@pytest.mark.processes
@pytest.mark.parametrize("name", RUN)
async def test_the_verdict_with_its_runs(name: str, tmp_path: Path) -> None:
    change = planted(tmp_path, name)
    (tmp_path / "runs").mkdir()
    sandbox = LocalSandbox(tmp_path / "sandbox")
    runs = await run_all(change, sandbox, this_python(tmp_path / "packages"), tmp_path / "runs")
    given = verdict(change, runs, "b", "h", datetime(2026, 11, 30, tzinfo=UTC))
    assert runs.suite.outcomes
    assert runs.old is not None
    assert runs.old.traces
    assert (given.decision == "merge") == (ALL[name][1] == "fine"), given.findings
