"""The verdict on two trees, as the steps of a story use it: worked out, kept as JSON, and said in sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agents.engineering.trees import folder
from agents.engineering.verdict.changes import ChangeSet, Finding, TreeTooLarge, read_tree
from agents.engineering.verdict.dependencies import new_packages, of_package, with_record
from agents.engineering.verdict.suite import Runs, SuiteRun, run_all
from agents.engineering.verdict.verdict import Decision, coverage, verdict
from integrations.environments import EnvironmentsError
from integrations.ports import Ports
from integrations.sandbox import SandboxError

_MOST_SAID = 8


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict as it is kept: `decision` is merge, ask (a person) or block. `covered` of `coverable` changed
    lines were run by the suite; both None where it did not run. `outcomes` are those of its tests by
    `module::name`, for whoever judges: they are not kept."""

    decision: Decision
    findings: tuple[Finding, ...]
    flaky: tuple[str, ...] = ()
    covered: int | None = None
    coverable: int | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {name: value for name, value in asdict(self).items() if name != "outcomes"}

    def also(self, *findings: Finding) -> Judgement:
        """The same with further findings, which ask a person."""
        asked: Decision = "block" if self.decision == "block" else "ask"
        return replace(self, decision=asked, findings=tuple(dict.fromkeys((*self.findings, *findings))))

    @property
    def says(self) -> str:
        """In sentences, what is wrong first."""
        if not self.findings:
            said = "Nothing speaks against merging it: the suite passes and no rule found anything."
        else:
            shown = sorted(self.findings, key=lambda one: one.severity != "block")[:_MOST_SAID]
            listed = "\n".join(f"- {_line(one)}" for one in shown)
            more = len(self.findings) - len(shown)
            lead = "It cannot be merged" if self.decision == "block" else "A person has to look at it"
            said = f"{lead}:\n{listed}" + (f"\n- and {more} more" if more else "")
        if self.flaky:
            said += f"\nFlaky, and passed when run again: {', '.join(self.flaky[:5])}."
        return said


def _line(finding: Finding) -> str:
    at = f" ({finding.where})" if finding.where else ""
    who = f" It concerns {finding.affected}." if finding.affected else ""
    return f"{finding.what}{at}: {finding.why}.{who}"


_JUDGEMENT = TypeAdapter(Judgement)


def load(body: Mapping[str, Any]) -> Judgement:
    """What `body` gave."""
    return _JUDGEMENT.validate_python(dict(body))


Ran = Callable[[SuiteRun], Awaitable[None]]
"""Told of the suite's run over the files of after, the last where it was run again."""


async def judge(
    ports: Ports, before: Path, after: Path, *, base: str, head: str, at: datetime, ran: Ran | None = None
) -> Judgement:
    """Work the verdict out: the rules over both trees, and the suite in the sandbox. Where the suite cannot be
    run a person is asked; nothing is taken for granted."""
    try:
        trees = await asyncio.to_thread(read_tree, before), await asyncio.to_thread(read_tree, after)
    except TreeTooLarge as large:
        return _asked("repository too large to judge", str(large))
    change = ChangeSet(*trees)
    try:
        judged = await _judge(ports, change, before, ran, base=base, head=head, at=at)
    except (RecursionError, MemoryError):  # Python's own parser raises them, of what is nested without end
        return _asked("code nested too deeply to judge", "no rule can read it")
    return replace(judged, findings=await _with_records(judged.findings, change, ports))


async def _judge(
    ports: Ports, change: ChangeSet, before: Path, ran: Ran | None, *, base: str, head: str, at: datetime
) -> Judgement:
    try:
        environment = await ports.environments.of(before)
        async with folder() as scratch:
            runs = await run_all(change, ports.sandbox, environment, scratch)
    except (SandboxError, EnvironmentsError) as missing:
        found = await asyncio.to_thread(verdict, change, None, base, head, at, str(missing))
        return Judgement(found.decision, found.findings)
    found = await asyncio.to_thread(verdict, change, runs, base, head, at)
    if ran is not None:
        await ran(runs.again or runs.suite)
    covered = coverable = None
    if runs.new is not None:
        covered, coverable = await asyncio.to_thread(coverage, change, runs.new)
    return Judgement(found.decision, found.findings, found.flaky, covered, coverable, _outcomes(runs))


def _outcomes(runs: Runs) -> Mapping[str, str]:
    """Of each test; one that passed when it was run again has passed."""
    return runs.suite.outcomes if runs.again is None else {**runs.suite.outcomes, **runs.again.outcomes}


async def _with_records(findings: tuple[Finding, ...], change: ChangeSet, ports: Ports) -> tuple[Finding, ...]:
    """With the licence and known vulnerabilities of what the change would install that is new."""
    if not any(map(of_package, findings)):
        return findings
    new = await asyncio.to_thread(new_packages, change)
    records = await ports.environments.records(tuple(new.values()))
    said = []
    for finding in findings:
        name = of_package(finding)
        package = new.get(name) if name else None
        record = records.get(package) if package else None
        said.append(with_record(finding, package, record) if name else finding)
    return tuple(said)


def _asked(what: str, why: str) -> Judgement:
    return Judgement("ask", (Finding("tree", "ask", "unproven", what, "", why),))
