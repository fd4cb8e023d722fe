"""The verdict: may this change merge, from what code saw alone.

It is bound to the commit that was judged and the one it would be merged on: for any other pair it says
nothing, and on the result of a merge it is worked out again. Nothing that anybody wrote (a title, a
message, a comment, a model's word) goes into it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agents.engineering.verdict.behaviour import Noted, behaviour
from agents.engineering.verdict.changes import ChangeSet, Finding, added_lines
from agents.engineering.verdict.checks import is_collected, tests
from agents.engineering.verdict.python_source import syntax_tree
from agents.engineering.verdict.rules import findings_of
from agents.engineering.verdict.suite import Runs, SuiteRun
from governance.facts import Fact, Source

Decision = Literal["merge", "ask", "block"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a change may merge, for one head on one base, and all that it rests on."""

    base: str
    head: str
    decision: Decision
    findings: tuple[Finding, ...]
    flaky: tuple[str, ...]
    facts: tuple[Fact, ...]


def verdict(
    change: ChangeSet,
    runs: Runs | None,
    base: str,
    head: str,
    at: datetime,
    not_run: str = "there is no sandbox to run them in",
) -> Verdict:
    """Put the rules and the runs together. Without runs a person is asked, and told why there are none."""
    found = list(findings_of(change))
    if not change.changed:
        why = "no file is another than before, so nothing of what it does was seen"
        found.append(Finding("tree", "ask", "unproven", "nothing differs", "", why))
    flaky: tuple[str, ...] = ()
    if runs is None:
        found.append(_of_suite("ask", "unproven", "tests not run", not_run))
    else:
        flaky = _flaky(runs)
        found += [*_suite(change, runs), *_compared(change, runs)]
    findings = tuple(dict.fromkeys(found))
    blocked = any(finding.severity == "block" for finding in findings)
    decision: Decision = "block" if blocked else "ask" if findings else "merge"
    return Verdict(
        base,
        head,
        decision,
        findings,
        flaky,
        _facts(change, runs, decision, findings, base, head, at),
    )


def _of_suite(
    severity: Literal["ask", "block"], danger: Literal["tampered", "unproven"], what: str, why: str
) -> Finding:
    return Finding("suite", severity, danger, what, "", why)


def _flaky(runs: Runs) -> tuple[str, ...]:
    return tuple(sorted(runs.suite.failed - runs.again.failed)) if runs.again else ()


def _last(runs: Runs) -> SuiteRun:
    return runs.again or runs.suite


def _suite(change: ChangeSet, runs: Runs) -> list[Finding]:
    suite = _last(runs)
    found: list[Finding] = []
    if suite.limit or suite.exit_code is None:
        found.append(
            _of_suite("ask", "unproven", "tests not run to their end", f"ended by the limit of {suite.limit}")
        )
    elif runs.again and runs.again.failed - runs.suite.failed:
        found.append(
            _of_suite(
                "ask", "unproven", "other tests fail each time", ", ".join(sorted(runs.again.failed))[:200]
            )
        )
    elif suite.exit_code == 5 or (suite.exit_code == 0 and not suite.outcomes):
        found.append(_of_suite("ask", "unproven", "no test was run", "nothing shows what the change does"))
    elif suite.exit_code != 0:
        failed = ", ".join(sorted(suite.failed)[:5]) or suite.output[-200:]
        found.append(_of_suite("block", "unproven", "tests fail", failed))
    if shaky := [name for name in _flaky(runs) if _is_changed_test(change, name)]:
        found.append(
            _of_suite("ask", "unproven", "flaky test changed", f"{shaky[0]} passes on some runs alone")
        )
    if suite.outcomes:
        found += _not_run(change, suite)
    return found


def _is_changed_test(change: ChangeSet, name: str) -> bool:
    module = name.partition("::")[0].replace(".", "/")
    return any(f"{module}/".startswith(f"{path.removesuffix('.py')}/") for path in change.changed)


