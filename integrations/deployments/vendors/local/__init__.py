"""The embedded platform: services as processes of this machine, which belong to a keeper."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, SecretStr

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.client import LocalDeployments
from integrations.integration import Checked, Integration, Surroundings, VendorSettings


def _folder(around: Surroundings) -> Path:
    return around.folder / "releases"


class KeeperSettings(VendorSettings):
    """How long the keeper stays, and where what it keeps has its data."""

    keeper_idle_seconds: float = Field(
        default=1_800.0, description="After so long without a question the keeper ends, and what it keeps."
    )
    keeper_database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL for the services' own data: a database, and a role that owns it and may do"
        " nothing elsewhere; without it they have a server of their own below `VAR_FOLDER`.",
    )


def _open(around: Surroundings) -> LocalDeployments:
    if not isinstance(around.settings, KeeperSettings):
        raise TypeError("the embedded platform is opened with its settings")
    keeper = around.var_folder.absolute() / "keeper" / around.tenant
    given = around.settings.keeper_database_url
    return LocalDeployments(
        keeper,
        _folder(around).absolute(),
        idle_seconds=around.settings.keeper_idle_seconds,
        database_url=given.get_secret_value() if given else None,
    )


async def _check(around: Surroundings) -> Iterable[Checked]:
    try:
        found = releases.releases(_folder(around))
    except DeploymentError as wrong:
        return (Checked("releases", "wrong", str(wrong)),)
    return (Checked("releases", "well", f"{len(found)} releases can be deployed on this machine"),)


INTEGRATION = Integration(
    "deployments", "local", "Processes of this machine", _open, settings=KeeperSettings, check=_check
)
