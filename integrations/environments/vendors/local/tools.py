"""Programs of the trusted side, in surroundings of their own; and the test tools that every environment has."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from integrations import processes
from integrations.environments import EnvironmentsError
from integrations.processes import Done, ProcessEnded

MOST_SECONDS = 900.0
MOST_OUTPUT = 2**20
_PASSED_ON = (
    "PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
"""What of our environment reaches them: how the network is reached, and no secret."""

TEST_TOOLS = ("pytest", "coverage")


async def run(argv: list[str], folder: Path, home: Path) -> Done:
    """Run a program of ours to its end. Raises EnvironmentsError if it takes too long, or writes too much."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = {**passed_on, "HOME": str(home), "TMPDIR": str(home)}
    try:
        return await processes.run(argv, environment=own, folder=folder, seconds=MOST_SECONDS, most=MOST_OUTPUT)
    except ProcessEnded as ended:
        raise EnvironmentsError(str(ended)) from None


def test_tools() -> tuple[Distribution, ...]:
    """The test tools and what they need, as they are installed beside us: pinned and checked as we are."""
    found: dict[str, Distribution] = {}
    wanted = list(TEST_TOOLS)
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in found:
            continue
        found[name] = distribution(name)
        needed = (Requirement(text) for text in found[name].requires or ())
        wanted += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return tuple(found[name] for name in sorted(found))


def copy_tools(site: Path, programs: Path, already: Collection[str]) -> None:
    """Copy them into an environment's packages, but for those that its lockfile has `already`."""
    for tool in test_tools():
        if canonicalize_name(tool.name) not in already:
            for source, inside in _files(tool):
                target = site / inside
                target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    for name in TEST_TOOLS:
        program = programs / name
        if not program.exists():
            program.write_text(f'#!/bin/sh\nexec "$(dirname "$0")/python" -m {name} "$@"\n', encoding="utf-8")
            program.chmod(0o755)


def _files(tool: Distribution) -> Iterator[tuple[Path, Path]]:
    """Each file of a distribution below its folder of packages, with where it lies there. A `.pth` is run by
    every Python that starts: left out."""
    for file in tool.files or ():
        inside = Path(file)
        if ".." not in inside.parts and "__pycache__" not in inside.parts and inside.suffix != ".pth":
            yield Path(str(file.locate())), inside


def interpreter() -> Path:
    """The Python that environments are made of: ours, without what is installed beside us."""
    return Path(getattr(sys, "_base_executable", sys.executable))
