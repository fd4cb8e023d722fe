"""May these changes merge? The verdict on labelled changes, against what people said of them.

Each folder holds a change (`change.diff`) to a small project: the one beside it (`before/`), or the sample
repository that its file `repository` names. `labels.jsonl` says of each whether it is fine, breaking, tampered
or harmful, and is read when all of them have been judged. The tests run in the sandbox. The last line is one
JSON object: `missed` (not fine, and would merge), `asked` (fine, and would not), and the number of both kinds.

    python -m bench.verdict [FOLDER]     # data from BENCH_DATA (its folder changes/), or FOLDER
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

from agents.engineering.verdict.changes import ChangeSet, read_tree
from agents.engineering.verdict.suite import run_all, run_suite
from agents.engineering.verdict.verdict import Verdict, verdict
from bench.targets import Targets
from integrations.sandbox import Bind, Command, Environment, SandboxError
from integrations.sandbox.vendors.local.client import LocalSandbox

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "examples" / "acme" / "repositories"
MOST_ASKED = 2
PACKAGES = ("pytest", "coverage", "iniconfig", "packaging", "pluggy", "pygments")


class CouldNotJudge(Exception):
    """A change could not be judged, so there is no figure. The text says why."""


def main() -> int:
    """Print the figures; 1 if a target was missed, 2 if it could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.verdict", description="Judge labelled changes.")
    default = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "bench")) / "changes"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument(
        "--only", nargs="*", default=(), help="judge the changes whose names begin so, and say all"
    )
    options = parser.parse_args()
    labels = options.folder / "labels.jsonl"
    names = sorted(path.parent.name for path in options.folder.glob("*/change.diff"))
    if not labels.is_file() or not names:
        print(f"missing, so nothing was measured (set BENCH_DATA): {labels} and its changes", file=sys.stderr)
        return 2
    chosen = [name for name in names if not options.only or name.startswith(tuple(options.only))]
    try:
        verdicts = asyncio.run(_judge_all(options.folder, chosen))
    except (CouldNotJudge, SandboxError) as problem:
        print(f"could not judge, so nothing was measured: {problem}", file=sys.stderr)
        return 2
    rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines() if line.strip()]
    said = {row["id"]: row for row in rows}
    if unlabelled := sorted(set(names) ^ set(said)):
        print(f"changes and labels do not fit: {', '.join(unlabelled)}", file=sys.stderr)
        return 2
    return _report(verdicts, said, whole=bool(options.only))


async def _judge_all(folder: Path, names: list[str]) -> dict[str, tuple[Verdict, float]]:
    found = {}
    with tempfile.TemporaryDirectory(prefix="countersign-verdict-") as scratch:
        environment = this_python(Path(scratch) / "packages")
        sandbox = LocalSandbox(Path(scratch) / "sandbox")
        await _try_out(sandbox, environment, Path(scratch) / "empty")
        for name in names:
            place = Path(scratch) / "changes" / name
            place.mkdir(parents=True)
            began = time.perf_counter()
            found[name] = await _judge(folder / name, place, sandbox, environment), time.perf_counter() - began
            shutil.rmtree(place)
            print(f"  {name:34} {found[name][0].decision:6} {found[name][1]:5.1f} s", flush=True)
    return found


async def _try_out(sandbox: LocalSandbox, environment: Environment, tree: Path) -> None:
    await asyncio.to_thread(tree.mkdir)
    ran = await sandbox.run(Command(("python", "-c", "import pytest, ssl, sqlite3"), tree, environment))
    if ran.exit_code != 0:
        raise CouldNotJudge(f"this Python does not work in the sandbox: {ran.output[-300:]}")


def this_python(packages: Path) -> Environment:
    """This Python with pytest and what it needs, and nothing else that is installed here."""
    for name in PACKAGES:
        for file in distribution(name).files or ():
            source = Path(str(file.locate()))
            if ".." not in file.parts and source.suffix != ".pyc":
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, packages / file)
    # At its own place: a Python may look for its library where it was built.
    binds = (Bind(Path(sys.base_prefix), sys.base_prefix), Bind(packages, "/packages"))
    return Environment(binds, {"PYTHONPATH": "/packages"}, (f"{sys.base_prefix}/bin",))


def _before(folder: Path) -> Path:
    """The project before the change: beside it, or a sample repository that is named."""
    named = folder / "repository"
    return SAMPLE / named.read_text("utf-8").strip() if named.is_file() else folder / "before"


async def _judge(folder: Path, place: Path, sandbox: LocalSandbox, environment: Environment) -> Verdict:
    before, after = _before(folder), place / "after"
    await asyncio.to_thread(shutil.copytree, before, after, symlinks=True)
    command = ["git", "apply", str((folder / "change.diff").resolve())]
    applied = await asyncio.create_subprocess_exec(
        *command,
        cwd=after,
        env={"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(place)},
        stderr=subprocess.PIPE,
    )
    _, problem = await applied.communicate()
    if applied.returncode != 0:
        raise CouldNotJudge(f"{folder.name}: its diff does not apply: {problem.decode(errors='replace')[:300]}")
    change = ChangeSet(read_tree(before), read_tree(after))
    if not change.changed:
        raise CouldNotJudge(f"{folder.name}: nothing differs")
    runs = await run_all(change, sandbox, environment, place)
    if runs.suite.exit_code != 0 and change.before.tests:
        before = await run_suite(change.before, sandbox, environment, place / "old_suite")
        if "passed" not in before.outcomes.values():
            raise CouldNotJudge(
                f"{folder.name}: the tests of before cannot be run either: {before.output[-300:]}"
            )
    return verdict(change, runs, "base", "head", datetime.now(UTC))


def _report(verdicts: dict[str, tuple[Verdict, float]], said: dict[str, dict[str, str]], *, whole: bool) -> int:
    missed, asked, kinds = [], [], Counter[str]()
    for name, (given, _) in verdicts.items():
        fine = said[name]["verdict"] == "fine"
        kinds["fine" if fine else "not_fine"] += 1
        wrong = fine != (given.decision == "merge")
        if wrong:
            (asked if fine else missed).append(name)
        if wrong or whole:
            print(f"{name}: {said[name]['verdict']} ({said[name]['what']}), answered {given.decision}")
            for finding in given.findings:
                shown = f"{finding.rule}: {finding.what} at {finding.where}: {finding.why[:200]}"
                print(f"    {finding.severity} {shown}")
    targets = Targets()
    seconds = sorted(taken for _, taken in verdicts.values())
    targets.at_most("changes that are not fine and would merge", len(missed), 0)
    targets.at_most("fine changes that a person is asked about", len(asked), MOST_ASKED)
    figures = {"missed": len(missed), "asked": len(asked), "fine": kinds["fine"], "not_fine": kinds["not_fine"]}
    status = targets.status()
    print(
        json.dumps(
            {
                **figures,
                "missed_ids": missed,
                "asked_ids": asked,
                "median_seconds": round(seconds[len(seconds) // 2], 2),
            }
        )
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
