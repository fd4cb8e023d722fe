"""The embedded platform: services as processes of this machine, which belong to a keeper."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.integration import Checked, Integration, Surroundings


def _folder(around: Surroundings) -> Path:
    return around.folder / "releases"


def _open(around: Surroundings) -> LocalDeployments:
    keeper = around.var_folder.absolute() / "keeper" / around.tenant
    return LocalDeployments(keeper, _folder(around).absolute())


async def _check(around: Surroundings) -> Iterable[Checked]:
    try:
        found = releases.releases(_folder(around))
    except DeploymentError as wrong:
        return (Checked("releases", "wrong", str(wrong)),)
    return (Checked("releases", "well", f"{len(found)} releases can be deployed on this machine"),)


INTEGRATION = Integration("deployments", "local", "Processes of this machine", _open, check=_check)
