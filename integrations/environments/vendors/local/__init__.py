"""Environments of this machine: Python by uv, Node by npm."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable

from pydantic import Field, SecretStr

from integrations.environments.vendors.local.client import LocalEnvironments
from integrations.environments.vendors.local.node import NodePackages
from integrations.environments.vendors.local.python import PythonPackages
from integrations.environments.vendors.local.tools import TEST_TOOLS, interpreter, test_tools
from integrations.integration import Checked, Chore, Integration, Surroundings, VendorSettings

PYPI = "https://pypi.org/simple"
NPM = "https://registry.npmjs.org"
_HOUR = 3_600.0


class EnvironmentsSettings(VendorSettings):
    """Where packages come from, and how many are kept."""

    environments_python_index: SecretStr | None = Field(
        default=None,
        description="The index of Python packages (PEP 503); https://pypi.org/simple, if not given.",
    )
    environments_npm_registry: SecretStr | None = Field(
        default=None, description="The registry of Node packages; https://registry.npmjs.org, if not given."
    )
    environments_megabytes: int = Field(
        default=8_192,
        ge=256,
        description="Above so many megabytes the environments unused for longest are removed.",
    )
    environments_days: float = Field(
        default=30.0, gt=0, description="Days after which an environment that nobody uses is removed."
    )


def _open(around: Surroundings) -> LocalEnvironments:
    settings = around.settings
    if not isinstance(settings, EnvironmentsSettings):
        raise TypeError("environments are opened with their settings")
    return LocalEnvironments(
        around.var_folder.absolute() / "environments" / around.tenant,
        PythonPackages(_address(settings.environments_python_index) or PYPI),
        NodePackages(_address(settings.environments_npm_registry) or NPM),
        settings.environments_megabytes * 2**20,
        settings.environments_days,
    )


def _address(given: SecretStr | None) -> str | None:
    return given.get_secret_value() if given else None


async def _check(_around: Surroundings) -> Iterable[Checked]:
    tools = ", ".join(f"{tool.name} {tool.version}" for tool in test_tools() if tool.name in TEST_TOOLS)
    says = f"Python of {interpreter()}, with {tools}"
    if shutil.which("npm") is None:
        return (Checked("environments", "advice", f"{says}; npm is missing: tests in Node are not run"),)
    return (Checked("environments", "well", f"{says}; Node packages by npm"),)


def _chores(around: Surroundings) -> Iterable[Chore]:
    cache = _open(around).cache

    async def clear() -> None:
        await asyncio.to_thread(cache.clear)

    return (Chore("clear_environments", _HOUR, clear),)


INTEGRATION = Integration(
    "environments",
    "local",
    "Packages by uv and npm",
    _open,
    settings=EnvironmentsSettings,
    check=_check,
    chores=_chores,
)
