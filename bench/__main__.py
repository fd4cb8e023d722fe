"""Runs every benchmark of this folder, each in a process of its own: `python -m bench [NAME …]`.

A benchmark is a module, or a package whose `__main__` is one, with a `main()`. It exits with 0 if it met its
targets; anything else, a crash included, is a failure, and the others still run. Nothing run is a failure as
well.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path
from time import monotonic

FOLDER = Path(__file__).parent


def benchmarks() -> list[str]:
    """The names of this folder's benchmarks."""
    modules = {path.stem: path for path in FOLDER.glob("*.py") if path.stem != "__main__"}
    packages = {path.parent.name: path for path in FOLDER.glob("*/__main__.py")}
    return sorted(name for name, path in (modules | packages).items() if _has_main(path))


def _has_main(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)


def main() -> int:
    """Run those that are named, or all, and print what became of each."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(benchmarks())}; all by default"
    )
    wanted = parser.parse_args().names or benchmarks()
    if unknown := sorted(set(wanted) - set(benchmarks())):
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    outcomes: dict[str, int] = {}
    for name in wanted:
        print(f"\n== {name}", flush=True)
        started = monotonic()
        outcomes[name] = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=FOLDER.parent).returncode
        print(f"   ({monotonic() - started:.0f} s)", flush=True)
    print("\n== summary")
    for name, status in outcomes.items():
        print(f"  {name:24} {'met' if status == 0 else f'FAILED (exit status {status})'}")
    met = sum(status == 0 for status in outcomes.values())
    print(f"  {met} of {len(outcomes)}")
    return 0 if outcomes and met == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