def _not_run(change: ChangeSet, suite: SuiteRun) -> list[Finding]:
    """Tests that stand in the new tree, or stood in both, and were not run or were skipped."""
    ran = {
        (name.partition("::")[0], name.partition("::")[2].partition("[")[0]): outcome
        for name, outcome in suite.outcomes.items()
    }
    found = []
    for path, text in change.after.tests.items():
        if not is_collected(path):
            continue
        known = _tests_of(change.before.text(path))
        for owner, name in _tests_of(text):
            module = path.removesuffix(".py").replace("/", ".") + (f".{owner}" if owner else "")
            outcome = next(
                (
                    o
                    for (where, test), o in ran.items()
                    if test == name
                    and (module == where or module.endswith(f".{where}") or where.endswith(f".{module}"))
                ),
                None,
            )
            if outcome is None:
                found.append(
                    Finding("suite", "ask", "tampered", "test not run", f"{path}:1", f"{name} was not run")
                )
            elif outcome == "skipped" and (owner, name) in known and text != change.before.text(path):
                found.append(
                    Finding("suite", "ask", "tampered", "test skipped", f"{path}:1", f"{name} was skipped")
                )
    return found


def _tests_of(text: str) -> list[tuple[str, str]]:
    try:
        return [(owner.name if owner else "", function.name) for function, owner in tests(syntax_tree(text))]
    except SyntaxError:
        return []


def _compared(change: ChangeSet, runs: Runs) -> list[Finding]:
    if runs.not_compared:
        return [_of_suite("ask", "unproven", "old and new code not compared", runs.not_compared[:300])]
    if runs.old is None or runs.new is None:
        return []
    return list(behaviour(change, runs.old, runs.new))


def coverage(change: ChangeSet, new: Noted) -> tuple[int, int]:
    """How many of the changed lines that can run were run, and how many there are."""
    run = total = 0
    for path in change.changed:
        if path not in change.after.product:
            continue
        lines = set(added_lines(*change.texts(path))) & _statements(change.after.text(path))
        total += len(lines)
        run += len(lines & new.lines.get(path, frozenset()))
    return run, total


def _statements(text: str) -> set[int]:
    try:
        nodes = list(ast.walk(syntax_tree(text)))
    except SyntaxError:
        return set()
    words = {id(node) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    return {node.lineno for node in nodes if isinstance(node, ast.stmt) and id(node) not in words}


def _facts(
    change: ChangeSet,
    runs: Runs | None,
    decision: Decision,
    findings: tuple[Finding, ...],
    base: str,
    head: str,
    at: datetime,
) -> tuple[Fact, ...]:
    def worked(
        id: str, name: str, value: int | str, unit: str, detail: str, inputs: tuple[str, ...] = ()
    ) -> Fact:
        return Fact(
            id, name, value, unit, at, Source("computation", f"{detail}; base {base}, head {head}", inputs)
        )

    facts = [worked("v1", "files changed", len(change.changed), "files", "the two trees compared")]
    if runs is not None:
        passed = sum(outcome == "passed" for outcome in _last(runs).outcomes.values())
        facts.append(
            worked(
                "v2",
                "tests passed",
                passed,
                "tests",
                f"the suite in the sandbox, exit code {_last(runs).exit_code}",
            )
        )
        if runs.new is not None:
            run, total = coverage(change, runs.new)
            facts.append(worked("v3", "changed lines run", run, f"of {total} lines", "the suite, line by line"))
    said = (
        "; ".join(f"{f.what} at {f.where}" if f.where else f.what for f in findings[:12])
        or "no rule found anything"
    )
    facts.append(worked("v4", "findings", len(findings), "findings", said))
    facts.append(
        worked("v0", "verdict", decision, "", "any finding asks, some block", tuple(fact.id for fact in facts))
    )
    return tuple(facts)
