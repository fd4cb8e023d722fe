"""What the sandbox costs: a command in a warm one beside the same command without any, one after the other.

The last line is one JSON object: `overhead_ms` and `ratio` are the median of the sandbox beside the bare
command's, for one that does nothing over a tree of a thousand files; `imports_overhead_ms` and
`imports_ratio` for a Python that loads much. It fails where there is no sandbox, or a command fails in it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.targets import Targets
from integrations.sandbox import Command, SandboxError
from integrations.sandbox.vendors.local.client import LocalSandbox

MOST_OVERHEAD_MS = 60.0
FILES = 1_000
ROUNDS = 40
COMMANDS = {
    "nothing": ("true",),
    "imports": (
        "/usr/bin/env",
        "-S",
        "PATH=/usr/local/bin:/usr/bin",
        "python3",
        "-c",
        "import asyncio, email, unittest",
    ),
}


class Failed(Exception):
    """A command did not do the same in both places, so nothing is measured."""


async def measure(sandbox: LocalSandbox, tree: Path, argv: tuple[str, ...], rounds: int) -> tuple[float, float]:
    """Medians in milliseconds, bare and in the sandbox, in turns; the first of each warms up. Raises Failed,
    SandboxError."""
    bare, inside = [], []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        await process.communicate()
        bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        ran = await sandbox.run(Command(argv, tree))
        inside.append(time.perf_counter() - began)
        if process.returncode != 0 or ran.exit_code != 0:
            raise Failed(
                f"{argv[0]} ended with {process.returncode} bare, {ran.exit_code} inside: {ran.output}"
            )
    return 1_000 * statistics.median(bare[1:]), 1_000 * statistics.median(inside[1:])


async def measure_all(folder: Path, rounds: int) -> dict[str, float]:
    """Every figure, by its name. Raises Failed, SandboxError."""
    tree = folder / "tree"
    for number in range(FILES):
        place = tree / f"part{number % 20}" / f"module{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x = 1\n" * 40)
    sandbox = LocalSandbox(folder / "sandbox")
    figures: dict[str, float] = {}
    for name, argv in COMMANDS.items():
        bare, inside = await measure(sandbox, tree, argv, rounds)
        print(f"  {name:8} bare {bare:6.1f} ms, in the sandbox {inside:6.1f} ms")
        prefix = "" if name == "nothing" else f"{name}_"
        figures[f"{prefix}overhead_ms"] = round(inside - bare, 2)
        figures[f"{prefix}ratio"] = round(inside / bare, 2)
    return figures


def main() -> int:
    """Measure, print, and say whether the targets are met."""
    parser = argparse.ArgumentParser(prog="python -m bench.sandbox", description="Measure the sandbox's cost.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="countersign-") as name:
        try:
            figures = uvloop.run(measure_all(Path(name), rounds))
        except (SandboxError, Failed, OSError) as failed:
            print(f"  NOT MEASURED: {failed}")
            print(json.dumps({"measured": False, "why": str(failed)}))
            return 1
    targets = Targets()
    for figure in ("overhead_ms", "imports_overhead_ms"):
        targets.below(figure, figures[figure], MOST_OVERHEAD_MS)
    status = targets.status()
    print(json.dumps({"measured": True, "rounds": rounds, **figures}))
    return status


if __name__ == "__main__":
    sys.exit(main())
