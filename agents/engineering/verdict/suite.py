"""What code saw when the tests ran: the suite at exactly the new tree, and old and new code under the same
tests.

All of it runs in a sandbox. The suite runs as the new tree configures it; the comparison runs with the old
settings and the old `conftest.py`, so that a change cannot choose how it is compared. What a run leaves
behind is data: it is read with a bound, and never through a link.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from agents.engineering.verdict.behaviour import Noted, read_noted
from agents.engineering.verdict.changes import ChangeSet, Tree
from agents.engineering.verdict.line_coverage import SETTINGS, LineCoverage, measures_itself, read_coverage
from agents.engineering.verdict.probing import FOLDER, write_trees
from integrations.sandbox import Command, Environment, Limits, Ran, Sandbox
from integrations.sandbox.reading_back import NotPlain, read_back

_MOST_BYTES = 40_000_000
_LIMITS = Limits(seconds=600, memory_bytes=2 * 2**30, processes=200)
_COMPARING = Limits(seconds=60, memory_bytes=2 * 2**30, processes=100)
_SETTINGS = f"--rcfile={FOLDER}/coveragerc"
_PLUGINS = re.compile(
    r"mark\.(asyncio|anyio|django_db|trio)|pytest_(plugins|asyncio|django|mock)|\bmocker\b|"
    r"\bhttpx_mock\b|\bclient\b"
)


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of the suite: how it ended, and whether each test passed, failed, erred or was skipped.

    `exit_code` is None where a limit ended it, which `limit` names. `coverage` is which lines of the product
    it ran, None where nothing was measured.
    """

    exit_code: int | None
    limit: str
    outcomes: Mapping[str, str]
    output: str
    seconds: float
    coverage: LineCoverage | None = None

    @property
    def failed(self) -> frozenset[str]:
        """Names of the tests that failed."""
        return frozenset(name for name, outcome in self.outcomes.items() if outcome in ("failed", "error"))


@dataclass(frozen=True, slots=True)
class Runs:
    """What was run for one change. `again` is the suite's second run, made where the first one failed."""

    suite: SuiteRun
    again: SuiteRun | None
    old: Noted | None
    new: Noted | None
    not_compared: str = ""


async def run_all(change: ChangeSet, sandbox: Sandbox, environment: Environment, scratch: Path) -> Runs:
    """Run the suite and, where the product changed, both codes. `scratch` is an empty folder, and is left full.

    Raises SandboxError where nothing could be run.
    """
    product = {*change.before.product, *change.after.product}
    if not product.intersection(change.changed):
        return Runs(*await _suite(change.after, sandbox, environment, scratch), None, None)
    old, new = scratch / "old", scratch / "new"
    await asyncio.to_thread(write_trees, change, old, new)
    quick = "" if any(_PLUGINS.search(text) for text in change.after.tests.values()) else "1"
    runs = (
        asyncio.ensure_future(_suite(change.after, sandbox, environment, scratch)),
        asyncio.ensure_future(_noted(old, sandbox, environment, quick)),
        asyncio.ensure_future(_noted(new, sandbox, environment, quick)),
    )
    # Where one fails, the others still come to their end before their folder does.
    await asyncio.gather(*runs, return_exceptions=True)
    (suite, again), before, after = runs[0].result(), runs[1].result(), runs[2].result()
    missing = "; ".join(part for part in (before, after) if isinstance(part, str))
    if isinstance(before, str) or isinstance(after, str):
        return Runs(suite, again, None, None, missing)
    return Runs(suite, again, before, after)


async def _suite(
    tree: Tree, sandbox: Sandbox, environment: Environment, scratch: Path
) -> tuple[SuiteRun, SuiteRun | None]:
    first = await run_suite(tree, sandbox, environment, scratch / "suite")
    if first.exit_code == 1 and first.failed:
        return first, await run_suite(tree, sandbox, environment, scratch / "again")
    return first, None


async def run_suite(tree: Tree, sandbox: Sandbox, environment: Environment, place: Path) -> SuiteRun:
    """Run a tree's whole suite as the tree configures it, in a copy at `place`, and see which lines it runs.
    Raises SandboxError."""
    await asyncio.to_thread(_copied, tree, place)
    measuring = () if measures_itself(tree) else ("coverage", "run", _SETTINGS, "-m")
    argv = ("python", "-m", *measuring, "pytest", "-q", "-p", "no:cacheprovider")
    argv += (f"--junitxml={FOLDER}/results.xml",)
    ran = await sandbox.run(Command(argv, place, environment, {"PYTHONDONTWRITEBYTECODE": "1"}, _LIMITS))
    outcomes = await asyncio.to_thread(lambda: outcomes_of(_read(place, "results.xml")))
    covered = await _coverage(tree, sandbox, environment, place) if outcomes else None
    limit = ran.limit.value if ran.limit else ""
    return SuiteRun(ran.exit_code, limit, outcomes, ran.output, ran.seconds, covered)


async def _coverage(tree: Tree, sandbox: Sandbox, environment: Environment, place: Path) -> LineCoverage | None:
    """What was measured, made readable inside: a database that tests may have written is not opened outside."""
    data = ("--data-file=.coverage",) if measures_itself(tree) else ()
    argv = ("python", "-m", "coverage", "json", "-q", _SETTINGS, *data, "-o", f"{FOLDER}/coverage.json")
    await sandbox.run(Command(argv, place, environment, {}, _COMPARING))
    return await asyncio.to_thread(lambda: read_coverage(_read(place, "coverage.json"), tree.product))


def _copied(tree: Tree, place: Path) -> None:
    for path, file in tree.files.items():
        if file.link is None:
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree.root / path, place / path, follow_symlinks=False)
            (place / path).chmod(0o755 if file.executable else 0o644)
    (place / FOLDER).mkdir(parents=True)
    (place / FOLDER / "coveragerc").write_text(SETTINGS, "utf-8")


async def _noted(place: Path, sandbox: Sandbox, environment: Environment, quick: str) -> Noted | str:
    """The notes of one comparison; a text that says what went wrong, where there are none."""
    argv = (
        "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "verdict_inside",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "--tb=native",
        "--continue-on-collection-errors",
    )
    paths = [f"/work/{FOLDER}", *filter(None, [environment.variables.get("PYTHONPATH", "")])]
    variables = {"PYTHONPATH": ":".join(paths), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    if quick:
        variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = quick
    ran: Ran = await sandbox.run(Command(argv, place, environment, variables, _COMPARING))
    try:
        return await asyncio.to_thread(lambda: read_noted(_read(place, "noted.json")))
    except ValueError as problem:
        return f"{place.name}: {problem}; {ran.limit or ran.output[-300:]}"


def _read(place: Path, name: str) -> str:
    """What a run left, or nothing: whatever else stands there proves nothing."""
    try:
        left = read_back(place, f"{FOLDER}/{name}", _MOST_BYTES)
    except NotPlain:
        return ""
    return (left or b"").decode("utf-8", errors="replace")


def outcomes_of(text: str) -> dict[str, str]:
    """The outcome of each test by `module::name`, from a JUnit XML report; empty where it is none.

    A document type, and with it every entity, is refused.
    """
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return {}
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError:
        return {}
    found: dict[str, str] = {}
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        kinds = {child.tag for child in case}
        outcome = next(
            (
                said
                for tag, said in (("error", "error"), ("failure", "failed"), ("skipped", "skipped"))
                if tag in kinds
            ),
            "passed",
        )
        found[name] = outcome
    return found
