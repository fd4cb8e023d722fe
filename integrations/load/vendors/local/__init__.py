"""Our own generator: a process of this machine that sends by rate."""

from __future__ import annotations

from pydantic import Field

from integrations.integration import Integration, Surroundings, VendorSettings
from integrations.load.vendors.local.client import LocalLoad


class LoadSettings(VendorSettings):
    """Where load may go."""

    load_addresses: str = Field(
        default="127.0.0.1, localhost, [::1]",
        description="The hosts that load may be sent to, each alone or as host:port. Name no production here.",
    )


def _open(around: Surroundings) -> LocalLoad:
    if not isinstance(around.settings, LoadSettings):
        raise TypeError("the generator is opened with its settings")
    listed = (one.strip() for one in around.settings.load_addresses.split(",") if one.strip())
    return LocalLoad(around.var_folder.absolute() / "load" / around.tenant, tuple(listed))


INTEGRATION = Integration("load", "local", "Load from this machine", _open, settings=LoadSettings)
