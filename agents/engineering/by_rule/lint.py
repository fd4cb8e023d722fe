"""Lint fixes: what ruff calls safe, as the repository's own settings choose the rules.

ruff reads settings of strangers and their files, so it runs in the sandbox; what it changed is taken back as
data.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from agents.engineering.by_rule.asked import Written
from agents.engineering.trees import folder
from agents.engineering.workspace import NotPossible, Workspace
from integrations.sandbox import Bind, Command, Environment, Limits, Sandbox, SandboxError
from integrations.sandbox.taking_back import TooMuchChanged, note, take_back

_INSIDE = "/tools/ruff"
_LIMITS = Limits(seconds=120, memory_bytes=2**30, processes=64)
_MOST_LEFT = 20
_FINDING = re.compile(r"^(?P<at>[^\s:][^:]*:\d+:\d+): (?P<what>\S.*)$", re.MULTILINE)


async def fix_lint(files: Workspace, sandbox: Sandbox) -> Written:
    """Fix them in the files. Raises NotPossible."""
    from ruff import find_ruff_bin

    async with folder() as at:
        tree = await asyncio.to_thread(files.copy, at / "tree")
        before = await asyncio.to_thread(note, tree)
        if not any(path.endswith((".py", ".pyi")) for path in before):
            raise NotPossible("It has no Python, and by rule only Python is linted.")
        environment = Environment((Bind(Path(find_ruff_bin()), _INSIDE),))
        argv = (
            _INSIDE,
            "check",
            "--fix",
            "--exit-zero",
            "--no-cache",
            "--output-format=concise",
            "--quiet",
            ".",
        )
        try:
            ran = await sandbox.run(Command(argv, tree, environment, limits=_LIMITS))
            taken = await asyncio.to_thread(take_back, tree, before)
        except (SandboxError, TooMuchChanged) as refused:
            raise NotPossible(str(refused)) from refused
        if ran.exit_code != 0:
            raise NotPossible(f"ruff could not be run over it: {(ran.limit or ran.output)[-400:].strip()}")
    left = tuple(f"`{found['at']}` {found['what']}" for found in _FINDING.finditer(ran.output))
    changed = [one for one in taken.changed if one.path.endswith((".py", ".pyi")) and not one.is_link]
    if not changed:
        found = f"; {len(left)} findings need a person, such as {left[0]}" if left else ""
        raise NotPossible(f"ruff finds nothing that it can fix safely{found}.")
    for one in changed:
        files.write(one.path, one.content.decode())
    count = "1 file" if len(changed) == 1 else f"{len(changed)} files"
    more = (f"and {len(left) - _MOST_LEFT} more",) if len(left) > _MOST_LEFT else ()
    return Written(
        f"ruff's safe fixes in {count}, by the rules that the repository has set.", left[:_MOST_LEFT] + more
    )
