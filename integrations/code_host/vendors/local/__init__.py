"""The embedded code host: bare git repositories of this machine, which people reach with their own git."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from pydantic import Field

from integrations.code_host import git
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.integration import Checked, Integration, Serving, Surroundings, VendorSettings


class CodeHostSettings(VendorSettings):
    """Where people's own git reaches the repositories."""

    code_host_port: int = Field(
        default=8301,
        ge=0,
        le=65_535,
        description="Port of this machine alone on which people clone and push with their git; 0 for none.",
    )


def _open(around: Surroundings) -> LocalCodeHost:
    if not isinstance(around.settings, CodeHostSettings):
        raise TypeError("the embedded code host is opened with its settings")
    port = around.settings.code_host_port
    return LocalCodeHost(
        around.database,
        around.tenant,
        _folder(around),
        around.folder.absolute() / "repositories",
        address=f"http://127.0.0.1:{port}" if port else None,
    )


def _serves(around: Surroundings) -> Iterable[Serving]:
    if isinstance(around.settings, CodeHostSettings) and around.settings.code_host_port:
        from integrations.code_host.vendors.local.serving import GitServer

        server = GitServer(_open(around), around.var_folder.absolute() / "code-hooks")
        yield partial(server.run, around.settings.code_host_port)


def _folder(around: Surroundings) -> Path:
    return around.var_folder.absolute() / "code" / around.tenant


async def _check(around: Surroundings) -> Iterable[Checked]:
    found = await git.version()
    if found is None:
        return (Checked("git", "wrong", "There is no git on this machine: install git 2.38 or later."),)
    if found < git.OLDEST:
        needed = ".".join(map(str, git.OLDEST))
        return (
            Checked("git", "wrong", f"git {needed} or later is needed, for its merges without a work tree."),
        )
    count = len(list(_folder(around).glob("*.git")))
    return (
        Checked("repositories", "well", f"git {'.'.join(map(str, found))} keeps {count} repositories here"),
    )


INTEGRATION = Integration(
    "code_host",
    "local",
    "Countersign’s own code host",
    _open,
    settings=CodeHostSettings,
    check=_check,
    serves=_serves,
)
