"""bubblewrap on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from integrations.integration import Checked, Chore, Integration, Surroundings
from integrations.sandbox import Command, Limits, SandboxError
from integrations.sandbox.kept_outputs import OutputSettings
from integrations.sandbox.vendors.local.client import LocalSandbox


def _open(around: Surroundings) -> LocalSandbox:
    return LocalSandbox(around.var_folder.absolute() / "sandbox" / around.tenant)


async def _check(around: Surroundings) -> Iterable[Checked]:
    with tempfile.TemporaryDirectory(prefix="countersign-") as tree:
        try:
            ran = await _open(around).run(Command(("true",), Path(tree), limits=Limits(seconds=10.0)))
        except SandboxError as refused:
            says = f"{refused} sudo apt-get install bubblewrap; docs/sandbox.md says what else it needs"
            return (Checked("sandbox", "advice", says),)
    if ran.exit_code != 0:
        return (Checked("sandbox", "wrong", f"a command that does nothing fails in it: {ran.output.strip()}"),)
    return (
        Checked("sandbox", "well", f"bubblewrap; a command started and ended in {ran.seconds * 1000:.0f} ms"),
    )


def _chores(around: Surroundings) -> Iterable[Chore]:
    if not isinstance(around.settings, OutputSettings):
        raise TypeError("the sandbox is opened with its settings")
    return (_open(around).store.chore(around.settings),)


INTEGRATION = Integration(
    "sandbox", "local", "bubblewrap", _open, settings=OutputSettings, check=_check, chores=_chores
)
"""Called `local`, as every kind's embedded vendor is: it is what a department has that names none."""
