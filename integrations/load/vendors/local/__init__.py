"""Our own generator: a process of this machine that sends by rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from integrations.integration import Integration, Surroundings
from integrations.load.generator_processes import GeneratorProcesses, LoadSettings


def local_load(folder: Path, listed: Sequence[str]) -> GeneratorProcesses:
    """Its port. Raises ValueError where an entry of the list is no host."""
    return GeneratorProcesses(folder, listed, "integrations.load.vendors.local.generator")


def _open(around: Surroundings) -> GeneratorProcesses:
    if not isinstance(around.settings, LoadSettings):
        raise TypeError("the generator is opened with its settings")
    return local_load(around.var_folder.absolute() / "load" / around.tenant, around.settings.listed)


INTEGRATION = Integration("load", "local", "Load from this machine", _open, settings=LoadSettings)
