"""The embedded platform: services as processes of this machine, which belong to a keeper."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.integration import Checked, Integration, Surroundings, VendorSettings


def _folder(around: Surroundings) -> Path:
    return around.folder / "releases"


class KeeperSettings(VendorSettings):
    """A keeper that nobody asks for so long ends, and what it keeps with it."""

    keeper_idle_seconds: float = Field(
        default=1_800.0, description="After so long without a question the keeper ends, and what it keeps."
    )


def _open(around: Surroundings) -> LocalDeployments:
    if not isinstance(around.settings, KeeperSettings):
        raise TypeError("the embedded platform is opened with its settings")
    keeper = around.var_folder.absolute() / "keeper" / around.tenant
    idle = around.settings.keeper_idle_seconds
    return LocalDeployments(keeper, _folder(around).absolute(), idle_seconds=idle)


async def _check(around: Surroundings) -> Iterable[Checked]:
    try:
        found = releases.releases(_folder(around))
    except DeploymentError as wrong:
        return (Checked("releases", "wrong", str(wrong)),)
    return (Checked("releases", "well", f"{len(found)} releases can be deployed on this machine"),)


INTEGRATION = Integration(
    "deployments", "local", "Processes of this machine", _open, settings=KeeperSettings, check=_check
)
