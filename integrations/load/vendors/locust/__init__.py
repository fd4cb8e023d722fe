"""Locust: a company's own scenarios, driven by users of a process of this machine.

A service's scenario is `load/<service>.py` of the department's folder, or `load/locustfile.py` for all that
have none of their own: a locustfile (https://docs.locust.io). Users wait for answers: the model is closed, so a
service that is slow is sent less. That is counted (`unsent`), and a test in which it happened shows that the
service gave way, or nothing, but never that it held.

What runs there is the company's code: it is started with none of this process's environment, reaches no address
but the one that is under load, and is ended with all that it has started.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

import integrations
from integrations.integration import Checked, Integration, Surroundings
from integrations.load import LoadError, Plan, Scenario
from integrations.load.generator_processes import GeneratorProcesses, LoadSettings

FOLDER = "load"
"""Of scenarios, in the department's folder."""

MOST_BYTES = 1_000_000
_MISSING = "Locust is not installed here; install it with: pip install 'countersign[locust]'"


class LocustLoad(GeneratorProcesses):
    """Runs of Locust. A plan without a scenario asks for its paths."""

    def __init__(self, folder: Path, listed: Sequence[str], department: Path) -> None:
        """Raises ValueError where an entry of the list is no host."""
        super().__init__(folder, listed, "integrations.load.vendors.locust.generator")
        self._department = department

    async def scenario(self, service: str) -> Scenario | None:
        return await asyncio.to_thread(_scenario, self._department, service)

    async def _demand_startable(self, plan: Plan) -> None:
        if not is_installed():
            raise LoadError(_MISSING)
        if plan.scenario is None:
            return
        if await asyncio.to_thread(_digest, self._file(plan.scenario)) != plan.scenario.digest:
            raise LoadError(f"{plan.scenario.file} is not what it was when this was asked for")

    def _arguments(self, plan: Plan) -> tuple[str, ...]:
        return () if plan.scenario is None else (str(self._file(plan.scenario)),)

    def _environment(self) -> dict[str, str]:
        """Nothing that could be a secret."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        root = Path(str(integrations.__file__)).parents[1]
        return {**kept, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(self._folder)}

    def _file(self, scenario: Scenario) -> Path:
        """Raises LoadError for a name that leads out of the folder."""
        file = self._department / scenario.file
        if file.parent != self._department / FOLDER or file.suffix != ".py":
            raise LoadError(f"{scenario.file} is no scenario")
        return file


def is_installed() -> bool:
    """Whether Locust can be started. It is not imported: it would patch this process."""
    return find_spec("locust") is not None


def _scenario(department: Path, service: str) -> Scenario | None:
    for name in (service, "locustfile"):
        file = department / FOLDER / f"{name}.py"
        if file.parent == department / FOLDER and (digest := _digest(file)) is not None:
            return Scenario(f"{FOLDER}/{name}.py", digest)
    return None


def _digest(file: Path) -> str | None:
    """None where it is not there, or too large to be a scenario."""
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        return None
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _open(around: Surroundings) -> LocustLoad:
    if not isinstance(around.settings, LoadSettings):
        raise TypeError("Locust is opened with its settings")
    folder = around.var_folder.absolute() / "load" / around.tenant
    return LocustLoad(folder, around.settings.listed, around.folder.absolute())


async def _check(around: Surroundings) -> Iterable[Checked]:
    if not is_installed():
        return (Checked("load tests", "wrong", _MISSING),)
    found = await asyncio.to_thread(lambda: sorted((around.folder / FOLDER).glob("*.py")))
    return (Checked("load tests", "well", f"Locust drives {len(found)} scenarios of {FOLDER}/"),)


INTEGRATION = Integration("load", "locust", "Locust", _open, settings=LoadSettings, check=_check)
