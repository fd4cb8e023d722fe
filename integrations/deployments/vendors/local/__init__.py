"""The embedded platform: services as processes of this machine, which belong to a keeper."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, SecretStr

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.local import releases
from integrations.deployments.vendors.local.client import LocalDeployments, keeper_command
from integrations.deployments.vendors.local.database import SETTING
from integrations.integration import Checked, Integration, OwnProcess, Surroundings, VendorSettings


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


def _settings(around: Surroundings) -> KeeperSettings:
    if not isinstance(around.settings, KeeperSettings):
        raise TypeError("the embedded platform is opened with its settings")
    return around.settings


def _keeper(around: Surroundings) -> Path:
    return around.var_folder.absolute() / "keeper" / around.tenant


def _open(around: Surroundings) -> LocalDeployments:
    settings = _settings(around)
    given = settings.keeper_database_url
    return LocalDeployments(
        _keeper(around),
        _folder(around).absolute(),
        idle_seconds=settings.keeper_idle_seconds,
        database_url=given.get_secret_value() if given else None,
    )


def _process(around: Surroundings) -> OwnProcess:
    given = _settings(around).keeper_database_url
    command = keeper_command(_keeper(around), _folder(around).absolute(), idle_seconds=None)
    return OwnProcess(command, {SETTING: given.get_secret_value()} if given else {})


async def _check(around: Surroundings) -> Iterable[Checked]:
    try:
        shelves = releases.Shelves.of(_keeper(around), _folder(around))
        found, unreadable = shelves.releases(), shelves.unreadable()
    except DeploymentError as wrong:
        return (Checked("releases", "wrong", str(wrong)),)
    if unreadable:
        return tuple(Checked("releases", "wrong", str(one)) for one in unreadable)
    return (Checked("releases", "well", f"{len(found)} releases can be deployed on this machine"),)


INTEGRATION = Integration(
    "deployments",
    "local",
    "Processes of this machine",
    _open,
    settings=KeeperSettings,
    check=_check,
    process=_process,
)
